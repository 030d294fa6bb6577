import socket
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from auth.callback import SIGN_IN_SECONDS, CallbackListener, SignInState, auth_code_of, can_listen
from core.errors import AuthenticationError, ConfigurationError

REDIRECT = "http://127.0.0.1:8721/callback"


def answer(redirect: str = REDIRECT, **query: str) -> str:
    return f"{redirect}?{urlencode({'s': 'ok', 'code': '200', **query})}"


@pytest.mark.hazard("A7")
def test_each_sign_in_has_its_own_unguessable_state() -> None:
    values = {SignInState().value for _ in range(50)}
    assert len(values) == 50
    assert min(map(len, values)) >= 43


@pytest.mark.hazard("A7")
def test_the_right_state_opens_once() -> None:
    state = SignInState()
    assert auth_code_of(answer(auth_code="code-1", state=state.value), REDIRECT, state) == "code-1"
    with pytest.raises(AuthenticationError, match="used already"):
        auth_code_of(answer(auth_code="code-1", state=state.value), REDIRECT, state)


@pytest.mark.hazard("A7")
@pytest.mark.parametrize("given", ["", "None", "wrong", "\udcff"])
def test_a_wrong_or_missing_state_is_refused_and_does_not_spend_the_right_one(given: str) -> None:
    state = SignInState()
    with pytest.raises(AuthenticationError, match="does not belong to this sign-in"):
        state.redeem(given)
    with pytest.raises(AuthenticationError, match="does not belong to this sign-in"):
        auth_code_of(answer(auth_code="canary"), REDIRECT, state)
    state.redeem(state.value)


def test_a_state_given_twice_counts_as_missing() -> None:
    state = SignInState()
    with pytest.raises(AuthenticationError, match="does not belong"):
        auth_code_of(f"{answer(auth_code='c', state=state.value)}&state={state.value}", REDIRECT, state)


@pytest.mark.hazard("A7")
def test_a_state_dies_after_five_minutes() -> None:
    now = 1_000.0
    state = SignInState(lambda: now)
    now += SIGN_IN_SECONDS + 1
    with pytest.raises(AuthenticationError, match="longer than 300 seconds"):
        state.redeem(state.value)


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("just-the-code", "not the redirect address"),
        ("https://127.0.0.1:8721/callback?state={state}&s=ok&auth_code=canary", "not the redirect address"),
        ("http://127.0.0.1:9999/callback?state={state}&s=ok&auth_code=canary", "not the redirect address"),
        ("http://127.0.0.1:8721/other?state={state}&s=ok&auth_code=canary", "not the redirect address"),
        ("http://evil.example:8721/callback?state={state}&s=ok&auth_code=canary", "not the redirect address"),
        ("http://[::1/callback", "not an address"),
        (REDIRECT + "?" + "&".join(f"a{n}=1" for n in range(30)), "not an address"),
        (REDIRECT + "?state={state}&s=error&auth_code=canary", "did not sign you in"),
        (REDIRECT + "?state={state}&auth_code=canary", "did not sign you in"),
        (REDIRECT + "?state={state}&s=ok", "holds no auth_code"),
    ],
)
def test_any_other_answer_is_refused_without_being_quoted(pasted: str, reason: str) -> None:
    state = SignInState()
    with pytest.raises(AuthenticationError, match=reason) as refusal:
        auth_code_of(pasted.replace("{state}", state.value), REDIRECT, state)
    assert "canary" not in str(refusal.value)
    assert state.value not in str(refusal.value)


@pytest.mark.hazard("A7")
@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        (REDIRECT, True),
        ("http://localhost:8721", True),
        ("http://[::1]:8721/x", True),
        ("http://127.0.0.1/callback", False),
        ("https://127.0.0.1:8721/callback", False),
        ("https://www.example.com/", False),
    ],
)
def test_only_a_plain_loopback_address_with_a_port_is_listened_on(redirect: str, expected: bool) -> None:
    assert can_listen(redirect) is expected


@pytest.fixture
def redirect() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}/callback"


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_the_listener_takes_the_genuine_answer_and_nothing_else(redirect: str) -> None:
    state = SignInState()
    with CallbackListener(redirect, state) as listener:
        assert get(redirect.replace("/callback", "/favicon.ico"))[0] == 404
        assert get(answer(redirect, auth_code="forged", state="guess"))[0] == 400
        assert get(answer(redirect, auth_code="code-1", state=state.value)) == (
            200,
            "Signed in. You can close this window.\n",
        )
        status, page = get(answer(redirect, auth_code="code-2", state=state.value))
        assert status == 400
        assert "used already" in page
        assert listener.wait(5) == "code-1"


def test_the_listener_is_quiet_and_gone_afterwards(redirect: str, capfd: pytest.CaptureFixture[str]) -> None:
    state = SignInState()
    with CallbackListener(redirect, state):
        get(answer(redirect, auth_code="canary", state=state.value))
    assert capfd.readouterr() == ("", "")
    with pytest.raises(OSError, match="refused"):
        urlopen(redirect, timeout=5)


def test_nobody_signing_in_ends_in_a_clear_error(redirect: str) -> None:
    with (
        CallbackListener(redirect, SignInState()) as listener,
        pytest.raises(AuthenticationError, match="nobody signed in"),
    ):
        listener.wait(0.05)


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on port {port} .*free the port"):
            CallbackListener(f"http://127.0.0.1:{port}/callback", SignInState())
