"""A trained model asked about whole histories at once, so that a strategy that takes one runs as fast as a rule."""

from array import array
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from backtest.bars import SymbolBars, packed
from core.errors import InvariantError
from core.instants import ist_text
from core.signals import FeatureRow, Prediction
from features.batch import FeatureTable
from features.columns import FloatArray, IntArray
from strategies.caution import TrainedOn
from strategies.model import ManyRowsPredictor
from trading.inference_engine import InferenceEngine, direction_of

_ROWS_AT_ONCE = 65_536
"""So that the copies made on the way stay small beside the history itself."""


class _Answers(NamedTuple):
    """Probabilities of one symbol's rows, and the place of each among them by the start of its candle."""

    places: Mapping[int, int]
    none: "array[float]"
    long: "array[float]"
    short: "array[float]"


class ScoredModel:
    """A `core.ports.Predictor` that looks up what the model says: bit for bit what it would say row by row.

    It is a `strategies.model.ManyRowsPredictor` too: who asks so needs nothing scored.
    """

    def __init__(self, engine: InferenceEngine) -> None:
        self._engine = engine
        self._threshold = engine.threshold
        self._expected: dict[str, SymbolBars] = {}
        self._answers: dict[str, _Answers] = {}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The model's own."""
        return self._engine.feature_names

    @property
    def threshold(self) -> float:
        """The model's own."""
        return self._threshold

    @property
    def trained_on(self) -> TrainedOn:
        """The model's own."""
        return self._engine.trained_on

    def probabilities_of(self, columns: Mapping[str, int], rows: FloatArray) -> FloatArray:
        """Ask the model itself. Raises as it does."""
        return self._engine.probabilities_of(columns, rows)

    def expect(self, bars: SymbolBars) -> None:
        """Score a symbol as soon as it is asked about row by row."""
        self._expected[bars.instrument.symbol] = bars

    def score(self, bars: SymbolBars) -> None:
        """Classify every complete row of a symbol. Raises as the model does."""
        rows, probabilities = answers_of(self._engine, bars.features)
        places = {start: place for place, start in enumerate(bars.candles.starts[rows].tolist())}
        self._answers[bars.instrument.symbol] = _Answers(places, *(packed(probabilities[:, each]) for each in range(3)))

    def predict(self, row: FeatureRow) -> Prediction:
        """Return what the model says of a row. Raises `InvariantError` for one that was not scored."""
        answers = self._answers.get(row.symbol)
        if answers is None and row.symbol in self._expected:
            self.score(self._expected.pop(row.symbol))
            answers = self._answers.get(row.symbol)
        place = answers.places.get(row.candle.start) if answers else None
        if answers is None or place is None:
            raise InvariantError(f"{row.symbol}, candle {ist_text(row.candle.start)}: not scored; score its bars first")
        long, short = answers.long[place], answers.short[place]
        return Prediction(direction_of(long, short, self._threshold), (answers.none[place], long, short))


def answers_of(model: ManyRowsPredictor, table: FeatureTable) -> tuple[IntArray, FloatArray]:
    """Return the complete rows of a table, and none, long and short of each. Raises as the model does."""
    rows, columns = np.flatnonzero(table.valid), table.specification.columns
    probabilities = np.empty((len(rows), 3))
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(first, first + _ROWS_AT_ONCE)
        probabilities[block] = model.probabilities_of(columns, table.values[rows[block]])
    return rows, probabilities
