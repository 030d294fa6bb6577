"""Trade what a trained classifier expects, if it is sure enough."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from core.ports import Predictor
from core.signals import Direction, FeatureRow, Needs, Signal
from features.batch import FeatureTable
from features.columns import CandleColumns, FloatArray, IntArray
from strategies.base_strategy import SignalColumns, check_parameters, parameter
from strategies.batch import has_two_rows
from strategies.caution import Caution, KnowsItsTraining

_ROWS_AT_ONCE = 65_536
"""So that the copies made on the way stay small beside the history itself."""


@runtime_checkable
class ManyRowsPredictor(Protocol):
    """A predictor that can also classify many rows at once."""

    @property
    def threshold(self) -> float:
        """Least probability of long or short to act on."""
        ...

    def probabilities_of(self, columns: Mapping[str, int], rows: FloatArray) -> FloatArray:
        """Return none, long and short of each row; `columns` names the columns of `rows`."""
        ...


@runtime_checkable
class ScoredPredictor(Protocol):
    """A predictor that was asked about every candle beforehand."""

    @property
    def threshold(self) -> float:
        """Least probability of long or short to act on."""
        ...

    def probabilities_at(self, symbol: str, starts: IntArray) -> FloatArray:
        """Return none, long and short of the candles of a symbol that start at some instants."""
        ...


@dataclass(frozen=True, slots=True)
class ModelStrategy:
    """Signals from a predictor. The model's own threshold decides; this one can only ask for more.

    On a row unlike its training, or long after it, the model is asked and not believed: no position, and the signal
    says which one it would have been.
    """

    predictor: Predictor
    threshold: float = parameter(0.0, low=0.0, high=1.0, step=0.01)
    """Least probability of the predicted direction, 0 to 1."""
    oldest_days: int = parameter(400, low=1, high=10_000, unit="days")
    """Days after the end of its training for which the model is believed: a year, and a month to train the next one."""
    name: str = "model"
    _caution: Caution | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_parameters(self)
        predictor = self.predictor
        if isinstance(predictor, KnowsItsTraining):  # asked once: the answer takes longer than a prediction
            caution = Caution(predictor.feature_names, predictor.trained_on, self.oldest_days)
            object.__setattr__(self, "_caution", caution)

    @property
    def needs(self) -> Needs:
        """The features the model was trained on."""
        return Needs(features=self.predictor.feature_names)

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:  # noqa: ARG002 - a model sees one row
        """Classify the newest row; without a direction, say how likely the better one was."""
        prediction = self.predictor.predict(now)
        _, long, short = prediction.probabilities
        direction, probability = prediction.direction, max(long, short)
        leaning = "long" if long >= short else "short"
        withheld, novelty = Direction.NONE, self._caution.novelty_of(now) if self._caution else 0.0
        if direction is Direction.NONE or probability < self.threshold:
            direction, reason = Direction.NONE, f"{leaning} {probability:.3f} is not enough"
        elif self._caution and (objection := self._caution.objection(now, novelty)):
            direction, withheld, reason = Direction.NONE, direction, f"{leaning} {probability:.3f}, but {objection}"
        else:
            reason = f"model expects {leaning} with probability {probability:.3f}"
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=direction,
            probability=probability,
            source=self.name,
            reason=reason,
            novelty=novelty,
            withheld=withheld,
        )

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        """Answer as `on_data` does, for every candle at once where the predictor can, else row by row."""
        rows = np.flatnonzero(has_two_rows(table))
        directions, probabilities = np.zeros(len(candles), dtype=np.int8), np.zeros(len(candles))
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            block = rows[first : first + _ROWS_AT_ONCE]
            directions[block], probabilities[block] = self._said(table, candles, symbol, block)
        return SignalColumns(directions, probabilities)

    def _said(
        self, table: FeatureTable, candles: CandleColumns, symbol: str, rows: IntArray
    ) -> tuple[IntArray, FloatArray]:
        """Return direction and probability of some rows."""
        if isinstance(self.predictor, ScoredPredictor):
            probabilities = self.predictor.probabilities_at(symbol, candles.starts[rows])
            said, surest = _said_at_once(probabilities, self.predictor.threshold)
        elif isinstance(self.predictor, ManyRowsPredictor):
            probabilities = self.predictor.probabilities_of(table.specification.columns, table.values[rows])
            said, surest = _said_at_once(probabilities, self.predictor.threshold)
        else:
            said, surest = _said_one_by_one(self.predictor, table, candles, symbol, rows)
        said[surest < self.threshold] = Direction.NONE.value
        if self._caution:
            columns = table.specification.columns
            said[self._caution.objects(columns, table.values[rows], candles.starts[rows])] = Direction.NONE.value
        return said, surest


def _said_at_once(probabilities: FloatArray, threshold: float) -> tuple[IntArray, FloatArray]:
    """Return direction and probability of the likelier of long and short; a tie is long, as in live prediction."""
    _, long, short = probabilities.T
    surest: FloatArray = np.maximum(long, short)
    directions = np.where(long >= short, Direction.LONG.value, Direction.SHORT.value)
    directions[surest < threshold] = Direction.NONE.value
    return directions, surest


def _said_one_by_one(
    predictor: Predictor, table: FeatureTable, candles: CandleColumns, symbol: str, rows: IntArray
) -> tuple[IntArray, FloatArray]:
    directions, surest = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
    columns = table.specification.columns
    for place, row in enumerate(rows.tolist()):
        candle, values = candles.candle(row), tuple(table.values[row].tolist())
        known_at = candle.start  # the earliest it can be: a predictor reads the features, not the time
        prediction = predictor.predict(FeatureRow(symbol, candle, known_at, columns, values, float(table.atr[row])))
        directions[place], surest[place] = prediction.direction.value, max(prediction.probabilities[1:])
    return directions, surest
