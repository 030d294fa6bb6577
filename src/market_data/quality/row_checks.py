"""Rows judged by themselves: prices that no market makes, volumes that say nothing, the same row twice."""

from collections.abc import Iterator

import numpy as np

from core.instants import DAY, Instant
from features.columns import IST_OFFSET, BoolArray, FloatArray, IntArray, ist_days
from market_data.candles.raw_candles import RawCandles
from market_data.quality.findings import Finding, Kind, Spot

_PAISA = 0.01
_NOISE = 1e-6
"""Rupees; a float that stands for a whole number of paise is nearer to it than this."""
_ONE_DEFECT = 0.5
"""Share of days from which on a first candle without volume is the source's manner, not a quiet minute."""


def check_rows(raw: RawCandles) -> Iterator[Finding]:
    """Yield what is wrong with rows as they stand, whatever the calendar says."""
    yield from disorder(raw.starts)
    yield from _duplicates(raw)
    yield from check_values(raw)


def check_values(raw: RawCandles) -> Iterator[Finding]:
    """Yield what is wrong with the prices and volumes of rows, each by itself."""
    yield from _prices(raw)
    yield from _volumes(raw)


def has_prices(raw: RawCandles) -> BoolArray:
    """Return for each row whether all four prices are numbers above 0."""
    good = np.ones(len(raw), dtype=np.bool_)
    for column in _prices_of(raw):
        good &= np.isfinite(column) & (column > 0)
    return good


def is_flat(raw: RawCandles) -> BoolArray:
    """Return for each row whether its four prices are one."""
    flat: BoolArray = (raw.opens == raw.highs) & (raw.opens == raw.lows) & (raw.opens == raw.closes)
    return flat


def repeats(raw: RawCandles) -> tuple[BoolArray, BoolArray]:
    """Return which rows repeat an earlier row of the same start, and which rows differ from one of the same start.

    Of rows that say the same the first is no repeat. A start whose rows differ has all its rows in the second.
    """
    order = np.argsort(raw.starts, kind="stable")
    ordered = raw.rows(order)
    same_start = np.zeros(len(raw), dtype=np.bool_)
    same_start[1:] = ordered.starts[1:] == ordered.starts[:-1]
    same_values = same_start.copy()
    for column in ordered.columns[1:]:
        equal = (column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1]))
        same_values[1:] &= equal
    differing = np.isin(ordered.starts, ordered.starts[same_start & ~same_values])
    repeated, contradicting = np.zeros_like(same_start), np.zeros_like(same_start)
    repeated[order] = same_values & ~differing
    contradicting[order] = differing
    return repeated, contradicting


def day_spots(starts: IntArray, what: str = "") -> tuple[Spot, ...]:
    """Return rows as one place a day, with their number."""
    days, counts = np.unique(ist_days(starts), return_counts=True)
    return tuple(
        Spot(day * DAY - IST_OFFSET, number, what) for day, number in zip(days.tolist(), counts.tolist(), strict=True)
    )


def row_spots(starts: IntArray, texts: list[str]) -> tuple[Spot, ...]:
    """Return each row as a place of its own, oldest first."""
    found = (Spot(at, 1, text) for at, text in zip(starts.tolist(), texts, strict=True))
    return tuple(sorted(found, key=lambda spot: spot.at))


def disorder(starts: IntArray) -> Iterator[Finding]:
    """Find rows that lie behind a later one."""
    backward = np.flatnonzero(np.diff(starts) < 0) + 1
    if len(backward):
        what = f"{_rows(len(backward))} earlier in time than the row before: the file is not sorted"
        yield Finding(kind=Kind.DISORDER, spots=row_spots(starts[backward], [""] * len(backward)), what=what)


def _duplicates(raw: RawCandles) -> Iterator[Finding]:
    repeated, contradicting = repeats(raw)
    if repeated.any():
        spots = day_spots(raw.starts[repeated])
        what = f"{_rows(int(repeated.sum()))} there already with the same values, on {_days(len(spots))}"
        yield Finding(kind=Kind.EQUAL_DUPLICATES, spots=spots, what=what)
    if contradicting.any():
        starts = np.unique(raw.starts[contradicting])
        texts = [_versions(raw, at) for at in starts.tolist()]
        spots = row_spots(starts, texts)
        what = f"{len(starts)} candles in versions that differ: which is right cannot be told from the file"
        yield Finding(kind=Kind.CONTRADICTIONS, spots=spots, what=what)


