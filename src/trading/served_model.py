"""The trained model as the live process serves it: scaler, scores and calibration in plain arrays, of any kind."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from core.errors import ModelError
from features.columns import FloatArray
from trading.boosted_trees import BoostedTrees
from trading.calibration import Calibration, opened, softmax, unchanged
from trading.forest import Forest
from trading.linear_model import LinearModel
from trading.model_arrays import ModelArrays


class Scorer(Protocol):
    """Scores of the three classes for scaled rows."""

    def scores(self, row: FloatArray) -> FloatArray:
        """Return the score of each class for one row."""
        ...

    def scores_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many rows, bit for bit."""
        ...


Kind: TypeAlias = tuple[Callable[[ModelArrays, int], Scorer], Calibration]
KINDS: dict[str, Kind] = {
    "forest": (Forest, unchanged),
    "boosted_trees": (BoostedTrees, softmax),
    "linear_model": (LinearModel, softmax),
}
"""What opens each kind of model, and what makes probabilities of its scores where nothing was calibrated."""


class ServedModel:
    """Classifies rows of raw features. Not for use by several threads at once."""

    def __init__(self, arrays: ModelArrays) -> None:
        """Take the arrays that `training.model_export` made. Raises `ModelError` for arrays that are no model."""
        kind = arrays.word("kind")
        if kind not in KINDS:
            raise ModelError(f"the exported model is of kind {kind!r:.40}, this program serves {', '.join(KINDS)}")
        self._mean = arrays.floats("mean", None)
        self._scale = arrays.floats("scale", self.feature_count)
        if not (self.feature_count and (self._scale > 0).all()):
            raise ModelError("the exported scaler has no features, or a deviation that is not above 0; train again")
        open_scorer, own_rule = KINDS[kind]
        self._scorer = open_scorer(arrays, self.feature_count)
        self._calibration = opened(arrays, own_rule)
        arrays.require_all_taken()
        self.is_exact = self._calibration is unchanged
        """Whether nothing is computed that scikit-learn leaves to BLAS or to another library's `exp`."""

    @property
    def feature_count(self) -> int:
        """Features in a row."""
        return len(self._mean)

    def probabilities(self, row: FloatArray) -> FloatArray:
        """Return the probability of each class for one row of raw features."""
        return self._calibration(self._scorer.scores((row - self._mean) / self._scale))

    def probabilities_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many rows of raw features, bit for bit."""
        return self._calibration(self._scorer.scores_of((rows - self._mean) / self._scale))
