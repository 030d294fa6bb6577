"""What a history lacks is counted against the calendar, and one of which too much is missing is refused."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta

import numpy as np
import pytest

from backtest.assumptions import Mode
from backtest.bars import session_rows
from backtest.holes import Holes, holes_in, notes_on_holes
from core.errors import DataError
from core.instants import MINUTE, Instant, instant_at
from core.market import Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.columns import CandleColumns

from .conftest import MONDAY, SYMBOL, ShortDays

TUESDAY, WEDNESDAY, FRIDAY, NEXT_MONDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 4, 7))


class Paused(ShortDays):
    """Sessions with a pause of two candles and a half."""

    def trading_day(self, day: date) -> TradingDay | None:
        whole = super().trading_day(day)
        pause = instant_at(day, time(9, 30)), instant_at(day, time(9, 43))
        return whole and replace(whole, breaks=(pause,))


def starts_on(day: date, without: Iterable[int] = ()) -> list[Instant]:
    """Return the starts of the twelve candles of a session, without some."""
    return [instant_at(day, time(9, 15)) + number * 5 * MINUTE for number in range(12) if number not in without]


def rows_at(starts: Sequence[Instant], timeframe: Timeframe, calendar: Calendar):
    prices = np.full(len(starts), 100_00, dtype=np.int64)
    candles = CandleColumns(np.array(starts, dtype=np.int64), prices, prices, prices, prices, prices)
    return session_rows(SYMBOL, candles, timeframe, calendar)


def found(
    *days: Sequence[Instant],
    timeframe: Timeframe = Timeframe.M5,
    calendar: Calendar = ShortDays(),  # noqa: B008
) -> Holes:
    starts = [start for day in days for start in day]
    return holes_in(SYMBOL, rows_at(starts, timeframe, calendar), timeframe, calendar)


def test_of_whole_sessions_in_a_row_nothing_is_missing_and_nothing_is_said() -> None:
    holes = found(starts_on(FRIDAY), starts_on(NEXT_MONDAY))

    assert (holes.expected, holes.missing, holes.sessions) == (24, 0, ())
    assert [holes.note(mode) for mode in Mode] == ["", ""]


def test_candles_and_whole_sessions_that_are_not_there_are_counted() -> None:
    holes = found(starts_on(MONDAY, without=(3, 7)), starts_on(WEDNESDAY))

    assert (holes.first, holes.last, holes.expected, holes.missing) == (MONDAY, WEDNESDAY, 36, 14)
    assert holes.sessions == (TUESDAY,)
    assert holes.note(Mode.INTRADAY) == (
        f"{SYMBOL}: 14 of 36 candles are missing, among them the session of 2024-01-02; "
        "nothing is entered right after a hole"
    )


def test_candles_of_days_are_sessions() -> None:
    days = [[instant_at(day, time(0))] for day in (MONDAY, FRIDAY, NEXT_MONDAY)]
    holes = found(*days, timeframe=Timeframe.D)

    assert (holes.expected, holes.missing, len(holes.sessions)) == (6, 3, 3)
    assert holes.note(Mode.POSITIONAL) == (
        f"{SYMBOL}: 3 of 6 candles are missing, among them 3 sessions, the first on 2024-01-02; "
        "entries wait for the next candle"
    )


def test_a_pause_of_the_session_is_no_hole() -> None:
    assert found(starts_on(MONDAY, without=(3, 4)), calendar=Paused()).missing == 0


@pytest.mark.parametrize(("without", "is_refused"), [(range(2, 6), False), (range(2, 7), True)])
def test_more_than_a_fifth_is_too_much_unless_it_is_allowed(without: range, is_refused: bool) -> None:
    rows = rows_at([*starts_on(MONDAY), *starts_on(TUESDAY, without)], Timeframe.M5, ShortDays())
    asked = [(SYMBOL, rows)], Timeframe.M5, ShortDays(), Mode.INTRADAY

    assert len(notes_on_holes(*asked, are_allowed=True)) == 1
    if is_refused:
        with pytest.raises(DataError, match="from 2024-01-01 to 2024-01-02 5 of 24 candles are missing, more than 20%"):
            notes_on_holes(*asked, are_allowed=False)
    else:
        assert notes_on_holes(*asked, are_allowed=False) == notes_on_holes(*asked, are_allowed=True)
