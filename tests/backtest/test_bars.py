"""What the calendar says of each candle: the rules of `core.sessions`, asked once for a whole history."""

from datetime import date, time

import numpy as np
import pytest

from backtest.bars import session_rows
from core.errors import DataError
from core.instants import HOUR, MINUTE, Instant, instant_at
from core.market import Timeframe
from core.sessions import TradingDay
from features.columns import CandleColumns

WEEK = [date(2024, 1, day) for day in (1, 2, 3, 4, 5)]


class Mixed:
    """A usual week whose Wednesday trades in two parts, and whose Thursday has an auction after the close."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day not in WEEK:
            return None

        def at(hour: int, minute: int) -> Instant:
            return instant_at(day, time(hour, minute))

        is_split, has_auction = day == WEEK[2], day == WEEK[3]
        return TradingDay(
            date=day,
            open=at(9, 15),
            close=at(12, 40),
            no_entry_after=at(12, 0),
            square_off=at(12, 20),
            flat_by=at(12, 30),
            closing_price_at=at(13, 0) if has_auction else None,
            breaks=((at(10, 0), at(11, 30)),) if is_split else (),
        )


def candles_at(starts: list[Instant]) -> CandleColumns:
    prices = 100_00 + 5 * np.arange(len(starts), dtype=np.int64)
    return CandleColumns(np.array(starts, dtype=np.int64), prices, prices, prices, prices, prices)


def starts_of(day: TradingDay, timeframe: Timeframe) -> list[Instant]:
    if timeframe is Timeframe.D:
        return [day.open]
    every = range(day.open, day.close, timeframe.duration)
    return [start for start in every if day.has_candle(start, timeframe)]


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_every_candle_has_the_answers_of_its_session(timeframe: Timeframe) -> None:
    sessions = [session for day in WEEK if (session := Mixed().trading_day(day))]
    pairs = [(session, start) for session in sessions for start in starts_of(session, timeframe)]
    candles = candles_at([start for _, start in pairs])
    found = session_rows("NSE:SBIN-EQ", candles, timeframe, Mixed())

    assert found.closed_at.tolist() == [session.candle_close(start, timeframe) for session, start in pairs]
    assert found.may_enter.tolist() == [start < session.no_entry_after for session, start in pairs]
    assert found.squares_off.tolist() == [start >= session.square_off for session, start in pairs]
    assert found.is_last.tolist() == [start == starts_of(session, timeframe)[-1] for session, start in pairs]
    assert list(found.calendar.values()) == sessions


def test_a_candle_follows_the_one_that_closed_when_it_starts() -> None:
    monday, wednesday = (instant_at(day, time(9, 15)) for day in (WEEK[0], WEEK[2]))
    starts = [monday, monday + 5 * MINUTE, monday + 15 * MINUTE, wednesday + 40 * MINUTE, wednesday + 135 * MINUTE]
    found = session_rows("NSE:SBIN-EQ", candles_at(starts), Timeframe.M5, Mixed())

    assert found.follows.tolist() == [False, True, False, False, False]
    assert found.close_before.tolist() == [0, 0, 0, 100_10, 100_10]


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (instant_at(date(2024, 1, 6), time(9, 15)), "2024-01-06 09:15:00 lies on a day without trading"),
        (instant_at(WEEK[4], time(9, 15)) - HOUR, "2024-01-05 08:15:00 lies outside the session"),
        (instant_at(WEEK[4], time(12, 40)), "2024-01-05 12:40:00 lies outside the session"),
    ],
)
def test_a_candle_without_a_session_is_named(start: Instant, words: str) -> None:
    good = instant_at(WEEK[3], time(9, 15))

    with pytest.raises(DataError, match="NSE:SBIN-EQ") as refused:
        session_rows("NSE:SBIN-EQ", candles_at([good, start]), Timeframe.M5, Mixed())
    assert words in str(refused.value)
