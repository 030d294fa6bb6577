import numpy as np
import pytest

from core.errors import ModelError
from trading.forest import Forest


def stump(**changes):
    """One tree, one question: is the first feature above 0?"""
    arrays = {
        "format": np.array(1),
        "shape": np.array([1, 1]),
        "mean": np.array([10.0, 0.0]),
        "scale": np.array([2.0, 1.0]),
        "features": np.array([0], dtype=np.int32),
        "thresholds": np.array([0.0]),
        "leaves": np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]),
    }
    return {**arrays, **changes}


def test_a_row_goes_right_only_above_the_threshold():
    forest = Forest(stump())

    assert forest.probabilities(np.array([10.0, 0.0])).tolist() == [1.0, 0.0, 0.0]
    assert forest.probabilities(np.array([10.1, 0.0])).tolist() == [0.0, 0.5, 0.5]
    assert forest.feature_count == 2


def test_comparison_is_made_after_rounding_to_32_bits():
    forest = Forest(stump(thresholds=np.array([1.0])))

    assert forest.probabilities(np.array([12.0 + 1e-8, 0.0])).tolist() == [1.0, 0.0, 0.0]
    assert forest.probabilities(np.array([12.0 + 1e-6, 0.0])).tolist() == [0.0, 0.5, 0.5]


def test_one_answer_does_not_change_the_next():
    forest = Forest(stump())
    rows = np.random.default_rng(1).normal(10, 1, (50, 2))

    once = [forest.probabilities(row).tolist() for row in rows]
    assert [forest.probabilities(row).tolist() for row in rows[::-1]] == once[::-1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": np.array(2)}, "has format 2, this program reads 1"),
        ({"shape": np.array([2, 1])}, "do not fit"),
        ({"shape": np.array([1, 60])}, "do not fit"),
        ({"shape": np.array([1])}, "lacks or misshapes"),
        ({"features": np.array([2], dtype=np.int32)}, "do not fit"),
        ({"features": np.array([-1], dtype=np.int32)}, "do not fit"),
        ({"features": np.array([0.0])}, "lacks or misshapes"),
        ({"thresholds": np.array([np.nan])}, "do not fit"),
        ({"thresholds": np.array([0], dtype=np.int64)}, "lacks or misshapes"),
        ({"leaves": np.zeros((2, 2))}, "do not fit"),
        ({"leaves": np.full((2, 3), np.inf)}, "do not fit"),
        ({"scale": np.array([0.0, 1.0])}, "do not fit"),
        ({"mean": np.zeros(3)}, "do not fit"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(change, words):
    with pytest.raises(ModelError, match=words):
        Forest(stump(**change))


def test_a_missing_array_is_named():
    arrays = stump()
    del arrays["leaves"]

    with pytest.raises(ModelError, match="leaves"):
        Forest(arrays)
