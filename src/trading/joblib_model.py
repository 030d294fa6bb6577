"""The pickled model, scaler and encoder, for bundles without exported arrays.

A thousand times slower per row than the arrays, and it imports scikit-learn.
"""

import io
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.errors import ModelError
from core.signals import Direction
from features.columns import FloatArray
from trading.bundle import refuse_other_release

PICKLED_BY = ("scikit-learn", "numpy")
"""Libraries whose pickles are only read by the release (major.minor) that wrote them."""

_PICKLE = b"\x80"
"""First byte of a pickle that is not compressed: nothing small unfolds into something large."""


class JoblibModel:
    """Classifies with the estimators themselves."""

    def __init__(
        self, model: bytes, scaler: bytes, encoder: bytes, written_by: Mapping[str, str], classes: Sequence[Direction]
    ) -> None:
        """Open files whose hashes have been checked; `written_by` are the library versions of the manifest.

        Raises `ModelError` for pickles of another library release, or an encoder of other classes.
        """
        _refuse_version_skew(written_by)
        try:
            self._open(model, scaler, encoder, classes)
        except ModelError:
            raise
        except Exception as error:  # what a pickle leads to may fail in any way
            raise ModelError(f"the pickles hold no estimators ({error!r:.200}); restore them or train again") from error

    def _open(self, model: bytes, scaler: bytes, encoder: bytes, classes: Sequence[Direction]) -> None:
        self._model = _unpickled("model", model)
        self._scaler = _unpickled("scaler", scaler)
        labels = _unpickled("encoder", encoder)
        _require("model", self._model, "predict_proba", "classes_")
        _require("scaler", self._scaler, "transform", "n_features_in_")
        _require("encoder", labels, "classes_")
        _pin_to_one_thread(self._model)
        self._feature_count = int(self._scaler.n_features_in_)
        encoded = list(labels.classes_)
        if encoded != [each.value for each in classes]:
            raise ModelError(f"the encoder's classes {encoded} are not the manifest's; restore the bundle")
        if list(self._model.classes_) != list(range(len(classes))):
            raise ModelError("the model's classes are not those of its encoder; restore the bundle or train again")

    @property
    def feature_count(self) -> int:
        """Features in a row."""
        return self._feature_count

    def probabilities(self, row: FloatArray) -> FloatArray:
        """Return the probability of each class for one row of raw features."""
        answer: FloatArray = self.probabilities_of(row.reshape(1, -1))[0]
        return answer

    def probabilities_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many rows: bit for bit, but for a logistic regression, whose products BLAS adds."""
        try:
            result: FloatArray = self._model.predict_proba(self._scaler.transform(rows))
        except Exception as error:
            raise ModelError(f"the pickled estimators do not answer ({error!r:.200}); train again") from error
        return result


def _pin_to_one_thread(model: Any) -> None:
    """Threads cost more than they save on one row. A calibrated model has its estimator inside."""
    for each in (model, *(calibrated.estimator for calibrated in getattr(model, "calibrated_classifiers_", ()))):
        if hasattr(each, "n_jobs"):
            each.n_jobs = 1


def _refuse_version_skew(written_by: Mapping[str, str]) -> None:
    import sklearn  # noqa: PLC0415 - a second of import that bundles with exported arrays never pay

    for library, installed in zip(PICKLED_BY, (sklearn.__version__, np.__version__), strict=True):
        refuse_other_release(library, written_by, installed, "the model was pickled")


def _unpickled(name: str, content: bytes) -> Any:
    import joblib  # noqa: PLC0415 - as sklearn above

    if not content.startswith(_PICKLE):
        raise ModelError(f"{name}: not readable as a pickle (compressed, or something else); train again")
    try:
        return joblib.load(io.BytesIO(content))
    except (pickle.UnpicklingError, EOFError, ImportError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{name}: not readable as a pickle ({error}); restore it or train again") from error


def _require(name: str, estimator: Any, *attributes: str) -> None:
    missing = [each for each in attributes if not hasattr(estimator, each)]
    if missing:
        raise ModelError(
            f"{name}: a {type(estimator).__name__} has no {missing[0]}, so it is no {name}; were files swapped? "
            "Restore the bundle or train again"
        )
