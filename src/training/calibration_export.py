"""From scikit-learn's calibration to the arrays of `trading.calibration`."""

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from core.errors import ModelError


def take_apart(model: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the estimator inside a calibrated model, and the calibration as arrays; any other model as it is.

    Raises `ModelError` for an average of several models, and for a method that is not served.
    """
    if not isinstance(model, CalibratedClassifierCV):
        return model, {"calibration": np.array("none")}
    if len(model.calibrated_classifiers_) != 1:
        raise ModelError(
            f"an average of {len(model.calibrated_classifiers_)} calibrated models cannot be exported; calibrate with "
            "ensemble=False"
        )
    [calibrated] = model.calibrated_classifiers_
    inside = calibrated.estimator
    estimator = inside.estimator if isinstance(inside, FrozenEstimator) else inside
    match calibrated.method:
        case "sigmoid":
            curves = {
                "slopes": np.array([each.a_ for each in calibrated.calibrators], dtype=np.float64),
                "offsets": np.array([each.b_ for each in calibrated.calibrators], dtype=np.float64),
            }
        case "isotonic":
            curves = {}
            for column, each in enumerate(calibrated.calibrators):
                curves[f"line_scores_{column}"] = np.asarray(each.X_thresholds_, dtype=np.float64)
                curves[f"line_probabilities_{column}"] = np.asarray(each.y_thresholds_, dtype=np.float64)
        case other:
            raise ModelError(f"calibration by {other} cannot be exported; use sigmoid or isotonic")
    return estimator, {"calibration": np.array(calibrated.method), **curves}
