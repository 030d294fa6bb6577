"""Power cuts with an open position: whoever dies, the position is found, protected and managed to its exit."""

import pytest

from core import events
from core.instants import Instant
from core.market import Side
from core.orders import Purpose
from core.positions import Trade

from .conftest import Books, Hire, Open, assert_books_agree, short_day

pytestmark = pytest.mark.e2e

WIDE = {"stop_atr": 30.0, "target_atr": 30.0}
"""Stop and target so far away that positions stay until the square-off."""


def entries_before(instant: Instant, happened: list[events.Event]) -> set[str]:
    """The tags of the entries that were decided before an instant."""
    intents = [event.intent for event in happened if isinstance(event, events.OrderIntended) and event.at < instant]
    return {intent.tag for intent in intents if intent.purpose is Purpose.ENTRY}


def opening(trade: Trade) -> tuple[str, Side, int, int]:
    return trade.symbol, trade.side, trade.quantity, trade.entry_value


@pytest.mark.hazard("P8", "R7")
def test_a_killed_bot_finds_protects_and_closes_what_it_held(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, **short_day(market.home, "10:06", "10:08", "10:09"))
    bot.start()
    bot.wait_for("Levels NSE:")
    bot.kill()
    held = market.net_positions()  # with what was filled although the bot never heard of it
    assert held

    bot.start()
    bot.wait_for("Reconciled")
    market.wait_until_protected(held)
    bot.wait_for("Flat, verified")
    assert "Adopted" not in bot.said
    assert bot.stop() == 0, bot.said

    assert bot.summary["flat"]
    happened = bot.events()
    first, second = (event for event in happened if isinstance(event, events.Booted))
    assert (first.boot, second.boot) == (1, 2)
    market.stop()
    books = Books.of(market)
    ours = entries_before(second.at, happened)
    filled = [order for order in books.orders.values() if order.filled and order.tag.removeprefix("1:") in ours]
    assert {entry.symbol for entry in filled} >= held.keys()
    # Told of a fill before or after the kill, the bot has managed each of these, and until the exit that it decided.
    trades = [event.trade for event in happened if isinstance(event, events.TradeClosed)]
    managed = {opening(trade) for trade in trades if trade.exit_at > second.at}
    assert {(entry.symbol, entry.side, entry.filled, entry.filled_value) for entry in filled} <= managed
    assert_books_agree(bot, books)


def test_a_killed_broker_comes_back_and_the_bot_goes_on(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Levels NSE:")
    market.kill()
    bot.wait_for(r"Feed data: live(.|\n)*Feed data: down")
    market.start()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said

    assert bot.summary["flat"]
    market.stop()
    assert_books_agree(bot, Books.of(market))


@pytest.mark.hazard("R4")
def test_a_stop_leaves_the_position_protected_and_the_next_start_takes_over(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Levels NSE:")
    assert bot.stop() == 0, bot.said

    assert market.net_positions()
    assert market.is_protected()
    assert bot.summary["flat"] is False

    bot.start()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said
    market.stop()
    assert_books_agree(bot, Books.of(market))


def test_a_stop_can_close_everything_first(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, on_stop="flatten", **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Levels NSE:")
    assert bot.stop() == 0, bot.said

    assert market.net_positions() == {}
    assert market.working_orders() == []
    assert bot.summary["flat"] is True
    market.stop()
    assert_books_agree(bot, Books.of(market))
