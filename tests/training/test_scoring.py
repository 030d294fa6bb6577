import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from sklearn.metrics import log_loss as sklearn_log_loss

from core.signals import Direction
from training.scoring import confusion, log_loss, reliability, score

CHANCE = np.random.default_rng(3)
PROBABILITIES = CHANCE.dirichlet((2, 1, 1), size=500)
LABELS = np.array([CHANCE.choice(3, p=each) for each in PROBABILITIES])


def test_scores_are_those_of_scikit_learn():
    scores = score(PROBABILITIES, LABELS)

    assert scores.log_loss == pytest.approx(sklearn_log_loss(LABELS, PROBABILITIES))
    assert scores.accuracy == pytest.approx((PROBABILITIES.argmax(axis=1) == LABELS).mean())
    assert (confusion(PROBABILITIES, LABELS) == confusion_matrix(LABELS, PROBABILITIES.argmax(axis=1))).all()


def test_the_brier_score_goes_from_sure_and_right_to_sure_and_wrong():
    sure = np.array([[0.0, 1.0, 0.0]])
    assert score(sure, np.array([1])).brier == 0.0
    assert score(sure, np.array([2])).brier == 2.0


def test_an_impossible_class_that_came_costs_much_and_not_infinitely():
    assert log_loss(np.array([[0.0, 1.0, 0.0]]), np.array([0])) == pytest.approx(34.5, abs=0.1)


def test_no_rows_cannot_be_scored():
    with pytest.raises(ValueError, match="nothing to score"):
        score(np.empty((0, 3)), np.empty(0, dtype=np.int64))


def test_a_reliability_curve_of_true_probabilities_is_near_the_diagonal():
    curve = reliability(PROBABILITIES, LABELS, Direction.LONG, bins=5)

    assert curve.rows.tolist() == [100] * 5
    assert (np.diff(curve.told) > 0).all()
    assert np.abs(curve.told - curve.came).max() < 0.12


def test_few_rows_make_few_bins():
    assert len(reliability(PROBABILITIES[:3], LABELS[:3], Direction.SHORT).told) == 3
