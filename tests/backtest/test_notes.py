"""What a reader has to know is said, and said once."""

import pytest

from backtest.assumptions import Mode
from backtest.notes import Walked, data_notes, said_once
from core.market import Timeframe

from .conftest import SYMBOL, ShortDays, bars_of

DAY = [(200_00, 201_00, 199_00, 200_00)] * 12
HALVED = [(100_00, 101_00, 99_00, 100_00)] * 12
NEARLY_A_QUARTER = [(151_00, 152_00, 150_00, 151_00)] * 12


@pytest.mark.parametrize("mode", list(Mode))
def test_a_suspected_split_is_told_in_either_mode_and_a_wide_night_is_none(mode: Mode) -> None:
    bars = bars_of([DAY, NEARLY_A_QUARTER, HALVED, HALVED])
    walked = [Walked(SYMBOL, bars.candles, bars.sessions)]

    assert data_notes(walked, Timeframe.M5, ShortDays(), mode, allow_holes=False) == [
        f"{SYMBOL}: a split or bonus before 2024-01-03 is suspected; indicators run on across it"
    ]


def test_notes_are_said_once_with_the_first_names() -> None:
    alike = [f"{name}: too short" for name in "ABCDE"]

    assert said_once([*alike, "Z: too long", "no subject"]) == (
        "A, B, C and 2 more: too short",
        "Z: too long",
        "no subject",
    )
