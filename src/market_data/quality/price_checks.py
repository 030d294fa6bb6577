"""Prices held against each other: spikes, splits that nobody adjusted for, and series glued from several instruments.

The scale is robust: 1.4826 times the median absolute deviation of log returns, which is the standard deviation of
normal returns and is not moved by what it is meant to find (Hampel 1974; Iglewicz and Hoaglin, How to Detect and
Handle Outliers, 1993). It is taken within sessions, once for the series and once for each session, and the larger of
the two holds: a wild day is no error. Returns have fat tails, so the multiple is large, and a spike must also come
back: a price that moves and stays is the market.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log

import numpy as np

from core.instants import DAY
from core.market import Timeframe
from features.columns import BoolArray, FloatArray, IntArray, ist_days
from market_data.candles.raw_candles import RawCandles
from market_data.quality.findings import Finding, Kind, Spot
from market_data.quality.row_checks import is_flat, row_spots

_NORMAL = 1.4826
"""Standard deviation of a normal distribution by its median absolute deviation."""
_SPIKE = 20.0
"""Robust deviations."""
_LEAST_SPIKE = 0.01
"""Share of price; a smaller one does no harm."""
_FEW = 20
"""Returns below which a session has no scale of its own."""
_JUMP = 20.0
_JUMPS = 3
"""So many jumps between candles of one session make a series of several instruments."""
_BAND = 0.23
"""Log ratio beyond the widest price band of a day, 20% down. A 1:4 bonus can hide inside it; it is a large gap then."""
_BAND_OVER_A_HOLE = 0.51
_SHORT_HOLE = 7 * DAY
_GAP = 8.0
"""Robust deviations of the series' own overnight gaps."""
_LEAST_GAP = 0.05
_LONELY = 0.11
"""Log ratio beyond the band of 10% that most shares open in."""
_COMES_BACK = 0.35
"""Share of a gap that may be left at the day's close for its open to have been out of line."""
_STILL = 20
"""Candles of one price in a row, or days: a lock at the band is as long, an ordinary market is not."""
_STILL_DAYS = 5
_NEAR_FRACTION = 0.05
_FRACTIONS = ((1, 2), (1, 3), (2, 3), (1, 4), (2, 5), (3, 5), (1, 5), (1, 10), (1, 20), (1, 100))


@dataclass(frozen=True, slots=True, eq=False)
class _Sessions:
    """First open and last close of each session, oldest first."""

    starts: IntArray
    opens: FloatArray
    closes: FloatArray

    @property
    def gaps(self) -> FloatArray:
        """Log of each open over the close before; of the first: 0."""
        return np.concatenate([[0.0], np.log(self.opens[1:] / self.closes[:-1])])[: len(self.opens)]

    @property
    def moves(self) -> FloatArray:
        """Log of each close over the close before; of the first: 0."""
        return np.concatenate([[0.0], np.diff(np.log(self.closes))])[: len(self.closes)]


def check_prices(candles: RawCandles, timeframe: Timeframe) -> Iterator[Finding]:
    """Yield what looks wrong in candles in order of time, each start once, with prices that are numbers above 0."""
    if len(candles) < 3:
        return
    yield from _stuck(candles, _STILL_DAYS if timeframe is Timeframe.D else _STILL)
    if timeframe is not Timeframe.D:
        scale = _scales(candles)
        spliced = _splices(candles, scale)
        if spliced is not None:
            yield spliced
            return
        yield from _spikes(candles, scale)
    yield from _overnight(_sessions(candles), timeframe)


def robust_deviation(values: FloatArray) -> float:
    """Return 1.4826 times the median absolute deviation from the median; 0 for no values."""
    return _NORMAL * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def named_ratio(ratio: float) -> str:
    """Name a ratio of prices for people: the fraction a split or bonus would make, when it is near one."""
    size = min(ratio, 1 / ratio)
    above, below = min(_FRACTIONS, key=lambda pair: abs(log(size * pair[1] / pair[0])))
    if abs(log(size * below / above)) > _NEAR_FRACTION:
        return "no usual fraction"
    return f"near {above}:{below}" if ratio < 1 else f"near {below}:{above}"


