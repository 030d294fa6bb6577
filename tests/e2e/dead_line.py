"""Stands between the bot and the broker's REST, and lets chosen calls die as they do on a line that is not cut."""

import socket
import threading
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Death = Literal["hangs_after_accept", "half_open"]
"""Nobody ever reads what was accepted; or it is carried out, and nothing comes back. Neither line is ever closed."""


@dataclass
class DeadLine:
    """A relay, one thread a connection. Calls of an armed method die, so many of them; all others pass."""

    rest: str
    """The broker's own address."""
    struck: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released each time that a call has died."""

    def __post_init__(self) -> None:
        self._armed: tuple[Death, str, int] | None = None
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """What the bot takes for the broker's address."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}{urlsplit(self.rest).path}"

    def arm(self, death: Death, method: str, times: int = 1) -> None:
        """Let the next calls of a method die."""
        with self._lock:
            self._armed = death, method, times

    def close(self) -> None:
        """End everything."""
        self._listener.close()
        for line in self._open:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        parts = urlsplit(self.rest)
        with socket.create_connection((parts.hostname, parts.port)) as broker:
            try:
                while request := _read_message(client):
                    death = self._death_of(request)
                    if death != "hangs_after_accept":
                        broker.sendall(request)
                        answer = _read_message(broker)
                    if death is not None:
                        self.struck.release()
                        return  # and the line to the client stays open
                    client.sendall(answer)
            except OSError:
                pass
        client.close()

    def _death_of(self, request: bytes) -> Death | None:
        with self._lock:
            if self._armed is None or not request.startswith(self._armed[1].encode() + b" "):
                return None
            death, method, times = self._armed
            self._armed = (death, method, times - 1) if times > 1 else None
            return death


def _read_message(line: socket.socket) -> bytes:
    """Read one request or answer with a body of a known length; nothing when the line ends."""
    message = b""
    while b"\r\n\r\n" not in message:
        more = line.recv(65_536)
        if not more:
            return b""
        message += more
    head, _, body = message.partition(b"\r\n\r\n")
    lengths = [row.partition(b":")[2] for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")]
    left = int(lengths[0]) - len(body) if lengths else 0
    while left > 0:
        more = line.recv(min(left, 65_536))
        if not more:
            return b""
        message, left = message + more, left - len(more)
    return message
