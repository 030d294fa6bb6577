"""Multinomial logistic regression as plain arrays: the live process scores a row without importing what trained it.

Products are added feature by feature, which scikit-learn leaves to BLAS: the last bits of a score may differ from its
own, but one row and many rows get the same.
"""

import numpy as np

from features.columns import FloatArray
from trading.model_arrays import CLASSES, ModelArrays


class LinearModel:
    """Weights, ready to score; a score is a class's log-odds."""

    def __init__(self, arrays: ModelArrays, feature_count: int) -> None:
        """Take the arrays that `training.linear_model_export` wrote. Raises `ModelError` for any other shape."""
        self._weights = arrays.floats("weights", feature_count, CLASSES)
        self._intercepts = arrays.floats("intercepts", CLASSES)

    def scores(self, row: FloatArray) -> FloatArray:
        """Return the score of each class for one scaled row."""
        total: FloatArray = np.add.reduce(row[:, None] * self._weights, axis=0) + self._intercepts
        return total

    def scores_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many scaled rows, bit for bit."""
        total = np.zeros((len(rows), CLASSES))
        for feature, weights in enumerate(self._weights):
            total += rows[:, feature, None] * weights
        total += self._intercepts
        return total
