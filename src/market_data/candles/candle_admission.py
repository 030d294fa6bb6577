"""Which rows of a user's file may enter the store, and which days it may then say it knows.

What has one honest reading is mended and counted: equal rows twice, rows out of order, fractions of a paisa or a share.
What has two, or none, refuses the whole file: nothing of it is written. Rows outside the sessions are left out, as they
are of the broker's history, so that a backtest sees what the bot would have seen. A day that the file lacks stays
unknown, and so does a first or last day that the file cuts short: a later download may fill them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from core.errors import DataError
from core.instants import Instant, ist_date, ist_text
from core.market import Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.columns import BoolArray, CandleColumns, FloatArray, IntArray, ist_days
from market_data.candles.candle_store import Series, within
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days, date_of

UNITS_PER_RUPEE = 100
LARGEST_PRICE = (2**31 - 1) / UNITS_PER_RUPEE
"""Rupees; what 32 bits of paise hold, a hundred times the dearest share there has been."""
_LARGEST_VOLUME = 1e12
_EXACT = 1e-6
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What of a file goes into the store."""

    runs: tuple[tuple[Days, CandleColumns], ...]
    """Days without a gap between them, and all their candles."""
    rows: int
    repeated: int
    """Rows equal to one that was already there; left out."""
    disordered: int
    """Rows earlier than the row before them; put in order."""
    outside: int
    """Rows outside every session; left out."""
    unfinished: int
    """Rows of a first or last day that the file cuts short, or that are not over; left out."""
    rounded: int
    """Prices that are no whole paise; moved by half a paisa at most."""
    rounded_volumes: int
    """Volumes that are no whole shares, as adjusted ones; moved by half a share at most."""
    days_outside: tuple[date, ...]
    """Days of which all rows lie outside every session."""

    @property
    def candles(self) -> int:
        """How many candles go in."""
        return sum(len(candles) for _, candles in self.runs)


def admit(path: Path, series: Series, raw: RawCandles, calendar: Calendar, now: Instant) -> Admitted:
    """Judge the rows of a file. Raises `DataError` that names the file, a row and the remedy."""
    _refuse_impossible(path, raw)
    _refuse_future(path, raw, now)
    disordered = int(np.count_nonzero(np.diff(raw.starts) < 0))
    ordered = raw.rows(np.argsort(raw.starts, kind="stable")) if disordered else raw
    single = _without_repeats(path, ordered)
    sessions = _Sessions(calendar, single.starts)
    inside = sessions.holds(path, single.starts, series.timeframe)
    kept = single.rows(inside)
    if 2 * len(kept) < len(single):
        raise DataError(
            f"{path}: {len(single) - len(kept)} of {len(single)} rows lie outside every session of the calendar; "
            "check zone, labels and dates"
        )
    finished = _finished(sessions, kept.starts, series.timeframe, now)
    final = kept.rows(finished)
    if not len(final):
        raise DataError(
            f"{path}: no whole session of {series}: its {len(kept)} rows are of a day that the file cuts short; "
            "give a file that has all of it"
        )
    candles, rounded, rounded_volumes = _in_units(final)
    strays = ist_days(single.starts[~inside])
    outside = set(strays[~np.isin(strays, ist_days(kept.starts))].tolist())
    return Admitted(
        runs=tuple((days, within(candles, days)) for days in _runs(calendar, candles)),
        rows=len(raw),
        repeated=len(ordered) - len(single),
        disordered=disordered,
        outside=len(single) - len(kept),
        unfinished=len(kept) - len(final),
        rounded=rounded,
        rounded_volumes=rounded_volumes,
        days_outside=tuple(date_of(number) for number in sorted(outside)),
    )


class _Sessions:
    """The sessions of the days that some candles are of, asked once each."""

    def __init__(self, calendar: Calendar, starts: IntArray) -> None:
        self._days, self._place = np.unique(ist_days(starts), return_inverse=True)
        self._found: list[TradingDay | None] = []
        self._is_known: list[bool] = []
        for number in self._days.tolist():
            session, is_known = _session(calendar, date_of(number))
            self._found.append(session)
            self._is_known.append(is_known)

    def holds(self, path: Path, starts: IntArray, timeframe: Timeframe) -> BoolArray:
        """Return which candles belong to a session. Raises `DataError` for one off the grid of its session.

        Daily candles of days before the calendar's first rules are taken as they are; of shorter ones the hours count.
        """
        has_session = np.array([each is not None for each in self._found])[self._place]
        unknown = ~np.array(self._is_known)[self._place]
        if timeframe is Timeframe.D:
            taken: BoolArray = has_session | unknown
            return taken
        if unknown.any():
            day = ist_date(int(starts[np.argmax(unknown)]))
            raise DataError(f"{path}: the calendar does not know the hours of {day}; cut the file to days it knows")
        edges = np.array([(each.open, each.close) if each else (0, 0) for each in self._found], dtype=np.int64)
        opens, closes = edges[self._place].T
        inside: BoolArray = (opens <= starts) & (starts < closes)
        for pause, resumed in (pause for each in self._found if each for pause in each.breaks):
            inside &= (starts < pause) | (starts + timeframe.duration > resumed)
        astray = inside & ((starts - opens) % timeframe.duration != 0)
        if astray.any():
            at = int(starts[np.argmax(astray)])
            raise DataError(
                f"{path}: the candle at {ist_text(at)} is off the {timeframe.value} grid of its session; "
                "check zone and labels, or remove it"
            )
        return inside

    def is_over(self, first: Instant, last: Instant, timeframe: Timeframe, now: Instant) -> bool:
        """Whether the candles of a day, from first to last, reach from its open to its close, and it is over."""
        session = self._found[int(np.searchsorted(self._days, ist_days(np.array([first]))[0]))]
        if session is None:
            return True
        close = session.candle_close(last, timeframe)
        is_whole = timeframe is Timeframe.D or (first <= session.open and close >= session.close)
        return is_whole and close <= now


