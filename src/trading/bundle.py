"""A trained model on disk: a folder of files and a manifest that vouches for each of them.

Nothing is opened before it matches: every file is read once, its size and SHA-256 compared with the manifest, and what
is opened are the bytes that were hashed. A pickle executes code, so a pickle that does not match is never touched.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigurationError, ModelError
from core.market import Timeframe
from core.signals import Direction
from features.indicators import COMPUTED_BY
from features.specification import FeatureSpecification
from runtime.settings import Settings
from runtime.strict_yaml import parse_yaml
from trading.caution_facts import CautionFacts

MANIFEST = "manifest.yaml"
MODEL = "model.joblib"
SCALER = "scaler.joblib"
ENCODER = "encoder.joblib"
FOREST = "forest.npz"
FORMAT = 1
LARGEST_FILE = 512 * 1024 * 1024
LARGEST_MANIFEST = 1024 * 1024
FEWEST_GOLDEN_ROWS = 32

_VERSION = re.compile(r"\d+")
_log = logging.getLogger("trading.bundle")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BundleFile(_Part):
    """One file of the bundle."""

    bytes: int = Field(ge=1, le=LARGEST_FILE)
    sha256: str = Field(pattern=r"[0-9a-f]{64}")


class BundleFiles(_Part):
    """The files by what they are for."""

    model: BundleFile
    scaler: BundleFile
    encoder: BundleFile
    forest: BundleFile | None = None
    """Model and scaler as plain arrays; only there if they gave equal probabilities on every row of the training."""


class FeatureFacts(_Part):
    """What the model was trained on."""

    names: tuple[str, ...] = Field(min_length=1)
    parameters: dict[str, tuple[int, ...]]
    lookback: int
    schema_sha256: str


class TrainingFacts(_Part):
    """The data behind the model, and how well it did. For people, but for the timeframe: see `check_fits`."""

    source: str
    symbols: tuple[str, ...]
    timeframe: Timeframe
    first: datetime
    last: datetime
    rows: int
    data_sha256: str
    seed: int
    parts: dict[str, dict[str, float]]
    """Results by part of the data: fit and validation."""


class LabelFacts(_Part):
    """The trade that a label stands for."""

    rule: str
    stop_atr: float
    target_atr: float
    position_value: int
    spread_ticks: int
    charges_as_of: str


class GoldenRow(_Part):
    """A row whose answer is known: raw features in order, and the probabilities of none, long and short.

    Named by direction, not by column, so that a manifest with its classes swapped does not reproduce them.
    """

    features: tuple[float, ...]
    probabilities: tuple[float, float, float]


class Manifest(_Part):
    """What `manifest.yaml` says."""

    format: int
    name: str
    files: BundleFiles
    features: FeatureFacts
    classes: tuple[Direction, Direction, Direction]
    """What each column of the model's probabilities stands for."""
    threshold: float = Field(ge=0, le=1)
    """Least probability of long or short to act on."""
    versions: dict[str, str]
    """Of the libraries that wrote the pickles and computed the features."""
    training: TrainingFacts
    labels: LabelFacts
    golden: Annotated[tuple[GoldenRow, ...], Field(min_length=FEWEST_GOLDEN_ROWS)]
    caution: CautionFacts | None = None
    """What novelty and drift are measured against; None in the bundles of before, which are traded without."""

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        if set(self.classes) != set(Direction):
            raise ValueError("classes must name none (0), long (1) and short (2) once each")
        if any(len(row.features) != len(self.features.names) for row in self.golden):
            raise ValueError(f"golden rows must have {len(self.features.names)} features each")
        if self.caution is not None and {len(self.caution.medians), len(self.caution.spreads)} != {
            len(self.features.names)
        }:
            raise ValueError(f"caution must have {len(self.features.names)} medians and spreads")
        return self


def read_manifest(path: Path, expected_sha256: str = "") -> Manifest:
    """Read and check a manifest; with `expected_sha256`, only the one that has this hash.

    Raises `ModelError` for a manifest that is missing, unreadable, another than expected, from a newer program, or
    made for features that this program, or another release of TA-Lib, computes differently.
    """
    raw = _read(path, LARGEST_MANIFEST)
    actual = hashlib.sha256(raw).hexdigest()
    if expected_sha256 and actual != expected_sha256.lower():
        raise ModelError(
            f"{path}: its SHA-256 is {actual[:16]}..., model.manifest_sha256 demands {expected_sha256[:16]}...; "
            "restore the bundle, or set the hash of the one you mean"
        )
    try:
        content = parse_yaml(raw.decode("utf-8"), str(path))
        written = content.get("format")
        if written != FORMAT:
            raise ModelError(f"{path}: format {written}, this program reads {FORMAT}; update it or train again")
        manifest = Manifest.model_validate(content)
    except (UnicodeDecodeError, ConfigurationError) as error:
        raise ModelError(f"{path}: unreadable manifest ({error}); restore it or train again") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise ModelError(f"{path}: {place}: {first['msg']}; restore it or train again") from error
    _check_features(path, manifest.features)
    for library, installed in COMPUTED_BY.items():
        refuse_other_release(library, manifest.versions, installed, f"{path}: its features were computed")
    return manifest


