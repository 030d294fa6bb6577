"""How strange is a row of features to a model? One number, so that what was never seen can be told from what was.

The distance of Mahalanobis (1936) with the features taken one by one, and made robust: the median stands for the mean
and the interquartile range, scaled to be the standard deviation of a normal, for the deviation. Heavy tails are the
rule in markets, so that means and deviations would be those of a few wild days. An ordinary row is about 1 away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np

from core.errors import ModelError
from features.columns import FloatArray

MOST = 20.0
"""Deviations at which one feature counts no more: a single broken one is strange enough by then."""
QUANTILES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
"""Shares of the training rows at which a feature's value is taken: that of some row, to the last bit."""
SHARE = 0.999
"""Share of the training rows that are no farther away than the limit."""
_IQR_OF_NORMAL = 1.3489795003921634
_ROUNDING = 1e-6
"""The limit lies so much above a row's own distance: features that differ by a rounding, as of a history that began at
another candle, must not decide whether that row is traded."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """What the rows of a training were like, one entry a feature."""

    medians: tuple[float, ...]
    spreads: tuple[float, ...]
    """Robust deviations, above 0."""
    limit: float
    """Distance above which a row is too strange to act on."""

    def __post_init__(self) -> None:
        """Refuse what cannot measure. Raises `ModelError`."""
        numbers = (*self.medians, *self.spreads, self.limit)
        if len(self.medians) != len(self.spreads) or not self.medians or not all(map(isfinite, numbers)):
            raise ModelError("novelty needs one finite median and one finite spread for each feature; train again")
        if min(*self.spreads, self.limit) <= 0:
            raise ModelError("novelty needs spreads and a limit above 0; train again")

    @classmethod
    def of(cls, rows: FloatArray) -> "Novelty":
        """Measure the rows of a training, one column a feature."""
        # One column after the other: together they would be copied as a whole.
        quantiles = [np.quantile(column, QUANTILES, method="inverted_cdf") for column in rows.T]
        unlimited = cls.by(np.stack(quantiles, axis=1), MOST)
        limit = float(np.quantile(unlimited.of_rows(rows), SHARE, method="inverted_cdf"))
        return replace(unlimited, limit=max(limit * (1 + _ROUNDING), float(np.finfo(float).tiny)))

    @classmethod
    def by(cls, quantiles: FloatArray, limit: float) -> "Novelty":
        """Measure by a training's values at `QUANTILES`, one column a feature. Raises `ModelError`."""
        lowest, first, low, median, high, last, highest = quantiles
        spreads = (high - low) / _IQR_OF_NORMAL
        for instead in (last - first, highest - lowest, np.ones_like(median)):  # for a feature that hardly ever moves
            spreads = np.where(spreads > 0, spreads, instead)
        return cls(tuple(median.tolist()), tuple(spreads.tolist()), limit)

    def of_row(self, values: Sequence[float]) -> float:
        """Return the distance of one row, in deviations; `values` in the order of the training's features."""
        total = 0.0
        for value, median, spread in zip(values, self.medians, self.spreads, strict=True):
            away = min(abs(value - median) / spread, MOST)
            total += away * away
        return sqrt(total / len(self.medians))

    def of_rows(self, rows: FloatArray) -> FloatArray:
        """Return the distance of each row, bit for bit as `of_row` does: feature after feature, in the same order."""
        total: FloatArray = np.zeros(len(rows))
        for column, median, spread in zip(rows.T, self.medians, self.spreads, strict=True):
            away = np.minimum(np.abs(column - median) / spread, MOST)
            total += away * away
        distances: FloatArray = np.sqrt(total / len(self.medians))
        return distances
