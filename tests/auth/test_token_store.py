import json
import os
import stat
from pathlib import Path

import pytest

from auth.access_token import AccessToken, read_token
from auth.token_store import TokenStore
from core.errors import AuthenticationError, ConfigurationError, StorageError

from .conftest import CLIENT_ID, jwt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "token.json"


def a_token(account: str = "XA00001") -> AccessToken:
    return read_token(jwt(sub="access_token", exp=1_800_000_000, fy_id=account))


def test_a_token_is_found_again_by_the_next_program(path: Path) -> None:
    TokenStore(path, CLIENT_ID).save(a_token())
    assert TokenStore(path, CLIENT_ID).load() == a_token()


def test_without_a_file_there_is_no_token(path: Path) -> None:
    assert TokenStore(path, CLIENT_ID).load() is None


def test_the_file_is_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        TokenStore(path, CLIENT_ID).save(a_token())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_running_bot_picks_up_the_token_of_a_later_sign_in(path: Path) -> None:
    running = TokenStore(path, CLIENT_ID)
    assert running.load() is None
    TokenStore(path, CLIENT_ID).save(a_token("XA00001"))
    assert running.load() == a_token("XA00001")
    TokenStore(path, CLIENT_ID).save(a_token("XB00002"))
    assert running.load() == a_token("XB00002")


def test_an_unchanged_file_is_not_read_again(path: Path) -> None:
    store = TokenStore(path, CLIENT_ID)
    store.save(a_token())
    assert store.load() is store.load()


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o604, 0o660, 0o666])
def test_a_file_opened_to_others_is_refused_even_after_it_was_read(path: Path, mode: int) -> None:
    store = TokenStore(path, CLIENT_ID)
    store.save(a_token())
    assert store.load() is not None
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"permissions {mode:04o}: run `chmod 0600"):
        store.load()


def test_a_link_is_neither_read_nor_written(path: Path, tmp_path: Path) -> None:
    elsewhere = TokenStore(tmp_path / "private" / "elsewhere", CLIENT_ID)
    elsewhere.save(a_token())
    path.symlink_to(tmp_path / "private" / "elsewhere")
    store = TokenStore(path, CLIENT_ID)
    with pytest.raises(ConfigurationError, match="is a link"):
        store.load()
    with pytest.raises(ConfigurationError, match="is a link"):
        store.save(a_token("XB00002"))
    assert elsewhere.load() == a_token()


def test_a_token_of_another_app_is_not_used(path: Path) -> None:
    TokenStore(path, "OTHER12345-100").save(a_token())
    with pytest.raises(
        AuthenticationError, match=r"of the app 'OTHER12345-100', but auth\.client_id is 'ABCD1234XY-100'"
    ):
        TokenStore(path, CLIENT_ID).load()


@pytest.mark.parametrize("content", [b"", b"canary", b"[]", b"{}", b"\xff", json.dumps({"client_id": "x"}).encode()])
def test_a_broken_file_is_named_and_not_quoted(path: Path, content: bytes) -> None:
    TokenStore(path, CLIENT_ID).save(a_token())
    path.write_bytes(content)
    with pytest.raises(AuthenticationError, match=r"token\.json is not a token file; run `fyersbot login`") as refusal:
        TokenStore(path, CLIENT_ID).load()
    assert "canary" not in str(refusal.value)


def test_a_refused_token_can_be_forgotten_twice(path: Path) -> None:
    store = TokenStore(path, CLIENT_ID)
    store.save(a_token())
    store.forget()
    store.forget()
    assert store.load() is None
    assert not path.exists()


def test_a_path_through_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"change auth\.token_file"):
        TokenStore(tmp_path / "file" / "token.json", CLIENT_ID).load()
