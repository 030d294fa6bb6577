"""When does a model not know? On a row unlike all it was trained on, and when its training is long ago."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from core.instants import DAY, Instant, ist_date
from core.signals import FeatureRow
from features.columns import BoolArray, FloatArray, IntArray
from features.novelty import Novelty


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """What a model's training was, as far as caution goes."""

    until: Instant
    """Start of its last candle."""
    novelty: Novelty | None
    """Measures rows of the model's features, in their order; None for a model that does not say what it knows."""


@runtime_checkable
class KnowsItsTraining(Protocol):
    """A predictor that can say what it was trained on."""

    @property
    def trained_on(self) -> TrainedOn:
        """The training."""
        ...


@dataclass(frozen=True, slots=True)
class Caution:
    """The two objections to what a model says, of one row or of many."""

    feature_names: tuple[str, ...]
    trained_on: TrainedOn
    oldest_days: int
    """Days between the end of the training and a candle beyond which the model is not believed."""

    def novelty_of(self, row: FeatureRow) -> float:
        """Return how strange a row is; 0 where that cannot be measured."""
        novelty = self.trained_on.novelty
        return novelty.of_row([row[name] for name in self.feature_names]) if novelty else 0.0

    def objection(self, row: FeatureRow, novelty: float) -> str:
        """Return why the model is not believed on a row; empty when it is."""
        until, start = self.trained_on.until, row.candle.start
        if start - until > self.oldest_days * DAY:
            return (
                f"the model's data end on {ist_date(until)}, {(start - until) // DAY} days before this candle, limit "
                f"{self.oldest_days}"
            )
        measure = self.trained_on.novelty
        if measure is not None and novelty > measure.limit:
            return f"the row is {novelty:.2f} deviations from the training, limit {measure.limit:.2f}"
        return ""

    def objects(self, columns: Mapping[str, int], rows: FloatArray, starts: IntArray) -> BoolArray:
        """Return whether `objection` has one, for many rows at once; `starts` are those of their candles."""
        objects: BoolArray = starts - self.trained_on.until > self.oldest_days * DAY
        measure = self.trained_on.novelty
        if measure is not None:
            features = rows[:, [columns[name] for name in self.feature_names]]
            objects = objects | (measure.of_rows(features) > measure.limit)
        return np.asarray(objects)
