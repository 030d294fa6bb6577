import numpy as np
import pytest

from core.errors import ModelError
from trading.forest import Forest
from trading.model_arrays import ModelArrays


def stump(**changes) -> Forest:
    """One tree, one question: is the first feature above 0?"""
    arrays = {
        "features": np.array([0], dtype=np.int32),
        "thresholds": np.array([0.0]),
        "leaves": np.array([[[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]]),
    }
    return Forest(ModelArrays({**arrays, **changes}), feature_count=2)


def test_a_row_goes_right_only_above_the_threshold():
    assert stump().scores(np.array([0.0, 9.0])).tolist() == [1.0, 0.0, 0.0]
    assert stump().scores(np.array([0.1, 9.0])).tolist() == [0.0, 0.5, 0.5]


def test_comparison_is_made_after_rounding_to_32_bits():
    forest = stump(thresholds=np.array([1.0]))

    assert forest.scores(np.array([1.0 + 1e-8, 0.0])).tolist() == [1.0, 0.0, 0.0]
    assert forest.scores(np.array([1.0 + 1e-6, 0.0])).tolist() == [0.0, 0.5, 0.5]


def test_one_answer_does_not_change_the_next():
    forest = stump()
    rows = np.random.default_rng(1).normal(0, 1, (50, 2))

    once = [forest.scores(row).tolist() for row in rows]
    assert [forest.scores(row).tolist() for row in rows[::-1]] == once[::-1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"leaves": np.zeros((0, 2, 3))}, "0 trees of 2 leaves"),
        ({"leaves": np.zeros((1, 1, 3))}, "1 trees of 1 leaves"),
        ({"leaves": np.zeros((1, 3, 3))}, "1 trees of 3 leaves, expected at least one of a power of 2 up to 4096"),
        ({"leaves": np.zeros((1, 8192, 3))}, "1 trees of 8192 leaves"),
        ({"leaves": np.zeros((1, 2, 2))}, "array leaves"),
        ({"leaves": np.full((1, 4, 3), 1 / 3)}, "array features"),
        ({"leaves": np.array([[[1.0, 0.0, 0.0], [0.0, 0.5, 0.6]]])}, "shares that do not add up to 1"),
        ({"leaves": np.array([[[1.0, 0.0, 0.0], [-0.5, 1.0, 0.5]]])}, "shares that do not add up to 1"),
        ({"leaves": np.full((1, 2, 3), np.inf)}, "array leaves"),
        ({"features": np.array([2], dtype=np.int32)}, "array features holds a place outside 0 to 1"),
        ({"features": np.array([0.0])}, "array features"),
        ({"thresholds": np.array([np.nan])}, "array thresholds"),
        ({"thresholds": None}, "lacks the array thresholds"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(change, words):
    with pytest.raises(ModelError, match=words):
        stump(**change)
