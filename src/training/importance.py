"""Which features the model depends on: how much worse its probabilities are when one of them is shuffled.

Measured on out-of-fold rows only, since on its own rows a model seems to need what it only overfitted (Breiman,
Random Forests, 2001, section 10). Told as the rise of the log loss and not in rupees: every row counts there, while
rupees hang on the few rows above the threshold and move by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import joblib
import numpy as np

from features.columns import FloatArray
from runtime.worker_processes import crew
from training.dataset import Dataset
from training.evaluation import Evaluation, FoldResult
from training.scoring import log_loss

REPEATS = 3
MOST_ROWS = 5_000
"""Rows of each fold that are looked at, at even distances: more would change the third digit and take minutes."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Of one feature."""

    feature: str
    rise: float
    """Mean rise of the log loss over folds and repeats; about 0 or below for one that is not needed."""
    deviation: float
    """Sample deviation of the rise over folds and repeats."""


def permutation_importance(
    dataset: Dataset,
    evaluation: Evaluation,
    names: Sequence[str],
    *,
    repeats: int = REPEATS,
    seed: int = 7,
    jobs: int = 1,
) -> tuple[Importance, ...]:
    """Shuffle each feature within each judged fold; return all features, the most important first.

    The result does not depend on `jobs`. Features that stand for one another share their importance.
    """
    work = (_some_rows(dataset, each) for each in evaluation.judged)
    rises = np.concatenate(
        crew(jobs)(
            joblib.delayed(_rises)(result, features, places, repeats, seed + number)
            for number, (result, features, places) in enumerate(work)
        )
    )
    found = [
        Importance(name, float(rises[:, column].mean()), float(rises[:, column].std(ddof=1)))
        for column, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda each: -each.rise))


def _some_rows(dataset: Dataset, result: FoldResult) -> tuple[FoldResult, FloatArray, np.ndarray]:
    test = result.fit.fold.test
    places = np.linspace(0, len(test) - 1, min(len(test), MOST_ROWS)).astype(np.int64)
    return result, dataset.features[test[places]], places


def _rises(result: FoldResult, features: FloatArray, places: np.ndarray, repeats: int, seed: int) -> FloatArray:
    """Return a row for each repeat, a column for each feature."""
    chance = np.random.default_rng(seed)
    labels = result.labels[places]
    before = log_loss(result.probabilities_of(features), labels)
    rises = np.empty((repeats, features.shape[1]))
    for repeat in range(repeats):
        for column in range(features.shape[1]):
            shuffled = features.copy()
            shuffled[:, column] = chance.permutation(shuffled[:, column])
            rises[repeat, column] = log_loss(result.probabilities_of(shuffled), labels) - before
    return rises
