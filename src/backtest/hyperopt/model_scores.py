"""What a trained model says of every candle of a search, asked once: no trial and no worker asks it again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from backtest.scored_model import ScoredModel, answers_of
from core.errors import InvariantError
from core.instants import Instant, ist_text
from core.signals import FeatureRow, Prediction
from features.batch import FeatureTable, compute
from features.columns import CandleColumns, FloatArray, IntArray
from features.specification import FeatureSpecification
from strategies.caution import TrainedOn
from trading.inference_engine import direction_of

_NOTHING = np.empty(0, dtype=np.int64), np.empty((0, 3))
_NEVER = -1
"""Start of no candle."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelScores:
    """A `core.ports.Predictor` and a `strategies.model.ScoredPredictor` that has all answers, and no model.

    It can be pickled, and threads may share it.
    """

    feature_names: tuple[str, ...]
    """The model's own."""
    threshold: float
    """The model's own."""
    trained_on: TrainedOn
    """The model's own: a trial does not believe it where it cannot know either."""
    answers: Mapping[str, tuple[IntArray, FloatArray]]
    """By symbol: starts of the candles, in order, and none, long and short of each."""

    @classmethod
    def of(cls, model: ScoredModel, histories: Iterable[tuple[str, CandleColumns]]) -> "ModelScores":
        """Ask a model about every candle of some symbols that has its features. Raises as the model does."""
        specification = FeatureSpecification.of(model.feature_names)
        answers = {symbol: _answers(model, compute(specification, candles), candles) for symbol, candles in histories}
        return cls(model.feature_names, model.threshold, model.trained_on, answers)

    def probabilities_at(self, symbol: str, starts: IntArray) -> FloatArray:
        """Return none, long and short of some candles. Raises `InvariantError` for one that was not asked about."""
        known, probabilities = self.answers.get(symbol, _NOTHING)
        places = known.searchsorted(starts)
        is_known = np.append(known, _NEVER)[places] == starts
        if not is_known.all():
            raise _not_asked(symbol, int(starts[~is_known][0]))
        found: FloatArray = probabilities[places]
        return found

    def predict(self, row: FeatureRow) -> Prediction:
        """Return what the model said of a row. Raises `InvariantError` for one that was not asked about."""
        known, probabilities = self.answers.get(row.symbol, _NOTHING)
        start = row.candle.start
        place = int(known.searchsorted(start))
        if place == len(known) or known[place] != start:
            raise _not_asked(row.symbol, start)
        none, long, short = probabilities[place].tolist()
        return Prediction(direction_of(long, short, self.threshold), (none, long, short))


def _not_asked(symbol: str, start: Instant) -> InvariantError:
    return InvariantError(f"{symbol}, candle {ist_text(start)}: not scored; the model is asked before the trials")


def _answers(model: ScoredModel, table: FeatureTable, candles: CandleColumns) -> tuple[IntArray, FloatArray]:
    rows, probabilities = answers_of(model, table)
    return candles.starts[rows], probabilities
