"""A calibration without its model, learned from some scores and applied to others, as the bundle computes it."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from core.signals import Direction
from features.columns import FloatArray, IntArray
from training.calibration import CalibrationMethod, calibrated

Calibrate: TypeAlias = Callable[[FloatArray], FloatArray]
"""From scores to probabilities of none, long and short."""


class _AlreadyScored(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn comes without types
    """Takes the place of a model in scikit-learn: its inputs are the scores already."""

    def __init__(self) -> None:
        self.classes_ = np.array([each.value for each in Direction])

    def decision_function(self, scores: FloatArray) -> FloatArray:
        """Return what it is given."""
        return scores


def learned(scores: FloatArray, labels: IntArray, method: CalibrationMethod) -> Calibrate:
    """Learn a calibration from scores of rows (columns none, long, short) and their labels."""
    probabilities: Calibrate = calibrated(_AlreadyScored(), scores, labels, method).predict_proba
    return probabilities
