"""Can these candles be believed? Each series is held against the calendar and against itself, and nothing is changed.

`row_checks` judges rows alone, `session_checks` against the calendar, `price_checks` against each other. A finding
says what it asks of its reader (`findings.Weight`); how complete each day is goes beside the findings, for a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

import numpy as np

from core.errors import DataError
from core.instants import Instant
from features.columns import IntArray
from market_data.candles.candle_store import Series
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days, are_on, days_of
from market_data.quality.findings import Finding, Kind, Weight
from market_data.quality.price_checks import check_prices
from market_data.quality.row_checks import check_rows, has_prices, repeats
from market_data.quality.session_checks import check_sessions, is_known_empty
from market_data.quality.session_grid import GridDay, Place, SessionGrid
from market_data.trading_hours import TradingHours


class DayState(Enum):
    """How a date stands."""

    WHOLE = "whole"
    PARTIAL = "partial"
    ABSENT = "absent"
    EMPTY = "empty"
    """No candle, and known to have none: the source was asked."""
    CLOSED = "closed"
    UNEXPECTED = "unexpected"
    """Rows on a day without a session."""
    UNJUDGED = "unjudged"
    """The calendar does not know the day or its hours."""


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """One date of a series."""

    day: date
    state: DayState
    expected: int
    """Candles by the calendar."""
    present: int
    """Of those, there; each counted once."""
    is_troubled: bool
    """Whether a defect other than missing candles lies on it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What rows are of that are no candles of one symbol: `RELIND ticks`, `NIFTY 1669 contracts`."""

    symbol: str
    form: str
    timeframe: None = None
    """Nothing that other series may be compared with."""

    def __str__(self) -> str:
        return f"{self.symbol} {self.form}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that is said about one series."""

    series: Series | Subject
    source: str
    """The archive, or the file."""
    rows: int
    first: Instant
    last: Instant
    days: tuple[DayCoverage, ...]
    findings: tuple[Finding, ...]
    unit: str = "candles"
    """What days are whole or partial in."""

    @property
    def sessions(self) -> int:
        """Sessions that the calendar expects."""
        return sum(1 for each in self.days if each.expected)

    @property
    def whole(self) -> int:
        """Sessions with every candle."""
        return self._count(DayState.WHOLE)

    @property
    def partial(self) -> int:
        """Sessions that lack some."""
        return self._count(DayState.PARTIAL)

    @property
    def absent(self) -> int:
        """Sessions that lack all; of the archive those that nobody has asked for."""
        return self._count(DayState.ABSENT)

    @property
    def empty(self) -> int:
        """Sessions of which the source was asked and has none."""
        return self._count(DayState.EMPTY)

    @property
    def completeness(self) -> float:
        """Share of the candles that are there, of those that there can be; 1 where there can be none."""
        expected = sum(each.expected for each in self.days if each.state is not DayState.EMPTY)
        return sum(each.present for each in self.days) / expected if expected else 1.0

    def of_weight(self, weight: Weight) -> tuple[Finding, ...]:
        """Return the findings of one weight."""
        return tuple(each for each in self.findings if each.kind.weight is weight)

    def of_kind(self, kind: Kind) -> Finding | None:
        """Return the finding of one kind, if there is one."""
        return next((each for each in self.findings if each.kind is kind), None)

    def _count(self, state: DayState) -> int:
        return sum(1 for each in self.days if each.state is state)


def judge(
    raw: RawCandles,
    series: Series,
    source: str,
    calendar: TradingHours,
    days: Days | None = None,
    known: Sequence[Days] | None = None,
) -> Judgement:
    """Judge the rows of one series. `days` None: from the first row to the last; `known`: the days that were asked for.

    Rows outside `days` are left out. Raises `DataError` when no row is left.
    """
    return examine(raw, series, source, calendar, days, known)[0]


def examine(
    raw: RawCandles,
    series: Series,
    source: str,
    calendar: TradingHours,
    days: Days | None = None,
    known: Sequence[Days] | None = None,
) -> tuple[Judgement, RawCandles]:
    """Judge like `judge`, and return with it the rows that other series may be compared with."""
    if days is not None:
        raw = raw.rows(are_on(raw.starts, days))
    if not len(raw):
        raise DataError(f"{source}: no rows" + (f" from {days.first} to {days.last}" if days else ""))
    grid = SessionGrid(calendar, days or days_of(raw.starts), series.timeframe)
    clean = believable(raw, grid)
    findings = [*check_sessions(raw, grid, known), *check_rows(raw), *check_prices(clean, series.timeframe)]
    judgement = judgement_of(series, source, raw.starts, raw.starts, grid, findings, known)
    return judgement, clean


def judgement_of(
    series: Series | Subject,
    source: str,
    times: IntArray,
    starts: IntArray,
    grid: SessionGrid,
    findings: Sequence[Finding],
    known: Sequence[Days] | None = None,
) -> Judgement:
    """Return what is said of rows: the findings by weight, and each day. `starts` are those of the grid's spans."""
    return Judgement(
        series=series,
        source=source,
        rows=len(times),
        first=int(times.min()),
        last=int(times.max()),
        days=_coverage(starts, grid, findings, known),
        findings=tuple(sorted(findings, key=lambda each: list(Weight).index(each.kind.weight))),
        unit="candles" if isinstance(series, Series) else f"spans of {grid.timeframe.value}",
    )


def believable(raw: RawCandles, grid: SessionGrid) -> RawCandles:
    """Return the rows that prices may be compared by: real prices, in a session, in order of time, each start once."""
    repeated, contradicting = repeats(raw)
    places = grid.places(raw.starts)
    in_session = (places == Place.EXPECTED) | (places == Place.UNKNOWN)
    kept = np.flatnonzero(has_prices(raw) & in_session & ~repeated & ~contradicting)
    return raw.rows(np.asarray(kept[np.argsort(raw.starts[kept], kind="stable")], dtype=np.int64))


def _coverage(
    starts: IntArray, grid: SessionGrid, findings: Sequence[Finding], known: Sequence[Days] | None
) -> tuple[DayCoverage, ...]:
    present = grid.per_day(grid.is_there(starts))
    rows = np.bincount(grid.day_places(starts), minlength=len(grid.days))
    spots = [spot.at for each in findings if each.kind.marks_days for spot in each.spots]
    troubled = set(grid.day_places(np.array(spots, dtype=np.int64)).tolist())
    return tuple(
        DayCoverage(
            each.day,
            _state(each, int(present[place]), int(rows[place]), known),
            each.expected,
            int(present[place]),
            place in troubled,
        )
        for place, each in enumerate(grid.days)
    )


def _state(of: GridDay, present: int, rows: int, known: Sequence[Days] | None) -> DayState:
    if not of.is_known:
        return DayState.UNJUDGED
    if not of.expected:
        return DayState.UNEXPECTED if rows else DayState.CLOSED
    if not present:
        return DayState.EMPTY if is_known_empty(of.day, known) else DayState.ABSENT
    return DayState.WHOLE if present == of.expected else DayState.PARTIAL
