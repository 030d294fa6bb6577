import base64

import pytest

from auth.access_token import read_token
from core.errors import AuthenticationError
from core.instants import SECOND

from .conftest import HSM_KEY, jwt


def test_a_token_tells_whose_it_is_and_until_when() -> None:
    token = read_token(jwt(sub="access_token", exp=1_800_000_000, fy_id="XA00001", hsm_key=HSM_KEY))
    assert token.expires_at == 1_800_000_000 * SECOND
    assert token.account_id == "XA00001"
    assert token.hsm_key.get_secret_value() == HSM_KEY


@pytest.mark.hazard("X12")
def test_a_token_never_shows_itself() -> None:
    text = jwt(sub="access_token", exp=1_800_000_000, hsm_key=HSM_KEY)
    token = read_token(text)
    assert text not in repr(token) + str(token)
    assert HSM_KEY not in repr(token)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not an access token"),
        ("opaque-canary", "not an access token"),
        ("ABCD1234XY-100:" + jwt(exp=1_800_000_000).replace(".", "·"), "not an access token"),
        ("canary." * 3_000 + ".x", "not an access token"),
        ("canary.b.c\n", "not an access token"),
        ("canary.!!!.c", "not readable"),
        (f"canary.{base64.urlsafe_b64encode(b'[1]').decode()}.c", "not readable"),
        (f"canary.{base64.urlsafe_b64encode(b'[' * 9_000).decode()}.c", "not readable"),
        (jwt(sub="auth_code", exp=1_800_000_000), "auth code, not an access token"),
        (jwt(sub="access_token"), "does not say when it expires"),
        (jwt(exp="soon"), "does not say when it expires"),
        (jwt(exp=True), "does not say when it expires"),
        (jwt(exp=-5), "does not say when it expires"),
        (jwt(exp=10**12), "does not say when it expires"),
    ],
)
def test_what_is_no_token_is_refused_without_being_quoted(text: str, reason: str) -> None:
    with pytest.raises(AuthenticationError, match=reason) as refusal:
        read_token(text)
    assert "fyersbot login" in str(refusal.value)
    assert "canary" not in str(refusal.value)
