"""From fitted scikit-learn estimators to the arrays that the live process serves."""

from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from core.errors import ModelError
from trading.model_arrays import CLASSES
from training import boosted_trees_export, forest_export, lightgbm_export, linear_model_export
from training.calibration_export import take_apart


def export(model: Any, scaler: Any) -> dict[str, np.ndarray]:
    """Return a model, calibrated or not, and its `StandardScaler` as the arrays of a `trading.served_model`.

    The model must have been fitted on classes that are numbered 0 to 2. Raises `ModelError` for a kind of model that is
    not served, for other classes, and for trees that are too large.
    """
    estimator, calibration = take_apart(model)
    if estimator.classes_.tolist() != list(range(CLASSES)):
        raise ModelError(
            f"the model learned the classes {estimator.classes_.tolist()}: fit it on labels encoded from 0 to "
            f"{CLASSES - 1}, each of which occurs"
        )
    match estimator:
        case RandomForestClassifier():
            kind, arrays = "forest", forest_export.export(estimator)
        case HistGradientBoostingClassifier():
            kind, arrays = "boosted_trees", boosted_trees_export.export(estimator)
        case LogisticRegression():
            kind, arrays = "linear_model", linear_model_export.export(estimator)
        case _ if _is_of_lightgbm(estimator):
            kind, arrays = "boosted_trees", lightgbm_export.export(estimator)
        case _:
            raise ModelError(
                f"{type(estimator).__name__} cannot be exported; use RandomForestClassifier, "
                "HistGradientBoostingClassifier, LogisticRegression or LGBMClassifier"
            )
    return {"kind": np.array(kind), "mean": scaler.mean_, "scale": scaler.scale_, **arrays, **calibration}


def extra_libraries(model: Any) -> dict[str, str]:
    """Return the libraries, with their releases, that a model's pickle needs beside scikit-learn and NumPy."""
    estimator, _ = take_apart(model)
    return {"lightgbm": version("lightgbm")} if _is_of_lightgbm(estimator) else {}


def _is_of_lightgbm(estimator: Any) -> bool:
    """Tell by what it has: its library is an extra, and not imported for a question."""
    return hasattr(estimator, "booster_")
