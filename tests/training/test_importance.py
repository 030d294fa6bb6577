import numpy as np
import pytest

from training import importance
from training.estimators import Logistic
from training.evaluation import evaluate
from training.folds import WalkForward
from training.importance import permutation_importance
from training.out_of_fold import Candidate

from .invented_rows import rows_of_market

NAMES = ("edge", "one", "two", "three")
ROWS = rows_of_market(11, symbols=2, edge=2.0)


@pytest.fixture(scope="module")
def evaluation():
    folds = WalkForward(folds=3).split(ROWS.closed_at, ROWS.resolved_at)
    return evaluate(ROWS, folds, [Candidate(Logistic())])[0]


def test_the_feature_with_the_edge_comes_first_and_by_far(evaluation):
    first, *others = permutation_importance(ROWS, evaluation, NAMES)

    assert first.feature == "edge"
    assert {each.feature for each in others} == set(NAMES[1:])
    assert first.rise > 5 * max(abs(each.rise) for each in others)
    assert first.rise > 3 * first.deviation


def test_it_is_seeded_and_the_number_of_cores_changes_nothing(evaluation):
    one = permutation_importance(ROWS, evaluation, NAMES)

    assert permutation_importance(ROWS, evaluation, NAMES, jobs=2) == one
    assert permutation_importance(ROWS, evaluation, NAMES, seed=8) != one


def test_rows_of_the_folds_that_taught_are_not_asked(evaluation, monkeypatch):
    asked = []

    def noted(dataset, result):
        found = some_rows(dataset, result)
        asked.append(set(result.fit.fold.test[found[2]]) & set(result.fit.fold.train))
        return found

    some_rows = importance._some_rows
    monkeypatch.setattr(importance, "_some_rows", noted)
    permutation_importance(ROWS, evaluation, NAMES, repeats=2)
    assert asked == [set(), set()]


def test_of_a_large_fold_some_rows_are_taken_at_even_distances(evaluation, monkeypatch):
    monkeypatch.setattr(importance, "MOST_ROWS", 50)
    _, features, places = importance._some_rows(ROWS, evaluation.judged[0])

    assert features.shape == (50, 4)
    assert np.ptp(np.diff(places)) <= 1
