import numpy as np
import pytest

from core.errors import ModelError
from trading.linear_model import LinearModel
from trading.model_arrays import ModelArrays


def small(**changes) -> LinearModel:
    arrays = {"weights": np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.5]]), "intercepts": np.array([0.25, 0.0, -0.25])}
    return LinearModel(ModelArrays({**arrays, **changes}), feature_count=2)


def test_a_score_is_the_weighted_sum_of_the_features_and_the_intercept():
    assert small().scores(np.array([3.0, 4.0])).tolist() == [3.25, 8.0, -1.25]


def test_many_rows_get_the_same_bits_as_each_alone():
    chance = np.random.default_rng(2)
    model = LinearModel(ModelArrays({"weights": chance.normal(size=(24, 3)), "intercepts": chance.normal(size=3)}), 24)
    rows = chance.normal(size=(500, 24))

    assert model.scores_of(rows).tobytes() == np.array([model.scores(row) for row in rows]).tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros((3, 3))}, "array weights"),
        ({"weights": np.zeros((2, 2))}, "array weights"),
        ({"weights": np.full((2, 3), np.inf)}, "array weights"),
        ({"intercepts": np.zeros(2)}, "array intercepts"),
        ({"intercepts": None}, "lacks the array intercepts"),
    ],
)
def test_arrays_that_are_no_weights_are_refused(change, words):
    with pytest.raises(ModelError, match=words):
        small(**change)
