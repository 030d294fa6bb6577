"""The trained models on disk as an operator handles them: look at them, prove one, promote it, go back.

What the bot would say at its start is said here before, and by the same code: a version is verified by opening it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError, ModelError
from core.instants import Instant, ist_datetime
from runtime.settings import Settings
from trading.bundle import Manifest, parse_manifest
from trading.inference_engine import InferenceEngine
from trading.manifest_signature import SigningKey
from trading.model_fit import check_fits, refuse_later
from trading.model_versions import (
    LATEST,
    MANIFEST,
    PROMOTED,
    Promotion,
    deciding,
    manifest_sha256,
    promotions,
    record,
    require_as_promoted,
    resolve,
    standing,
    versions,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ShelvedModel:
    """One version of a model and what the bot thinks of it."""

    name: str
    folder: Path
    is_promoted: bool
    manifest: Manifest | None
    """None for one that cannot be read."""
    manifest_sha256: str
    fault: str
    """Why the bot would refuse it; empty for a sound one."""
    warnings: tuple[str, ...] = ()
    """Where a sound one learned other trades than the settings make."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is traded as `promoted`, and what was before."""

    name: str
    version: str
    manifest_sha256: str
    before: str
    """Version; empty when nothing had been promoted."""
    manifest: Manifest
    """Of what is traded."""
    is_change: bool = True
    """False when just this was promoted already; nothing is written then."""
    warnings: tuple[str, ...] = ()
    """Where it learned other trades than the settings make."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A version that somebody vouched for."""

    path: Path
    """Of the signature."""
    manifest_sha256: str
    signed_by: str
    """The public key."""
    warnings: tuple[str, ...] = ()
    """Where it learned other trades than the settings make."""


