import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

from core.errors import ModelError
from trading.forest import Forest
from training.bundle_writer import require_equal
from training.forest_export import export

CHANCE = np.random.default_rng(4)
ROWS = CHANCE.normal(size=(1_500, 6)) * np.array([1, 1e-6, 1e6, 1, 1, 1]) + np.array([0, 0, 1e7, 0, 5, 0])
LABELS = (ROWS[:, 0] > 0).astype(int) + (ROWS[:, 4] + CHANCE.normal(size=1_500) > 5.5)


def fitted(depth, trees=40, leaf=1):
    scaler = StandardScaler().fit(ROWS)
    forest = RandomForestClassifier(trees, max_depth=depth, min_samples_leaf=leaf, random_state=1)
    return forest.fit(scaler.transform(ROWS), LABELS), scaler


@pytest.mark.parametrize(("depth", "leaf"), [(1, 1), (2, 1), (8, 1), (8, 50), (12, 1)])
def test_probabilities_equal_those_of_scikit_learn_on_every_row_to_the_bit(depth, leaf):
    forest, scaler = fitted(depth, leaf=leaf)
    expected = forest.predict_proba(scaler.transform(ROWS))
    flat = Forest(export(forest, scaler))

    assert np.array([flat.probabilities(row) for row in ROWS]).tobytes() == expected.tobytes()


def test_rows_on_a_threshold_go_the_way_scikit_learn_sends_them():
    forest, scaler = fitted(6)
    scaler.mean_[:], scaler.scale_[:] = 0.0, 1.0
    trees = [each.tree_ for each in forest.estimators_]
    edges = np.concatenate([each.threshold[each.children_left >= 0] for each in trees])
    rows = np.repeat(edges.astype(np.float32).astype(np.float64)[:300, None], 6, axis=1)
    flat = Forest(export(forest, scaler))

    assert np.array([flat.probabilities(row) for row in rows]).tobytes() == forest.predict_proba(rows).tobytes()


def test_a_forest_of_stumps_without_any_split_can_be_exported():
    forest, scaler = fitted(3, leaf=1_000)

    assert Forest(export(forest, scaler)).probabilities(ROWS[0]).sum() == pytest.approx(1.0)


def test_trees_too_deep_to_be_padded_are_refused():
    with pytest.raises(ModelError, match="depth 13: at most 12"):
        export(*fitted(13))


def test_the_gate_refuses_arrays_that_differ_in_one_leaf_by_one_bit():
    forest, scaler = fitted(4)
    expected = forest.predict_proba(scaler.transform(ROWS))
    arrays = export(forest, scaler)
    require_equal(Forest(arrays), ROWS, expected)
    used = int(np.argmax(arrays["leaves"][:, 0] > 0))
    arrays["leaves"][used : used + 16] = np.nextafter(arrays["leaves"][used : used + 16], 1.0) + 1e-12

    with pytest.raises(ModelError, match="the bundle is not written"):
        require_equal(Forest(arrays), ROWS, expected)
