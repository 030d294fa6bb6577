"""Two market days in one process, with a holiday and the end of a token between them."""

from datetime import date

import pytest

from core import events
from core.instants import ist_date

from .conftest import Books, Hire, Open, assert_books_agree

pytestmark = pytest.mark.e2e

MONDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 4)
"""The Tuesday between them is Holi."""


def test_the_bot_lives_through_a_holiday_and_a_new_sign_in(open_market: Open, hire: Hire) -> None:
    market = open_market("09:20", 2000, day=MONDAY)
    bot = hire(market, days=2, timeframe="15m", strategy={"name": "follow", "folder": "strategies"})
    bot.start()
    bot.wait_for("Idle until 2026-03-04 08:45:00")
    assert "SIGN_IN_NEEDED" not in bot.said
    bot.wait_for(r"\[2026-03-04 08:4.*SIGN_IN_NEEDED: .*run `fyersbot login`", seconds=150)
    assert bot.is_running
    bot.sign_in()
    assert bot.wait(150) == 0, bot.said[-3000:]

    happened = bot.events()
    assert [event.day.date for event in happened if isinstance(event, events.DayBegan)] == [MONDAY, WEDNESDAY]
    closed = [ist_date(event.trade.exit_at) for event in happened if isinstance(event, events.TradeClosed)]
    assert set(closed) == {MONDAY, WEDNESDAY}
    assert [summary["date"] for summary in bot.summaries] == [str(MONDAY), str(WEDNESDAY)]
    assert all(summary["flat"] for summary in bot.summaries)
    market.stop()
    assert_books_agree(bot, Books.of(market))
