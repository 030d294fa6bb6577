"""A trained model on disk: a folder of files and a manifest that vouches for each of them.

Nothing is opened before it matches: every file is read once, its size and SHA-256 compared with the manifest, and what
is opened are the bytes that were hashed. A pickle executes code, so a pickle that does not match is never touched.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timezone
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import ConfigurationError, ModelError
from core.market import Timeframe
from core.signals import Direction
from features.indicators import COMPUTED_BY
from features.novelty import Novelty
from features.specification import FeatureSpecification
from runtime.strict_yaml import parse_yaml
from trading.caution_facts import CautionFacts
from trading.feature_reference import FeatureReference, novelty_by
from trading.manifest_signature import require_signature
from trading.model_versions import LARGEST_MANIFEST
from trading.plain_file import read_plain_file

MODEL = "model.joblib"
SCALER = "scaler.joblib"
ENCODER = "encoder.joblib"
ARRAYS = "arrays.npz"
CARD = "card.html"
FORMAT = 2
LARGEST_FILE = 512 * 1024 * 1024
FEWEST_GOLDEN_ROWS = 32
SUM_TOLERANCE = 1e-6
_GENERATED = "generated market, "
"""How the source of a generated market begins; a file's name never does."""
Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text: TypeAlias = Annotated[str, Field(max_length=10_000, pattern=r"^[^\p{C}]*$")]
"""What is shown to people: nothing in it moves a cursor or breaks a line."""
Release: TypeAlias = Annotated[str, Field(pattern=r"^[0-9A-Za-z.+!_-]{1,40}$")]
Number: TypeAlias = Annotated[float, Field(strict=True)]
"""No word or truth that could be read as one."""
Whole: TypeAlias = Annotated[int, Field(strict=True)]
Probability: TypeAlias = Annotated[Number, Field(ge=0, le=1)]
Moment: TypeAlias = Annotated[
    AwareDatetime, Field(ge=datetime(1980, 1, 1, tzinfo=timezone.utc), lt=datetime(2200, 1, 1, tzinfo=timezone.utc))
]
"""A time that every zone has a date for."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BundleFile(_Part):
    """One file of the bundle."""

    bytes: Whole = Field(ge=1, le=LARGEST_FILE)
    sha256: Digest


class BundleFiles(_Part):
    """The files by what they are for."""

    model: BundleFile
    scaler: BundleFile
    encoder: BundleFile
    arrays: BundleFile | None = None
    """Scaler, model and calibration as plain arrays; only there if they agreed with scikit-learn on every row."""
    card: BundleFile | None = None
    """How the training went, as a page for people."""


class FeatureFacts(_Part):
    """What the model was trained on."""

    names: tuple[str, ...] = Field(min_length=1)
    parameters: dict[str, tuple[Whole, ...]]
    lookback: Whole
    schema_sha256: Digest


class MarketKind(StrEnum):
    """Whether there ever was the market that taught a model."""

    RECORDED = "recorded"
    GENERATED = "generated"


class TrainingFacts(_Part):
    """The data behind the model, and how well it did. What of it decides something is in `trading.model_fit`."""

    source: Text
    market: MarketKind | None = None
    """None in a bundle of before, whose source says it."""
    symbols: tuple[Text, ...] = Field(min_length=1)
    timeframe: Timeframe
    first: Moment
    last: Moment
    rows: Whole = Field(ge=1, le=10**12)
    data_sha256: Digest
    seed: Whole = Field(ge=0, lt=2**32)
    parts: dict[Text, dict[Text, Number]]
    """Results by part of the data: each fold, and all that were judged."""
    estimator: Text = ""
    """Kind of model, its parameters and its calibration."""
    verdict: Text = ""
    """Whether it beat its baselines, and by what."""
    notes: tuple[Text, ...] = ()
    """What is to be known of the candles: what is missing, where a split is suspected."""

    @model_validator(mode="after")
    def _consistent(self) -> "TrainingFacts":
        if self.first > self.last:
            raise ValueError("the first candle must not come after the last")
        if "" in self.symbols or len(set(self.symbols)) != len(self.symbols):
            raise ValueError("symbols must have a name each, of its own")
        return self

    @property
    def is_generated(self) -> bool:
        """Whether the market never existed, so that nothing learned of it is worth money."""
        return self.market is MarketKind.GENERATED or self.source.startswith(_GENERATED)


class LabelFacts(_Part):
    """The trade that a label stands for."""

    rule: Text
    stop_atr: Number = Field(gt=0)
    target_atr: Number = Field(gt=0)
    trail_atr: Number = Field(default=0, ge=0)
    """Distance of a trailing stop; 0 for a stop that stays, as all did before labels knew of one."""
    sizing: Text = ""
    """How many shares, in words; empty in a bundle of before, whose positions were all of `position_value`."""
    position_value: Whole = Field(ge=1, le=10**12)
    """The most that a position is worth, in rupees."""
    spread_ticks: Whole = Field(ge=0, le=1_000)
    charges_as_of: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")

    @field_validator("charges_as_of")
    @classmethod
    def _date(cls, text: str) -> str:
        date.fromisoformat(text)
        return text


class GoldenRow(_Part):
    """A row whose answer is known: raw features in order, and the probabilities of none, long and short.

    Named by direction, not by column, so that a manifest with its classes swapped does not reproduce them.
    """

    features: tuple[Number, ...]
    probabilities: tuple[Probability, Probability, Probability]


class Manifest(_Part):
    """What `manifest.yaml` says."""

    format: Whole
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    files: BundleFiles
    features: FeatureFacts
    classes: tuple[Direction, Direction, Direction]
    """What each column of the model's probabilities stands for."""
    threshold: Probability
    """Least probability of long or short to act on."""
    versions: dict[Text, Release]
    """Of the libraries that wrote the pickles and computed the features."""
    training: TrainingFacts
    labels: LabelFacts
    reference: dict[str, FeatureReference]
    """By feature."""
    golden: Annotated[tuple[GoldenRow, ...], Field(min_length=FEWEST_GOLDEN_ROWS)]
    caution: CautionFacts | None = None
    """What novelty and drift are measured against, beside the reference; a bundle without is traded without."""

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        if set(self.classes) != set(Direction):
            raise ValueError("classes must name none (0), long (1) and short (2) once each")
        for number, row in enumerate(self.golden):
            if len(row.features) != len(self.features.names):
                raise ValueError(f"golden row {number} must have {len(self.features.names)} features")
            if abs(sum(row.probabilities) - 1) > SUM_TOLERANCE:
                raise ValueError(f"the probabilities of golden row {number} must add up to 1")
        if len({row.features for row in self.golden}) != len(self.golden):
            raise ValueError("golden rows must differ from each other")
        return self

    @property
    def acts(self) -> bool:
        """Whether anything short of certainty reaches the threshold."""
        return self.threshold < 1

    @property
    def novelty(self) -> Novelty | None:
        """What measures how strange a row is, by the reference. Raises `ModelError` for numbers that cannot."""
        if self.caution is None:
            return None
        return novelty_by((self.reference[name] for name in self.features.names), self.caution.novelty_limit)