class ModelShelf:
    """The folder of all models. With `settings`, a model must fit them besides, as it must when the bot starts.

    With `signed_by`, a public key, nothing is sound that its holder did not sign; with `now`, nothing whose data end
    later.
    """

    def __init__(
        self, models: Path, settings: Settings | None = None, signed_by: str = "", now: Instant | None = None
    ) -> None:
        self._models = models
        self._settings = settings
        self._signed_by = signed_by
        self._now = now

    def models(self, name: str | None = None) -> list[ShelvedModel]:
        """Return every version of every model, or of one, oldest first. Raises `ModelError` for an unknown name."""
        if name is not None:
            return list(self._versions_of(self._folder(name)))
        folders = sorted(each for each in self._models.glob("*") if _NAME.fullmatch(each.name) and each.is_dir())
        return [model for folder in folders for model in self._versions_of(folder)]

    def model(self, name: str, version: str) -> ShelvedModel:
        """Return one version; `latest` and `promoted` are words for one. Raises `ModelError`."""
        folder = self.find(name, version)
        return next(each for each in self._versions_of(folder.parent) if each.folder == folder)

    def find(self, name: str, version: str) -> Path:
        """Return the folder of a version, `2` being the same as `0002`. Raises `ModelError`."""
        folder = self._folder(name)
        if version in {LATEST, PROMOTED}:
            return resolve(folder / version).folder
        existing = versions(folder)
        found = [each for each in existing if _NUMBER.fullmatch(version) and int(each.name) == int(version)]
        if not found:
            known = ", ".join(each.name for each in existing) or "none"
            raise ModelError(f"{name} has no version {version[:40]!r}; there are: {known}")
        if len(found) > 1:
            names = " and ".join(sorted(each.name for each in found))
            raise ModelError(f"{folder}: {names} are one number; move the folder that is no version of yours away")
        return found[0]

    def verify(self, name: str, version: str, expected_sha256: str = "") -> InferenceEngine:
        """Open a version as the bot does; with `expected_sha256`, only the one with this manifest.

        Raises `ModelError` with what the bot would say.
        """
        path = self._folder(name) / version if version == PROMOTED else self.find(name, version)
        return self._opened(path, expected_sha256 or self._pin_of(path), self._signed_by)

    def warnings(self, manifest: Manifest) -> tuple[str, ...]:
        """Return where a model learned other trades than the settings make; nothing without settings.

        Raises `ModelError` for a model that they could not trade.
        """
        return check_fits(manifest, self._settings) if self._settings is not None else ()

    def sign(self, name: str, version: str, key: SigningKey, expected_sha256: str = "") -> Signed:
        """Verify a version, all but its signature, and put that of this key beside its manifest.

        Raises `ConfigurationError` for another key than the pinned one, `ModelError` for a version that does not
        verify, and then changes nothing, and `StorageError`.
        """
        if self._signed_by not in ("", key.public):
            raise ConfigurationError(
                f"this is the key {key.public}, model.signed_by demands {self._signed_by}: what it signs would be "
                "refused; give the other key, or change the setting"
            )
        engine = self._opened(self.find(name, version), expected_sha256, "")
        warnings = self.warnings(engine.manifest)
        return Signed(key.sign(engine.folder, engine.manifest_sha256), engine.manifest_sha256, key.public, warnings)

    def history(self, name: str) -> tuple[Promotion, ...]:
        """Return who was traded when, oldest first. Raises `ModelError`."""
        return promotions(self._folder(name))

    def promote(self, name: str, version: str, at: Instant, expected_sha256: str = "") -> Change:
        """Verify a version and make it the one that is traded; once is as good as twice.

        Raises `ModelError` for one that does not verify, and then changes nothing, and `StorageError`.
        """
        engine = self.verify(name, version, expected_sha256)
        folder = engine.folder.parent
        with deciding(folder):
            stack = standing(promotions(folder))
            before = (stack[-1].version, stack[-1].manifest_sha256) if stack else ("", "")
            is_change = before != (engine.folder.name, engine.manifest_sha256)
            if is_change:
                record(folder, "promote", engine.folder, engine.manifest_sha256, ist_datetime(at))
        manifest, warnings = engine.manifest, self.warnings(engine.manifest)
        return Change(name, engine.folder.name, engine.manifest_sha256, before[0], manifest, is_change, warnings)

    def roll_back(self, name: str, at: Instant) -> Change:
        """Go back to what was promoted before, if that is still what it was.

        Raises `ModelError` when there is nothing before or it does not verify, and then changes nothing, and
        `StorageError`.
        """
        folder = self._folder(name)
        with deciding(folder):
            stack = standing(promotions(folder))
            if len(stack) < 2:
                raise ModelError(f"{name}: nothing was promoted before; promote the version you mean")
            before, current = stack[-2:]
            version = folder / before.version
            require_as_promoted(version, before)
            engine = self._opened(version, before.manifest_sha256, self._signed_by)
            record(folder, "rollback", engine.folder, engine.manifest_sha256, ist_datetime(at))
        manifest, warnings = engine.manifest, self.warnings(engine.manifest)
        return Change(name, before.version, engine.manifest_sha256, current.version, manifest, warnings=warnings)

    def _pin_of(self, path: Path) -> str:
        """Return the hash that the settings demand of a version; empty where they name another model or version."""
        if self._settings is None:
            return ""
        wanted = self._settings.model.path
        is_meant = wanted.name in {LATEST, PROMOTED, path.name} and wanted.parent.name == path.parent.name
        return self._settings.model.manifest_sha256 if is_meant else ""

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"model name {name[:64]!r}: letters, digits, - and _ name a folder of models")
        folder = self._models / name
        if not folder.is_dir():
            raise ModelError(f"{folder}: there is no such model; `fyersbot models list` tells which there are")
        return folder

    def _opened(self, path: Path, expected_sha256: str, signed_by: str) -> InferenceEngine:
        engine = InferenceEngine.open(path, expected_sha256, signed_by)
        if self._now is not None:
            refuse_later(engine.folder, engine.manifest.training, self._now)
        self.warnings(engine.manifest)  # refuses what the settings could not trade
        return engine

    def _versions_of(self, folder: Path) -> Iterator[ShelvedModel]:
        stack, damage = [], ""
        try:
            stack = standing(promotions(folder))
        except ModelError as error:
            damage = str(error)
        for version in versions(folder):
            promoted = stack[-1] if stack and stack[-1].version == version.name else None
            fault, manifest, digest = damage, None, ""
            warnings: tuple[str, ...] = ()
            try:
                digest = manifest_sha256(version)
                manifest = parse_manifest(version / MANIFEST)
                if promoted is not None:
                    require_as_promoted(version, promoted)
                self._opened(version, promoted.manifest_sha256 if promoted else "", self._signed_by)
                warnings = self.warnings(manifest)
            except ModelError as error:
                fault = fault or str(error)
            yield ShelvedModel(folder.name, version, promoted is not None, manifest, digest, fault, warnings)
