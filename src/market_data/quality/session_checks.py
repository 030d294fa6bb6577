"""Rows held against the calendar: what is missing, what is too much, and which day is a copy of another."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby, pairwise

import numpy as np

from core.instants import DAY, ist_date, ist_datetime
from core.market import Timeframe
from features.columns import IST_OFFSET, BoolArray, IntArray, ist_days
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days, midnight
from market_data.quality.findings import Finding, Kind, Spot
from market_data.quality.row_checks import day_spots, is_flat
from market_data.quality.session_grid import Place, SessionGrid, runs

_LONELY_SESSIONS = 3
"""So few sessions before or after a hole are a stray piece."""
_HOLE_SESSIONS = 10
"""A hole that long cuts a series in pieces."""

_OUTSIDE = {
    Place.BEFORE_OPEN: (Kind.BEFORE_OPEN, "before the open"),
    Place.CLOSING_BAR: (Kind.CLOSING_BAR, "at the very close, where no candle starts"),
    Place.AFTER_CLOSE: (Kind.AFTER_CLOSE, "after the close"),
    Place.IN_BREAK: (Kind.IN_BREAK, "in the break of a session"),
    Place.NO_SESSION: (Kind.NO_SESSION, "without a session"),
    Place.OFF_GRID: (Kind.OFF_GRID, "between the starts of candles"),
}


def check_sessions(raw: RawCandles, grid: SessionGrid, known: Sequence[Days] | None) -> Iterator[Finding]:
    """Yield what the calendar says about the rows. `known` are the days that were asked for; None: all of them."""
    there = grid.is_there(raw.starts)
    present = grid.per_day(there)
    yield from absent_sessions(grid, present, known)
    yield from _stray(grid, present)
    yield from _partial(grid, there, present)
    yield from _outside(raw, grid)
    yield from _special(grid, present)
    yield from _unjudged(raw.starts, grid)
    yield from _stale(raw, grid.timeframe)


def is_known_empty(day: date, known: Sequence[Days] | None) -> bool:
    """Whether a session without candles was asked for, so that it is known to have none; a file knows nothing."""
    return known is not None and any(day in each for each in known)


def absent_sessions(grid: SessionGrid, present: IntArray, known: Sequence[Days] | None) -> Iterator[Finding]:
    """Find sessions without a candle: those that nobody asked for are missing, of the others there are none."""
    sessions = [
        (each.day, None if present[place] else Kind.EMPTY if is_known_empty(each.day, known) else Kind.ABSENT)
        for place, each in enumerate(grid.days)
        if each.expected
    ]
    why = {Kind.ABSENT: "" if known is None else ": never downloaded", Kind.EMPTY: ": the broker has none of them"}
    spots: dict[Kind, list[Spot]] = {kind: [] for kind in why}
    for kind, group in groupby(sessions, key=lambda pair: pair[1]):
        days = [day for day, _ in group]
        if kind is not None:
            text = f"to {days[-1]}" if len(days) > 1 else ""
            spots[kind].append(Spot(midnight(days[0]), len(days), text))
    for kind, found in spots.items():
        if found:
            number = sum(spot.rows for spot in found)
            what = f"{number} of {len(sessions)} sessions have no candle, in {_pieces(len(found))}{why[kind]}"
            yield Finding(kind=kind, spots=tuple(found), what=what)


def _stray(grid: SessionGrid, present: IntArray) -> Iterator[Finding]:
    """Find a handful of sessions at either end, cut off from the rest by a long hole."""
    places = [place for place, each in enumerate(grid.days) if each.expected]
    there = [number for number, place in enumerate(places) if present[place]]
    spots = []
    for ordered in (there, there[::-1]):
        for number, (this, following) in enumerate(pairwise(ordered), start=1):
            if number > _LONELY_SESSIONS or len(there) <= 2 * number:
                break
            hole = abs(following - this) - 1
            if hole >= _HOLE_SESSIONS:
                day = grid.days[places[ordered[0]]].day
                spots.append(Spot(midnight(day), number, f"{hole} absent sessions lie between it and the rest"))
                break
    if spots:
        number = sum(spot.rows for spot in spots)
        what = f"{number} session{'s' if number > 1 else ''} cut off from the rest by a long hole"
        yield Finding(kind=Kind.STRAY, spots=tuple(sorted(spots, key=lambda spot: spot.at)), what=what)


def _partial(grid: SessionGrid, there: BoolArray, present: IntArray) -> Iterator[Finding]:
    if grid.timeframe is Timeframe.D:
        return
    expected = np.array([each.expected for each in grid.days], dtype=np.int64)
    partial = (present > 0) & (present < expected)
    if not partial.any():
        return
    missing = grid.starts[~there]
    missing = missing[partial[grid.day_places(missing)]]
    spots = []
    for day, group in groupby(missing.tolist(), key=ist_date):
        lacking = np.array(list(group), dtype=np.int64)
        pieces = [_span_text(first, last) for first, last, _ in runs(lacking, grid.timeframe.duration)]
        spots.append(Spot(midnight(day), len(lacking), "lacks " + ", ".join(pieces)))
    what = f"{len(missing)} candles are missing from {len(spots)} session{'s' if len(spots) > 1 else ''}"
    yield Finding(kind=Kind.PARTIAL, spots=tuple(spots), what=what)


def _outside(raw: RawCandles, grid: SessionGrid) -> Iterator[Finding]:
    places = grid.places(raw.starts)
    flat = is_flat(raw)
    for place, (kind, where) in _OUTSIDE.items():
        mask = places == place
        if mask.any():
            starts = raw.starts[mask]
            still = int((flat & mask).sum())
            which = "" if not still else ", all flat" if still == len(starts) else f", {still} of them flat"
            spots = day_spots(starts)
            days = f"{len(spots)} day{'s' if len(spots) > 1 else ''}"
            what = f"{len(starts)} row{'s' if len(starts) > 1 else ''} {where}, on {days}{which}"
            yield Finding(kind=kind, spots=spots, what=what)


def _special(grid: SessionGrid, present: IntArray) -> Iterator[Finding]:
    spots = []
    for place, each in enumerate(grid.days):
        if each.is_special and present[place]:
            hours = " and ".join(_hours_text(begin, end) for begin, end in each.spans)
            spots.append(Spot(midnight(each.day), int(present[place]), hours))
    if spots:
        what = f"{len(spots)} session{'s' if len(spots) > 1 else ''} on a weekend or at unusual hours"
        yield Finding(kind=Kind.SPECIAL, spots=tuple(spots), what=what)


def _unjudged(starts: IntArray, grid: SessionGrid) -> Iterator[Finding]:
    unknown = starts[grid.places(starts) == Place.UNKNOWN]
    is_session = np.array([each.is_session for each in grid.days], dtype=np.bool_)[grid.day_places(unknown)]
    for mask, kind, where in (
        (is_session, Kind.UNKNOWN_HOURS, "in sessions whose hours the calendar does not know"),
        (~is_session, Kind.UNJUDGED, "on days that the calendar does not reach; only their prices were judged"),
    ):
        if mask.any():
            yield Finding(kind=kind, spots=day_spots(unknown[mask]), what=f"{int(mask.sum())} rows {where}")


def _stale(raw: RawCandles, timeframe: Timeframe) -> Iterator[Finding]:
    """Find sessions whose prices are another session's, candle by candle, and daily candles equal to the one before."""
    order = np.argsort(raw.starts, kind="stable")
    ordered = raw.rows(order)
    values = np.stack(ordered.columns[1:], axis=1)
    moving = ~is_flat(ordered)
    days = ist_days(ordered.starts)
    firsts = np.flatnonzero(np.diff(days, prepend=-1)).tolist()
    seen: dict[bytes, int] = {}
    spots = []
    for first, last in zip(firsts, [*firsts[1:], len(days)], strict=True):
        if not moving[first:last].any() or (timeframe is not Timeframe.D and last - first < 2):
            continue
        day = int(days[first])
        other = seen.setdefault(values[first:last].tobytes(), day)
        if other != day:
            spots.append(Spot(day * DAY - IST_OFFSET, last - first, f"the same as {ist_date(other * DAY)}"))
    if spots:
        what = f"{len(spots)} session{'s' if len(spots) > 1 else ''} equal to another day's, candle by candle"
        yield Finding(kind=Kind.STALE, spots=tuple(spots), what=what)


def _pieces(number: int) -> str:
    return "one piece" if number == 1 else f"{number} pieces"


def _span_text(first: int, last: int) -> str:
    begin, end = ist_datetime(first), ist_datetime(last)
    return f"{begin:%H:%M}" if first == last else f"{begin:%H:%M} to {end:%H:%M}"


def _hours_text(begin: int, end: int) -> str:
    return f"{ist_datetime(begin):%H:%M}-{ist_datetime(end):%H:%M}"
