"""Sign-in at the look-alike: authorisation codes and access tokens that die by market time.

A token is a JSON web token signed with the app's secret, so that a simulator that was killed and started again still
knows the tokens it gave out. Its `exp` lies in the real future, because the FYERS SDK compares it with the wall's
clock; the expiry that counts is computed here, from the market instant of issue.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import time, timedelta
from enum import Enum

from core.instants import SECOND, Instant, instant_at, ist_date
from core.ports import Clock

_REAL_LIFETIME = timedelta(days=1)
_ISSUE_DIGITS = 16
_HSM_KEY_LENGTH = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredentials:
    """The registered app."""

    client_id: str = "SIMULATED1-100"
    secret_key: str = "SIMULATED"  # noqa: S105 - the secret of a simulator protects nothing
    redirect_uri: str = ""
    """Must be matched by a sign-in; empty: any is accepted."""


class TokenState(Enum):
    """What a presented token is worth."""

    VALID = "valid"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


class TokenDesk:
    """Gives out codes and tokens and judges them."""

    def __init__(self, credentials: AppCredentials, account_id: str, clock: Clock, expires_at: time = time(6, 0)):
        """`expires_at` is the wall time in India at which every token of the day before dies."""
        self.credentials = credentials
        self._account_id = account_id
        self._clock = clock
        self._expires_at = expires_at
        self._codes: set[str] = set()
        self._codes_given = 0
        self._revoked: set[str] = set()
        self._dead_until: Instant = 0

    def authorise(self) -> str:
        """Return a new authorisation code, good for one redemption."""
        self._codes_given += 1
        code = self._sign(f"code {self._codes_given} {self._clock.now()}")
        self._codes.add(code)
        return code

    def knows_app(self, app_id_hash: str) -> bool:
        """Whether this is the SHA-256 of `app_id:secret`, in lower-case hex."""
        pair = f"{self.credentials.client_id}:{self.credentials.secret_key}"
        return hmac.compare_digest(app_id_hash.encode(), hashlib.sha256(pair.encode()).hexdigest().encode())

    def redeem(self, code: str) -> str | None:
        """Change a code for an access token, once; None for a code we did not give."""
        if code not in self._codes:
            return None
        self._codes.remove(code)
        return self.issue()

    def issue(self) -> str:
        """Return a new access token, issued at the market's present."""
        issued = self._clock.now()
        expires = self._expiry(issued) // SECOND
        real_future = (self._clock.wall_at(issued) + _REAL_LIFETIME).timestamp()
        claims = {
            "aud": ["d:1", "d:2", "x:0"],
            "at_hash": self._sign(f"at {issued}")[:32],
            "display_name": self._account_id,
            "oms": "K1",
            "hsm_key": self._hsm_key(issued),
            "isDdpiEnabled": "N",
            "isMtfEnabled": "N",
            "fy_id": self._account_id,
            "appType": 100,
            "exp": max(int(real_future), expires),
            "iat": issued // SECOND,
            "iss": "api.fyers.in",
            "nbf": issued // SECOND,
            "sub": "access_token",
        }
        body = f"{_base64({'alg': 'HS256', 'typ': 'JWT'})}.{_base64(claims)}"
        return f"{body}.{self._sign(body)}"

    def check(self, token: str) -> TokenState:
        """Judge an access token at the market's present."""
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(signature.encode(), self._sign(body).encode()) or token in self._revoked:
            return TokenState.UNKNOWN
        claims = json.loads(base64.urlsafe_b64decode(body.split(".")[1] + "==="))
        issued = int(claims["hsm_key"][:_ISSUE_DIGITS], 16)
        return TokenState.VALID if self._lives(issued) else TokenState.EXPIRED

    def check_header(self, header: str) -> TokenState:
        """Judge an `app_id:access_token` header."""
        client_id, _, token = header.partition(":")
        return self.check(token) if client_id == self.credentials.client_id else TokenState.UNKNOWN

    def accepts_hsm_key(self, key: str) -> bool:
        """Whether the data socket lets this key in."""
        try:
            issued = int(key[:_ISSUE_DIGITS], 16)
        except ValueError:
            return False
        return hmac.compare_digest(key.encode(), self._hsm_key(issued).encode()) and self._lives(issued)

    def revoke(self, token: str) -> None:
        """Sign one token out."""
        self._revoked.add(token)

    def expire_all(self) -> None:
        """Kill every token given out so far, as the morning does."""
        self._dead_until = self._clock.now()

    def _lives(self, issued: Instant) -> bool:
        return issued > self._dead_until and self._clock.now() < self._expiry(issued)

    def _expiry(self, issued: Instant) -> Instant:
        day = ist_date(issued)
        morning = instant_at(day, self._expires_at)
        return morning if issued < morning else instant_at(day + timedelta(days=1), self._expires_at)

    def _hsm_key(self, issued: Instant) -> str:
        stamp = f"{issued:0{_ISSUE_DIGITS}x}"
        return stamp + self._sign(f"hsm {stamp} {self._account_id}")[: _HSM_KEY_LENGTH - _ISSUE_DIGITS]

    def _sign(self, text: str) -> str:
        return hmac.new(self.credentials.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _base64(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=").decode()
