from dataclasses import replace

import pytest

from core.errors import ConfigurationError, DataError
from training.estimators import Boosting, Forest, Logistic
from training.folds import WalkForward
from training.out_of_fold import Candidate
from training.recipe import Recipe, follow

from .invented_rows import rows_of_market

ROWS = rows_of_market(11, symbols=2, edge=2.0)
NAMES = ("edge", "one", "two", "three")
RECIPE = Recipe(
    candidates=(Candidate(Logistic()), Candidate(Boosting(rounds=5))),
    walk=WalkForward(folds=3),
    shuffled_seeds=(1, 2),
    earlier_trials=8,
)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def trained(told):
    rules = {"always long": ROWS.directions * 0 + 1}
    return follow(RECIPE, ROWS, NAMES, rules, progress=lambda stage, done: told.append((stage, done)))


def test_the_best_candidate_is_compared_and_finished(trained):
    names = [each.name for each in trained.verdict.baselines]

    assert trained.best in trained.evaluations
    assert trained.best.net == max(each.net for each in trained.evaluations)
    assert names == ["always none", "always long", "labels shuffled, seed 1", "labels shuffled, seed 2"]
    assert trained.trials.number == 10
    assert trained.importance[0].feature == "edge"
    assert trained.finished.classifier.scaler.n_samples_seen_ == trained.balance.rows == len(ROWS)


def test_the_manifest_gets_the_figures_of_each_fold(trained):
    figures = trained.figures()

    judged = figures.pop("all judged")
    assert list(figures) == ["fold 1", "fold 2", "fold 3"]
    assert figures["fold 1"]["trades"] == 0
    assert sum(each["net_rupees"] for each in figures.values()) == pytest.approx(trained.best.net / 100)
    assert judged["net_rupees"] == pytest.approx(trained.best.net / 100)
    assert judged["rows"] == figures["fold 2"]["rows"] + figures["fold 3"]["rows"]
    assert judged["best_baseline_rupees"] == max(each.net for each in trained.verdict.baselines) / 100
    assert judged["candidates"] == 10


def test_the_card_is_of_the_best_candidate(trained):
    page = trained.card("sbin", {"Data": "invented"}).page()
    assert "<h1>sbin</h1>" in page
    assert trained.best.candidate.name in page


def test_progress_goes_from_the_beginning_to_the_end(trained, told):
    shares = [done for _, done in told]

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [stage for stage, _ in told][-1] == "fitting on every row"


def test_a_feature_that_does_not_change_in_a_fold_is_refused_by_name_before_anything_is_fitted():
    features = ROWS.features.copy()
    features[: len(ROWS) // 2, 2] = 1.0

    with pytest.raises(DataError, match="feature two is the same in all"):
        follow(RECIPE, replace(ROWS, features=features), NAMES, progress=lambda *_: pytest.fail("it began to fit"))


def test_a_quick_recipe_is_honest_too():
    quick = Recipe.quick(trees=5, depth=3, folds=2, seed=9)

    assert quick.candidates == (Candidate(Forest(trees=5, depth=3), seed=9),)
    assert quick.candidates[0].calibration is not None
    assert quick.walk.folds == 2
    assert quick.shuffled_seeds


@pytest.mark.parametrize("wrong", [{"candidates": ()}, {"earlier_trials": -1}])
def test_a_recipe_of_nothing_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="give at least one candidate"):
        Recipe(**{"candidates": RECIPE.candidates, **wrong})
