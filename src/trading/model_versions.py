"""Which version of a model is meant: one by its number, the newest, or the one that somebody promoted.

A training adds a version and changes nothing else. What is traded is a decision of its own: `promotions.yaml` beside
the versions has a row for each, the last one counts, and each keeps the hash of the manifest that it was made for.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import yaml
from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigurationError, ModelError, StorageError
from runtime.atomic_files import write_text
from runtime.strict_yaml import parse_yaml
from trading.plain_file import read_plain_file

MANIFEST = "manifest.yaml"
LARGEST_MANIFEST = 1024 * 1024
PROMOTIONS = "promotions.yaml"
LARGEST_PROMOTIONS = 256 * 1024
LATEST = "latest"
PROMOTED = "promoted"
LOCK = ".promotions.lock"
"""Locked while somebody decides; it stays behind, empty."""
PATIENCE = 10.0
"""Seconds to wait for somebody else's decision, which takes one."""

_VERSION = re.compile(r"[0-9]{1,9}", re.ASCII)
_HEAD = "# Which version is traded as `promoted`: the last row. Written by `fyersbot models promote` and `rollback`.\n"


class Promotion(BaseModel):
    """One decision about what is traded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    verb: Literal["promote", "rollback"]
    version: str = Field(pattern=r"^[0-9]{1,9}$")
    manifest_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _Promotions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    promotions: tuple[Promotion, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class ChosenVersion:
    """The folder that a path stands for, and the only manifest in it that is meant."""

    folder: Path
    manifest_sha256: str
    """Empty: whichever is there."""


def resolve(path: Path, manifest_sha256: str = "") -> ChosenVersion:
    """Return the version that a path means: a folder, or `latest` or `promoted` in place of the number.

    A promoted version is pinned by its promotion, the others by `manifest_sha256` alone. Raises `ModelError` when
    there is none, and for a promoted version whose manifest is another than on that day.
    """
    if path.name == PROMOTED:
        return _promoted(path.parent, manifest_sha256)
    if path.name == LATEST:
        existing = versions(path.parent)
        if not existing:
            raise ModelError(f"{path.parent}: no trained model here; run `fyersbot train`, or set model.path")
        return ChosenVersion(existing[-1], manifest_sha256)
    if not path.is_dir():
        raise ModelError(f"{path}: there is no such model; run `fyersbot train`, or set model.path")
    return ChosenVersion(path, manifest_sha256)


def versions(folder: Path) -> list[Path]:
    """Return the complete versions under a model's name, oldest first."""
    found = [each.parent for each in folder.glob(f"*/{MANIFEST}") if _VERSION.fullmatch(each.parent.name)]
    return sorted(found, key=lambda each: int(each.name))


def next_version(folder: Path) -> Path:
    """Return the folder that the next version under a model's name is for, above every number that is there already.

    A version that was deleted in part keeps its number: what is left of it is not written over. Raises `StorageError`
    when there is no number left.
    """
    number = 1 + max((int(each.name) for each in folder.glob("*") if _VERSION.fullmatch(each.name)), default=0)
    if _VERSION.fullmatch(str(number)) is None:
        raise StorageError(f"{folder}: {number - 1} is the largest number of a version; move that folder away")
    return folder / f"{number:04d}"


def manifest_sha256(folder: Path) -> str:
    """Return the hash of a version's manifest. Raises `ModelError`."""
    return hashlib.sha256(read_plain_file(folder / MANIFEST, LARGEST_MANIFEST)).hexdigest()


def promotions(folder: Path) -> tuple[Promotion, ...]:
    """Return every promotion and rollback of a model, oldest first. Raises `ModelError` for a file that is none."""
    path = folder / PROMOTIONS
    if not os.path.lexists(path):
        return ()
    raw = read_plain_file(path, LARGEST_PROMOTIONS)
    try:
        return _Promotions.model_validate(parse_yaml(raw.decode("utf-8"), str(path))).promotions
    except (ConfigurationError, UnicodeDecodeError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelError(f"{path}: no list of promotions ({why}); restore it, or move it away and promote") from error


def standing(rows: tuple[Promotion, ...]) -> list[Promotion]:
    """Return what was promoted and not rolled back since, oldest first; the last one is traded."""
    stack: list[Promotion] = []
    for row in rows:
        if row.verb == "promote":
            stack.append(row)
        elif stack:
            stack.pop()
    return stack


@contextmanager
def deciding(folder: Path) -> Iterator[None]:
    """Let nobody else decide what is traded of a model, from the look at its promotions to the row that is added.

    Raises `StorageError` when somebody else does not come to an end, and for a folder that cannot be written to.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise StorageError(
            f"{folder}: another promotion or rollback has been at work for {PATIENCE:g} seconds; let it end, then try "
            "again"
        ) from None
    except OSError as error:
        raise StorageError(
            f"{folder / LOCK} cannot be locked: {error.strerror}; free the disk, or let the folder be yours"
        ) from error
    try:
        yield
    finally:
        lock.release()


def record(folder: Path, verb: Literal["promote", "rollback"], version: Path, sha256: str, at: datetime) -> None:
    """Add a row to the promotions of a model, in one step and flushed. Raises `ModelError` and `StorageError`."""
    row = Promotion(at=at, verb=verb, version=version.name, manifest_sha256=sha256)
    rows = [each.model_dump(mode="json") for each in (*promotions(folder), row)]
    write_text(folder / PROMOTIONS, _HEAD + yaml.safe_dump({"promotions": rows}, sort_keys=False))


def require_as_promoted(version: Path, promotion: Promotion) -> None:
    """Raise `ModelError` for a version that is not what it was when it was promoted."""
    actual = manifest_sha256(version)
    if actual != promotion.manifest_sha256:
        raise ModelError(
            f"{version / MANIFEST}: its SHA-256 is {actual[:16]}..., promoted was {promotion.manifest_sha256[:16]}...; "
            f"restore the bundle, or look at it and promote it again"
        )


def refuse_unchosen(path: Path, manifest_sha256: str) -> None:
    """Refuse to trade money with whatever was trained last. Raises `ConfigurationError`."""
    if path.name == LATEST and not manifest_sha256:
        raise ConfigurationError(
            f"model.path = {path}: with money at stake the next training must not change what is traded; run `fyersbot "
            f"models promote {path.parent.name} VERSION` and name {path.parent / PROMOTED}, or name a version"
        )


def _promoted(folder: Path, pinned: str) -> ChosenVersion:
    stack = standing(promotions(folder))
    if not stack:
        raise ModelError(f"{folder}: no version is promoted; run `fyersbot models promote {folder.name} VERSION`")
    current = stack[-1]
    version = folder / current.version
    require_as_promoted(version, current)
    return ChosenVersion(version, pinned or current.manifest_sha256)
