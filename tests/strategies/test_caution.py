"""A model that is asked and not believed: on a strange row, and long after its training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time

import numpy as np
import pytest

from core.errors import ConfigurationError
from core.instants import DAY, MINUTE, instant_at
from core.signals import Direction, FeatureRow, Prediction, Signal
from features.batch import compute
from features.columns import CandleColumns, FloatArray
from features.novelty import Novelty
from features.specification import FeatureSpecification
from strategies.caution import TrainedOn
from strategies.model import ModelStrategy

OPEN = instant_at(date(2026, 1, 6), time(9, 15))
KNOWN = Novelty(medians=(0.4, 0.0), spreads=(0.1, 1.0), limit=2.0)


@dataclass(frozen=True)
class SurePredictor:
    trained_on: TrainedOn
    feature_names: tuple[str, ...] = ("rsi_14", "cci_20")
    threshold: float = 0.5
    probabilities: tuple[float, float, float] = (0.1, 0.2, 0.7)

    def predict(self, row: FeatureRow) -> Prediction:
        _, long, short = self.probabilities
        is_sure = max(long, short) >= self.threshold
        return Prediction(Direction.SHORT if is_sure else Direction.NONE, self.probabilities)

    def probabilities_of(self, columns: Mapping[str, int], rows: FloatArray) -> FloatArray:
        return np.tile(self.probabilities, (len(rows), 1))


def decide(
    row: Callable[..., FeatureRow],
    features: Mapping[str, float],
    until: int = OPEN - 10 * DAY,
    novelty: Novelty | None = KNOWN,
    **changes: object,
) -> Signal:
    predictor = SurePredictor(TrainedOn(until, novelty), **changes)
    signal = ModelStrategy(predictor, oldest_days=400).on_data(row(features), row(features))
    assert signal is not None
    return signal


def test_a_usual_row_is_acted_on_and_carries_how_usual_it_is(row):
    signal = decide(row, {"other": 9.0, "cci_20": 0.0, "rsi_14": 0.6})
    assert (signal.direction, signal.withheld) == (Direction.SHORT, Direction.NONE)
    assert signal.novelty == pytest.approx(2.0 / 2**0.5)


@pytest.mark.hazard("M7")
def test_a_row_unlike_the_training_asks_for_no_position_and_says_which_it_would_have_been(row):
    signal = decide(row, {"rsi_14": 0.8, "cci_20": 0.0})
    assert (signal.direction, signal.withheld, signal.probability) == (Direction.NONE, Direction.SHORT, 0.7)
    assert signal.novelty == pytest.approx(4 / 2**0.5)
    assert signal.reason == "short 0.700, but the row is 2.83 deviations from the training, limit 2.00"


@pytest.mark.hazard("M7")
@pytest.mark.parametrize(("days", "is_believed"), [(400, True), (401, False)])
def test_a_model_trained_too_long_ago_is_not_believed_and_both_dates_are_named(row, days, is_believed):
    signal = decide(row, {"rsi_14": 0.4, "cci_20": 0.0}, until=OPEN - days * DAY, novelty=None)
    assert signal.direction is (Direction.SHORT if is_believed else Direction.NONE)
    if not is_believed:
        assert signal.withheld is Direction.SHORT
        assert signal.reason == (
            "short 0.700, but the model's data end on 2024-12-01, 401 days before this candle, limit 400"
        )


def test_what_the_threshold_refuses_was_not_withheld_by_caution(row):
    signal = decide(row, {"rsi_14": 9.0, "cci_20": 0.0}, probabilities=(0.6, 0.2, 0.2))
    assert (signal.direction, signal.withheld) == (Direction.NONE, Direction.NONE)
    assert signal.novelty > KNOWN.limit


@pytest.mark.parametrize("days", [0, 10_001])
def test_the_age_has_limits(days):
    with pytest.raises(ConfigurationError, match="oldest_days"):
        ModelStrategy(SurePredictor(TrainedOn(0, None)), oldest_days=days)


def test_many_rows_at_once_are_believed_exactly_where_single_ones_are():
    chance = np.random.default_rng(5)
    starts = np.array([OPEN + day * DAY + bar * 5 * MINUTE for day in range(6) for bar in range(75)])
    closes = 60_000 + 5 * np.cumsum(chance.integers(-6, 7, 450))
    candles = CandleColumns(starts, closes, closes + 20, closes - 20, closes, np.full(450, 100))
    names = ("return_1", "rsi_14")
    table = compute(FeatureSpecification.of(names), candles)
    novelty = Novelty.of(table.values[table.valid][:200])
    tight = Novelty(novelty.medians, novelty.spreads, 1.2)
    predictor = SurePredictor(TrainedOn(OPEN - 396 * DAY, tight), names)
    strategy = ModelStrategy(predictor, oldest_days=400)

    at_once = strategy.signals(table, candles, "NSE:SBIN-EQ").directions.tolist()

    columns = table.specification.columns
    for place in range(1, 450):
        if table.valid[place] and table.valid[place - 1]:
            now = FeatureRow("NSE:SBIN-EQ", candles.candle(place), 0, columns, tuple(table.values[place].tolist()), 1.0)
            signal = strategy.on_data(now, now)
            assert signal is not None
            assert at_once[place] == signal.direction.value, place
    assert {0, 2} == set(at_once[100:300]), "some of these rows are too strange, some are not"
    assert set(at_once[-75:]) == {0}, "the last day is too long after the training"
