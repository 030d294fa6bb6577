"""HTTP to the broker, built so that "was anything sent?" always has a true answer.

The FYERS SDK has no deadline on any call and hides what went wrong; a client with retries, redirects, proxies or
environment variables hides more. So this goes straight to `http.client`, one phase after another: connecting (a
failure there proves that nothing was sent), then sending and reading (a failure there proves nothing). There is no
code that retries, follows a redirect, unpacks a body or looks at a proxy setting, and a connection can be made to the
configured hosts only: that is where tokens go.
"""

import io
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigurationError
from core.instants import Instant
from core.ports import Clock
from runtime.endpoints import require_allowed
from runtime.tls import client_context
from trading.answers import MAX_BODY_BYTES, Answer, CallResult, Failure

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

IDLE_SECONDS = 20.0
"""Wall seconds after which a kept connection is not used again: servers close idle ones, and an order that meets the
closing has an unknown fate."""
_MOST_IDLE = 8
_FINAL = 200
"""Statuses below it announce something else than an answer."""
_PORTS = {"http": 80, "https": 443}
_Origin = tuple[str, str, int]
OnDate = Callable[[str, Instant, Instant], object]
"""Takes the `Date` header of an answer, and our own times of asking and of having heard."""


class HttpTransport:
    """Keeps connections to a fixed set of hosts and makes one exchange at a time on each. Safe for many threads."""

    def __init__(
        self,
        bases: Mapping[str, str],
        clock: Clock,
        connect_seconds: float,
        read_seconds: float,
        on_date: OnDate = lambda _date, _asked_at, _heard_at: None,
    ) -> None:
        """`bases` maps the settings key of each address, for messages, to the address.

        The deadlines are in market seconds and go through the clock. A call ends by `connect_seconds + read_seconds`
        after it began; its bytes leave in the first part of that or not at all. `on_date` is told the server's time of
        each answer, on the caller's thread. Raises `ConfigurationError` for an address that is not https, unless it is
        this machine's.
        """
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._on_date = on_date
        origins = {_origin(require_allowed(base, name, "http")) for name, base in bases.items()}
        self._idle: dict[_Origin, list[_Line]] = {origin: [] for origin in origins}
        self._lock = threading.Lock()
        self._tls = client_context()

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> CallResult:
        """Send one request at most once and return what came of it.

        Raises `ConfigurationError`, with nothing sent, for a host that is not configured.
        """
        parts = urlsplit(url)
        origin = _origin(parts)
        if origin not in self._idle:
            raise ConfigurationError(
                f"{origin[0]}://{origin[1]}:{origin[2]} is not among the configured endpoints; nothing was sent. "
                "Set broker.endpoints to use it"
            )
        try:
            line = self._kept(origin) or self._connected(origin)
        except (OSError, UnicodeError) as error:
            return Failure(sent=False, reason=f"cannot connect to {origin[1]}:{origin[2]}: {_words(error)}")
        asked_at = self._clock.now()
        try:
            answer = self._converse(line, method, _target(parts), headers, body)
        except (OSError, HTTPException) as error:
            line.connection.close()
            return Failure(sent=True, reason=f"no whole answer from {origin[1]}:{origin[2]}: {_words(error)}")
        if answer.status < _FINAL:
            line.connection.close()  # it goes on in a way of its own, and nobody knows how
        else:
            self._keep(origin, line)
        if "date" in answer.headers:
            self._on_date(answer.headers["date"], asked_at, self._clock.now())
        return answer

    def close(self) -> None:
        """Close every idle connection. The transport stays usable."""
        with self._lock:
            for idle in self._idle.values():
                while idle:
                    idle.pop().connection.close()

    def _connected(self, origin: _Origin) -> "_Line":
        scheme, host, port = origin
        timeout = self._clock.deadline_seconds(self._connect_seconds)
        deadline = time.monotonic() + timeout
        if scheme == "https":
            connection: HTTPConnection = HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        else:
            connection = HTTPConnection(host, port, timeout=timeout)
        try:
            connection.connect()
            # Name resolution has no deadline of its own, and each address gets a whole one.
            if time.monotonic() > deadline:
                raise TimeoutError(f"took longer than {timeout:g} s")
        except OSError:
            connection.close()
            raise
        line = _Line(connection, _DeadlineSocket(connection.sock))
        connection.sock = line.sock
        return line

    def _kept(self, origin: _Origin) -> "_Line | None":
        while True:
            with self._lock:
                if not self._idle[origin]:
                    return None
                line = self._idle[origin].pop()
            if time.monotonic() - line.used_at < IDLE_SECONDS and line.sock.is_quiet():
                return line
            line.connection.close()

    def _keep(self, origin: _Origin, line: "_Line") -> None:
        line.used_at = time.monotonic()
        with self._lock:
            if line.connection.sock is not None and len(self._idle[origin]) < _MOST_IDLE:
                self._idle[origin].append(line)
                return
        line.connection.close()

    def _converse(
        self, line: "_Line", method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        line.sock.deadline = time.monotonic() + self._clock.deadline_seconds(self._read_seconds)
        line.connection.request(method, target, body, {**headers, "Accept-Encoding": "identity"})
        response = line.connection.getresponse()
        try:
            content = response.read(MAX_BODY_BYTES + 1)
        except ValueError as error:  # the library believes a chunk that says it is smaller than nothing
            raise HTTPException(f"a body that cannot be read ({error})") from error
        if len(content) > MAX_BODY_BYTES:
            raise HTTPException(f"body over {MAX_BODY_BYTES} bytes")
        if response.length:
            raise IncompleteRead(content, response.length)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


class _DeadlineSocket:
    """What `http.client` needs of a socket, with one deadline per call instead of one per packet.

    A server that sends a byte now and then cannot hold a thread for longer.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.deadline = 0.0

    def sendall(self, data: bytes) -> None:
        self.arm()
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self, self._sock.makefile("rb", buffering=0)))

    def is_quiet(self) -> bool:
        """Whether there is nothing to read, as on a healthy connection between two calls; a closed one is readable."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            return not selector.select(timeout=0)

    def close(self) -> None:
        self._sock.close()

    def arm(self) -> None:
        """Let the next operation last no longer than the rest of the call."""
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(remaining)


class _DeadlineReader(io.RawIOBase):
    """Reads the socket's own file, which keeps the socket open for as long as an answer is being read."""

    def __init__(self, sock: _DeadlineSocket, source: io.RawIOBase) -> None:
        self._socket = sock
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        self._socket.arm()
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


@dataclass(slots=True)
class _Line:
    """A connection and the socket under it."""

    connection: HTTPConnection
    sock: _DeadlineSocket
    used_at: float = 0.0


def _origin(parts: SplitResult) -> _Origin:
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _target(parts: SplitResult) -> str:
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
