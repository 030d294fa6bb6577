import subprocess
import sys

import lightgbm
import numpy as np
import pytest
from lightgbm import LGBMClassifier

from core.errors import ModelError
from trading.boosted_trees import BoostedTrees
from trading.model_arrays import ModelArrays
from training.calibration import CalibrationMethod, calibrated
from training.lightgbm_export import export
from training.model_export import extra_libraries


def fitted(lesson, **options) -> LGBMClassifier:
    settings = {"n_estimators": 25, "n_jobs": 1, "random_state": 1, "verbosity": -1, **options}
    return LGBMClassifier(**settings).fit(lesson.scaled, lesson.labels)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_depth": 1},
        {"num_leaves": 64, "min_child_samples": 2},
        {"max_bin": 5, "learning_rate": 1.0},
        {"min_child_samples": 1_000},
    ],
    ids=["default", "stumps", "64 leaves", "few bins", "no split at all"],
)
def test_log_odds_equal_those_of_lightgbm_on_every_row_to_the_bit(lesson, options):
    model = fitted(lesson, **options)
    trees = BoostedTrees(ModelArrays(export(model)), feature_count=6)

    alone = np.array([trees.scores(row) for row in lesson.scaled])
    assert alone.tolist() == model.decision_function(lesson.scaled).tolist()
    assert trees.scores_of(lesson.scaled).tobytes() == alone.tobytes()


def test_rows_on_a_threshold_and_beside_it_go_the_way_lightgbm_sends_them(lesson):
    model = fitted(lesson, n_estimators=10)
    arrays = export(model)
    edges = np.unique(arrays["node_thresholds"])
    rows = np.repeat(np.concatenate([edges, np.nextafter(edges, 9.0), np.nextafter(edges, -9.0)])[:, None], 6, axis=1)
    trees = BoostedTrees(ModelArrays(arrays), feature_count=6)

    assert trees.scores_of(rows).tolist() == model.decision_function(rows).tolist()


@pytest.mark.parametrize("method", [None, *CalibrationMethod])
def test_probabilities_are_lightgbms_but_for_the_last_bits(lesson, method):
    model = fitted(lesson)
    if method is not None:
        model = calibrated(model, model.decision_function(lesson.scaled), lesson.labels, method)
    served = lesson.served(model)

    np.testing.assert_allclose(served.probabilities_of(lesson.rows), lesson.expected(model), rtol=0, atol=1e-12)


def test_trees_of_too_many_leaves_are_refused(lesson):
    with pytest.raises(ModelError, match="leaves: at most 64 can be exported; lower num_leaves"):
        export(fitted(lesson, n_estimators=2, num_leaves=80, min_child_samples=2))


def test_features_that_are_categories_are_refused(lesson):
    rows = lesson.scaled.copy()
    rows[:, 3] = lesson.labels
    model = LGBMClassifier(n_estimators=2, n_jobs=1, verbosity=-1, min_data_per_group=1, cat_smooth=0)
    model.fit(rows, lesson.labels, categorical_feature=[3])

    with pytest.raises(ModelError, match="feature 3 is a category, or was missing"):
        export(model)


def test_features_that_were_missing_are_refused(lesson):
    holed = lesson.scaled.copy()
    holed[::3, 0] = np.nan
    model = LGBMClassifier(n_estimators=2, n_jobs=1, verbosity=-1).fit(holed, lesson.labels)

    with pytest.raises(ModelError, match="feature 0 is a category, or was missing"):
        export(model)


def test_the_release_is_told_for_whoever_opens_the_pickle(lesson):
    model = fitted(lesson, n_estimators=2)
    within = calibrated(model, model.decision_function(lesson.scaled), lesson.labels, CalibrationMethod.SIGMOID)
    assert extra_libraries(within) == extra_libraries(model) == {"lightgbm": lightgbm.__version__}


def test_nobody_who_does_not_ask_for_it_needs_the_library():
    program = "import sys, cli, training.train, training.model_export; sys.exit('lightgbm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
