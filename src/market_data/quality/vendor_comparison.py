"""Two sources of one symbol seldom agree: how often, how far apart, and is one of them adjusted?

Prices of an adjusted series differ from unadjusted ones by a factor that changes at a split, bonus or demerger. The
factor of a day is the ratio of the closes; where its median over some days before and after moves, something was
adjusted in one source and not in the other. Ticks are then counted only where the factor is one.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import exp, log
from typing import TypeAlias

import numpy as np

from core.instants import DAY, Instant, ist_date
from features.columns import FloatArray, IntArray, ist_days
from market_data.candles.raw_candles import RawCandles

_TICK = 0.05
_WINDOW = 5
"""Days on either side of a change of factor."""
_STEP = 0.02
"""Log ratio; an official close and a last trade differ by less."""
_SAME = 0.01
_ROUNDING = 1e-6

Change: TypeAlias = tuple[date, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How the second source stands to the first. Prices in rupees."""

    first: str
    second: str
    common: int
    """Candles, or days, that both have."""
    same_close: float
    """Share of those whose closes are equal, the factor taken out."""
    beyond_tick: float
    """Share more than a tick of 0.05 apart."""
    median_difference: float
    """Median distance of the closes, as a share of price."""
    largest: float
    """Largest distance of the closes."""
    largest_share: float
    """The same as a share of price."""
    largest_at: Instant
    same_volume: float | None
    """Share of candles with equal volumes; None where one source has none, or the candles are of different length."""
    volume_difference: float | None
    """Median distance of the volumes, as a share."""
    factor: float
    """Closes of the second by those of the first, on the last days."""
    changes: tuple[Change, ...]
    """Days on which the factor changes, each with the factor before by the factor from then on."""

    @property
    def is_apart(self) -> bool:
        """Whether the two are on different levels at their end: one is adjusted for something later."""
        return abs(log(self.factor)) > _SAME


def compare(name: str, one: RawCandles, other_name: str, other: RawCandles) -> Comparison | None:
    """Compare candles of the same length by their starts; None when they have none in common.

    Both in order of time, each start once, with real prices, as `judgement.believable` returns them.
    """
    _, mine, theirs = np.intersect1d(one.starts, other.starts, assume_unique=True, return_indices=True)
    if not len(mine):
        return None
    return _comparison(name, one.rows(mine), other_name, other.rows(theirs), with_volumes=True)


def compare_closes(name: str, daily: RawCandles, other_name: str, intraday: RawCandles) -> Comparison | None:
    """Compare daily closes with the last candle of each day: the exchange's close is an average of half an hour.

    Both as for `compare`; daily candles start at midnight in India.
    """
    days = ist_days(intraday.starts)
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1) if len(days) else np.empty(0, dtype=np.int64)
    _, mine, theirs = np.intersect1d(ist_days(daily.starts), days[last], assume_unique=True, return_indices=True)
    if not len(mine):
        return None
    return _comparison(name, daily.rows(mine), other_name, intraday.rows(last[theirs]), with_volumes=False)


def _comparison(name: str, one: RawCandles, other_name: str, other: RawCandles, *, with_volumes: bool) -> Comparison:
    factors, changes = _factors(one, other)
    adjusted = np.abs(np.log(factors)) > _SAME
    expected = np.where(adjusted, one.closes * factors, one.closes)
    apart = np.abs(other.closes - expected)
    worst = int(np.argmax(apart / expected))
    volumes = _volumes(one, other) if with_volumes else None
    return Comparison(
        first=name,
        second=other_name,
        common=len(one),
        same_close=float((apart < _ROUNDING).mean()),
        beyond_tick=float((apart > _TICK + _ROUNDING).mean()),
        median_difference=float(np.median(apart / expected)),
        largest=float(apart[worst]),
        largest_share=float(apart[worst] / expected[worst]),
        largest_at=int(one.starts[worst]),
        same_volume=volumes[0] if volumes else None,
        volume_difference=volumes[1] if volumes else None,
        factor=float(np.median(other.closes[-_WINDOW:] / one.closes[-_WINDOW:])),
        changes=changes,
    )


def _volumes(one: RawCandles, other: RawCandles) -> tuple[float, float] | None:
    both = (one.volumes > 0) & (other.volumes > 0)
    if not both.any():
        return None
    apart = np.abs(other.volumes[both] / one.volumes[both] - 1)
    return float((apart == 0).mean()), float(np.median(apart))


def _factors(one: RawCandles, other: RawCandles) -> tuple[FloatArray, tuple[Change, ...]]:
    """Return the factor that holds for each candle, and where it changes."""
    days = ist_days(one.starts)
    ratios = np.log(other.closes / one.closes)
    distinct, place = np.unique(days, return_inverse=True)
    daily = _medians(ratios, place, len(distinct))
    cuts = list(_changes(daily))
    bounds = [0, *cuts, len(distinct)]
    levels = [float(np.median(daily[begin:end])) for begin, end in itertools.pairwise(bounds)]
    by_day = np.concatenate(
        [np.full(end - begin, level) for begin, end, level in zip(bounds, bounds[1:], levels, strict=False)]
    )
    found = tuple(
        (ist_date(int(distinct[cut]) * DAY), exp(_around(daily, cut)[0] - _around(daily, cut)[1])) for cut in cuts
    )
    return np.exp(by_day[place]), found


def _medians(values: FloatArray, place: IntArray, number: int) -> FloatArray:
    order = np.argsort(place, kind="stable")
    parts = np.split(values[order], np.flatnonzero(np.diff(place[order])) + 1)
    return np.array([np.median(part) for part in parts][:number])


def _changes(daily: FloatArray) -> Iterator[int]:
    for cut in np.flatnonzero(np.abs(np.diff(daily)) > _STEP) + 1:
        before, after = _around(daily, int(cut))
        if abs(after - before) > _STEP:
            yield int(cut)


def _around(daily: FloatArray, cut: int) -> tuple[float, float]:
    return (
        float(np.median(daily[max(0, cut - _WINDOW) : cut])),
        float(np.median(daily[cut : cut + _WINDOW])),
    )
