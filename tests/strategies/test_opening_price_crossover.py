from collections.abc import Callable

import pytest

from core.errors import ConfigurationError
from core.signals import Direction, FeatureRow
from strategies.opening_price_crossover import OpeningPriceCrossover

Row = Callable[..., FeatureRow]
A_DAY = 24 * 60


def gap(row: Row, value: float, minute: int) -> FeatureRow:
    return row({"open_gap": value}, minute=minute)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (0.001, 0.003, Direction.LONG),
        (0.002, 0.003, Direction.LONG),
        (-0.001, -0.003, Direction.SHORT),
        (0.005, -0.003, Direction.SHORT),
        (0.003, 0.004, None),
        (-0.003, -0.004, None),
        (0.0, 0.002, None),
        (0.003, 0.001, None),
    ],
)
def test_leaving_the_band_is_a_signal_and_staying_outside_is_not(
    row: Row, before: float, now: float, expected: Direction | None
) -> None:
    signal = OpeningPriceCrossover(band=0.002).on_data(gap(row, now, 10), gap(row, before, 5))

    assert (signal.direction if signal else None) == expected


def test_the_first_candle_of_a_day_is_measured_from_its_own_open(row: Row) -> None:
    yesterday_high_above_its_open = gap(row, 0.02, 0)
    this_morning = gap(row, 0.003, A_DAY)

    signal = OpeningPriceCrossover(band=0.002).on_data(this_morning, yesterday_high_above_its_open)

    assert signal is not None
    assert signal.direction is Direction.LONG


def test_the_reason_names_the_distance_and_the_band(row: Row) -> None:
    signal = OpeningPriceCrossover(band=0.002).on_data(gap(row, -0.003, 10), gap(row, 0.0, 5))

    assert signal is not None
    assert signal.reason == "price went 0.300% below the opening price, beyond the band of 0.200%"


@pytest.mark.parametrize("band", [-0.1, 2.0])
def test_a_band_that_is_no_share_of_price_is_refused(band: float) -> None:
    with pytest.raises(ConfigurationError, match=f"band: {band} is out of range; give 0.0 to 0.2"):
        OpeningPriceCrossover(band)
