import builtins
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigurationError, DataError
from core.signals import Direction
from trading.boosted_trees import MOST_LEAVES
from trading.forest import DEEPEST
from training.estimators import KINDS, Boosting, Forest, LightGbm, Logistic, estimator_named, fit, require_learnable
from training.model_export import export
from training.pickling import pickled
from training.uniqueness import sample_weights

from .invented_rows import rows_of_market

SMALL = [Logistic(), Forest(trees=20, depth=4), Boosting(rounds=8), LightGbm(rounds=30)]
ROWS = rows_of_market(5, edge=0.5)
WEIGHTS = sample_weights(ROWS)


def fitted(estimator, *, seed=7, jobs=1, weights=WEIGHTS, rows=ROWS):
    return fit(estimator, rows.features, rows.directions, weights, seed=seed, jobs=jobs)


def by_kind(estimator):
    return estimator.kind


@pytest.mark.parametrize("estimator", SMALL, ids=by_kind)
def test_probabilities_are_of_none_long_and_short_and_follow_the_edge(estimator):
    classifier = fitted(estimator)
    probabilities = classifier.probabilities(np.array([[3.0, 0, 0, 0], [-3.0, 0, 0, 0]]))

    assert classifier.classes == (Direction.NONE, Direction.LONG, Direction.SHORT)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert probabilities[0, 1] > probabilities[0, 2]
    assert probabilities[1, 2] > probabilities[1, 1]


@pytest.mark.parametrize("estimator", SMALL, ids=by_kind)
def test_neither_the_run_nor_the_number_of_cores_changes_a_bit(estimator):
    one, again, two = fitted(estimator), fitted(estimator), fitted(estimator, jobs=2)

    expected = one.probabilities(ROWS.features).tobytes()
    assert again.probabilities(ROWS.features).tobytes() == expected
    assert two.probabilities(ROWS.features).tobytes() == expected


@pytest.mark.parametrize("estimator", SMALL, ids=by_kind)
def test_weights_matter(estimator):
    other = fitted(estimator, weights=np.where(ROWS.features[:, 1] > 0, 1.9, 0.1))
    assert other.probabilities(ROWS.features).tobytes() != fitted(estimator).probabilities(ROWS.features).tobytes()


def test_the_seed_decides_the_forest():
    forest = Forest(trees=20, depth=4)
    same = fitted(forest, seed=1).probabilities(ROWS.features) == fitted(forest, seed=2).probabilities(ROWS.features)
    assert not same.all()


def test_the_scaler_knows_the_rows_it_was_fitted_on():
    scaler = fitted(Logistic()).scaler
    assert scaler.mean_ == pytest.approx(ROWS.features.mean(axis=0))


def test_each_kind_has_a_name_and_defaults():
    assert {name: estimator_named(name).kind for name in KINDS} == {name: name for name in KINDS}
    assert estimator_named("forest", {"trees": 50}) == Forest(trees=50)


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        (
            "forrest",
            {},
            r"no estimator 'forrest' \(do you mean forest\?\); there are logistic, forest, boosting, light",
        ),
        ("forest", {"tree": 5}, r"forest has no parameter 'tree' \(do you mean trees\?\); it has trees, depth, leaf"),
        ("forest", {"trees": 0}, "forest: trees is 0; give a whole number from 1 to 5000"),
        ("forest", {"depth": 2.5}, "forest: depth is 2.5; give a whole number"),
        ("forest", {"depth": 13}, "forest: depth is 13; give a whole number from 1 to 12"),
        ("forest", {"trees": 513, "depth": 12}, "forest: 513 trees of depth 12 are too large .* at most 512 trees"),
        ("boosting", {"leaves": 65}, "boosting: leaves is 65; give a whole number from 2 to 64"),
        ("lightgbm", {"leaves": 65}, "lightgbm: leaves is 65; give a whole number from 2 to 64"),
        ("logistic", {"freedom": "much"}, "logistic: freedom is 'much'; give a number"),
        ("boosting", {"learning_rate": float("nan")}, "boosting: learning_rate is nan"),
        ("boosting", {"rounds": True}, "boosting: rounds is True"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(kind, parameters, words):
    with pytest.raises(ConfigurationError, match=words):
        estimator_named(kind, parameters)


@pytest.mark.parametrize("fault", [ImportError("No module named 'lightgbm'"), OSError("libgomp.so.1: no such file")])
def test_without_its_library_lightgbm_is_refused_with_the_remedy(monkeypatch, fault):
    def missing(name, *arguments):
        if name == "lightgbm":
            raise fault
        return found(name, *arguments)

    found = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError, match=r"lightgbm: cannot be loaded \(.*\); `pip install"):
        estimator_named("lightgbm", {"rounds": 5})


@pytest.mark.parametrize("estimator", [Boosting(rounds=1), LightGbm(rounds=8)], ids=lambda each: each.kind)
def test_the_file_of_boosted_trees_is_the_same_whatever_the_number_of_cores(estimator):
    one, two = (pickled(fitted(estimator, jobs=jobs).model) for jobs in (1, 2))
    assert one == two


def test_a_value_that_is_no_number_is_refused():
    features = ROWS.features.copy()
    features[17, 2] = np.nan
    with pytest.raises(DataError, match="row 17, feature 2 is nan"):
        fitted(Logistic(), rows=replace(ROWS, features=features))


def test_a_feature_that_never_changes_is_refused():
    features = ROWS.features.copy()
    features[:, 3] = 0.5
    with pytest.raises(DataError, match="feature 3 is the same in all 1000 rows"):
        fitted(Logistic(), rows=replace(ROWS, features=features))


def test_a_feature_is_named_where_its_name_is_known():
    features = ROWS.features.copy()
    features[:, 3] = 0.5
    names = ("one", "two", "three", "still")
    with pytest.raises(DataError, match="feature still is the same in all 1000 rows to fit"):
        require_learnable(features, ROWS.directions, names)
    features[5, 1] = np.inf
    with pytest.raises(DataError, match="row 5, feature two is inf"):
        require_learnable(features, ROWS.directions, names)


@pytest.mark.parametrize(
    "estimator",
    [
        Forest(trees=2, depth=DEEPEST, leaf=1),
        Boosting(rounds=2, leaves=MOST_LEAVES),
        LightGbm(rounds=2, leaves=MOST_LEAVES),
    ],
    ids=by_kind,
)
def test_the_largest_trees_that_may_be_asked_for_can_be_exported(estimator):
    noise = np.random.default_rng(3)
    rows = replace(ROWS, directions=noise.integers(0, 3, len(ROWS)))
    if not isinstance(estimator, Forest):
        estimator = replace(estimator, leaf=1)
    classifier = fitted(estimator, rows=rows)

    arrays = export(classifier.model, classifier.scaler)
    assert arrays["leaves"].shape[1 if isinstance(estimator, Forest) else 2] in {2**DEEPEST, MOST_LEAVES}


def test_a_class_that_never_occurs_is_refused():
    with pytest.raises(DataError, match="none of the 1000 rows to fit is labelled short"):
        fitted(Logistic(), rows=replace(ROWS, directions=np.minimum(ROWS.directions, 1)))
