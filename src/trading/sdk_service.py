"""The FYERS SDK's `service` object, replaced: the same five methods, our own transport underneath.

`FyersModel` knows which verb and path belongs to which call and hands that to its `service`. This one ignores the
SDK's base addresses and its stored header: it joins the path to the configured base and asks for the token anew at
every call. What it returns travels through the SDK untouched: a `CallResult`, not a dictionary.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from core.errors import AuthenticationError
from runtime.redaction import MARK, SHORTEST_SECRET
from runtime.settings import EndpointSettings
from trading.answers import Answer, CallResult, Failure
from trading.transport import HttpTransport

_AUTHORIZATION = re.compile(r"[A-Za-z0-9._-]+:[A-Za-z0-9._+/=~-]+")


class SdkService:
    """Makes the SDK's calls over an `HttpTransport`."""

    def __init__(
        self, transport: HttpTransport, endpoints: EndpointSettings, client_id: str, token: Callable[[], str]
    ) -> None:
        """`token` returns today's access token and is asked at each call."""
        self._transport = transport
        self._endpoints = endpoints
        self._client_id = client_id
        self._token = token

    def get_call(
        self, api: str, _header: str, data: Mapping[str, Any] | None = None, data_flag: bool = False
    ) -> CallResult:
        """Read; `data` becomes the query."""
        query = f"?{urlencode(data)}" if data else ""
        return self._exchange("GET", self._url(api, data_flag) + query)

    def post_call(self, api: str, _header: str, data: Any = None, data_flag: bool = False) -> CallResult:
        """Place."""
        return self._send("POST", self._url(api, data_flag), data)

    def put_call(self, api: str, _header: str, data: Any) -> CallResult:
        """Replace."""
        return self._send("PUT", self._url(api), data)

    def patch_call(self, api: str, _header: str, data: Any) -> CallResult:
        """Modify."""
        return self._send("PATCH", self._url(api), data)

    def delete_call(self, api: str, _header: str, data: Any) -> CallResult:
        """Cancel or exit; `data` says what."""
        return self._send("DELETE", self._url(api), data)

    def _send(self, method: str, url: str, data: Any) -> CallResult:
        return self._exchange(method, url, json.dumps(data, allow_nan=False).encode())

    def _exchange(self, method: str, url: str, body: bytes | None = None) -> CallResult:
        token = self._token()
        return _without(token, self._transport.exchange(method, url, self._headers(token), body))

    def _url(self, api: str, data_flag: bool = False) -> str:
        return (self._endpoints.data if data_flag else self._endpoints.rest) + api

    def _headers(self, token: str) -> dict[str, str]:
        authorization = f"{self._client_id}:{token}"
        # Checked here, because the library's own complaint about a bad header quotes it.
        if not _AUTHORIZATION.fullmatch(authorization):
            raise AuthenticationError(
                "auth.client_id or the access token is empty or holds a character that it cannot have; "
                "run `fyersbot login`"
            )
        return {
            "Authorization": authorization,
            "Content-Type": "application/json",
            "User-Agent": "fyersbot",
            "version": "3",
        }


def _without(token: str, result: CallResult) -> CallResult:
    """Take the token out of what came back: a gateway that quotes it must not bring it into the event log."""
    if len(token) < SHORTEST_SECRET:
        return result
    match result:
        case Failure(sent=sent, reason=reason):
            return Failure(sent=sent, reason=reason.replace(token, MARK))
        case Answer(status=status, headers=headers, body=body) if (secret := token.encode()) in body:
            return Answer(status, headers, body.replace(secret, MARK.encode()))
        case _:
            return result
