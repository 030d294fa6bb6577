from collections.abc import Callable

import pytest

from core.errors import ConfigurationError
from core.signals import Direction, FeatureRow
from strategies.simple_ma_crossover import SimpleMaCrossover

Row = Callable[..., FeatureRow]


def averages(row: Row, fast: float, slow: float) -> FeatureRow:
    """Build a row from the averages themselves."""
    return row({"sma_spread_9_21": fast / slow - 1})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((99.0, 100.0), (101.0, 100.0), Direction.LONG),
        ((100.0, 100.0), (101.0, 100.0), Direction.LONG),
        ((101.0, 100.0), (99.0, 100.0), Direction.SHORT),
        ((100.0, 100.0), (99.0, 100.0), Direction.SHORT),
        ((101.0, 100.0), (102.0, 100.0), None),
        ((99.0, 100.0), (98.0, 100.0), None),
        ((99.0, 100.0), (100.0, 100.0), None),
        ((100.0, 100.0), (100.0, 100.0), None),
    ],
)
def test_only_the_crossing_itself_is_a_signal(
    row: Row, before: tuple[float, float], now: tuple[float, float], expected: Direction | None
) -> None:
    signal = SimpleMaCrossover().on_data(averages(row, *now), averages(row, *before))

    assert (signal.direction if signal else None) == expected


def test_the_reason_names_both_averages_and_the_distance(row: Row) -> None:
    signal = SimpleMaCrossover().on_data(averages(row, 101.0, 100.0), averages(row, 99.0, 100.0))

    assert signal is not None
    assert signal.reason == "9-candle average rose above the 21-candle one by 1.000%"
    assert (signal.probability, signal.source) == (1.0, "simple_ma_crossover")


def test_it_needs_the_spread_of_its_own_lengths() -> None:
    assert SimpleMaCrossover(fast=5, slow=50).needs.features == ("sma_spread_5_50",)


@pytest.mark.parametrize(("fast", "slow"), [(21, 9), (9, 9), (1, 5)])
def test_a_fast_average_that_is_not_faster_is_refused(fast: int, slow: int) -> None:
    with pytest.raises(ConfigurationError, match=f"fast:? {fast}"):
        SimpleMaCrossover(fast, slow)
