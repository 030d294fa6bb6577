"""From scikit-learn's logistic regression to the arrays of `trading.linear_model`."""

from typing import Any

import numpy as np


def export(model: Any) -> dict[str, np.ndarray]:
    """Return a fitted multinomial `LogisticRegression` of three classes as arrays."""
    return {
        "weights": np.ascontiguousarray(model.coef_.T, dtype=np.float64),
        "intercepts": np.array(model.intercept_, dtype=np.float64),
    }
