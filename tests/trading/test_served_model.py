import numpy as np
import pytest

from core.errors import ModelError
from trading.model_arrays import ModelArrays
from trading.served_model import ServedModel

FOREST = {
    "features": np.array([0], dtype=np.int32),
    "thresholds": np.array([1.0]),
    "leaves": np.array([[[0.75, 0.25, 0.0], [0.0, 0.5, 0.5]]]),
}
LINEAR_MODEL = {"weights": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), "intercepts": np.zeros(3)}


def served(**changes) -> ServedModel:
    arrays = {
        "kind": np.array("forest"),
        "calibration": np.array("none"),
        "mean": np.array([10.0, 0.0]),
        "scale": np.array([2.0, 1.0]),
    }
    scorer = FOREST if "weights" not in changes else {}
    return ServedModel(ModelArrays({**arrays, **scorer, **changes}))


def served_line(**changes) -> ServedModel:
    return served(kind=np.array("linear_model"), **LINEAR_MODEL, **changes)


def test_a_raw_row_is_scaled_before_it_is_scored():
    model = served()

    assert model.feature_count == 2
    assert model.probabilities(np.array([12.0, 0.0])).tolist() == [0.75, 0.25, 0.0]
    assert model.probabilities(np.array([12.1, 0.0])).tolist() == [0.0, 0.5, 0.5]


def test_log_odds_become_probabilities():
    model = served_line()

    assert model.probabilities(np.array([10.0, 0.0])).tolist() == [1 / 3, 1 / 3, 1 / 3]
    assert model.probabilities(np.array([14.0, 0.0])) == pytest.approx(np.exp([2, 0, 0]) / np.exp([2, 0, 0]).sum())


def test_a_calibration_takes_the_place_of_the_models_own_rule():
    sigmoid = {"calibration": np.array("sigmoid"), "slopes": np.full(3, -1.0), "offsets": np.zeros(3)}
    of_each = 1 / (1 + np.exp([-2.0, 0.0, 0.0]))

    model = served_line(**sigmoid)
    assert model.probabilities(np.array([14.0, 0.0])) == pytest.approx(of_each / of_each.sum())


def test_only_a_forest_without_calibration_is_exact():
    sigmoid = {"calibration": np.array("sigmoid"), "slopes": np.full(3, -1.0), "offsets": np.zeros(3)}

    assert served().is_exact
    assert not served(**sigmoid).is_exact
    assert not served_line().is_exact


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": np.array("network")}, "kind 'network', this program serves forest, boosted_trees, linear_model"),
        ({"kind": np.array("x" * 5_000)}, "of kind 'x{39}, this program"),
        ({"kind": None}, "lacks the array kind"),
        ({"calibration": None}, "lacks the array calibration"),
        ({"mean": np.zeros(3)}, "array scale"),
        ({"mean": np.zeros(0), "scale": np.zeros(0)}, "has no features"),
        ({"scale": np.array([0.0, 1.0])}, "a deviation that is not above 0"),
        ({"scale": np.array([1.0, np.nan])}, "array scale"),
        ({"leaves": np.full((1, 2, 3), np.nan)}, "array leaves"),
        ({"slopes": np.zeros(3)}, "has no use for the array slopes"),
    ],
)
def test_arrays_that_are_no_model_are_refused(change, words):
    with pytest.raises(ModelError, match=words):
        served(**change)
