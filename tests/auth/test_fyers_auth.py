import hashlib
import io
import json
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
from fyers_apiv3 import fyersModel
from pydantic import SecretStr

from auth.fyers_auth import FyersAuth, run_login
from core.errors import AuthenticationError, BrokerError, ConfigurationError
from core.orders import Profile
from runtime.settings import AuthSettings, Settings

from .conftest import CLIENT_ID, HSM_KEY, SECRET, Broker, RehearsalClock

Build = Callable[..., Settings]
OWNER = Profile(account_id="XA00001", name="A. Trader")


def verified(auth: FyersAuth) -> Profile:
    assert auth.current_token()
    return OWNER


class Person(io.StringIO):
    """Someone at the keyboard who opens the address on the screen and pastes where they were sent to."""

    def __init__(self, stdout: io.StringIO, is_at_terminal: bool = False, **changes: str) -> None:
        super().__init__()
        self._stdout, self._is_at_terminal, self._changes = stdout, is_at_terminal, changes

    def isatty(self) -> bool:
        return self._is_at_terminal

    def readline(self, size: int | None = -1, /) -> str:
        url = next(line for line in self._stdout.getvalue().splitlines() if "generate-authcode" in line)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        answer = {"s": "ok", "code": "200", "auth_code": "auth-code-canary", "state": asked["state"], **self._changes}
        return f"{asked['redirect_uri']}?{urlencode(answer)}\n"


def test_the_sign_in_address_is_the_one_the_sdk_builds(clock: RehearsalClock) -> None:
    app = AuthSettings(
        client_id=CLIENT_ID, secret_key=SecretStr(SECRET), redirect_uri="https://www.example.com/a?b=1&c"
    )
    settings = Settings(auth=app)
    theirs = fyersModel.SessionModel(
        client_id=CLIENT_ID, redirect_uri=settings.auth.redirect_uri, response_type="code", state="st/a te"
    )
    assert FyersAuth(settings, clock).sign_in_url("st/a te") == theirs.generate_authcode()


def test_nobody_is_sent_to_sign_in_for_an_app_without_its_secret(clock: RehearsalClock) -> None:
    with pytest.raises(ConfigurationError, match=r"auth\.secret_key is missing"):
        FyersAuth(Settings(auth=AuthSettings(client_id=CLIENT_ID)), clock).sign_in_url("state")


def test_a_code_is_exchanged_for_a_token_that_is_stored_and_used(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    broker.answers({"s": "ok", "code": 200, "message": "", "access_token": token, "refresh_token": ""})
    auth = FyersAuth(settings(), clock)
    auth.exchange("the-code")
    path, headers, body = broker.requests[0]
    assert path == "/api/v3/validate-authcode"
    assert headers["Content-Type"] == "application/json"
    assert body == {
        "grant_type": "authorization_code",
        "appIdHash": hashlib.sha256(f"{CLIENT_ID}:{SECRET}".encode()).hexdigest(),
        "code": "the-code",
    }
    assert auth.current_token() == token
    assert FyersAuth(settings(), clock).current_token() == token, "the next program finds it"


def test_every_secret_is_announced_before_it_can_be_logged(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    heard: list[str] = []
    broker.answers({"s": "ok", "access_token": token})
    FyersAuth(settings(), clock, heard.append).exchange("the-code")
    assert heard == ["the-code", token, HSM_KEY]
    later: list[str] = []
    next_program = FyersAuth(settings(), clock, later.append)
    next_program.current_token()
    next_program.current_token()
    assert later == [token, HSM_KEY]


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (
            400,
            b'{"code":-437,"message":"invalid auth code","s":"error"}',
            AuthenticationError,
            "code -437, invalid auth",
        ),
        (200, b'{"code":-16,"message":"a\\u001b[2Jb\\nc","s":"error"}', AuthenticationError, r"code -16, a\[2Jbc"),
        (200, b'{"s":"ok"}', AuthenticationError, "FYERS refused"),
        (200, b'{"s":"ok","access_token":5}', AuthenticationError, "FYERS refused"),
        (200, b'{"s":"ok","access_token":"opaque-canary"}', AuthenticationError, "not an access token"),
        (200, b"<html>canary</html>", BrokerError, "not a JSON object"),
        (200, b"[]", BrokerError, "not a JSON object"),
        (502, b"<html>Bad Gateway</html>", BrokerError, "HTTP 502"),
        (200, b"[" * 100_000, BrokerError, "not a JSON object"),
        (200, b" " * 6_000_000, BrokerError, "more than 5000000 bytes"),
    ],
)
def test_a_refused_or_broken_exchange_stores_nothing(
    settings: Build,
    clock: RehearsalClock,
    broker: Broker,
    status: int,
    body: bytes,
    error: type[Exception],
    reason: str,
) -> None:
    broker.status, broker.body = status, body
    built = settings()
    with pytest.raises(error, match=reason) as refusal:
        FyersAuth(built, clock).exchange("auth-code-canary")
    assert not built.auth.token_file.exists()
    assert "canary" not in str(refusal.value)


