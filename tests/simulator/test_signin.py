"""Sign-in over HTTP: from the browser's page to a token that opens the account."""

import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from core.ports import Calendar
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator
from simulator.tokens import AppCredentials

REDIRECT = "http://127.0.0.1:8721/callback"
APP = AppCredentials(client_id="ABCD1234XY-100", secret_key="secret", redirect_uri=REDIRECT)
APP_HASH = hashlib.sha256(b"ABCD1234XY-100:secret").hexdigest()


@pytest.fixture(scope="module")
def simulator(calendar: Calendar) -> Iterator[RunningSimulator]:
    with running_simulator(SimulatorOptions(credentials=APP), calendar) as running:
        yield running


def page(program, **changes):
    asked = {"client_id": APP.client_id, "redirect_uri": REDIRECT, "response_type": "code", "state": "s&1"}
    return program.call("GET", "/api/v3/generate-authcode", token="", **(asked | changes))


def redeem(program, code, app_hash=APP_HASH, grant="authorization_code"):
    body = {"grant_type": grant, "appIdHash": app_hash, "code": code}
    return program.call("POST", "/api/v3/validate-authcode", body, token="")


def test_the_browser_is_sent_back_with_a_code_that_buys_a_token(program) -> None:
    answer = page(program)
    assert answer.status == 302
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == REDIRECT
    news = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert (news["s"], news["code"], news["state"]) == ("ok", "200", "s&1")
    token = redeem(program, news["auth_code"])
    assert (token.status, token.body["s"], token.body["code"]) == (200, "ok", 200)
    header = f"{APP.client_id}:{token.body['access_token']}"
    assert program.call("GET", "/api/v3/profile", token=header).status == 200
    again = redeem(program, news["auth_code"])
    assert again.body == {"s": "error", "code": -437, "message": "invalid auth code"}


@pytest.mark.parametrize(
    "changes", [{"client_id": "OTHER-100"}, {"redirect_uri": "http://127.0.0.1:9/else"}, {"response_type": "token"}]
)
def test_a_foreign_app_or_address_gets_no_code(program, changes) -> None:
    answer = page(program, **changes)
    assert (answer.status, answer.body["s"]) == (400, "error")


def test_a_wrong_hash_or_grant_buys_nothing(program) -> None:
    assert redeem(program, "x", app_hash="0" * 64).body["code"] == -352
    assert redeem(program, "x", grant="password").body["code"] == -50
    assert redeem(program, "x").body["code"] == -437


def test_refresh_tokens_are_switched_off(program) -> None:
    answer = program.call("POST", "/api/v3/validate-refresh-token", {"grant_type": "refresh_token"}, token="")
    assert (answer.status, answer.body["code"]) == (401, -16)
