"""LightGBM's classifier with the log-odds that a calibration and the live process read; its own has probabilities only.

The library is an extra. This module alone imports it, and is imported where such a model is made or unpickled.
"""

from typing import Any

from lightgbm import LGBMClassifier

from features.columns import FloatArray


class LightGbmClassifier(LGBMClassifier):  # type: ignore[misc]
    """Gradient-boosted trees of LightGBM."""

    def decision_function(self, rows: FloatArray) -> FloatArray:
        """Return the log-odds of each class for scaled rows."""
        scores: Any = self.predict_proba(rows, raw_score=True)
        result: FloatArray = scores
        return result