def _session(calendar: Calendar, day: date) -> tuple[TradingDay | None, bool]:
    """Return the session of a day, and whether the calendar knows the day at all."""
    try:
        return calendar.trading_day(day), True
    except DataError:
        return None, False


def _finished(sessions: _Sessions, starts: IntArray, timeframe: Timeframe, now: Instant) -> BoolArray:
    """Return which candles are on a day that is over and that the file does not cut short at one of its ends."""
    keep: BoolArray = np.ones(len(starts), dtype=np.bool_)
    numbers = ist_days(starts)
    for number in {int(numbers[0]), int(numbers[-1])} if len(starts) else ():
        of_day = numbers == number
        first, last = (int(each) for each in starts[of_day][[0, -1]])
        if not sessions.is_over(first, last, timeframe, now):
            keep &= ~of_day
    return keep


def _runs(calendar: Calendar, candles: CandleColumns) -> Iterator[Days]:
    """Return the days that have candles, as ranges within which no session is missing."""
    numbers = candles.days()
    days = [date_of(number) for number in numbers[np.diff(numbers, prepend=numbers[0] - 1) > 0].tolist()]
    first = days[0]
    for day, following in zip(days, [*days[1:], None], strict=True):
        if following is None or not _is_next(calendar, day, following):
            yield Days(first, day)
            first = following or day


def _is_next(calendar: Calendar, day: date, following: date) -> bool:
    """Whether no session lies between two days, as far as the calendar knows them."""
    between = (day + _ONE_DAY * offset for offset in range(1, (following - day).days))
    return all(_session(calendar, each) == (None, True) for each in between)


def _refuse_impossible(path: Path, raw: RawCandles) -> None:
    with np.errstate(invalid="ignore"):  # what is no number compares as false
        possible = (
            (raw.lows * UNITS_PER_RUPEE > 0.5)
            & (raw.lows <= raw.opens)
            & (raw.lows <= raw.closes)
            & (raw.highs >= raw.opens)
            & (raw.highs >= raw.closes)
            & (raw.highs <= LARGEST_PRICE)
            & ((raw.volumes > 0.5) | (raw.volumes == 0))  # half a share is none: these are lots or lakhs
            & (raw.volumes <= _LARGEST_VOLUME)
        )
    bad = np.flatnonzero(~possible)
    if len(bad):
        row = int(bad[0])
        values = " ".join(f"{float(column[row]):g}" for column in raw.columns[1:])
        raise DataError(
            f"{path}: {_rows_of(len(bad))} that no market makes, the first at {ist_text(int(raw.starts[row]))} "
            f"(open high low close volume: {values}); correct or remove them"
        )


def _refuse_future(path: Path, raw: RawCandles, now: Instant) -> None:
    newest = int(raw.starts.max())
    if newest > now:
        raise DataError(f"{path}: has a candle of {ist_text(newest)}, which is still to come; check zone and dates")


def _without_repeats(path: Path, ordered: RawCandles) -> RawCandles:
    same_start = np.diff(ordered.starts) == 0
    if not same_start.any():
        return ordered
    same = same_start & np.all([np.diff(column) == 0 for column in ordered.columns[1:]], axis=0)
    contradictions = np.flatnonzero(same_start & ~same)
    if len(contradictions):
        at = ist_text(int(ordered.starts[contradictions[0]]))
        raise DataError(
            f"{path}: {_rows_of(len(contradictions))} with another of the same time and other values, the first at "
            f"{at}; keep one of each"
        )
    return ordered.rows(np.concatenate(([True], ~same)))


def _in_units(raw: RawCandles) -> tuple[CandleColumns, int, int]:
    """Return candles in paise and shares, and how many prices and volumes had to be rounded."""
    prices = [_in_paise(each) for each in (raw.opens, raw.highs, raw.lows, raw.closes)]
    opens, highs, lows, closes = (whole for whole, _ in prices)
    volumes = np.rint(raw.volumes)
    rounded_volumes = int(np.count_nonzero(raw.volumes != volumes))
    candles = CandleColumns(raw.starts, opens, highs, lows, closes, volumes.astype(np.int64))
    return candles, sum(rounded for _, rounded in prices), rounded_volumes


def _in_paise(rupees: FloatArray) -> tuple[IntArray, int]:
    exact = rupees * UNITS_PER_RUPEE
    whole = np.rint(exact)
    return whole.astype(np.int64), int(np.count_nonzero(np.abs(exact - whole) > _EXACT))


def _rows_of(count: int) -> str:
    """Return a number of rows for people."""
    return f"{count} row" if count == 1 else f"{count} rows"


def told(days: Sequence[date], most: int = 3) -> str:
    """Return some of the days for people."""
    return ", ".join(str(day) for day in days[:most]) + (", ..." if len(days) > most else "")
