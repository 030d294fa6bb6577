from dataclasses import dataclass
from typing import Any

import pytest

from core.errors import ConfigurationError
from core.signals import Direction, FeatureRow, Prediction
from strategies.base_strategy import Parameter, check_parameters, parameter, parameters_of
from strategies.catalogue import BUILT_IN, strategy_named


@dataclass(frozen=True, slots=True)
class Bounded:
    length: int = parameter(20, low=2, high=200, step=2, unit="candles")
    side: str = parameter("both", choices=("both", "long"))
    share: float = parameter(0.5, low=0.0)
    name: str = "bounded"

    def __post_init__(self) -> None:
        check_parameters(self)


class Plain:
    def __init__(self, days: Any, level: float = 1.5, name: str = "plain") -> None:
        self.days, self.level, self.name = days, level, name


class AnyPredictor:
    feature_names = ("rsi_14",)

    def predict(self, row: FeatureRow) -> Prediction:
        return Prediction(Direction.NONE, (1.0, 0.0, 0.0))


def test_a_declared_parameter_has_type_default_and_limits() -> None:
    length, side, share = parameters_of(Bounded)

    assert length == Parameter("length", int, 20, low=2, high=200, step=2, unit="candles")
    assert (length.limits, side.limits, share.limits) == ("2 to 200 candles", "one of both, long", "0.0 or more")


def test_a_strategy_that_declares_no_ranges_still_has_parameters() -> None:
    days, level = parameters_of(Plain)

    assert days == Parameter("days", None, is_required=True)
    assert level == Parameter("level", float, 1.5)
    assert level.limits == ""
    level.check(-1e9)


def test_a_function_checks_its_parameters_itself() -> None:
    def make(params: dict[str, Any]) -> Plain:
        return Plain(params["days"])

    assert parameters_of(make) == ()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"length": 1}, "strategy.params.length: 1 is out of range; give 2 to 200 candles (default 20)"),
        ({"length": 201}, "strategy.params.length: 201 is out of range; give 2 to 200 candles (default 20)"),
        ({"side": "short"}, "strategy.params.side: short is out of range; give one of both, long (default both)"),
        ({"share": float("nan")}, "strategy.params.share: nan is out of range; give 0.0 or more (default 0.5)"),
    ],
)
def test_a_value_outside_is_refused_with_value_limits_and_remedy(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Bounded(**given)
    assert str(caught.value) == told


@pytest.mark.parametrize("value", [2, 200])
def test_a_bound_is_allowed_itself(value: int) -> None:
    assert Bounded(length=value).length == value


def test_a_default_outside_its_own_bounds_is_a_mistake_of_the_author() -> None:
    with pytest.raises(ValueError, match="1 is out of range"):
        parameter(1, low=2)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_each_strategy_of_ours_bounds_all_its_parameters_and_keeps_to_them(name: str) -> None:
    for each in parameters_of(BUILT_IN[name]):
        assert each.low is not None
        assert each.high is not None
        for value in (each.low - 1, each.high + 1):
            with pytest.raises(ConfigurationError, match=f"strategy.params.{each.name}: .* out of range"):
                strategy_named(name, {each.name: value}, None, AnyPredictor)
