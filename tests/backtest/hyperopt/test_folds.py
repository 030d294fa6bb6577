"""Folds never look ahead: training ends before its test by the whole gap, and tests follow each other."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from backtest.hyperopt.folds import Scheme, Windows, folds_of
from core.errors import ConfigurationError

SESSIONS = [date(2024, 1, 1) + timedelta(days=2 * place) for place in range(50)]
PLACE = {day: place for place, day in enumerate(SESSIONS)}


def windows(scheme: Scheme = Scheme.ROLLING, **changes: int) -> Windows:
    return Windows(scheme=scheme, **({"training": 20, "test": 8, "purge": 2, "embargo": 1} | changes))


def places(scheme: Scheme) -> list[tuple[int, int, int, int]]:
    folds = folds_of(SESSIONS, windows(scheme))
    return [
        (PLACE[fold.training.first], PLACE[fold.training.last], PLACE[fold.test.first], PLACE[fold.test.last])
        for fold in folds
    ]


def test_a_rolling_training_keeps_its_length_and_an_anchored_one_grows() -> None:
    assert places(Scheme.ROLLING) == [(0, 19, 23, 30), (8, 27, 31, 38), (16, 35, 39, 46), (24, 43, 47, 49)]
    assert places(Scheme.ANCHORED) == [(0, 19, 23, 30), (0, 27, 31, 38), (0, 35, 39, 46), (0, 43, 47, 49)]


@pytest.mark.parametrize("scheme", list(Scheme))
def test_the_gap_is_purge_and_embargo_and_tests_leave_no_hole(scheme: Scheme) -> None:
    found = places(scheme)
    assert {test - training for _, training, test, _ in found} == {4}
    assert all(later[2] == earlier[3] + 1 for earlier, later in pairwise(found))


def test_lengths_that_do_not_fit_are_refused_with_the_numbers() -> None:
    with pytest.raises(ConfigurationError, match="--train 48 and a gap of 3 leave none of 50 sessions"):
        folds_of(SESSIONS, windows(training=48))
    for wrong in ({"training": 0}, {"test": 0}, {"purge": -1}, {"embargo": -1}):
        with pytest.raises(ConfigurationError, match="at least one session to train"):
            folds_of(SESSIONS, windows(**wrong))
