import io

import joblib
import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import LabelEncoder, StandardScaler

from core.signals import Direction
from trading.joblib_model import JoblibModel


def dumped(value) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def test_a_forest_is_pinned_to_one_thread_inside_of_its_calibration_too():
    rows, labels = np.random.default_rng(1).normal(size=(60, 2)), np.resize([0, 1, 2], 60)
    forest = RandomForestClassifier(2, max_depth=1, random_state=1)
    model = CalibratedClassifierCV(forest, cv=2, ensemble=False).fit(rows, labels)
    model.n_jobs = model.calibrated_classifiers_[0].estimator.n_jobs = 2
    encoder = LabelEncoder().fit([each.value for each in Direction])
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    scaler = StandardScaler().fit(rows)

    opened = JoblibModel(dumped(model), dumped(scaler), dumped(encoder), versions, tuple(Direction))
    assert opened._model.n_jobs == opened._model.calibrated_classifiers_[0].estimator.n_jobs == 1
    assert opened.probabilities(rows[0]).tolist() == model.predict_proba(scaler.transform(rows[:1]))[0].tolist()
