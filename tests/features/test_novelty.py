import numpy as np
import pytest

from core.errors import ModelError
from features.novelty import MOST, Novelty

FEATURES = 6


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Rows with features of very different scales, one with heavy tails and one that hardly ever moves."""
    chance = np.random.default_rng(11)
    rows = chance.normal(size=(4_000, FEATURES)) * [1e-4, 1.0, 50.0, 1.0, 1.0, 1.0]
    rows[:, 3] = chance.standard_t(4, size=4_000)
    rows[:, 4] = np.where(chance.random(4_000) < 0.05, 1.0, 0.0)
    rows[:, 5] = 7.0
    return rows


@pytest.fixture(scope="module")
def novelty(rows) -> Novelty:
    return Novelty.of(rows)


def test_one_row_and_many_rows_are_measured_alike_to_the_last_bit(novelty, rows):
    at_once = novelty.of_rows(rows[:500])
    assert at_once.tolist() == [novelty.of_row(row.tolist()) for row in rows[:500]]


def test_an_ordinary_row_is_about_one_away(novelty, rows):
    assert 0.5 < float(np.median(novelty.of_rows(rows))) < 1.5


def test_a_rounding_of_its_features_takes_no_row_of_the_training_beyond_the_limit(novelty, rows):
    distances = novelty.of_rows(rows)
    nearest = rows[np.argsort(np.abs(distances - novelty.limit))[0]]
    assert novelty.of_row(nearest.tolist()) == pytest.approx(novelty.limit, rel=1e-5)
    assert novelty.of_row((nearest * (1 + 1e-12)).tolist()) < novelty.limit
    assert novelty.of_row((nearest * (1 - 1e-12)).tolist()) < novelty.limit


def test_the_limit_passes_999_of_1000_rows_of_the_training(novelty, rows):
    assert (novelty.of_rows(rows) > novelty.limit).mean() == pytest.approx(0.001, abs=0.0005)


@pytest.mark.parametrize("place", [0, 1, 2, 5])
def test_one_feature_far_off_is_enough_whatever_its_scale(novelty, rows, place):
    row = np.median(rows, axis=0)
    row[place] += 1_000 * novelty.spreads[place]
    assert novelty.of_row(row.tolist()) > novelty.limit


def test_a_feature_beyond_all_bounds_counts_no_more_than_the_bound(novelty, rows):
    row = np.median(rows, axis=0)
    distances = []
    for reach in (MOST, 1e6, 1e300):
        row[1] = novelty.medians[1] + reach * novelty.spreads[1]
        distances.append(novelty.of_row(row.tolist()))
    assert distances[0] == pytest.approx(MOST / FEATURES**0.5)
    assert distances == pytest.approx([distances[0]] * 3)


def test_the_training_itself_can_be_strange_without_moving_the_measure(rows):
    wild = rows.copy()
    wild[:40] = 1e9
    calm, shaken = Novelty.of(rows), Novelty.of(wild)
    moved = [abs(a - b) / spread for a, b, spread in zip(shaken.medians, calm.medians, calm.spreads, strict=True)]
    assert max(moved) < 0.05
    assert shaken.spreads[:4] == pytest.approx(calm.spreads[:4], rel=0.05)


@pytest.mark.parametrize(
    ("medians", "spreads", "limit"),
    [
        ((), (), 1.0),
        ((0.0,), (1.0, 1.0), 1.0),
        ((0.0,), (0.0,), 1.0),
        ((0.0,), (1.0,), 0.0),
        ((float("nan"),), (1.0,), 1.0),
    ],
)
def test_numbers_that_cannot_measure_are_refused(medians, spreads, limit):
    with pytest.raises(ModelError, match="novelty needs"):
        Novelty(medians, spreads, limit)


def test_a_row_of_another_length_is_no_row(novelty):
    with pytest.raises(ValueError, match="zip"):
        novelty.of_row([0.0] * (FEATURES - 1))
