"""Prices in time judged: what a recorder misses, repeats, names wrongly or takes from outside the session.

Ticks keep no grid, so a day is held against the calendar in spans that are long enough to have one each; a gap is
longer than a minute and than twice the usual step. Rows are ticks, seconds, or snapshots of a chain.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.instants import DAY, MINUTE, SECOND, Instant, ist_date, ist_datetime
from core.market import Timeframe
from features.columns import BoolArray, FloatArray, IntArray
from market_data.days import Days, midnight
from market_data.quality.findings import Finding, Kind, Spot
from market_data.quality.judgement import Judgement, Subject, judgement_of
from market_data.quality.row_checks import day_spots, disorder
from market_data.quality.session_checks import absent_sessions
from market_data.quality.session_grid import GridDay, Place, SessionGrid
from market_data.quality.tick_table import Ticks
from market_data.trading_hours import TradingHours

_LEAST_GAP = MINUTE
_PRE_OPEN = 15 * MINUTE
"""Before the open; the auction that finds the first price."""
_SPANS = (Timeframe.M1, Timeframe.M5, Timeframe.M15)
_NEARLY_ALWAYS = 0.9
_OUTSIDE = {
    Place.CLOSING_BAR: (Kind.AFTER_CLOSE, "after the close"),
    Place.AFTER_CLOSE: (Kind.AFTER_CLOSE, "after the close"),
    Place.IN_BREAK: (Kind.IN_BREAK, "in the break of a session"),
    Place.NO_SESSION: (Kind.NO_SESSION, "without a session: a copy of another day under a wrong date?"),
    Place.UNKNOWN: (Kind.UNJUDGED, "whose hours the calendar does not know"),
}


class Originals:
    """Remembers the tables of a run, to know one that is there again under another date."""

    def __init__(self) -> None:
        """Begin without any."""
        self._seen: dict[str, Judgement] = {}

    def marked(self, ticks: Ticks, judgement: Judgement) -> Judgement:
        """Return the judgement, with a finding where the rows were there before but for the date."""
        original = self._seen.setdefault(ticks.fingerprint, judgement)
        day = ist_date(judgement.first)
        if ist_date(original.first) == day:
            return judgement
        what = f"all {len(ticks)} rows are those of {original.source} but for the date: a stale copy"
        finding = Finding(kind=Kind.STALE, spots=(Spot(midnight(day), len(ticks)),), what=what)
        return replace(judgement, findings=(finding, *judgement.findings))


def judge_ticks(ticks: Ticks, subject: Subject, source: str, hours: TradingHours, days: Days) -> Judgement:
    """Judge rows that all lie on the days; there must be one."""
    minutes = SessionGrid(hours, days, Timeframe.M1)
    times = np.unique(ticks.times)
    step = usual_step(times)
    spans = next((each for each in _SPANS if each.duration >= 2 * step), _SPANS[-1])
    grid = minutes if spans is Timeframe.M1 else SessionGrid(hours, days, spans)
    starts = ticks.times // spans.duration * spans.duration
    findings = (
        *absent_sessions(grid, grid.per_day(grid.is_there(starts)), None),
        *_gaps(times, grid, max(_LEAST_GAP, 2 * step)),
        *_outside(ticks, minutes),
        *disorder(ticks.times),
        *_repeated(ticks),
        *_prices(ticks),
        *_wrong_sides(ticks),
        *_books(ticks),
        *_fractions(ticks),
    )
    return judgement_of(subject, source, ticks.times, starts, grid, findings)


def usual_step(times: IntArray) -> int:
    """Return the median distance of times in order, in nanoseconds; 0 for fewer than two."""
    return int(np.median(np.diff(times))) if len(times) > 1 else 0


def _gaps(times: IntArray, grid: SessionGrid, limit: int) -> Iterator[Finding]:
    """Find silence within sessions, and sessions that are not recorded from the open to the close."""
    cut, silent, longest = list[Spot](), list[Spot](), 0
    for day in grid.days:
        inside = [times[slice(*np.searchsorted(times, span))] for span in day.spans]
        seen = np.concatenate(inside) if inside else times[:0]
        if not len(seen):
            continue
        first, last = int(seen[0]), int(seen[-1])
        if first - day.spans[0][0] > limit or day.spans[-1][1] - last > limit:
            cut.append(Spot(midnight(day.day), 1, f"{_clock(first)} to {_clock(last)} of {_hours(day)}"))
        for part in inside:
            befores = np.flatnonzero(np.diff(part) > limit)
            for before, after in zip(part[befores].tolist(), part[befores + 1].tolist(), strict=True):
                silent.append(Spot(before, 1, f"{_length(after - before)} until {_clock(after)}"))
                longest = max(longest, after - before)
    if cut:
        what = f"{_number(len(cut), 'session')} not recorded from the open to the close"
        yield Finding(kind=Kind.PARTIAL, spots=tuple(cut), what=what)
    if silent:
        what = f"{_number(len(silent), 'gap')} within session hours, the longest {_length(longest)}"
        yield Finding(kind=Kind.GAP, spots=tuple(silent), what=what, largest=longest / SECOND)


def _outside(ticks: Ticks, minutes: SessionGrid) -> Iterator[Finding]:
    places = minutes.places(ticks.times // MINUTE * MINUTE)
    early = places == Place.BEFORE_OPEN
    in_auction = early & minutes.is_expected(ticks.times // MINUTE * MINUTE + _PRE_OPEN)
    yield from _pre_open(ticks, in_auction, places == Place.EXPECTED)
    found: dict[Kind, tuple[BoolArray, str]] = {Kind.BEFORE_OPEN: (early & ~in_auction, "before the open")}
    for place, (kind, where) in _OUTSIDE.items():
        before = found[kind][0] if kind in found else False
        found[kind] = np.asarray((places == place) | before, dtype=np.bool_), where
    for kind, (mask, where) in found.items():
        if mask.any():
            spots = day_spots(ticks.times[mask])
            what = f"{_number(int(mask.sum()), 'row')} on {_number(len(spots), 'day')} {where}"
            yield Finding(kind=kind, spots=spots, what=what)


def _pre_open(ticks: Ticks, mask: BoolArray, in_session: BoolArray) -> Iterator[Finding]:
    if not mask.any():
        return
    spots = []
    prices = next(iter(ticks.prices.values()))
    for spot in day_spots(ticks.times[mask]):
        of_day = (ticks.times >= spot.at) & (ticks.times < spot.at + DAY)
        early, later = prices[of_day & mask], prices[of_day & in_session]
        opens = f", then {later[0]:.2f}" if len(later) else ""
        spots.append(Spot(spot.at, spot.rows, f"{early.min():.2f} to {early.max():.2f}{opens}"))
    what = f"{_number(int(mask.sum()), 'row')} of the pre-open: indications of the auction, no trades"
    yield Finding(kind=Kind.PRE_OPEN, spots=tuple(spots), what=what)


def _repeated(ticks: Ticks) -> Iterator[Finding]:
    if ticks.repeated.any():
        what = f"{_number(int(ticks.repeated.sum()), 'row')} there already with the same time and values"
        yield Finding(kind=Kind.EQUAL_DUPLICATES, spots=day_spots(ticks.times[ticks.repeated]), what=what)


def _prices(ticks: Ticks) -> Iterator[Finding]:
    untraded = {name: prices == 0 for name, prices in ticks.prices.items()}
    wrong = {name: ~np.isfinite(prices) | (prices < 0) for name, prices in ticks.prices.items()}
    yield from _cells(Kind.UNTRADED, ticks.times, untraded, "of 0: nothing was traded")
    yield from _cells(Kind.NOT_A_PRICE, ticks.times, wrong, "missing or negative")


def _wrong_sides(ticks: Ticks) -> Iterator[Finding]:
    """Find a bid that is an ask: above the last price, and where there is a better bid, above that one too."""
    best = next(iter(ticks.bids), "")
    for name, bids in ticks.bids.items():
        last = _last_of(ticks, name, "bid")
        above, below = float((bids > last).sum()), float((bids < last).sum())
        share = above / max(above + below, 1.0)
        is_deeper = name != best
        over_best = float((bids > ticks.bids[best]).mean()) if is_deeper else 0.0
        if share > _NEARLY_ALWAYS or (share > 0.5 and over_best > _NEARLY_ALWAYS):
            beside = f" and above {best} in {over_best:.0%} of the rows" if is_deeper else ""
            what = f"{name} lies above the last price in {share:.0%} of the rows that differ{beside}: it is the ask"
            yield Finding(kind=Kind.WRONG_SIDE, spots=day_spots(ticks.times), what=what, largest=share)


def _books(ticks: Ticks) -> Iterator[Finding]:
    quotes = {**ticks.bids, **ticks.asks}
    empty = {name: ~np.isfinite(prices) | (prices <= 0) for name, prices in quotes.items()}
    yield from _cells(Kind.EMPTY_SIDE, ticks.times, empty, "of 0: that side of the book is empty")
    crossed = {}
    for name, bids in ticks.bids.items():
        asks = ticks.asks.get(name.replace("bid", "ask").replace("Bid", "Ask").replace("BID", "ASK"))
        if asks is not None:
            crossed[name] = (bids > asks) & (asks > 0)
    yield from _cells(Kind.CROSSED, ticks.times, crossed, "above the ask: the book is crossed")


def _fractions(ticks: Ticks) -> Iterator[Finding]:
    broken = {name: np.isfinite(each) & (each % 1 != 0) for name, each in ticks.counts.items()}
    yield from _cells(Kind.FRACTIONS, ticks.times, broken, "that are no whole numbers: divided by something?")


def _cells(kind: Kind, times: IntArray, masks: dict[str, BoolArray], what: str) -> Iterator[Finding]:
    """Yield one finding over all columns that have such cells."""
    counts = {name: int(mask.sum()) for name, mask in masks.items() if mask.any()}
    if counts:
        told = ", ".join(f"{number} of {name}" for name, number in counts.items())
        spots = day_spots(np.concatenate([times[mask] for mask in masks.values()]))
        yield Finding(kind=kind, spots=spots, what=f"{told} {what}")


def _last_of(ticks: Ticks, quote: str, side: str) -> FloatArray:
    """Return the last prices that a quote belongs beside: those of its own side of a chain, or the only ones."""
    before = quote.lower().partition(side)[0].removesuffix("best_").removesuffix("best")
    beside = (prices for name, prices in ticks.prices.items() if name.lower().startswith(before))
    return next(beside, next(iter(ticks.prices.values())))


def _clock(at: Instant) -> str:
    return f"{ist_datetime(at):%H:%M:%S}"


def _hours(day: GridDay) -> str:
    return f"{ist_datetime(day.spans[0][0]):%H:%M}-{ist_datetime(day.spans[-1][1]):%H:%M}"


def _length(nanoseconds: int) -> str:
    minutes, seconds = divmod(round(nanoseconds / SECOND), 60)
    return f"{minutes} min {seconds} s" if minutes < 10 else f"{round(nanoseconds / MINUTE)} min"


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
