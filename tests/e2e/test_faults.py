"""Storms during a session: the bot ends flat, was protected, and never doubles an order."""

import time

import pytest

from core import events
from core.orders import Purpose
from core.tags import purpose_of

from .conftest import Books, Hire, Open, assert_books_agree, short_day

pytestmark = pytest.mark.e2e

STORM_SECONDS = 1.5
"""Wall seconds; half a market minute at this speed."""


@pytest.mark.hazard("D1", "D14")
def test_cut_and_silent_sockets_are_replaced(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Levels NSE:")
    market.arm("drop_data_socket")
    market.arm("drop_order_socket")
    bot.wait_for(r"Feed data: live(.|\n)*Feed data: down(.|\n)*Feed data: live")
    bot.wait_for(r"Feed orders: live(.|\n)*Feed orders: down(.|\n)*Feed orders: live")
    market.arm("stall_data_socket", times=None)
    market.arm("stall_order_socket", times=None)
    time.sleep(STORM_SECONDS)
    market.clear()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said

    assert bot.summary["trades"] >= 1
    market.stop()
    assert_books_agree(bot, Books.of(market))


@pytest.mark.hazard("V4")
@pytest.mark.parametrize(("kind", "told"), [("http_500", "Books not read: .*HTTP 500"), ("http_429", "too many calls")])
def test_a_server_that_fails_for_a_while_is_asked_again(kind: str, told: str, open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Levels NSE:")
    market.arm(kind, times=None)
    bot.wait_for(told)
    time.sleep(STORM_SECONDS)
    market.clear()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said

    assert bot.summary["trades"] >= 1
    market.stop()
    assert_books_agree(bot, Books.of(market))


@pytest.mark.hazard("S1")
def test_an_entry_whose_answer_was_lost_is_found_and_not_sent_again(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    market.arm("lost_answer", path="/api/v3/orders", method="POST", times=3)
    bot = hire(market, **short_day(market.home, "10:05", "10:06", "10:07"))
    bot.start()
    bot.wait_for("Not acknowledged: place .* unknown")
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said

    unanswered = [
        event.tag
        for event in bot.events()
        if isinstance(event, events.OutcomeArrived) and event.outcome.kind.value == "unknown"
    ]
    market.stop()
    books = Books.of(market)
    assert Purpose.ENTRY in map(purpose_of, unanswered)
    assert set(unanswered) <= set(books.tags)
    assert_books_agree(bot, books)


def test_a_start_waits_for_a_symbol_master_that_cannot_be_fetched(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, **short_day(market.home, "10:05", "10:06", "10:07"))
    market.arm("http_500", path="/sym_details", times=2)
    bot.start()
    bot.wait_for("Not ready to trade: .*sym_details.*HTTP 500")
    bot.wait_for("Reconciled")
    assert bot.stop() == 0, bot.said
