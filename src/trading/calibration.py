"""From the scores of a model to probabilities that can be bet on.

A model's scores are what scikit-learn's calibration reads: a forest's shares, the log-odds of the other kinds. Without
calibration they become probabilities by the model's own rule, with it by a map for each class against the rest, after
which the three are made to sum to 1. The arithmetic is that of scikit-learn's `CalibratedClassifierCV`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from core.errors import ModelError
from features.columns import FloatArray
from trading.model_arrays import CLASSES, ModelArrays

Calibration: TypeAlias = Callable[[FloatArray], FloatArray]
"""Scores of the classes, in the last axis, to probabilities; the scores stay as they are."""


def unchanged(scores: FloatArray) -> FloatArray:
    """Return scores that are probabilities already."""
    return scores


def softmax(scores: FloatArray) -> FloatArray:
    """Return the probabilities whose log-odds the scores are."""
    odds = np.exp(scores - np.maximum.reduce(scores, axis=-1, keepdims=True))
    probabilities: FloatArray = odds / np.add.reduce(odds, axis=-1, keepdims=True)
    return probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Sigmoid:
    """A logistic curve for each class: 1 / (1 + exp(slope * score + offset)) (Platt, 1999)."""

    slopes: FloatArray
    offsets: FloatArray

    def __call__(self, scores: FloatArray) -> FloatArray:
        """Return the probabilities."""
        with np.errstate(over="ignore"):  # an infinite divisor gives 0, as it should
            return _shares(1.0 / (1.0 + np.exp(self.slopes * scores + self.offsets)))


@dataclass(frozen=True, slots=True, eq=False)
class Isotonic:
    """A rising line of straight pieces for each class, level outside of the scores that it was learned from."""

    lines: tuple[tuple[FloatArray, FloatArray], ...]
    """Scores, rising, and the probabilities there."""

    def __call__(self, scores: FloatArray) -> FloatArray:
        """Return the probabilities."""
        each = np.empty_like(scores)
        for column, (known, probabilities) in enumerate(self.lines):
            each[..., column] = np.interp(scores[..., column], known, probabilities)
        return _shares(each)


def opened(arrays: ModelArrays, own_rule: Calibration) -> Calibration:
    """Return the exported calibration, or the model's own rule where there is none. Raises `ModelError`."""
    match arrays.word("calibration"):
        case "none":
            return own_rule
        case "sigmoid":
            return Sigmoid(arrays.floats("slopes", CLASSES), arrays.floats("offsets", CLASSES))
        case "isotonic":
            return Isotonic(tuple(_line(arrays, column) for column in range(CLASSES)))
        case other:
            raise ModelError(f"the exported calibration is {other!r:.40}, known are none, sigmoid and isotonic")


def _line(arrays: ModelArrays, column: int) -> tuple[FloatArray, FloatArray]:
    known = arrays.floats(f"line_scores_{column}", None)
    probabilities = arrays.floats(f"line_probabilities_{column}", len(known))
    rising = len(known) > 0 and (np.diff(known) > 0).all() and (np.diff(probabilities) >= 0).all()
    if not (rising and ((probabilities >= 0) & (probabilities <= 1)).all()):
        raise ModelError(f"the exported calibration of class {column} is no line of probabilities; train again")
    return known, probabilities


def _shares(of_each: FloatArray) -> FloatArray:
    """Make the classes' probabilities sum to 1; where all are 0 they become equal, as in scikit-learn."""
    total = np.add.reduce(of_each, axis=-1, keepdims=True)
    return np.divide(of_each, total, out=np.full_like(of_each, 1 / CLASSES), where=total != 0)
