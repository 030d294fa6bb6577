"""The estimators of a bundle: scaler, encoder and model, and what they say of many rows at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from core.signals import Direction
from features.columns import FloatArray
from training import calibration
from training.row_blocks import blocks


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
        return self._of_blocks(self.model.predict_proba, features)

    def answers(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return `scores` and `probabilities`; where they are the same, the model is asked once."""
        scores = self.scores(features)
        return scores, scores if calibration.are_probabilities(self.model) else self.probabilities(features)

    def scores(self, features: FloatArray) -> FloatArray:
        """Return what a calibration reads: the log-odds of each class, or the shares of a forest's trees."""
        return self._of_blocks(partial(calibration.scores, self.model), features)

    def _of_blocks(self, answer: Callable[[FloatArray], FloatArray], features: FloatArray) -> FloatArray:
        with _one_thread():
            return np.concatenate([answer(self.scaler.transform(features[each])) for each in blocks(len(features))])


def _one_thread() -> threadpool_limits:
    """Ask boosting's trees one after the other: its threads wait for each other in a loop, the longer the busier it is.

    Measured beside other work on all cores: a hundred times as long for 2,000 rows.
    """
    return threadpool_limits(limits=1, user_api="openmp")
