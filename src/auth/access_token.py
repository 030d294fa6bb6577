"""What an access token says about itself: whose it is and until when. Only the server knows whether it still lives."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from core.errors import AuthenticationError
from core.instants import Instant, from_epoch_seconds

LOGIN_HINT = "run `fyersbot login`"
_LONGEST_TOKEN = 16_384
_LATEST_EXPIRY = 1 << 33
"""Seconds since 1970, in the year 2242: beyond it an expiry is nonsense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """One day's key to the account, with the claims the bot needs."""

    text: SecretStr
    """What goes over the wire."""
    expires_at: Instant
    """An upper bound: the server may end it earlier."""
    account_id: str
    hsm_key: SecretStr
    """The data socket's credential inside the token; as secret as the token itself."""


def read_token(text: str) -> AccessToken:
    """Decode a JWT's claims without checking its signature, which only FYERS can. Raises `AuthenticationError`."""
    claims = _claims(text)
    if claims.get("sub") == "auth_code":
        raise AuthenticationError(f"this is an auth code, not an access token; {LOGIN_HINT}")
    expiry = claims.get("exp")
    if not isinstance(expiry, int) or isinstance(expiry, bool) or not 0 < expiry < _LATEST_EXPIRY:
        raise AuthenticationError(f"the access token does not say when it expires; {LOGIN_HINT}")
    return AccessToken(
        text=SecretStr(text),
        expires_at=from_epoch_seconds(expiry),
        account_id=str(claims.get("fy_id", "")),
        hsm_key=SecretStr(str(claims.get("hsm_key", ""))),
    )


def _claims(text: str) -> dict[str, Any]:
    parts = text.split(".")
    if len(parts) != 3 or len(text) > _LONGEST_TOKEN or not text.isascii() or not text.isprintable():
        raise AuthenticationError(f"this is not an access token (expected three parts joined by dots); {LOGIN_HINT}")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise AuthenticationError(f"the access token is not readable; {LOGIN_HINT}")
    return claims
