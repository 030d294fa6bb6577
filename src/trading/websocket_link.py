"""One open WebSocket, reached the way a token may travel: encrypted or on this machine, and straight to the host.

The connection is made here and handed to the library, so that no environment variable can put a proxy, another
certificate list or a key log between us and the broker, and no redirect can carry the token elsewhere.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from math import inf
from time import monotonic

import websocket
from websocket._abnf import continuous_frame, frame_buffer

from core.errors import AuthenticationError, BrokerError
from runtime.endpoints import require_allowed
from runtime.tls import client_context

LARGEST_MESSAGE = 5_000_000
"""Bytes; the largest of the feed's own have some ten thousand."""
_REFUSED = frozenset({401, 403})
_PORTS = {"ws": 80, "wss": 443}


class LinkLostError(BrokerError):
    """A connection is of no use any more. It is given up and made anew after a pause."""


class WebSocketLink:
    """An open connection, used by one thread; `interrupt` alone may be called by another."""

    def __init__(self, url: str, setting: str, headers: Sequence[str], seconds: float) -> None:
        """Connect within about `seconds` per step; `setting` names the address in messages.

        Raises `ConfigurationError` for an address that is not allowed, `AuthenticationError` when the handshake is
        refused with HTTP 401 or 403, `LinkLostError` for every other failure.
        """
        parts = require_allowed(url, setting, "ws")
        host = parts.hostname or ""
        self._guard = threading.Lock()
        self._socket = websocket.WebSocket()
        self._frames = self._socket.frame_buffer = _BoundedFrames(self._socket._recv)
        self._socket.cont_frame = _BoundedMessage()
        self._patience = inf
        with contextlib.ExitStack() as undo:
            try:
                self._wire = socket.create_connection((host, parts.port or _PORTS[parts.scheme]), seconds)
                undo.callback(self._wire.close)
                self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                if parts.scheme == "wss":
                    self._wire = client_context().wrap_socket(self._wire, server_hostname=host)
                    undo.callback(self._wire.close)
                how = {"socket": self._wire, "header": list(headers), "redirect_limit": 0}
                self._socket.connect(url, **how)  # type: ignore[no-untyped-call]  # the library annotates in part
            except websocket.WebSocketBadStatusException as error:
                # The library's text repeats the server's headers and body, which are nobody's business.
                words = f"{host} answered the handshake with HTTP {error.status_code}"
                if error.status_code in _REFUSED:
                    raise AuthenticationError(f"{words}: the access token is not accepted") from None
                raise LinkLostError(words) from None
            except (websocket.WebSocketException, OSError) as error:
                raise LinkLostError(f"no connection to {host}: {_words(error)}") from error
            undo.pop_all()

    def set_patience(self, seconds: float) -> None:
        """Let `receive` return after this long without a message, and `send` fail after this long without room."""
        self._socket.settimeout(seconds)
        self._patience = seconds

    def send(self, message: bytes | str) -> None:
        """Send one binary or text message. Raises `LinkLostError`."""
        opcode = websocket.ABNF.OPCODE_TEXT if isinstance(message, str) else websocket.ABNF.OPCODE_BINARY
        try:
            self._socket.send(message, opcode)
        except (websocket.WebSocketException, OSError) as error:
            raise LinkLostError(f"cannot send: {_words(error)}") from error

    def receive(self) -> bytes | str | None:
        """Return the next message, or None when none came in time. Raises `LinkLostError`."""
        self._frames.give_up_at = monotonic() + self._patience
        try:
            opcode, data = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError) as error:
            raise LinkLostError(f"connection lost: {_words(error)}") from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise LinkLostError(f"the server closed the connection with code {int.from_bytes(data[:2])}")
        if opcode == websocket.ABNF.OPCODE_TEXT:
            return bytes(data).decode("utf-8", "replace")
        return bytes(data)

    def interrupt(self) -> None:
        """Wake the thread that waits in `receive`; the connection is over for it."""
        with self._guard, contextlib.suppress(OSError):
            # Below TLS, whose own shutdown would race with the reader.
            socket.socket.shutdown(self._wire, socket.SHUT_RD)

    def close(self) -> None:
        """Say goodbye, without waiting for an answer, and let go of the descriptor."""
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._socket.send_close()
        with self._guard:
            self._socket.shutdown()  # type: ignore[no-untyped-call]  # as `connect`


class _BoundedFrames(frame_buffer):
    """Reads frames of bounded length, and lets go in time of one that arrives byte by byte; it is gone on with later.

    The library would wait for the end of a frame for as long as anything comes, and keep all of it.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        super().__init__(self._receive, skip_utf8_validation=False)
        self._source = receive
        self.give_up_at = inf

    def recv_length(self) -> None:
        super().recv_length()
        _refuse_length(self.length or 0)

    def _receive(self, size: int) -> bytes:
        if monotonic() > self.give_up_at:
            raise websocket.WebSocketTimeoutException("the rest of the frame has not come yet")
        return self._source(size)


class _BoundedMessage(continuous_frame):
    """Puts the fragments of a message together, up to a length."""

    def __init__(self) -> None:
        super().__init__(fire_cont_frame=False, skip_utf8_validation=False)

    def add(self, frame: websocket.ABNF) -> None:
        _refuse_length(len(frame.data) + (len(self.cont_data[1]) if self.cont_data else 0))
        super().add(frame)


def _refuse_length(length: int) -> None:
    if length > LARGEST_MESSAGE:
        raise websocket.WebSocketProtocolException(f"a message of {length} bytes; at most {LARGEST_MESSAGE} are read")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