def _is_first(candles: RawCandles) -> BoolArray:
    first = np.ones(len(candles), dtype=np.bool_)
    days = ist_days(candles.starts)
    first[1:] = days[1:] != days[:-1]
    return first


def _scales(candles: RawCandles) -> FloatArray:
    """Return for each row the robust deviation of returns that holds in its session."""
    returns = np.diff(np.log(candles.closes), prepend=np.nan)
    first = _is_first(candles)
    returns[first] = np.nan
    one_tick = 0.05 / float(np.median(candles.closes))
    whole = max(robust_deviation(returns[~np.isnan(returns)]), one_tick)
    scales = np.full(len(candles), whole)
    bounds = [*np.flatnonzero(first).tolist(), len(candles)]
    for begin, end in itertools.pairwise(bounds):
        inside = returns[begin + 1 : end]
        if len(inside) >= _FEW:
            scales[begin:end] = max(whole, robust_deviation(inside))
    return scales


def _splices(candles: RawCandles, scale: FloatArray) -> Finding | None:
    """Find jumps from one candle's close to the next one's open, which a single instrument hardly makes.

    A wild day widens candles, not the step between them: the smallest scale holds for all.
    """
    jumps = np.zeros(len(candles))
    jumps[1:] = np.log(candles.opens[1:] / candles.closes[:-1])
    jumps[_is_first(candles)] = 0.0
    found = np.flatnonzero(np.abs(jumps) > _JUMP * scale.min())
    if len(found) < _JUMPS:
        return None
    worst = float(jumps[found][np.argmax(np.abs(jumps[found]))])
    what = (
        f"{len(found)} jumps between a candle and the next of the same session, the largest {exp(worst):.3g} times: "
        "the instrument changes inside the series, so no return across candles means anything"
    )
    texts = [f"opens at {exp(jumps[row]):.3g} times the close before" for row in found]
    return Finding(kind=Kind.SPLICED, spots=row_spots(candles.starts[found], texts), what=what, largest=exp(worst))