def test_an_answer_that_sends_us_elsewhere_is_not_followed(
    settings: Build, clock: RehearsalClock, broker: Broker
) -> None:
    broker.answers({}, status=307)
    broker.headers = {"Location": f"{broker.rest}/elsewhere"}
    with pytest.raises(AuthenticationError, match="FYERS refused"):
        FyersAuth(settings(), clock).exchange("the-code")
    assert [path for path, _, _ in broker.requests] == ["/api/v3/validate-authcode"]


@pytest.mark.hazard("C8")
def test_the_environment_cannot_move_the_exchange_to_a_proxy(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hostile:
        proxy = f"http://127.0.0.1:{hostile.getsockname()[1]}"
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        broker.answers({"s": "ok", "access_token": token})
        FyersAuth(settings(), clock).exchange("the-code")
        hostile.setblocking(False)
        with pytest.raises(BlockingIOError):
            hostile.accept()
    assert "Authorization" not in broker.requests[0][1]


def test_a_silent_server_ends_in_a_time_out_that_quotes_nothing(settings: Build, clock: RehearsalClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v3"
        built = settings()
        broker = built.broker.model_copy(
            update={"endpoints": built.broker.endpoints.model_copy(update={"rest": endpoint}), "read_seconds": 0.2}
        )
        with pytest.raises(BrokerError, match=r"127\.0\.0\.1 gave no answer \(time-out\)") as refusal:
            FyersAuth(built.model_copy(update={"broker": broker}), clock).exchange("auth-code-canary")
    assert "canary" not in repr(refusal.value)
    assert 0.2 in clock.asked, "the deadline came from the clock"


def test_a_plain_address_of_another_host_gets_no_secret(settings: Build, clock: RehearsalClock) -> None:
    built = settings()
    endpoints = built.broker.endpoints.model_copy(update={"rest": "http://192.0.2.1/api/v3"})
    foreign = built.model_copy(update={"broker": built.broker.model_copy(update={"endpoints": endpoints})})
    with pytest.raises(ConfigurationError, match="plain http is allowed to this machine only"):
        FyersAuth(foreign, clock).exchange("the-code")


def test_missing_app_id_and_secret_name_the_variable_to_set(settings: Build, clock: RehearsalClock) -> None:
    with pytest.raises(ConfigurationError, match="FYERSBOT__AUTH__CLIENT_ID"):
        FyersAuth(settings(client_id=""), clock).sign_in_url("state")
    with pytest.raises(ConfigurationError, match="FYERSBOT__AUTH__SECRET_KEY"):
        FyersAuth(settings(secret_key=SecretStr("")), clock).exchange("the-code")


def test_a_token_given_directly_wins_over_the_file(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    broker.answers({"s": "ok", "access_token": token})
    FyersAuth(settings(), clock).exchange("the-code")
    other = token.replace("signature-canary", "other-signature")
    assert FyersAuth(settings(access_token=SecretStr(other)), clock).current_token() == other


def test_without_a_token_the_message_says_what_to_do(settings: Build, clock: RehearsalClock) -> None:
    with pytest.raises(AuthenticationError, match=r"token\.json does not exist; run `fyersbot login`"):
        FyersAuth(settings(), clock).current_token()


@pytest.mark.hazard("A9")
def test_a_token_expires_by_the_walls_clock_not_by_the_markets(
    settings: Build, clock: RehearsalClock, token: str
) -> None:
    auth = FyersAuth(settings(access_token=SecretStr(token)), clock)
    clock.wall += timedelta(hours=21, minutes=14, seconds=59)
    assert auth.current_token() == token
    clock.wall += timedelta(seconds=1)
    with pytest.raises(
        AuthenticationError, match="expired at 2026-11-21 06:00:00 IST; run `fyersbot login`"
    ) as refusal:
        auth.current_token()
    assert "canary" not in str(refusal.value)


def test_a_person_without_a_browser_pastes_the_address(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    broker.answers({"s": "ok", "access_token": token})
    stdout = io.StringIO()
    built = settings()
    signed_in = run_login(built, clock, verify=verified, stdin=Person(stdout), stdout=stdout)
    assert signed_in.data == {
        "account": OWNER.account_id,
        "name": OWNER.name,
        "expires_at": "2026-11-21T06:00:00+05:30",
    }
    assert broker.requests[0][2]["code"] == "auth-code-canary"
    assert stdout.getvalue().endswith("Signed in as XA00001 until 2026-11-21 06:00:00 IST.\n")
    assert json.loads(built.auth.token_file.read_text())["access_token"] == token
    for secret in (token, SECRET, HSM_KEY, "canary"):
        assert secret not in stdout.getvalue()


def test_a_pasted_answer_of_another_sign_in_goes_nowhere(
    settings: Build, clock: RehearsalClock, broker: Broker
) -> None:
    stdout = io.StringIO()
    with pytest.raises(AuthenticationError, match="does not belong to this sign-in"):
        run_login(settings(), clock, verify=verified, stdin=Person(stdout, state="forged"), stdout=stdout)
    assert broker.requests == []


def test_an_empty_standard_input_is_a_clear_error(settings: Build, clock: RehearsalClock) -> None:
    with pytest.raises(AuthenticationError, match="no address was given"):
        run_login(settings(), clock, verify=verified, stdin=io.StringIO(""), stdout=io.StringIO())


def test_a_browser_comes_back_to_the_listener(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        redirect = f"http://127.0.0.1:{probe.getsockname()[1]}/callback"
    broker.answers({"s": "ok", "access_token": token})
    visits: list[threading.Thread] = []

    def browser(url: str) -> bool:
        state = parse_qs(urlsplit(url).query)["state"][0]
        address = f"{redirect}?{urlencode({'s': 'ok', 'auth_code': 'from-browser', 'state': state})}"
        visit = threading.Thread(target=lambda: urlopen(address, timeout=5).close())
        visit.start()
        visits.append(visit)
        return True

    stdout = io.StringIO()
    run_login(
        settings(redirect_uri=redirect),
        clock,
        verify=verified,
        stdin=Person(stdout, is_at_terminal=True),
        stdout=stdout,
        open_browser=browser,
    )
    visits[0].join()
    assert broker.requests[0][2]["code"] == "from-browser"


def test_a_browser_that_does_not_open_falls_back_to_pasting(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        redirect = f"http://127.0.0.1:{probe.getsockname()[1]}/callback"
    broker.answers({"s": "ok", "access_token": token})
    stdout = io.StringIO()
    run_login(
        settings(redirect_uri=redirect),
        clock,
        verify=verified,
        stdin=Person(stdout, is_at_terminal=True),
        stdout=stdout,
        open_browser=lambda _: False,
    )
    assert broker.requests[0][2]["code"] == "auth-code-canary"


def test_a_browser_is_not_opened_without_a_terminal(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    broker.answers({"s": "ok", "access_token": token})
    opened: list[str] = []
    stdout = io.StringIO()
    run_login(
        settings(),
        clock,
        verify=verified,
        stdin=Person(stdout),
        stdout=stdout,
        open_browser=lambda url: bool(opened.append(url)),
    )
    assert opened == []


@pytest.mark.hazard("A3")
def test_a_token_the_server_refuses_is_not_kept(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    def refused(_: FyersAuth) -> Profile:
        raise AuthenticationError("code -16: Could not authenticate the user")

    broker.answers({"s": "ok", "access_token": token})
    stdout, built = io.StringIO(), settings()
    with pytest.raises(AuthenticationError, match="-16"):
        run_login(built, clock, verify=refused, stdin=Person(stdout), stdout=stdout)
    assert not built.auth.token_file.exists()


def test_a_server_that_does_not_answer_the_proof_leaves_the_token_for_later(
    settings: Build, clock: RehearsalClock, broker: Broker, token: str
) -> None:
    def silent(_: FyersAuth) -> Profile:
        raise BrokerError("no answer")

    broker.answers({"s": "ok", "access_token": token})
    stdout, built = io.StringIO(), settings()
    with pytest.raises(BrokerError):
        run_login(built, clock, verify=silent, stdin=Person(stdout), stdout=stdout)
    assert built.auth.token_file.exists()


def test_a_token_in_the_environment_must_go_before_a_sign_in(
    settings: Build, clock: RehearsalClock, token: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"auth\.access_token is set and would win"):
        run_login(
            settings(access_token=SecretStr(token)), clock, verify=verified, stdin=io.StringIO(), stdout=io.StringIO()
        )


def test_nothing_about_the_sentinel_shows_a_secret(settings: Build, clock: RehearsalClock, token: str) -> None:
    auth = FyersAuth(settings(access_token=SecretStr(token)), clock)
    auth.current_token()
    shown = repr(auth) + str(auth) + repr(vars(auth))
    for secret in (SECRET, HSM_KEY):
        assert secret not in shown
