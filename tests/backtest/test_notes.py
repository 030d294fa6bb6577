"""What a reader has to know is said, and said once."""

from datetime import UTC, date, datetime

import pytest

from backtest.assumptions import Mode
from backtest.notes import Walked, data_notes, said_once, training_notes
from core.market import Timeframe
from trading.bundle import TrainingFacts

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


def taught_in_march() -> TrainingFacts:
    """By the candles of Monday the 3rd to Friday the 7th, in the hours that the exchange keeps."""
    first, last = (datetime(2025, 3, day, hour, 45, tzinfo=UTC) for day, hour in ((3, 3), (7, 9)))
    facts = {"source": "candle store", "symbols": (SYMBOL,), "timeframe": "5m", "first": first, "last": last}
    return TrainingFacts.model_validate(facts | {"rows": 1, "data_sha256": "ab" * 32, "seed": 7, "parts": {}})


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ([7, 10, 11, 12], "1 of 4 sessions lie in"),
        ([3, 4, 5], "3 of 3 sessions lie in"),
        ([1, 2], "2 of 2 sessions lie before"),
        ([2, 3, 10], "2 of 3 sessions lie in or before"),
    ],
)
def test_sessions_that_a_model_learned_or_whose_future_it_knows_are_counted(days: list[int], told: str) -> None:
    [note] = training_notes(taught_in_march(), [date(2025, 3, day) for day in days])
    assert note == f"{told} the model's training (2025-03-03 to 2025-03-07): of these the figures say nothing"
    assert said_once([note]) == (note,)


def test_of_days_after_the_training_and_of_runs_without_a_model_there_is_nothing_to_say() -> None:
    later = [date(2025, 3, day) for day in (8, 10, 11)]
    assert list(training_notes(taught_in_march(), later)) == []
    assert list(training_notes(None, later)) == []
