import numpy as np
import pytest

from core.errors import ModelError
from trading.calibration import Isotonic, Sigmoid, opened, softmax, unchanged
from trading.model_arrays import ModelArrays

STEPS = (np.array([0.0, 1.0]), np.array([0.0, 0.5]))
LINES = {f"line_scores_{column}": STEPS[0] for column in range(3)}
LINES |= {f"line_probabilities_{column}": STEPS[1] for column in range(3)}


def test_softmax_of_any_log_odds_is_finite():
    assert softmax(np.array([0.0, 0.0, 0.0])).tolist() == [1 / 3, 1 / 3, 1 / 3]
    assert softmax(np.array([1e6, 0.0, -1e6])).tolist() == [1.0, 0.0, 0.0]
    assert softmax(np.log([0.2, 0.3, 0.5])) == pytest.approx([0.2, 0.3, 0.5], abs=1e-15)


def test_a_sigmoid_falls_with_its_slope_and_sums_to_one():
    curve = Sigmoid(np.array([-1.0, -1.0, -1.0]), np.zeros(3))

    assert curve(np.array([0.0, 0.0, 0.0])).tolist() == [1 / 3, 1 / 3, 1 / 3]
    none, long, short = curve(np.array([1.0, 0.0, -1.0]))
    assert none > long > short
    assert none + long + short == pytest.approx(1.0)


def test_an_isotonic_line_is_straight_between_its_points_and_level_outside():
    line = Isotonic((STEPS, STEPS, STEPS))

    assert line(np.array([0.5, 0.25, 0.25])).tolist() == [0.5, 0.25, 0.25]
    assert line(np.array([2.0, 1.0, -7.0])).tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    ("calibration", "scores"),
    [(Isotonic((STEPS, STEPS, STEPS)), [-1.0, 0.0, -2.0]), (Sigmoid(np.ones(3), np.zeros(3)), [900.0, 800.0, 1e9])],
)
def test_where_each_class_alone_has_no_chance_all_are_equal(calibration, scores):
    assert calibration(np.array(scores)).tolist() == [1 / 3, 1 / 3, 1 / 3]
    assert calibration(np.array([scores, scores])).tolist() == [[1 / 3, 1 / 3, 1 / 3]] * 2


@pytest.mark.parametrize("name", ["softmax", "sigmoid", "isotonic"])
def test_many_rows_get_the_same_bits_as_each_alone_and_no_score_is_changed(name):
    chance = np.random.default_rng(3)
    lines = tuple((np.sort(chance.normal(size=60)), np.sort(chance.uniform(size=60))) for _ in range(3))
    calibration = {
        "softmax": softmax,
        "sigmoid": Sigmoid(chance.normal(size=3), chance.normal(size=3)),
        "isotonic": Isotonic(lines),
    }[name]
    scores = chance.normal(size=(501, 3)) * 3
    before = scores.copy()

    assert calibration(scores).tobytes() == np.array([calibration(each) for each in scores]).tobytes()
    assert scores.tobytes() == before.tobytes()


def test_without_a_calibration_the_models_own_rule_holds():
    arrays = ModelArrays({"calibration": np.array("none")})

    assert opened(arrays, softmax) is softmax
    assert opened(arrays, unchanged) is unchanged


def test_a_line_of_one_point_is_level():
    point = {f"line_scores_{column}": np.array([0.3]) for column in range(3)}
    point |= {f"line_probabilities_{column}": np.array([0.25 * (column + 1)]) for column in range(3)}
    calibration = opened(ModelArrays({"calibration": np.array("isotonic"), **point}), softmax)

    assert calibration(np.array([-9.0, 0.3, 9.0])) == pytest.approx([1 / 6, 2 / 6, 3 / 6])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"calibration": np.array("beta")}, "calibration is 'beta', known are none, sigmoid and isotonic"),
        ({"calibration": np.array(1.0)}, "array calibration"),
        ({"calibration": np.array("sigmoid"), "slopes": np.ones(3)}, "lacks the array offsets"),
        ({"calibration": np.array("sigmoid"), "slopes": np.ones(2), "offsets": np.ones(3)}, "array slopes"),
        ({**LINES, "line_scores_1": np.array([1.0, 0.0])}, "calibration of class 1 is no line"),
        ({**LINES, "line_scores_2": np.array([1.0, 1.0])}, "calibration of class 2 is no line"),
        ({**LINES, "line_probabilities_0": np.array([0.5, 0.4])}, "calibration of class 0 is no line"),
        ({**LINES, "line_probabilities_0": np.array([0.5, 1.5])}, "calibration of class 0 is no line"),
        ({**LINES, "line_probabilities_0": np.array([-0.1, 0.5])}, "calibration of class 0 is no line"),
        ({**LINES, "line_probabilities_0": np.array([0.5])}, "array line_probabilities_0"),
        ({**LINES, "line_scores_0": np.array([]), "line_probabilities_0": np.array([])}, "class 0 is no line"),
    ],
)
def test_arrays_that_are_no_calibration_are_refused(arrays, words):
    with pytest.raises(ModelError, match=words):
        opened(ModelArrays({"calibration": np.array("isotonic"), **arrays}), softmax)
