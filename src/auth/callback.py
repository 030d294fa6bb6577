"""The way back from FYERS' sign-in page, where a forged answer could sign the bot in to somebody else's account.

Each sign-in has a random `state` that must come back, once, within five minutes, compared in constant time. The
answer arrives at a listener on loopback or is pasted by hand; both are checked by the same function.
"""

import hmac
import secrets
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from core.errors import AuthenticationError, ConfigurationError
from runtime.endpoints import is_loopback_host

SIGN_IN_SECONDS = 300.0
"""Wall seconds: a person signs in, and people do not live on an accelerated clock."""
_DONE = "Signed in. You can close this window.\n"
_START_AGAIN = "run `fyersbot login` again"


class SignInState:
    """The random word of one sign-in."""

    def __init__(self, seconds_now: Callable[[], float] = monotonic) -> None:
        self.value = secrets.token_urlsafe(32)
        self._seconds_now = seconds_now
        self._ends = seconds_now() + SIGN_IN_SECONDS
        self._is_used = False

    def redeem(self, given: str) -> None:
        """Accept the word once, in time. Raises `AuthenticationError`; a wrong word does not spend the right one."""
        if not hmac.compare_digest(given.encode(errors="replace"), self.value.encode()):
            raise AuthenticationError(f"the answer does not belong to this sign-in (its state differs); {_START_AGAIN}")
        if self._is_used:
            raise AuthenticationError(f"this answer has been used already; {_START_AGAIN}")
        if self._seconds_now() > self._ends:
            raise AuthenticationError(f"the sign-in took longer than {SIGN_IN_SECONDS:.0f} seconds; {_START_AGAIN}")
        self._is_used = True


def auth_code_of(answer: str, redirect_uri: str, state: SignInState) -> str:
    """Return the auth code from the address the browser was sent back to.

    Raises `AuthenticationError` when it is another address, a refusal, or does not belong to this sign-in.
    """
    try:
        came, registered = urlsplit(answer.strip()), urlsplit(redirect_uri)
        query = parse_qs(came.query, max_num_fields=20)
    except ValueError:
        raise AuthenticationError(f"this is not an address; {_START_AGAIN}") from None
    if _place(came) != _place(registered):
        raise AuthenticationError(f"this is not the redirect address; paste the whole line that starts {redirect_uri}")
    state.redeem(_single(query, "state"))
    if _single(query, "s") != "ok":
        raise AuthenticationError(f"FYERS did not sign you in; {_START_AGAIN}")
    code = _single(query, "auth_code")
    if not code:
        raise AuthenticationError(f"the answer holds no auth_code; {_START_AGAIN}")
    return code


def can_listen(redirect_uri: str) -> bool:
    """Whether the browser's way back leads to this machine in plain HTTP, so that a listener can wait there."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and parts.port is not None and is_loopback_host(parts.hostname or "")


class CallbackListener:
    """Waits on loopback for the browser. Use as a context; it listens only inside."""

    def __init__(self, redirect_uri: str, state: SignInState) -> None:
        """Bind at once. Raises `ConfigurationError` when the port is taken."""
        parts = urlsplit(redirect_uri)
        host = "127.0.0.1" if parts.hostname in {None, "localhost"} else str(parts.hostname)
        self._server = _Server(host, parts.port or 80, redirect_uri, state)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="sign-in listener", daemon=True)

    def __enter__(self) -> "CallbackListener":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float = SIGN_IN_SECONDS) -> str:
        """Return the auth code when the browser brings it. Raises `AuthenticationError` after so many wall seconds."""
        if not self._server.arrived.wait(seconds):
            raise AuthenticationError(f"nobody signed in within {seconds:.0f} seconds; {_START_AGAIN}")
        return self._server.auth_code


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, redirect_uri: str, state: SignInState) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.redirect_uri = redirect_uri
        self.state = state
        self.arrived = Event()
        self.auth_code = ""
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise ConfigurationError(
                f"auth.redirect_uri = {redirect_uri}: cannot listen on port {port} ({error.strerror}); free the port, "
                "or run `fyersbot login` without a browser and paste the address"
            ) from None

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, as the base class does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no event."""


class _Handler(BaseHTTPRequestHandler):
    """Answers the one redirect; tells nobody what it saw."""

    timeout = 5
    server_version = "fyersbot"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        """Take the code if the answer is ours and genuine."""
        ours = urlsplit(self.server.redirect_uri)
        if urlsplit(self.path).path != (ours.path or "/"):
            self._reply(404, "Nothing here.\n")
            return
        try:
            code = auth_code_of(
                f"{ours.scheme}://{ours.netloc}{self.path}", self.server.redirect_uri, self.server.state
            )
        except AuthenticationError as error:
            self._reply(400, f"{error}\n")
            return
        self._reply(200, _DONE)
        self.server.auth_code = code
        self.server.arrived.set()

    def log_message(self, *_: Any) -> None:
        """Keep silent: the request line holds the auth code."""

    def _reply(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)


def _place(parts: SplitResult) -> tuple[str, str | None, int | None, str]:
    return parts.scheme, parts.hostname, parts.port, parts.path or "/"


def _single(query: Mapping[str, list[str]], name: str) -> str:
    values = query.get(name, [""])
    return values[0] if len(values) == 1 else ""
