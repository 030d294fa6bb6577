import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from core.errors import ModelError
from trading.boosted_trees import BoostedTrees
from trading.model_arrays import ModelArrays
from training.boosted_trees_export import export


def fitted(lesson, **options) -> HistGradientBoostingClassifier:
    settings = {"max_iter": 25, "early_stopping": False, "random_state": 1, **options}
    return HistGradientBoostingClassifier(**settings).fit(lesson.scaled, lesson.labels)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_depth": 1},
        {"max_leaf_nodes": 64, "min_samples_leaf": 2},
        {"max_bins": 5, "learning_rate": 1.0},
        {"early_stopping": True, "n_iter_no_change": 2, "validation_fraction": 0.3},
    ],
    ids=["default", "stumps", "64 leaves", "few bins", "stopped early"],
)
def test_log_odds_equal_those_of_scikit_learn_on_every_row_to_the_bit(lesson, options):
    model = fitted(lesson, **options)
    trees = BoostedTrees(ModelArrays(export(model)), feature_count=6)

    alone = np.array([trees.scores(row) for row in lesson.scaled])
    assert alone.tolist() == model.decision_function(lesson.scaled).tolist()
    assert trees.scores_of(lesson.scaled).tobytes() == alone.tobytes()


def test_probabilities_are_scikit_learns_but_for_the_last_bits(lesson):
    model = fitted(lesson)
    served = lesson.served(model)

    assert not served.is_exact
    np.testing.assert_allclose(served.probabilities_of(lesson.rows), lesson.expected(model), rtol=0, atol=1e-14)


def test_rows_on_a_threshold_and_beside_it_go_the_way_scikit_learn_sends_them(lesson):
    model = fitted(lesson, max_iter=10)
    arrays = export(model)
    edges = np.unique(arrays["node_thresholds"])
    rows = np.repeat(np.concatenate([edges, np.nextafter(edges, 9.0), np.nextafter(edges, -9.0)])[:, None], 6, axis=1)
    trees = BoostedTrees(ModelArrays(arrays), feature_count=6)

    assert trees.scores_of(rows).tolist() == model.decision_function(rows).tolist()


def test_a_model_that_learned_where_values_were_missing_answers_for_complete_rows(lesson):
    holed = lesson.scaled.copy()
    holed[::3, 0] = np.nan
    model = HistGradientBoostingClassifier(max_iter=10, random_state=1).fit(holed, lesson.labels)
    assert any(np.isinf(tree.nodes["num_threshold"]).any() for trees in model._predictors for tree in trees)
    trees = BoostedTrees(ModelArrays(export(model)), feature_count=6)

    assert trees.scores_of(lesson.scaled).tolist() == model.decision_function(lesson.scaled).tolist()


def test_trees_that_never_split_can_be_exported(lesson):
    model = fitted(lesson, min_samples_leaf=1_000)
    assert lesson.served(model).probabilities(lesson.rows[0]).tolist() == pytest.approx(lesson.expected(model)[0])


def test_trees_of_too_many_leaves_are_refused(lesson):
    with pytest.raises(ModelError, match="leaves: at most 64 can be exported; lower max_leaf_nodes"):
        export(fitted(lesson, max_iter=2, max_leaf_nodes=None, min_samples_leaf=2))


def test_features_that_are_categories_are_refused(lesson):
    rows = lesson.scaled.copy()
    rows[:, 3] = lesson.labels
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features=[3]).fit(rows, lesson.labels)

    with pytest.raises(ModelError, match="is a category: only numbers can be exported"):
        export(model)
