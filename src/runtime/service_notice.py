"""Telling systemd how the bot is: ready, alive, stopping. A loop that hangs says nothing, and is killed and restarted.

This is `sd_notify`: one datagram to the address in `NOTIFY_SOCKET`. Without one, as at a terminal, nothing is sent.
"""

import os
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from time import monotonic

SIGNS_PER_INTERVAL = 4
"""How many signs of life are given within the time after which the manager acts."""
PATIENCE_SECONDS = 600.0
"""What is asked for before work that waits for a broker, a disk or a person."""
_MICROSECONDS = 1_000_000


class ServiceNotice:
    """Speaks to the manager that started this process. For one thread; never raises and never waits."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Take the manager's variables out of `environ`, so that no child speaks in our name."""
        address, interval = environ.pop("NOTIFY_SOCKET", ""), environ.pop("WATCHDOG_USEC", "")
        watched = environ.pop("WATCHDOG_PID", "") in {"", str(os.getpid())}
        # A name that begins with @ is not a file's: the kernel wants a zero byte there.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._interval = int(interval) if watched and interval.isdecimal() else 0
        self._next_sign = 0.0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)

    def ready(self) -> None:
        """The start is over."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Give a sign of life, if one is due. Only the loop that decides may."""
        now = monotonic()
        if self._interval and now >= self._next_sign:
            self._next_sign = now + self._interval / _MICROSECONDS / SIGNS_PER_INTERVAL
            self._send("WATCHDOG=1")

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Ask the manager to wait longer while something is done that may take long."""
        self._watch(int(PATIENCE_SECONDS * _MICROSECONDS))
        try:
            yield
        finally:
            self._watch(self._interval)

    def _watch(self, interval: int) -> None:
        if self._interval:
            self._send(f"WATCHDOG_USEC={interval}\nWATCHDOG=1")

    def _send(self, words: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # a manager that does not listen is no reason to stop
                self._socket.sendto(words.encode(), self._address)