def _stuck(candles: RawCandles, fewest: int) -> Iterator[Finding]:
    """Find runs of candles that all have the same one price."""
    still = np.zeros(len(candles) + 1, dtype=np.int8)
    flat = is_flat(candles)
    still[1:-1] = flat[1:] & flat[:-1] & (candles.closes[1:] == candles.closes[:-1])
    edges = np.diff(still)
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    runs = [(begin, end - begin + 1) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    spots = tuple(
        Spot(int(candles.starts[begin]), length, f"{length} candles of {candles.closes[begin]:.2f}")
        for begin, length in runs
        if length >= fewest
    )
    if spots:
        number = sum(spot.rows for spot in spots)
        what = f"{number} candles of one price in a row: locked at a band, or a feed that hung"
        yield Finding(kind=Kind.STUCK, spots=spots, what=what)


def _spikes(candles: RawCandles, scale: FloatArray) -> Iterator[Finding]:
    """Find extremes that neither neighbour of the same session comes near."""
    first = _is_first(candles)
    last = np.append(first[1:], True)
    high, low = candles.highs, candles.lows
    body_top, body_bottom = np.maximum(candles.opens, candles.closes), np.minimum(candles.opens, candles.closes)
    # The first and the last candle have one neighbour: there its own body stands in for the other.
    before_high, after_high = np.where(first, body_top, np.roll(high, 1)), np.where(last, body_top, np.roll(high, -1))
    before_low, after_low = np.where(first, body_bottom, np.roll(low, 1)), np.where(last, body_bottom, np.roll(low, -1))
    up = np.log(high / np.maximum(before_high, after_high))
    down = np.log(np.minimum(before_low, after_low) / low)
    size = np.maximum(up, down)
    found = np.flatnonzero((size > _SPIKE * scale) & (size > _LEAST_SPIKE))
    if not len(found):
        return
    texts = [
        f"{'high' if up[row] > down[row] else 'low'} {size[row]:.2%} beyond both neighbours, "
        f"{size[row] / scale[row]:.0f} deviations"
        for row in found
    ]
    what = f"{len(found)} candle{'s' if len(found) > 1 else ''} with a price that stands alone and comes back at once"
    largest = float(size[found].max())
    yield Finding(kind=Kind.SPIKE, spots=row_spots(candles.starts[found], texts), what=what, largest=largest)


def _sessions(candles: RawCandles) -> _Sessions:
    first = np.flatnonzero(_is_first(candles))
    last = np.append(first[1:], len(candles)) - 1
    return _Sessions(candles.starts[first], candles.opens[first], candles.closes[last])


def _overnight(sessions: _Sessions, timeframe: Timeframe) -> Iterator[Finding]:
    gaps, moves = sessions.gaps, sessions.moves
    hole = np.diff(ist_days(sessions.starts) * DAY, prepend=0) > _SHORT_HOLE
    back = np.zeros(len(gaps), dtype=np.bool_)
    if timeframe is Timeframe.D:
        back[:-1] = (np.abs(moves[:-1]) > _BAND) & (np.abs(moves[:-1] + moves[1:]) < _COMES_BACK * np.abs(moves[:-1]))
    settled = back | np.roll(back, 1)
    lonely = (np.abs(gaps) > _LONELY) & (np.abs(moves) < _COMES_BACK * np.abs(gaps)) & ~hole & ~settled
    stays = np.sign(gaps) * moves > (1 - _COMES_BACK) * np.abs(gaps)
    acted = (np.abs(gaps) > np.where(hole, _BAND_OVER_A_HOLE, _BAND)) & stays & ~settled
    limit = max(_GAP * robust_deviation(gaps[1:][~hole[1:]]), _LEAST_GAP)
    wide = (np.abs(gaps) > limit) & ~(hole | acted | lonely | settled)
    for kind, mask, what in (
        (
            Kind.CORPORATE_ACTION,
            acted,
            "beyond any day's price band, and stayed: a split, bonus or demerger unadjusted?",
        ),
        (Kind.LONELY_OPEN, lonely, "far from the close before and from the day's own: a stray first trade"),
        (Kind.SPIKE, back, "that the next session takes back"),
        (Kind.OVERNIGHT_GAP, wide, f"of more than {limit:.1%}, within a day's price band"),
    ):
        if mask.any():
            yield _gaps(sessions, kind, np.flatnonzero(mask), moves if kind is Kind.SPIKE else gaps, what)


def _gaps(sessions: _Sessions, kind: Kind, found: IntArray, sizes: FloatArray, what: str) -> Finding:
    nouns = {Kind.LONELY_OPEN: "open", Kind.SPIKE: "close"}
    noun = nouns.get(kind, "gap") + ("s" if len(found) > 1 else "")
    worst = float(sizes[found][np.argmax(np.abs(sizes[found]))])
    return Finding(
        kind=kind,
        spots=row_spots(sessions.starts[found], [_gap_text(sessions, kind, row, sizes) for row in found.tolist()]),
        what=f"{len(found)} {noun} {what} (the largest {exp(worst):.4g} times)",
        largest=exp(worst),
    )


def _gap_text(sessions: _Sessions, kind: Kind, row: int, sizes: FloatArray) -> str:
    ratio = exp(sizes[row])
    price = sessions.closes[row] if kind is Kind.SPIKE else sessions.opens[row]
    text = f"{sessions.closes[row - 1]:.2f} to {price:.2f}, {ratio:.4g} times"
    return f"{text}, {named_ratio(ratio)}" if kind is Kind.CORPORATE_ACTION else text
