"""Whose model it is: a signature of the manifest by a private key that the machine of the bot does not hold.

Hashes say that a bundle is whole and a pin says which one is meant; whoever can write both settles both. A signature
says that the holder of a key vouched for it. The manifest vouches for every file, so its bytes alone are signed, by
Ed25519 (RFC 8032). Keys are PEM files (PKCS#8) and a signature is its 64 bytes, so that OpenSSL makes and checks them
too. The library is an extra, imported where somebody signs or a key is pinned.
"""

import hashlib
import os
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from core.errors import ConfigurationError, ModelError
from runtime.atomic_files import read_owner_only, write_bytes, write_owner_only
from trading.model_versions import LARGEST_MANIFEST, MANIFEST
from trading.plain_file import read_plain_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE = "manifest.yaml.sig"
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key. It is shown by its public half only."""

    _private: "Ed25519PrivateKey"

    @classmethod
    def in_file(cls, path: Path) -> "SigningKey":
        """Read a PEM file of mode 0600. Raises `ConfigurationError`, also for one that others may read."""
        try:
            text = read_owner_only(path).decode("ascii", errors="replace")
        except FileNotFoundError:
            raise ConfigurationError(f"{path}: there is no such key; make one with `fyersbot models new-key`") from None
        return cls.of_text(text, str(path))

    @classmethod
    def of_text(cls, text: str, source: str) -> "SigningKey":
        """Read a key from PEM, with its first and last line or without. Raises `ConfigurationError` naming `source`."""
        ed25519 = _ed25519()
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415

        body = "".join(line.strip() for line in text.splitlines() if not line.startswith("-----"))
        try:
            key = load_der_private_key(b64decode(body, validate=True), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise ConfigurationError(
                f"{source}: no private Ed25519 key in PEM without a password; make one with `fyersbot models new-key`"
            )
        return cls(key)

    @classmethod
    def created(cls, path: Path) -> "SigningKey":
        """Make a key and keep it in a new file for its owner only. Raises `ConfigurationError` and `StorageError`."""
        ed25519 = _ed25519()
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

        if os.path.lexists(path):
            raise ConfigurationError(f"{path} is there already: a key is never replaced; name another file")
        key = ed25519.Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_owner_only(path, pem)
        return cls(key)

    @property
    def public(self) -> str:
        """The public half, as `model.signed_by` names it: 64 hexadecimal digits."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, folder: Path, manifest_sha256: str) -> Path:
        """Put the signature of a version's manifest beside it and return its path; the same again for the same.

        Raises `ModelError` for another manifest than the one with this hash, and `StorageError`.
        """
        manifest, path = read_plain_file(folder / MANIFEST, LARGEST_MANIFEST), folder / SIGNATURE
        if hashlib.sha256(manifest).hexdigest() != manifest_sha256:
            raise ModelError(f"{folder / MANIFEST}: is another than was verified; look at it, then sign again")
        write_bytes(path, self._private.sign(manifest))
        return path


def require_signature(folder: Path, manifest: bytes, signed_by: str) -> None:
    """Refuse a manifest that a key did not sign; `manifest` are its bytes, `signed_by` is the public half.

    Raises `ModelError` for a signature that is missing, of another key or of other bytes, and without the library.
    """
    ed25519 = _ed25519()
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    path = folder / SIGNATURE
    if not os.path.lexists(path):
        raise ModelError(
            f"{folder} is not signed, and model.signed_by demands the signature of {signed_by[:16]}...; run `fyersbot "
            "models sign` where the private key is, if you trust this model"
        )
    signature = read_plain_file(path, _SIGNATURE_BYTES)
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed_by)).verify(signature, manifest)
    except InvalidSignature:
        raise ModelError(
            f"{path}: no signature of this manifest by {signed_by[:16]}..., which model.signed_by demands: another key "
            "signed, or the manifest was changed since; restore both, or sign again if you trust this model"
        ) from None


def _ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ModelError(
            f"a signature cannot be made or checked without the library cryptography ({error}): `pip install "
            "'cryptography>=46'`"
        ) from error
    return ed25519
