"""Ticks and bars as one row of prices, and the moments in it."""

from datetime import date, time

import pytest

from backtest.parity.prices import Market
from core.instants import MINUTE, SECOND, instant_at
from core.market import Candle, Side, Tick, Timeframe
from core.sessions import TradingDay
from trading.event_log import Row
from trading.tick_tape import Seen

DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, time(9, 15))
SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


@pytest.fixture
def session() -> TradingDay:
    return TradingDay(
        date=DAY,
        open=OPEN,
        no_entry_after=instant_at(DAY, time(14, 45)),
        square_off=instant_at(DAY, time(15, 5)),
        flat_by=instant_at(DAY, time(15, 10)),
        close=instant_at(DAY, time(15, 30)),
    )


@pytest.fixture
def ticks() -> Market:
    """Three prices of one instant, at the tape's places 2, 4 and 5."""
    shown = ((2, SBIN, 80_000), (4, INFY, 150_000), (5, SBIN, 80_010))
    return Market.of_ticks(Seen(at, OPEN, Tick(symbol, OPEN, ltp, ltp - 5, 0, 1)) for at, symbol, ltp in shown)


def row(tape: int) -> Row:
    return Row(1, OPEN, "TickActed", "[]", tape)


@pytest.mark.parametrize(("tape", "moment", "last"), [(1, 0, None), (2, 1, 80_000), (4, 2, 80_000), (5, 3, 80_010)])
def test_a_row_of_the_log_knows_which_of_the_prices_of_its_instant_it_saw(ticks, tape, moment, last):
    assert ticks.moment_of(row(tape)) == moment
    price = ticks.last(SBIN, moment)
    assert (price.last if price else None) == last


def test_an_order_gets_the_other_side_and_the_last_price_where_nobody_shows_one(ticks):
    price = ticks.last(SBIN, 3)
    assert (price.touch(Side.SELL), price.touch(Side.BUY)) == (80_005, 80_010)


def test_the_next_open_is_what_stands_when_a_bar_closes(session):
    bars = [Candle(OPEN + n * 5 * MINUTE, 100 + n, 110 + n, 90 + n, 105 + n, 1) for n in range(2)]
    market = Market.of_bars({SBIN: bars}, session, Timeframe.M5)
    assert not market.has_ticks
    assert [(price.now, price.last, price.is_bar) for price in market.prices] == [
        (OPEN, 100, False),
        (OPEN + 5 * MINUTE, 105, True),
        (OPEN + 5 * MINUTE, 101, False),
        (OPEN + 10 * MINUTE, 106, True),
    ]
    moment = market.moment_at(OPEN + 5 * MINUTE)
    assert market.last(SBIN, moment).last == 101
    assert market.last(INFY, moment) is None


def test_bars_outside_the_session_are_no_prices(session):
    early = Candle(OPEN - 5 * MINUTE, 100, 110, 90, 105, 1)
    assert not Market.of_bars({SBIN: [early]}, session, Timeframe.M5).prices


def test_the_bar_of_a_short_end_closes_with_the_session(session):
    last = Candle(OPEN + 6 * 60 * MINUTE, 100, 110, 90, 105, 1)
    closed = Market.of_bars({SBIN: [last]}, session, Timeframe.M60).prices[-1]
    assert closed.now == OPEN + 6 * 60 * MINUTE + 15 * MINUTE
    assert closed.now - session.close == 0 * SECOND
