"""Power cuts with an open position: whoever dies, the position is found, protected and managed to its exit."""

import pytest

from core import events

from .conftest import Books, Hire, Open, assert_books_agree, short_day

pytestmark = pytest.mark.e2e

WIDE = {"stop_atr": 30.0, "target_atr": 30.0}
"""Stop and target so far away that positions stay until the square-off."""


def entries(happened: list[events.Event]) -> dict[str, int]:
    """When the position of each trade was opened, by symbol."""
    return {event.trade.symbol: event.trade.entry_at for event in happened if isinstance(event, events.TradeClosed)}


def test_a_killed_bot_finds_protects_and_closes_what_it_held(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Levels NSE:")
    held = market.net_positions()
    assert held
    bot.kill()
    killed_at = bot.events()[-1].at

    bot.start()
    bot.wait_for("Reconciled")
    market.wait_until_protected()
    bot.wait_for("Flat, verified")
    assert "Adopted" not in bot.said
    assert bot.stop() == 0, bot.said

    assert bot.summary["flat"]
    happened = bot.events()
    assert [event.boot for event in happened if isinstance(event, events.Booted)] == [1, 2]
    opened = entries(happened)
    assert all(opened[symbol] < killed_at for symbol in held)
    market.stop()
    assert_books_agree(bot, Books.of(market))


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
