import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from core.errors import ModelError
from core.signals import Direction
from training.export_gate import TOLERANCE, require_equal

CLASSES = tuple(Direction)
REFUSED = "row 7 of 1500: the exported model gives .*, scikit-learn .*the bundle is not written"


@pytest.fixture(scope="module")
def forest(lesson):
    return RandomForestClassifier(10, max_depth=4, random_state=1).fit(lesson.scaled, lesson.labels)


@pytest.fixture(scope="module")
def linear_model(lesson):
    return LogisticRegression().fit(lesson.scaled, lesson.labels)


class Answers:
    """A served model that gives what it is told."""

    is_exact = False

    def __init__(self, rows: np.ndarray, alone: np.ndarray, at_once: np.ndarray) -> None:
        self.alone = {row.tobytes(): answer for row, answer in zip(rows, alone, strict=True)}
        self.at_once = at_once

    def probabilities(self, row):
        return self.alone[row.tobytes()]

    def probabilities_of(self, rows):
        return self.at_once


def test_sound_models_pass_and_the_largest_difference_is_told(lesson, forest, linear_model):
    exact = require_equal(lesson.served(forest), lesson.rows, lesson.expected(forest), CLASSES, 0.5)
    close = require_equal(lesson.served(linear_model), lesson.rows, lesson.expected(linear_model), CLASSES, 0.5)

    assert exact == 0.0
    assert close < 1e-14


def test_a_forest_that_differs_by_one_bit_is_refused(lesson, forest):
    expected = lesson.expected(forest)
    expected[7, 0] = np.nextafter(expected[7, 0], 1.0)

    with pytest.raises(ModelError, match=f"{REFUSED}: report"):
        require_equal(lesson.served(forest), lesson.rows, expected, CLASSES, 0.5)


def test_other_models_may_differ_by_the_tolerance_and_no_more(lesson, linear_model):
    served, expected = lesson.served(linear_model), lesson.expected(linear_model)
    expected[7, 0] += 0.9 * TOLERANCE
    assert require_equal(served, lesson.rows, expected, CLASSES, 0.5) == pytest.approx(0.9 * TOLERANCE, rel=1e-3)

    expected[7, 0] += 0.2 * TOLERANCE
    with pytest.raises(ModelError, match=f"more than the {TOLERANCE} that is allowed"):
        require_equal(served, lesson.rows, expected, CLASSES, 0.5)


@pytest.mark.parametrize(
    ("gives", "known", "threshold", "fault"),
    [
        ([0.4 + 1e-12, 0.4, 0.2], [0.4, 0.4 + 1e-12, 0.2], 0.9, "another likeliest class"),
        ([0.2, 0.5 - 1e-12, 0.3], [0.2, 0.5, 0.3], 0.5, "another decision at the threshold of 0.5"),
        ([0.5, 0.25 - 1e-12, 0.25], [0.5, 0.25, 0.25], 0.2, "another decision at the threshold of 0.2"),
        ([np.nan, 0.1, 0.1], [0.8, 0.1, 0.1], 0.5, "more than the"),
    ],
)
def test_however_close_no_class_and_no_decision_may_differ(lesson, linear_model, gives, known, threshold, fault):
    expected = lesson.expected(linear_model)
    expected[7] = known
    answers = expected.copy()
    answers[7] = gives

    with pytest.raises(ModelError, match=f"row 7 .*{fault}"):
        require_equal(Answers(lesson.rows, answers, answers), lesson.rows, expected, CLASSES, threshold)


def test_the_columns_of_the_decision_are_those_of_the_classes(lesson, linear_model):
    expected = lesson.expected(linear_model)
    expected[7] = [0.5, 0.3, 0.2]
    answers = expected.copy()
    answers[7, 0] -= 1e-12
    swapped = (Direction.LONG, Direction.NONE, Direction.SHORT)

    with pytest.raises(ModelError, match="another decision"):
        require_equal(Answers(lesson.rows, answers, answers), lesson.rows, expected, swapped, 0.5)


def test_many_rows_at_once_must_get_what_each_gets_alone(lesson, linear_model):
    expected = lesson.expected(linear_model)
    at_once = expected.copy()
    at_once[7, 2] = np.nextafter(at_once[7, 2], 1.0)

    with pytest.raises(ModelError, match="another answer among many rows"):
        require_equal(Answers(lesson.rows, expected, at_once), lesson.rows, expected, CLASSES, 0.5)
