import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from core.errors import ModelError

MODELS = {
    "forest": RandomForestClassifier(10, max_depth=4, random_state=1),
    "boosted trees": HistGradientBoostingClassifier(max_iter=5, random_state=1),
    "linear model": LogisticRegression(),
}


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("name", MODELS)
def test_calibrated_probabilities_are_scikit_learns_on_rows_it_knows_and_far_outside(lesson, name, method):
    model = CalibratedClassifierCV(MODELS[name], method=method, cv=3, ensemble=False)
    model.fit(lesson.scaled, lesson.labels)
    served = lesson.served(model)
    far = lesson.rows * 50.0
    rows = np.concatenate([lesson.rows, far])

    expected = model.predict_proba(lesson.scaler.transform(rows))
    np.testing.assert_allclose(served.probabilities_of(rows), expected, rtol=0, atol=1e-11)
    alone = np.array([served.probabilities(row) for row in rows])
    assert served.probabilities_of(rows).tobytes() == alone.tobytes()


def test_a_row_to_which_no_class_is_probable_is_even_among_them_as_in_scikit_learn(lesson):
    model = CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3, ensemble=False)
    model.fit(lesson.scaled, lesson.labels)
    for each in model.calibrated_classifiers_[0].calibrators:
        each.fit([0.0, 1.0], [0.0, 0.0])

    assert lesson.expected(model)[0].tolist() == [1 / 3, 1 / 3, 1 / 3]
    assert lesson.served(model).probabilities(lesson.rows[0]).tolist() == [1 / 3, 1 / 3, 1 / 3]


def test_a_frozen_estimator_inside_is_found(lesson):
    fitted = LogisticRegression().fit(lesson.scaled, lesson.labels)
    model = CalibratedClassifierCV(FrozenEstimator(fitted), method="sigmoid").fit(lesson.scaled, lesson.labels)

    np.testing.assert_allclose(
        lesson.served(model).probabilities_of(lesson.rows), lesson.expected(model), rtol=0, atol=1e-14
    )


def test_an_average_of_several_models_is_refused(lesson):
    model = CalibratedClassifierCV(LogisticRegression(), cv=3).fit(lesson.scaled, lesson.labels)

    with pytest.raises(ModelError, match=r"average of 3 calibrated models cannot be exported; .*ensemble=False"):
        lesson.served(model)


def test_a_method_that_is_not_served_is_refused(lesson):
    model = CalibratedClassifierCV(LogisticRegression(), cv=3, ensemble=False).fit(lesson.scaled, lesson.labels)
    model.calibrated_classifiers_[0].method = "temperature"

    with pytest.raises(ModelError, match="calibration by temperature cannot be exported; use sigmoid or isotonic"):
        lesson.served(model)
