"""Codes and tokens: given once, valid until the market's morning, known again after a restart."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, time, timezone

from core.instants import DAY, HOUR, SECOND, Instant, instant_at
from simulator.tokens import AppCredentials, TokenDesk, TokenState

REAL_NOW = datetime(2026, 11, 20, 6, 0, tzinfo=timezone.utc)
ISSUED = instant_at(date(2023, 6, 1), time(8, 45))
CREDENTIALS = AppCredentials(client_id="ABCD1234XY-100", secret_key="secret")


@dataclass
class StillClock:
    """A clock that moves by hand; the wall stands at its own instant."""

    at: Instant = ISSUED

    def now(self) -> Instant:
        return self.at

    def steady(self) -> Instant:
        return self.at

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")

    def pause_seconds(self, seconds: float) -> float:
        return seconds

    def deadline_seconds(self, seconds: float) -> float:
        return seconds

    def wall_at(self, instant: Instant) -> datetime:
        return REAL_NOW


def claims_of(token: str) -> dict[str, object]:
    parts = token.split(".")
    assert len(parts) == 3
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "==="))
    assert isinstance(claims, dict)
    return claims


def test_a_token_dies_at_six_the_next_morning_of_the_market() -> None:
    clock = StillClock()
    desk = TokenDesk(CREDENTIALS, "SIM0001", clock)
    token = desk.issue()
    clock.at = instant_at(date(2023, 6, 2), time(5, 59, 59))
    assert desk.check(token) is TokenState.VALID
    clock.at = instant_at(date(2023, 6, 2), time(6, 0))
    assert desk.check(token) is TokenState.EXPIRED


def test_a_token_of_the_small_hours_dies_the_same_morning() -> None:
    clock = StillClock(instant_at(date(2023, 6, 2), time(1, 0)))
    desk = TokenDesk(CREDENTIALS, "SIM0001", clock)
    token = desk.issue()
    clock.at += 6 * HOUR
    assert desk.check(token) is TokenState.EXPIRED


def test_its_exp_lies_in_the_real_future_whatever_year_the_market_plays() -> None:
    for market in (ISSUED, ISSUED + 20 * 365 * DAY):
        claims = claims_of(TokenDesk(CREDENTIALS, "SIM0001", StillClock(market)).issue())
        assert claims["exp"] > REAL_NOW.timestamp()  # type: ignore[operator]
        assert claims["iat"] == market // SECOND


def test_a_token_names_the_account_and_carries_the_key_of_the_data_socket() -> None:
    clock = StillClock()
    desk = TokenDesk(CREDENTIALS, "SIM0001", clock)
    claims = claims_of(desk.issue())
    assert claims["fy_id"] == "SIM0001"
    key = str(claims["hsm_key"])
    assert len(key) == 56
    assert desk.accepts_hsm_key(key)
    assert not desk.accepts_hsm_key(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert not desk.accepts_hsm_key("not a key")
    clock.at += DAY
    assert not desk.accepts_hsm_key(key)


def test_a_restarted_desk_knows_the_tokens_of_its_predecessor() -> None:
    token = TokenDesk(CREDENTIALS, "SIM0001", StillClock()).issue()
    assert TokenDesk(CREDENTIALS, "SIM0001", StillClock()).check(token) is TokenState.VALID


def test_a_changed_or_foreign_token_is_unknown() -> None:
    desk = TokenDesk(CREDENTIALS, "SIM0001", StillClock())
    header, claims, signature = desk.issue().split(".")
    longer = base64.urlsafe_b64encode(json.dumps({"hsm_key": "0" * 56}).encode()).decode()
    assert desk.check(f"{header}.{longer}.{signature}") is TokenState.UNKNOWN
    foreign = TokenDesk(AppCredentials(client_id="ABCD1234XY-100", secret_key="other"), "SIM0001", StillClock())
    assert desk.check(foreign.issue()) is TokenState.UNKNOWN
    assert desk.check("") is TokenState.UNKNOWN
    assert desk.check(claims) is TokenState.UNKNOWN


def test_a_header_needs_the_right_app_before_the_colon() -> None:
    desk = TokenDesk(CREDENTIALS, "SIM0001", StillClock())
    token = desk.issue()
    assert desk.check_header(f"ABCD1234XY-100:{token}") is TokenState.VALID
    assert desk.check_header(f"OTHER-100:{token}") is TokenState.UNKNOWN
    assert desk.check_header(token) is TokenState.UNKNOWN


def test_a_code_is_good_once() -> None:
    desk = TokenDesk(CREDENTIALS, "SIM0001", StillClock())
    code = desk.authorise()
    assert code != desk.authorise()
    token = desk.redeem(code)
    assert token is not None
    assert desk.check(token) is TokenState.VALID
    assert desk.redeem(code) is None
    assert desk.redeem("invented") is None


def test_the_app_proves_itself_by_the_hash_of_id_and_secret() -> None:
    desk = TokenDesk(CREDENTIALS, "SIM0001", StillClock())
    assert desk.knows_app(hashlib.sha256(b"ABCD1234XY-100:secret").hexdigest())
    assert not desk.knows_app(hashlib.sha256(b"ABCD1234XY-100:guess").hexdigest())


def test_signing_out_kills_one_token_and_expiry_kills_all_given_so_far() -> None:
    clock = StillClock()
    desk = TokenDesk(CREDENTIALS, "SIM0001", clock)
    first = desk.issue()
    clock.at += 1
    second = desk.issue()
    desk.revoke(first)
    assert desk.check(first) is TokenState.UNKNOWN
    assert desk.check(second) is TokenState.VALID
    desk.expire_all()
    assert desk.check(second) is TokenState.EXPIRED
    clock.at += 1
    assert desk.check(desk.issue()) is TokenState.VALID
