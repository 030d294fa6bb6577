"""How good probabilities are, apart from any money: proper scores, the confusion matrix, the reliability curve."""

from dataclasses import dataclass

import numpy as np

from core.signals import Direction
from features.columns import FloatArray, IntArray

CLASSES = len(Direction)
_SMALLEST = 1e-15
"""A probability of 0 that came true would cost without limit; scikit-learn's scores draw a similar line."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Of some rows; lower is better except for accuracy."""

    log_loss: float
    """Mean of -ln(probability of the class that it was)."""
    brier: float
    """Mean of the summed squared differences to the class that it was (Brier, 1950): 0 to 2."""
    accuracy: float
    """Share of the rows whose likeliest class was right."""


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Bins of rows by the probability that was told for one class, from low to high; empty ones are left out."""

    told: FloatArray
    """Mean probability in each bin."""
    came: FloatArray
    """Share of its rows that were of the class."""
    rows: IntArray


def score(probabilities: FloatArray, labels: IntArray) -> Scores:
    """Score probabilities (columns none, long, short) by what came. Raises `ValueError` for no rows."""
    truth = np.eye(CLASSES)[labels]
    return Scores(
        log_loss=log_loss(probabilities, labels),
        brier=float(((probabilities - truth) ** 2).sum(axis=1).mean()),
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
    )


def log_loss(probabilities: FloatArray, labels: IntArray) -> float:
    """Return the mean of -ln(probability of the class that it was). Raises `ValueError` for no rows."""
    if not len(labels):
        raise ValueError("no rows: there is nothing to score")
    came = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(came, _SMALLEST)).mean())


def confusion(probabilities: FloatArray, labels: IntArray) -> IntArray:
    """Return how many rows of each class (the matrix's rows) had which likeliest class (its columns)."""
    places = labels * CLASSES + probabilities.argmax(axis=1)
    return np.bincount(places, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def reliability(probabilities: FloatArray, labels: IntArray, direction: Direction, bins: int = 10) -> Reliability:
    """Compare what was told with what came for one class, in bins of as many rows each.

    Equal numbers and not equal widths, because most rows of a rare class have about the same low probability.
    """
    told = probabilities[:, direction.value]
    came = (labels == direction.value).astype(np.float64)
    parts = [each for each in np.array_split(np.argsort(told, kind="stable"), bins) if len(each)]
    return Reliability(
        np.array([told[each].mean() for each in parts]),
        np.array([came[each].mean() for each in parts]),
        np.array([len(each) for each in parts]),
    )