def read_manifest(path: Path, expected_sha256: str = "", signed_by: str = "") -> Manifest:
    """Read and check a manifest as `parse_manifest` does, and whether it is for this program.

    Raises `ModelError` also for a manifest that was made for features that this program, or another release of TA-Lib,
    computes differently.
    """
    manifest = parse_manifest(path, expected_sha256, signed_by)
    _check_features(path, manifest.features)
    _check_reference(path, manifest)
    try:
        manifest.novelty  # noqa: B018 - raises for numbers that cannot measure
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    for library, installed in COMPUTED_BY.items():
        refuse_other_release(library, manifest.versions, installed, f"{path}: its features were computed")
    return manifest


def parse_manifest(path: Path, expected_sha256: str = "", signed_by: str = "") -> Manifest:
    """Read a manifest for what it says; with `expected_sha256`, only the one that has this hash.

    With `signed_by`, only one that this public key's holder signed. Raises `ModelError` for a manifest that is missing,
    unreadable, another than expected, not signed, from a newer program, or that contradicts itself.
    """
    raw = read_plain_file(path, LARGEST_MANIFEST)
    actual = hashlib.sha256(raw).hexdigest()
    if expected_sha256 and actual != expected_sha256.lower():
        raise ModelError(
            f"{path}: its SHA-256 is {actual[:16]}..., model.manifest_sha256 demands {expected_sha256[:16]}...; "
            "restore the bundle, or set the hash of the one you mean"
        )
    if signed_by:
        require_signature(path.parent, raw, signed_by)
    try:
        content = parse_yaml(raw.decode("utf-8"), str(path))
        written = content.get("format")
        if written != FORMAT:
            raise ModelError(f"{path}: format {written!r:.20}, this program reads {FORMAT}; update it or train again")
        manifest = Manifest.model_validate(content)
    except (UnicodeDecodeError, ConfigurationError) as error:
        raise ModelError(f"{path}: unreadable manifest ({error}); restore it or train again") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ascii(".".join(str(part) for part in first["loc"]) or "manifest")[1:-1][:80]
        raise ModelError(f"{path}: {place}: {first['msg']}; restore it or train again") from error
    name = path.absolute().parent.parent.name
    if signed_by and manifest.name != name:  # a signature says of which model it is the sound one
        raise ModelError(f"{path}: signed as the model {manifest.name}, and lies under {name}; put it where it belongs")
    return manifest


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
    raw = read_plain_file(path, entry.bytes)
    actual = hashlib.sha256(raw).hexdigest()
    if len(raw) != entry.bytes or actual != entry.sha256:
        raise ModelError(
            f"{path}: {len(raw)} bytes with SHA-256 {actual[:16]}..., the manifest says {entry.bytes} bytes with "
            f"{entry.sha256[:16]}...; the file is altered or of another bundle: restore it or train again"
        )
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
    if facts.parameters != parameters_of(specification) or facts.lookback != specification.lookback:
        raise ModelError(f"{path}: features.parameters or features.lookback are not those of its names; train again")


def _check_reference(path: Path, manifest: Manifest) -> None:
    """Refuse a reference of other features, or golden rows that cannot be rows of the training it describes."""
    names = manifest.features.names
    if set(manifest.reference) != set(names):
        raise ModelError(f"{path}: reference must describe each feature and nothing else; restore it or train again")
    for number, row in enumerate(manifest.golden):
        for name, value in zip(names, row.features, strict=True):
            reference = manifest.reference[name]
            if not reference.quantiles[0] <= value <= reference.quantiles[-1]:
                raise ModelError(
                    f"{path}: golden row {number} has {name} = {value:g}, outside of reference "
                    f"({reference.quantiles[0]:g} to {reference.quantiles[-1]:g}); restore it or train again"
                )


def parameters_of(specification: FeatureSpecification) -> Mapping[str, tuple[int, ...]]:
    """Return the parameters of each feature, as the manifest keeps them."""
    return {each.name: each.parameters for each in specification.features}
