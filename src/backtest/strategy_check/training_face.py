"""How a model is taught, as far as a check has to know: labels, rows, folds and fits. Each can know too much."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from features.columns import CandleColumns, FloatArray, IntArray
from features.labels import Labels


class LearnedRows(Protocol):
    """What a classifier learns from, in order of time: a `training.dataset.Dataset`."""

    @property
    def features(self) -> FloatArray:
        """One column a feature."""
        ...

    @property
    def directions(self) -> IntArray:
        """Labels."""
        ...

    @property
    def closed_at(self) -> IntArray:
        """When each row became known."""
        ...

    @property
    def resolved_at(self) -> IntArray:
        """When its label became known."""
        ...

    @property
    def net(self) -> IntArray:
        """Two columns: what a long and what a short position earned, in units."""
        ...

    @property
    def free_at(self) -> IntArray:
        """Two columns: when each of both ended."""
        ...


class Part(Protocol):
    """Which rows teach and which judge, by their places: a `training.folds.Fold`."""

    @property
    def train(self) -> IntArray:
        """Rows to fit on."""
        ...

    @property
    def test(self) -> IntArray:
        """Rows to validate on."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """All that was fitted before a part was judged. Each step works on what the one before it gives."""

    scaler: FloatArray
    """What was fitted to each feature, one column a feature: mean and deviation, as a rule."""
    encoder: FloatArray
    """Whatever stands for the classes."""
    own: Callable[[FloatArray], FloatArray]
    """From rows of raw features to the model's probabilities of none, long and short."""
    probabilities: Callable[[FloatArray], FloatArray]
    """The same after calibration: what the part is judged by."""
    threshold: float


@dataclass(frozen=True, slots=True)
class TrainingFace:
    """How a model is taught."""

    label: Callable[[CandleColumns, FloatArray], Labels]
    """Labels of candles, given their average true range."""
    build: Callable[[CandleColumns], Any]
    """The rows to learn from: `LearnedRows`, a dataclass, so that it can be changed for a trial."""
    walk: Callable[[Any], Sequence[Part]]
    """Cuts them into parts to fit and to validate."""
    learn: Callable[[Any, Sequence[Any]], Sequence[Learned]]
    """Fits for each part, given the rows and the parts; for a later part it may ask the models of earlier ones."""
