"""REST calls that are never answered, on lines that nobody closes: the bot waits no longer than its deadline."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from core import events
from core.events import Verb
from core.orders import OutcomeKind

from .conftest import PATIENCE_SECONDS, Books, Bot, Hire, Market, Open, assert_books_agree, short_day
from .dead_line import DeadLine, Death

pytestmark = pytest.mark.e2e

WIDE = {"stop_atr": 30.0, "target_atr": 30.0}
DEATHS = pytest.mark.parametrize("death", ["hangs_after_accept", "half_open"])
Between = Callable[[Market, Bot], DeadLine]


@pytest.fixture
def between() -> Iterator[Between]:
    """Put a relay between a bot and the market's REST."""
    lines: list[DeadLine] = []

    def put(market: Market, bot: Bot) -> DeadLine:
        line = DeadLine(market.endpoints["rest"])
        lines.append(line)
        bot.market = replace(market, endpoints={**market.endpoints, "rest": line.url})
        return line

    yield put
    for line in lines:
        line.close()


def outcomes(bot: Bot, verb: Verb) -> list[OutcomeKind]:
    arrived = [event for event in bot.events() if isinstance(event, events.OutcomeArrived)]
    return [event.outcome.kind for event in arrived if event.verb is verb]


@pytest.mark.hazard("S3", "D14", "R4")
@DEATHS
def test_a_change_that_is_never_answered_leaves_the_position_covered_until_it_is_closed(
    death: Death, open_market: Open, hire: Hire, between: Between
) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, on_stop="flatten", **short_day(market.home, "10:20", "10:21", "10:22"))
    line = between(market, bot)
    bot.start()
    bot.wait_for("Levels NSE:")
    market.wait_until_protected()
    line.arm(death, "PATCH")
    assert bot.process is not None
    bot.process.terminate()
    assert line.struck.acquire(timeout=PATIENCE_SECONDS)
    market.wait_until_protected()
    assert bot.wait() == 0, bot.said

    changes = [event for event in bot.events() if isinstance(event, events.ChangeIntended)]
    known = [kind for kind in outcomes(bot, Verb.MODIFY) if kind is not OutcomeKind.UNKNOWN]
    assert len(known) == len(changes) - 1  # the books may settle it before the deadline of the call says "unknown"
    assert market.net_positions() == {}
    assert market.working_orders() == []
    market.stop()
    assert_books_agree(bot, Books.of(market))


@pytest.mark.hazard("S3", "S1", "R4")
@DEATHS
def test_an_entry_that_is_never_answered_is_unknown_and_a_stop_of_the_bot_leaves_all_protected(
    death: Death, open_market: Open, hire: Hire, between: Between
) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, **short_day(market.home, "10:20", "10:21", "10:22"))
    line = between(market, bot)
    bot.start()
    bot.wait_for("Reconciled")
    line.arm(death, "POST")
    assert line.struck.acquire(timeout=PATIENCE_SECONDS)
    bot.wait_for("Not acknowledged: place .* unknown")
    assert bot.stop() == 0, bot.said
    assert outcomes(bot, Verb.PLACE).count(OutcomeKind.UNKNOWN) == 1
    assert market.is_protected()

    bot.start()
    bot.wait_for("Reconciled")
    assert bot.stop() == 0, bot.said
    assert market.is_protected()
    market.stop()
    books = Books.of(market)
    assert len(books.tags) == len(set(books.tags))
