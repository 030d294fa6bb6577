import pytest

from training.calibration import CalibrationMethod, calibrated
from training.estimators import Forest, Logistic, fit
from training.learned_calibration import learned
from training.uniqueness import sample_weights

from .invented_rows import rows_of_market

ROWS = rows_of_market(5, edge=1.0)


@pytest.mark.parametrize("method", CalibrationMethod)
@pytest.mark.parametrize("estimator", [Logistic(), Forest(trees=10, depth=4)], ids=["log-odds", "shares"])
def test_what_folds_are_judged_by_is_what_the_finished_model_tells_to_the_bit(estimator, method):
    classifier = fit(estimator, ROWS.features, ROWS.directions, sample_weights(ROWS), seed=7)
    scores = classifier.scores(ROWS.features)
    finished = calibrated(classifier.model, scores, ROWS.directions, method)

    expected = finished.predict_proba(classifier.scaler.transform(ROWS.features))
    assert learned(scores, ROWS.directions, method)(scores).tobytes() == expected.tobytes()
