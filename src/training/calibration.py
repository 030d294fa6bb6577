"""Calibrate a fitted model on scores of rows that it was not fitted on.

scikit-learn calibrates on folds that cover every row once; folds that walk forward in time do not. So the scores are
made elsewhere, in whatever folds are honest, and here the curves are fitted to them. What comes out is scikit-learn's
own `CalibratedClassifierCV`, as if it had made those folds itself: it pickles, predicts and exports like any other.
"""

from enum import Enum
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier, _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from features.columns import FloatArray, IntArray


class CalibrationMethod(Enum):
    """The curve that is fitted for each class against the rest."""

    SIGMOID = "sigmoid"
    """Two numbers: for few rows."""
    ISOTONIC = "isotonic"
    """Any rising line: for thousands of rows."""


def are_probabilities(model: Any) -> bool:
    """Whether the `scores` of a model are its probabilities."""
    return not hasattr(model, "decision_function")


def scores(model: Any, rows: FloatArray) -> FloatArray:
    """Return what scikit-learn's calibration reads of a model: log-odds, or the probabilities of one that has none."""
    read = model.predict_proba if are_probabilities(model) else model.decision_function
    result: FloatArray = read(rows)
    return result


def calibrated(
    model: Any,
    out_of_fold: FloatArray,
    labels: IntArray,
    method: CalibrationMethod,
    weights: FloatArray | None = None,
) -> CalibratedClassifierCV:
    """Return a fitted model with its calibration.

    `out_of_fold` are the `scores` of rows, by models like this one that were fitted without those rows: one column for
    each of `model.classes_`. `labels` are the classes of the same rows.
    """
    curves = []
    for column, each in enumerate(model.classes_):
        match method:
            case CalibrationMethod.SIGMOID:
                curve = _SigmoidCalibration()
            case CalibrationMethod.ISOTONIC:
                curve = IsotonicRegression(out_of_bounds="clip")
        curves.append(curve.fit(out_of_fold[:, column], (labels == each).astype(np.float64), weights))
    whole = CalibratedClassifierCV(model, method=method.value, ensemble=False)
    whole.classes_ = model.classes_
    whole.calibrated_classifiers_ = [_CalibratedClassifier(model, curves, classes=model.classes_, method=method.value)]
    return whole