def manifest_sha256(folder: Path) -> str:
    """Return the hash of a version's manifest. Raises `ModelError`."""
    return hashlib.sha256(_read(folder / MANIFEST, LARGEST_MANIFEST)).hexdigest()


def check_fits(manifest: Manifest, settings: Settings) -> None:
    """Compare what the model was trained for with what it is asked to trade.

    Raises `ModelError` for another timeframe: its features would mean something else. Other stops and targets than
    those of its labels are a choice, and only warned of.
    """
    trained, asked = manifest.training.timeframe, settings.timeframe
    if trained is not asked:
        raise ModelError(
            f"model {manifest.name} was trained on {trained.value} candles, timeframe is {asked.value}; set timeframe "
            f"to {trained.value}, or train a model with these settings (`fyersbot train`)"
        )
    labels, exits = manifest.labels, settings.exits
    if (labels.stop_atr, labels.target_atr) != (exits.stop_atr, exits.target_atr):
        _log.warning(
            "Model %s learned trades with a stop of %g and a target of %g average true ranges, exits says %g and %g: "
            "its threshold was not chosen for these",
            manifest.name,
            labels.stop_atr,
            labels.target_atr,
            exits.stop_atr,
            exits.target_atr,
        )


def refuse_other_release(library: str, written_by: Mapping[str, str], installed: str, what: str) -> None:
    """Raise `ModelError` unless a library's installed release (major.minor) is the one that the manifest names.

    `what` begins the message: what the library did, "the model was pickled".
    """
    written = written_by.get(library, "unknown")
    if written.split(".")[:2] != installed.split(".")[:2]:
        raise ModelError(
            f"{what} by {library} {written}, installed is {installed}: install that release, or run `fyersbot train`"
        )


def read_file(path: Path, entry: BundleFile) -> bytes:
    """Read a file of the bundle. Raises `ModelError` unless size and hash are the manifest's."""
    raw = _read(path, entry.bytes)
    actual = hashlib.sha256(raw).hexdigest()
    if len(raw) != entry.bytes or actual != entry.sha256:
        raise ModelError(
            f"{path}: {len(raw)} bytes with SHA-256 {actual[:16]}..., the manifest says {entry.bytes} bytes with "
            f"{entry.sha256[:16]}...; the file is altered or of another bundle: restore it or train again"
        )
    return raw


def resolve(folder: Path) -> Path:
    """Return the folder of a version; `.../latest` stands for the highest one under the name.

    Raises `ModelError` when there is none.
    """
    if folder.name != "latest":
        if not folder.is_dir():
            raise ModelError(f"{folder}: there is no such model; run `fyersbot train`, or set model.path")
        return folder
    existing = versions(folder.parent)
    if not existing:
        raise ModelError(f"{folder.parent}: no trained model here; run `fyersbot train`, or set model.path")
    return existing[-1]


def versions(folder: Path) -> list[Path]:
    """Return the complete versions under a model's name, oldest first."""
    found = [each.parent for each in folder.glob(f"*/{MANIFEST}") if _VERSION.fullmatch(each.parent.name)]
    return sorted(found, key=lambda each: int(each.name))


def _read(path: Path, largest: int) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(largest + 1)
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; restore it or run `fyersbot train`") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if len(raw) > largest:
        raise ModelError(f"{path}: larger than the {largest} bytes allowed for it; restore it or train again")
    return raw


def _check_features(path: Path, facts: FeatureFacts) -> None:
    try:
        specification = FeatureSpecification.of(facts.names)
    except ConfigurationError as error:
        raise ModelError(f"{path}: made for features this program does not have ({error}); train again") from error
    if specification.schema_hash != facts.schema_sha256:
        raise ModelError(
            f"{path}: made for other features: schema {facts.schema_sha256[:16]}..., "
            f"this program computes {specification.schema_hash[:16]}...; train again"
        )


def parameters_of(specification: FeatureSpecification) -> Mapping[str, tuple[int, ...]]:
    """Return the parameters of each feature, as the manifest keeps them."""
    return {each.name: each.parameters for each in specification.features}
