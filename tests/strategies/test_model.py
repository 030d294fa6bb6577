from collections.abc import Callable
from dataclasses import dataclass

import pytest

from core.errors import ConfigurationError
from core.signals import Direction, FeatureRow, Prediction, Signal
from strategies.model import ModelStrategy


@dataclass(frozen=True)
class FixedPredictor:
    prediction: Prediction
    feature_names: tuple[str, ...] = ("rsi_14",)

    def predict(self, row: FeatureRow) -> Prediction:
        assert row["rsi_14"] == 0.4, "it is the newest row that is classified"
        return self.prediction


def decide(
    row: Callable[..., FeatureRow],
    direction: Direction,
    probabilities: tuple[float, float, float],
    threshold: float = 0.5,
) -> Signal | None:
    strategy = ModelStrategy(FixedPredictor(Prediction(direction, probabilities)), threshold)
    return strategy.on_data(row({"rsi_14": 0.4}, minute=5), row({"rsi_14": 0.6}))


@pytest.mark.parametrize(
    ("direction", "probabilities"), [(Direction.LONG, (0.1, 0.7, 0.2)), (Direction.SHORT, (0.1, 0.2, 0.7))]
)
def test_a_sure_prediction_is_a_signal_with_its_probability(
    row: Callable[..., FeatureRow], direction: Direction, probabilities: tuple[float, float, float]
) -> None:
    signal = decide(row, direction, probabilities)

    assert signal is not None
    assert (signal.symbol, signal.direction, signal.probability) == ("NSE:SBIN-EQ", direction, 0.7)
    assert signal.at == row({"rsi_14": 0.4}, minute=5).closed_at
    assert signal.source == "model"
    assert signal.reason == f"model expects {direction.name.lower()} with probability 0.700"


def test_a_probability_below_the_threshold_asks_for_no_position_and_says_how_near_it_was(
    row: Callable[..., FeatureRow],
) -> None:
    unsure = decide(row, Direction.LONG, (0.3, 0.45, 0.25), threshold=0.46)
    sure = decide(row, Direction.LONG, (0.3, 0.45, 0.25), threshold=0.45)

    assert unsure is not None
    assert (unsure.direction, unsure.probability) == (Direction.NONE, 0.45)
    assert unsure.reason == "long 0.450 is not enough"
    assert sure is not None
    assert sure.direction is Direction.LONG


def test_expecting_nothing_asks_for_no_position(row: Callable[..., FeatureRow]) -> None:
    signal = decide(row, Direction.NONE, (0.98, 0.005, 0.015), threshold=0.0)

    assert signal is not None
    assert (signal.direction, signal.probability) == (Direction.NONE, 0.015)


def test_it_needs_what_the_model_was_trained_on() -> None:
    predictor = FixedPredictor(Prediction(Direction.NONE, (1.0, 0.0, 0.0)), feature_names=("a", "b"))

    assert ModelStrategy(predictor).needs.features == ("a", "b")


def test_a_threshold_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"threshold: 55 is out of range; give 0.0 to 1.0"):
        ModelStrategy(FixedPredictor(Prediction(Direction.NONE, (1.0, 0.0, 0.0))), threshold=55)
