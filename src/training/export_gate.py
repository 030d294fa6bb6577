"""The gate between training and trading: what is served must answer as scikit-learn does, on every row there is."""

from collections.abc import Sequence

import numpy as np

from core.errors import ModelError
from core.signals import Direction
from features.columns import BoolArray, FloatArray
from trading.inference_engine import GOLDEN_TOLERANCE, direction_of
from trading.served_model import ServedModel
from training.row_blocks import blocks

TOLERANCE = GOLDEN_TOLERANCE
"""Largest difference of a probability where the served form cannot be equal to the bit.

scikit-learn leaves products to BLAS, which adds them in an order of its own, and logistic curves to another library's
`exp`: units in the last place, 1e-16. A steep piece of an isotonic line makes them up to a million times larger. The
golden rows, which hold scikit-learn's answers, are compared by the same number at each start.
"""


def require_equal(
    served: ServedModel, features: FloatArray, expected: FloatArray, classes: Sequence[Direction], threshold: float
) -> float:
    """Compare the live form with scikit-learn on every row of raw features; return the largest difference.

    `expected` are scikit-learn's probabilities and `classes` says what their columns stand for. A forest without
    calibration must be equal to the last bit, anything else within `TOLERANCE` and with the same likeliest class and
    the same decision at `threshold`; many rows at once must get what each gets alone. Raises `ModelError` that names
    the first row for which this does not hold.
    """
    answers = np.empty(expected.shape)
    for place, row in enumerate(features):
        answers[place] = served.probabilities(row)
    differences = np.abs(answers - expected).max(axis=1)
    allowed = 0.0 if served.is_exact else TOLERANCE
    many = np.concatenate([served.probabilities_of(features[each]) for each in blocks(len(features))])
    alone, at_once = (each.view(np.int64) for each in (answers, many))
    faults: dict[str, BoolArray] = {
        "another likeliest class": answers.argmax(axis=1) != expected.argmax(axis=1),
        f"another decision at the threshold of {threshold}": (
            _decisions(answers, classes, threshold) != _decisions(expected, classes, threshold)
        ),
        f"more than the {allowed} that is allowed": ~(differences <= allowed),
        "another answer among many rows": (alone != at_once).any(axis=1),
    }
    for fault, rows in faults.items():
        if rows.any():
            place = int(rows.argmax())
            raise ModelError(
                f"row {place} of {len(features)}: the exported model gives {answers[place].tolist()}, scikit-learn "
                f"{expected[place].tolist()}, {fault}; the bundle is not written: report this with the library versions"
            )
    return float(differences.max())


def _decisions(probabilities: FloatArray, classes: Sequence[Direction], threshold: float) -> np.ndarray:
    """Return the value of the direction that each row of probabilities leads to."""
    columns = [list(classes).index(side) for side in (Direction.LONG, Direction.SHORT)]
    wanted = (direction_of(long, short, threshold).value for long, short in probabilities[:, columns])
    return np.fromiter(wanted, np.int64, len(probabilities))
