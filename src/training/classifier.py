"""The estimators of a bundle: scaler, encoder and model, fitted with fixed seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import LabelEncoder, StandardScaler

from core.signals import Direction
from features.columns import FloatArray
from training import calibration
from training.dataset import Dataset

_TREES_PER_STEP = 20


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """A fitted model with all it needs."""

    model: Any
    """Of scikit-learn: one of `training.estimators`, or such a one with its calibration."""
    scaler: StandardScaler
    encoder: LabelEncoder

    @property
    def classes(self) -> tuple[Direction, Direction, Direction]:
        """What each column of the probabilities stands for."""
        first, second, third = (Direction(int(each)) for each in self.encoder.classes_)
        return first, second, third

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Return the probability of each class for rows of raw features, by scikit-learn itself."""
        result: FloatArray = self.model.predict_proba(self.scaler.transform(features))
        return result

    def scores(self, features: FloatArray) -> FloatArray:
        """Return what a calibration reads: the log-odds of each class, or the shares of a forest's trees."""
        return calibration.scores(self.model, self.scaler.transform(features))


def fit_forest(
    dataset: Dataset,
    *,
    trees: int,
    depth: int,
    leaf: int,
    seed: int,
    jobs: int,
    progress: Callable[[float], None],
) -> Classifier:
    """Fit on every row; `progress` is told the share of trees that stand.

    Growing in steps gives the same forest as growing at once: each tree's seed is drawn in order.
    """
    scaler = StandardScaler().fit(dataset.features)
    encoder = LabelEncoder().fit(np.array([each.value for each in Direction]))
    rows, labels = scaler.transform(dataset.features), encoder.transform(dataset.directions)
    model = RandomForestClassifier(
        n_estimators=0, max_depth=depth, min_samples_leaf=leaf, n_jobs=jobs, random_state=seed, warm_start=True
    )
    while model.n_estimators < trees:
        model.n_estimators = min(trees, model.n_estimators + _TREES_PER_STEP)
        model.fit(rows, labels)
        progress(model.n_estimators / trees)
    # One thread from here on: with more, probabilities are summed in the order in which the threads come.
    model.n_jobs = 1
    model.warm_start = False
    return Classifier(model, scaler, encoder)
