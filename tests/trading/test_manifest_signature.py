"""Once a key is pinned, only what its holder signed is opened; who can write the bundle cannot sign it."""

import builtins
import hashlib
from base64 import b64encode
from pathlib import Path

import pytest

from core.errors import ConfigurationError, ModelError
from trading.manifest_signature import SIGNATURE, SigningKey, require_signature

# RFC 8032, section 7.1: the key of test 1 with its signature of nothing, and the key of test 2.
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OF_NOTHING = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
    "5141438e7a100b"
)
OTHER_SEED = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"


def pem(seed: str) -> str:
    body = b64encode(bytes.fromhex(f"302e020100300506032b657004220420{seed}")).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"


KEY, OTHER = (SigningKey.of_text(pem(seed), "a test") for seed in (SEED, OTHER_SEED))


def sha256(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.yaml").read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version as far as its manifest, which is empty."""
    (tmp_path / "0001").mkdir()
    (tmp_path / "0001" / "manifest.yaml").write_bytes(b"")
    return tmp_path / "0001"


def test_key_and_signature_are_those_of_the_standard(folder):
    assert KEY.public == PUBLIC
    assert KEY.sign(folder, sha256(folder)).read_bytes().hex() == OF_NOTHING
    require_signature(folder, b"", PUBLIC)


def test_a_key_that_was_made_signs_and_is_for_its_owner_alone(tmp_path, folder):
    path = tmp_path / "keys" / "models.pem"
    made = SigningKey.created(path)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert SigningKey.in_file(path).public == made.public
    assert SigningKey.created(tmp_path / "keys" / "second.pem").public != made.public

    made.sign(folder, sha256(folder))
    require_signature(folder, b"", made.public)


def test_a_key_is_never_replaced(tmp_path):
    path = tmp_path / "models.pem"
    SigningKey.created(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"models\.pem is there already: a key is never replaced"):
        SigningKey.created(path)
    assert path.read_bytes() == before


def test_a_key_fits_into_one_line_of_the_environment():
    assert SigningKey.of_text(pem(SEED).splitlines()[1], "model.signing_key").public == PUBLIC


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "models.pem"
    path.write_text(pem(SEED))
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"has permissions {mode:04o}: run `chmod 0600"):
        SigningKey.in_file(path)


def test_a_key_that_is_not_there_or_a_link_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no such key; make one with `fyersbot models new-key`"):
        SigningKey.in_file(tmp_path / "models.pem")
    SigningKey.created(tmp_path / "elsewhere.pem")
    (tmp_path / "models.pem").symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(ConfigurationError, match="is a link"):
        SigningKey.in_file(tmp_path / "models.pem")


@pytest.mark.parametrize("text", ["", "secret", "????", "\0", pem(SEED)[:60], pem(SEED[:40]), "A" * 99_999, "é"])
def test_what_is_no_key_is_refused_and_not_quoted(text):
    with pytest.raises(ConfigurationError) as refusal:
        SigningKey.of_text(text, "model.signing_key")
    assert str(refusal.value).startswith("model.signing_key: no private Ed25519 key in PEM without a password")
    assert "secret" not in str(refusal.value)


def test_a_private_key_is_not_shown(tmp_path):
    assert SEED[:8] not in f"{KEY} {KEY!r}"


def test_only_the_manifest_that_was_verified_is_signed(folder):
    with pytest.raises(ModelError, match=r"manifest\.yaml: is another than was verified"):
        KEY.sign(folder, "0" * 64)
    assert not (folder / SIGNATURE).exists()


UNSIGNED = "is not signed, and model.signed_by demands the signature of d75a"
FOREIGN = "no signature of this manifest by d75a"


@pytest.mark.hazard("M1")
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (Path.unlink, UNSIGNED),
        (lambda path: path.write_bytes(b""), FOREIGN),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), FOREIGN),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "larger than the 64 bytes allowed"),
        (lambda path: path.write_bytes(b"\0" * 64), FOREIGN),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x1b"), FOREIGN),
        (lambda path: OTHER.sign(path.parent, sha256(path.parent)), FOREIGN),
        (lambda path: (path.parent / "manifest.yaml").write_bytes(b"format: 2"), FOREIGN),
        (lambda path: (path.unlink(), path.mkdir()), "is no plain file"),
        (lambda path: path.rename(path.with_name("moved")).exists() and path.symlink_to("moved"), "is a link"),
        (lambda path: (path.unlink(), path.symlink_to("nowhere")), "is a link"),
    ],
    ids=[
        "gone", "empty", "short", "long", "zeros", "other", "another key", "another manifest", "folder", "link",
        "dangling",
    ],
)  # fmt: skip
def test_a_manifest_that_the_key_did_not_sign_is_refused(folder, spoil, reason):
    KEY.sign(folder, sha256(folder))
    spoil(folder / SIGNATURE)
    with pytest.raises(ModelError, match=reason) as refusal:
        require_signature(folder, (folder / "manifest.yaml").read_bytes(), PUBLIC)
    assert str(refusal.value).isprintable()


@pytest.mark.hazard("M1")
def test_without_the_library_a_pinned_key_refuses_everything_with_the_remedy(folder, monkeypatch):
    def missing(name, *arguments):
        if name.startswith("cryptography"):
            raise ImportError("No module named 'cryptography'")
        return found(name, *arguments)

    KEY.sign(folder, sha256(folder))
    found = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ModelError, match=r"without the library cryptography .*: `pip install 'cryptography>=46'`"):
        require_signature(folder, b"", PUBLIC)