def _versions(raw: RawCandles, at: Instant) -> str:
    closes = raw.closes[raw.starts == at].tolist()
    return "closes " + ", ".join(f"{close:g}" for close in closes)


def _prices(raw: RawCandles) -> Iterator[Finding]:
    good = has_prices(raw)
    if not good.all():
        bad = np.flatnonzero(~good)
        texts = [f"{raw.opens[row]:g} {raw.highs[row]:g} {raw.lows[row]:g} {raw.closes[row]:g}" for row in bad]
        what = f"{_rows(len(bad))} with a price that is missing, zero or negative"
        yield Finding(kind=Kind.NOT_A_PRICE, spots=row_spots(raw.starts[bad], texts), what=what)
    yield from _impossible(raw.rows(good))
    yield from _between_paise(raw.rows(good))


def _between_paise(raw: RawCandles) -> Iterator[Finding]:
    off = [np.abs(column - np.rint(column / _PAISA) * _PAISA) for column in _prices_of(raw)]
    distances: FloatArray = np.max(off, axis=0, initial=0.0)
    noisy = distances > _NOISE
    if noisy.any():
        distance = float(distances.max())
        cause = "float noise" if distance < _PAISA / 10 else "an adjustment, or a finer price step"
        what = f"{noisy.mean():.0%} of rows hold prices between two paise, up to {distance:.4f} off: {cause}"
        yield Finding(kind=Kind.OFF_PAISA, spots=day_spots(raw.starts[noisy]), what=what, largest=distance)


def _impossible(raw: RawCandles) -> Iterator[Finding]:
    above = np.maximum(raw.opens, raw.closes) - raw.highs
    below = raw.lows - np.minimum(raw.opens, raw.closes)
    size: FloatArray = np.maximum(np.maximum(above, below), raw.lows - raw.highs)
    bad = np.flatnonzero(size > _NOISE)
    if len(bad):
        worst = float(size.max())
        what = f"{_rows(len(bad))} with open or close outside high and low, at worst by {worst:.2f}"
        spots = row_spots(raw.starts[bad], [f"by {each:.2f}" for each in size[bad]])
        yield Finding(kind=Kind.IMPOSSIBLE, spots=spots, what=what, largest=round(worst, 4))


def _volumes(raw: RawCandles) -> Iterator[Finding]:
    bad = np.flatnonzero(~np.isfinite(raw.volumes) | (raw.volumes < 0))
    if len(bad):
        texts = [f"{raw.volumes[row]:g}" for row in bad]
        what = f"{_rows(len(bad))} with a volume that is missing or negative"
        yield Finding(kind=Kind.BAD_VOLUME, spots=row_spots(raw.starts[bad], texts), what=what)
    zero = raw.volumes == 0
    if not zero.any():
        return
    if zero.all():
        spots = (Spot(int(raw.starts.min()), len(raw)),)
        yield Finding(kind=Kind.NO_VOLUME, spots=spots, what="no row has a volume: an index, or left out")
        return
    firsts = _first_of_day(raw.starts)
    if len(firsts) > 1 and len(firsts) < len(raw) and zero[firsts].mean() > _ONE_DEFECT:
        share = zero[firsts].mean()
        what = f"the first candle has volume 0 on {share:.0%} of the days: the opening trades are not in it"
        yield Finding(kind=Kind.FIRST_WITHOUT_VOLUME, spots=day_spots(raw.starts[firsts[zero[firsts]]]), what=what)
        zero[firsts] = False
    frozen = zero & is_flat(raw)
    if frozen.any():
        what = f"{_rows(int(frozen.sum()))} with one price and no volume: filled in, nothing was traded"
        yield Finding(kind=Kind.FROZEN, spots=day_spots(raw.starts[frozen]), what=what)
    quiet = zero & ~frozen
    if quiet.any():
        what = f"{_rows(int(quiet.sum()))} ({quiet.mean():.2%}) move without volume"
        yield Finding(kind=Kind.ZERO_VOLUME, spots=day_spots(raw.starts[quiet]), what=what)


def _first_of_day(starts: IntArray) -> IntArray:
    order = np.argsort(starts, kind="stable")
    days = ist_days(starts[order])
    return np.asarray(order[np.flatnonzero(np.diff(days, prepend=-1))], dtype=np.int64)


def _prices_of(raw: RawCandles) -> tuple[FloatArray, ...]:
    return raw.opens, raw.highs, raw.lows, raw.closes


def _rows(number: int) -> str:
    return f"{number} row{'s' if number != 1 else ''}"


def _days(number: int) -> str:
    return f"{number} day{'s' if number != 1 else ''}"
