"""Write a trained model so that the live bot will trust it, or do not write it at all.

The folder appears whole, under the next free version number, or not. No file holds a time of day or a path, so that
the same training gives the same bytes. The live form of the model is checked against scikit-learn on every row first.
"""

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
import yaml

from core.errors import ModelError, StorageError
from core.signals import Direction
from features.columns import FloatArray
from features.indicators import COMPUTED_BY
from features.specification import FeatureSpecification
from runtime.atomic_files import write_bytes
from trading.bundle import (
    ARRAYS,
    CARD,
    ENCODER,
    FEWEST_GOLDEN_ROWS,
    FORMAT,
    MODEL,
    SCALER,
    BundleFile,
    BundleFiles,
    FeatureFacts,
    GoldenRow,
    LabelFacts,
    Manifest,
    TrainingFacts,
    parameters_of,
)
from trading.caution_facts import CautionFacts
from trading.feature_reference import QUANTILES, FeatureReference
from trading.model_arrays import ModelArrays
from trading.model_versions import MANIFEST, manifest_sha256, next_version, versions
from trading.served_model import ServedModel
from training.classifier import Classifier
from training.dataset import Dataset
from training.export_gate import require_equal
from training.model_export import export, extra_libraries
from training.pickling import pickled


def write_bundle(
    folder: Path,
    classifier: Classifier,
    dataset: Dataset,
    specification: FeatureSpecification,
    threshold: float,
    training: TrainingFacts,
    labels: LabelFacts,
    caution: CautionFacts | None = None,
    card: str | None = None,
) -> Path:
    """Write the next version under `folder`; return the newest one if that is the same to the byte.

    `card` is the page that tells people of the training. Raises `ModelError` when the arrays do not answer as
    scikit-learn does on every row or too few rows differ from each other, `StorageError` when the disk refuses.
    """
    arrays = _packed(export(classifier.model, classifier.scaler))
    expected = classifier.probabilities(dataset.features)
    served = ServedModel(ModelArrays.read(arrays))
    require_equal(served, dataset.features, expected, classifier.classes, threshold)
    contents = {
        MODEL: pickled(classifier.model),
        SCALER: pickled(classifier.scaler),
        ENCODER: pickled(classifier.encoder),
        ARRAYS: arrays,
        **({CARD: card.encode()} if card is not None else {}),
    }
    by_direction = [classifier.classes.index(each) for each in Direction]
    manifest = Manifest(
        format=FORMAT,
        name=folder.name,
        files=_files_of(contents),
        features=_facts_of(specification),
        classes=classifier.classes,
        threshold=threshold,
        versions=_versions(classifier.model),
        training=training,
        labels=labels,
        reference=_reference(specification.names, dataset.features),
        golden=_golden_rows(dataset.features, expected[:, by_direction]),
        caution=caution,
    )
    text = yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, default_flow_style=None, width=120)
    contents[MANIFEST] = text.encode()
    return _write(folder, contents)


def _files_of(contents: Mapping[str, bytes]) -> BundleFiles:
    described = {name: _described(content) for name, content in contents.items()}
    return BundleFiles(
        model=described[MODEL],
        scaler=described[SCALER],
        encoder=described[ENCODER],
        arrays=described[ARRAYS],
        card=described.get(CARD),
    )


def _facts_of(specification: FeatureSpecification) -> FeatureFacts:
    return FeatureFacts(
        names=specification.names,
        parameters=dict(parameters_of(specification)),
        lookback=specification.lookback,
        schema_sha256=specification.schema_hash,
    )


def _versions(model: Any) -> dict[str, str]:
    """Name the releases that the live bot compares with its own, and others for whoever looks into a pickle."""
    pickled_by = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "joblib": joblib.__version__}
    return {**pickled_by, **extra_libraries(model), **COMPUTED_BY}


def _golden_rows(features: FloatArray, expected: FloatArray) -> tuple[GoldenRow, ...]:
    """Take different rows spread evenly over the data, with the probabilities of none, long and short they must get."""
    # Told apart by a hash of their bytes, for which 0 and -0 are made one: to sort the rows takes three copies of them.
    hashes = np.fromiter((hash((row + 0.0).tobytes()) for row in features), np.int64, len(features))
    different = np.sort(np.unique(hashes, return_index=True)[1])
    if len(different) < FEWEST_GOLDEN_ROWS:
        raise ModelError(
            f"{len(different)} different rows of features, a bundle needs {FEWEST_GOLDEN_ROWS} to prove itself; train "
            "on more candles or with more features"
        )
    places = different[np.linspace(0, len(different) - 1, FEWEST_GOLDEN_ROWS).astype(int)].tolist()
    return tuple(
        GoldenRow(features=tuple(features[place].tolist()), probabilities=tuple(expected[place].tolist()))
        for place in places
    )


def _reference(names: tuple[str, ...], features: FloatArray) -> dict[str, FeatureReference]:
    """Describe each feature over all rows; quantiles are values of rows, so that no processor rounds them otherwise."""
    quantiles = np.stack([np.quantile(column, QUANTILES, method="inverted_cdf") for column in features.T], axis=1)
    means, deviations = features.mean(axis=0), np.array([column.std() for column in features.T])
    return {
        name: FeatureReference(
            mean=float(f"{means[place]:.12g}"),
            deviation=float(f"{deviations[place]:.12g}"),
            quantiles=tuple(quantiles[:, place].tolist()),
        )
        for place, name in enumerate(names)
    }


def require_place(folder: Path) -> None:
    """Raise `StorageError` where no bundle can be written, before hours are spent on one."""
    for each in (folder, *folder.parents):
        if os.path.lexists(each) and not each.is_dir():
            raise StorageError(f"{folder} cannot be made: {each} is no folder; move it away, or choose another name")


def _write(folder: Path, contents: dict[str, bytes]) -> Path:
    sha256 = hashlib.sha256(contents[MANIFEST]).hexdigest()
    if (same := _newest(folder, sha256)) is not None:
        return same
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
        try:
            for name, content in contents.items():
                write_bytes(unfinished / name, content)
            unfinished.chmod(0o755)
            return _numbered(unfinished, folder, sha256)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"{next_version(folder)} cannot be written: {error.strerror or error}; free the disk or the name"
        ) from error


def _numbered(unfinished: Path, folder: Path, sha256: str) -> Path:
    """Give a finished bundle the next number, and the one after it where another training was quicker.

    Returns the newest version instead if that is the same to the byte. Raises `OSError`.
    """
    while (same := _newest(folder, sha256)) is None:
        target = next_version(folder)
        try:
            return unfinished.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise
    return same


def _newest(folder: Path, sha256: str) -> Path | None:
    """Return the newest version if its manifest is this one."""
    existing = versions(folder)
    return existing[-1] if existing and manifest_sha256(existing[-1]) == sha256 else None


def _packed(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)  # NumPy dates each entry 1980-01-01
    return buffer.getvalue()


def _described(content: bytes) -> BundleFile:
    return BundleFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
