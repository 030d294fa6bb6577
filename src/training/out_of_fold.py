"""What models say about rows that they have not learned from: each candidate fitted once for each fold, on all cores.

Every fit stands alone, with its own scaler and weights from its own rows, so that the answers are the same on one core
and on many.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import joblib
import numpy as np

from features.columns import FloatArray, IntArray
from runtime.worker_processes import crew
from training.calibration import CalibrationMethod
from training.classifier import Classifier
from training.dataset import Dataset
from training.estimators import Estimator, fit, written
from training.folds import Fold
from training.progress import Progress, silent
from training.row_blocks import blocks
from training.uniqueness import sample_weights


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to train that is tried."""

    estimator: Estimator
    calibration: CalibrationMethod | None = CalibrationMethod.SIGMOID
    """None takes the model's own probabilities."""
    seed: int = 7
    shuffled_by: int | None = None
    """A seed that shuffles the labels within each training part: what a model finds then is chance."""

    @property
    def name(self) -> str:
        """The kind of classifier with its parameters and calibration, for tables."""
        calibration = self.calibration.value if self.calibration else "not calibrated"
        return f"{written(self.estimator)}, {calibration}"


@dataclass(frozen=True, slots=True, eq=False)
class FoldFit:
    """A model of one fold, and what it says about the rows of the test."""

    fold: Fold
    classifier: Classifier
    scores: FloatArray
    """What a calibration reads, one row for each row of the test."""
    probabilities: FloatArray
    """The model's own, before any calibration: none, long, short."""


def fit_folds(
    dataset: Dataset,
    folds: Sequence[Fold],
    candidates: Sequence[Candidate],
    *,
    jobs: int = 1,
    progress: Progress = silent,
) -> Iterator[tuple[FoldFit, ...]]:
    """Fit every candidate for every fold; yield the fits of each candidate, in the order of the folds.

    `jobs` is the number of processes. Raises `DataError` as `training.estimators.fit` does.
    """
    work = [(candidate, fold) for candidate in candidates for fold in folds]
    whole, done = sum(len(fold.train) for _, fold in work), 0
    fits: list[FoldFit] = []
    fit_all = crew(jobs, return_as="generator")
    for each in fit_all(joblib.delayed(fit_fold)(dataset, fold, candidate) for candidate, fold in work):
        fits.append(each)
        done += len(each.fold.train)
        progress("fitting the folds", done / whole)
        if len(fits) == len(folds):
            yield tuple(fits)
            fits = []


def fit_fold(dataset: Dataset, fold: Fold, candidate: Candidate) -> FoldFit:
    """Fit a candidate on the training part of a fold and ask it about the test."""
    train = dataset.outcomes_at(fold.train)
    classifier = fit(
        candidate.estimator,
        dataset.features,
        _labels(train, candidate),
        sample_weights(train),
        seed=candidate.seed,
        places=fold.train,
    )
    answers = [classifier.answers(dataset.features[fold.test[each]]) for each in blocks(len(fold.test))]
    scores, probabilities = (np.concatenate(each) for each in zip(*answers, strict=True))
    return FoldFit(fold, classifier, scores, probabilities)


def _labels(train: Dataset, candidate: Candidate) -> IntArray:
    if candidate.shuffled_by is None:
        return train.directions
    return np.random.default_rng(candidate.shuffled_by).permutation(train.directions)
