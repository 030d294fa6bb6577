import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from core.errors import ModelError
from trading.forest import Forest
from trading.model_arrays import ModelArrays
from training.forest_export import export


def fitted(lesson, depth, trees=40, leaf=1) -> RandomForestClassifier:
    forest = RandomForestClassifier(trees, max_depth=depth, min_samples_leaf=leaf, random_state=1)
    return forest.fit(lesson.scaled, lesson.labels)


@pytest.mark.parametrize(("depth", "leaf"), [(1, 1), (2, 1), (8, 1), (8, 50), (12, 1)])
def test_probabilities_equal_those_of_scikit_learn_on_every_row_to_the_bit(lesson, depth, leaf):
    forest = fitted(lesson, depth, leaf=leaf)
    served = lesson.served(forest)

    assert served.is_exact
    alone = np.array([served.probabilities(row) for row in lesson.rows])
    assert alone.tobytes() == lesson.expected(forest).tobytes()
    assert served.probabilities_of(lesson.rows).tobytes() == alone.tobytes()


def test_rows_on_a_threshold_go_the_way_scikit_learn_sends_them(lesson):
    forest = fitted(lesson, 6)
    trees = [each.tree_ for each in forest.estimators_]
    edges = np.concatenate([each.threshold[each.children_left >= 0] for each in trees])
    rows = np.repeat(edges.astype(np.float32).astype(np.float64)[:300, None], 6, axis=1)
    flat = Forest(ModelArrays(export(forest)), feature_count=6)

    assert np.array([flat.scores(row) for row in rows]).tobytes() == forest.predict_proba(rows).tobytes()


def test_a_forest_of_stumps_without_any_split_can_be_exported(lesson):
    forest = fitted(lesson, 3, leaf=1_000)

    assert lesson.served(forest).probabilities(lesson.rows[0]).sum() == pytest.approx(1.0)


def test_trees_too_deep_to_be_padded_are_refused(lesson):
    with pytest.raises(ModelError, match="depth 13: at most 12"):
        export(fitted(lesson, 13))
