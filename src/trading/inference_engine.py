"""The trained model in the live process: opens only what its manifest vouches for, and answers in microseconds."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from core.drift import DriftReference
from core.errors import InvariantError, ModelError
from core.instants import instant_of
from core.signals import Direction, FeatureRow, Prediction
from features.columns import FloatArray
from features.specification import FeatureSpecification
from strategies.caution import TrainedOn
from trading.bundle import ARRAYS, CARD, ENCODER, MODEL, SCALER, read_file, read_manifest
from trading.joblib_model import JoblibModel
from trading.model_arrays import ModelArrays
from trading.model_versions import MANIFEST, resolve
from trading.model_versions import manifest_sha256 as hash_of
from trading.served_model import ServedModel

GOLDEN_TOLERANCE = 1e-9
"""Largest difference of a probability on a golden row; the same program gives none, another processor a rounding."""

_NO_ANSWER = "the model answers a row with what is no number: the row is beyond what can be computed with"


class Classifier(Protocol):
    """Probabilities for rows of raw features."""

    @property
    def feature_count(self) -> int:
        """Features in a row."""
        ...

    def probabilities(self, row: FloatArray) -> FloatArray:
        """Return the probability of each class for one row, in the manifest's order."""
        ...

    def probabilities_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many rows at once, bit for bit."""
        ...


class InferenceEngine:
    """Says none, long or short for a feature row; a `core.ports.Predictor`. Used by one thread."""

    def __init__(
        self, model_path: Path, scaler_path: Path, encoder_path: Path, manifest_sha256: str = "", signed_by: str = ""
    ) -> None:
        """Open a bundle whose manifest lies beside the model; with `manifest_sha256`, only the one with that hash.

        With `signed_by`, a public key, only one that its holder signed (`trading.manifest_signature`).
        The exported arrays are used where the bundle has them: neither scikit-learn nor joblib is imported then, and no
        pickle opened. Without arrays the pickles are opened, but only for a manifest that is pinned.
        Raises `ModelError` that names file and remedy for anything missing, altered, unreadable, made for other
        features or by other library versions, or that does not reproduce the golden rows.
        """
        self.folder = folder = Path(model_path).parent
        self.manifest_sha256 = manifest_sha256 or hash_of(folder)
        self.signed_by = signed_by
        self.manifest = read_manifest(folder / MANIFEST, self.manifest_sha256, signed_by)
        files = self.manifest.files
        pickles: list[bytes] = []
        for each, entry in ((model_path, files.model), (scaler_path, files.scaler), (encoder_path, files.encoder)):
            content = read_file(Path(each), entry)
            if files.arrays is None:  # else they are only hashed, one after the other: they may be large
                pickles.append(content)
        if files.card is not None:  # people decide by it what is traded, so it must be the one of this model
            read_file(folder / CARD, files.card)
        self._classifier: Classifier
        if files.arrays is not None:
            path = folder / ARRAYS
            self._classifier = _opened(path, read_file(path, files.arrays))
        elif not manifest_sha256:
            raise ModelError(
                f"{model_path}: a pickle runs what its maker wrote, so it is opened for a pinned manifest only; if you "
                f"trust this bundle, set model.manifest_sha256 to {self.manifest_sha256}, or train again"
            )
        else:
            model, scaler, encoder = pickles
            self._classifier = JoblibModel(model, scaler, encoder, self.manifest.versions, self.manifest.classes)
        self.specification = FeatureSpecification.of(self.manifest.features.names)
        self._order = tuple(self.manifest.classes.index(each) for each in Direction)
        self.trained_on = TrainedOn(instant_of(self.manifest.training.last), self.manifest.novelty)
        self._row = np.empty(len(self.feature_names))
        self._columns: Mapping[str, int] | None = None
        self._places: tuple[int, ...] = ()
        self._check_golden_rows(folder / MANIFEST)

    @classmethod
    def open(cls, folder: Path, manifest_sha256: str = "", signed_by: str = "") -> "InferenceEngine":
        """Open the version that `trading.model_versions.resolve` finds for a path. Raises `ModelError`."""
        chosen = resolve(folder, manifest_sha256)
        folder = chosen.folder
        return cls(folder / MODEL, folder / SCALER, folder / ENCODER, chosen.manifest_sha256, signed_by)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names and order of the features the model was trained on."""
        return self.manifest.features.names

    @property
    def threshold(self) -> float:
        """Least probability of long or short to act on, as chosen in training."""
        return self.manifest.threshold

    @property
    def drift(self) -> DriftReference | None:
        """What the model's live days are held against; None for a bundle that does not say."""
        return self.manifest.caution.drift if self.manifest.caution else None

    def predict(self, row: FeatureRow) -> Prediction:
        """Classify one row: the likelier of long and short if it reaches the threshold, else none.

        Raises `ModelError` when the row lacks a feature, `InvariantError` when it holds a number that is none.
        """
        if row.columns is not self._columns:
            self._places = self._places_in(row.columns)
            self._columns = row.columns
        values = row.values
        return self._predict([values[place] for place in self._places])

    def probabilities_of(self, columns: Mapping[str, int], rows: FloatArray) -> FloatArray:
        """Return none, long and short of many rows at once: bit for bit what `predict` says of each.

        `columns` names the columns of `rows`. Raises as `predict` does.
        """
        features = np.ascontiguousarray(rows[:, list(self._places_in(columns))])
        if not np.isfinite(features).all():
            raise InvariantError("a feature row holds NaN or infinity; such a row must not exist")
        answers = self._classifier.probabilities_of(features)[:, list(self._order)]
        if np.isnan(answers).any():
            raise InvariantError(_NO_ANSWER)
        return answers

    def _predict(self, values: list[float]) -> Prediction:
        if not math.isfinite(sum(values)) and not all(map(math.isfinite, values)):  # a sum of the largest is infinite
            raise InvariantError(f"a feature row holds NaN or infinity: {values}; such a row must not exist")
        self._row[:] = values
        columns = self._classifier.probabilities(self._row).tolist()
        none, long, short = (columns[place] for place in self._order)
        if math.isnan(none + long + short):  # which is below no threshold
            raise InvariantError(_NO_ANSWER)
        return Prediction(direction_of(long, short, self.threshold), (none, long, short))

    def _places_in(self, columns: Mapping[str, int]) -> tuple[int, ...]:
        missing = [name for name in self.feature_names if name not in columns]
        if missing:
            raise ModelError(
                f"model {self.manifest.name} needs features that the pipeline does not compute: {', '.join(missing)}; "
                "build the pipeline from the model's own feature names"
            )
        return tuple(columns[name] for name in self.feature_names)

    def _check_golden_rows(self, path: Path) -> None:
        if self._classifier.feature_count != len(self.feature_names):
            raise ModelError(
                f"{path}: the model takes {self._classifier.feature_count} features, the manifest names "
                f"{len(self.feature_names)}; restore the bundle or train again"
            )
        for number, golden in enumerate(self.manifest.golden):
            self._row[:] = golden.features
            columns = self._classifier.probabilities(self._row).tolist()
            answers = [columns[place] for place in self._order]
            pairs = zip(answers, golden.probabilities, strict=True)
            if not all(abs(answer - known) <= GOLDEN_TOLERANCE for answer, known in pairs):  # NaN is near nothing
                raise ModelError(
                    f"{path}: golden row {number} gives {answers}, expected {list(golden.probabilities)}; "
                    "model, scaler and manifest do not belong together: restore the bundle or train again"
                )


def direction_of(long: float, short: float, threshold: float) -> Direction:
    """Return what two probabilities say: the larger decides, if it reaches the threshold; a tie is long."""
    if max(long, short) < threshold:
        return Direction.NONE
    return Direction.LONG if long >= short else Direction.SHORT


def _opened(path: Path, content: bytes) -> ServedModel:
    try:
        return ServedModel(ModelArrays.read(content))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
