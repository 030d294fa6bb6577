import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict

from training.calibration import CalibrationMethod, calibrated, scores

MODELS = {
    "forest": (RandomForestClassifier(10, max_depth=4, random_state=1), "predict_proba"),
    "boosted trees": (HistGradientBoostingClassifier(max_iter=5, random_state=1), "decision_function"),
    "linear model": (LogisticRegression(), "decision_function"),
}


@pytest.mark.parametrize("method", CalibrationMethod)
@pytest.mark.parametrize("name", MODELS)
def test_scores_of_scikit_learns_folds_give_scikit_learns_calibration(lesson, name, method):
    template, read = MODELS[name]
    folds = KFold(3)
    theirs = CalibratedClassifierCV(template, method=method.value, cv=folds, ensemble=False)
    theirs.fit(lesson.scaled, lesson.labels)
    model = template.fit(lesson.scaled, lesson.labels)
    out_of_fold = cross_val_predict(template, lesson.scaled, lesson.labels, cv=folds, method=read)
    ours = calibrated(model, out_of_fold, lesson.labels, method)

    np.testing.assert_allclose(lesson.expected(ours), lesson.expected(theirs), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(scores(model, lesson.scaled), getattr(model, read)(lesson.scaled))


def test_rows_without_weight_are_not_learned_from(lesson):
    model = LogisticRegression().fit(lesson.scaled, lesson.labels)
    read = scores(model, lesson.scaled)
    weights = np.ones(len(read))
    weights[700:] = 0.0

    some = calibrated(model, read[:700], lesson.labels[:700], CalibrationMethod.ISOTONIC)
    weighed = calibrated(model, read, lesson.labels, CalibrationMethod.ISOTONIC, weights)
    np.testing.assert_allclose(lesson.expected(weighed), lesson.expected(some), rtol=0, atol=1e-12)
