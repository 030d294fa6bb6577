"""Why the bot should end: somebody asks for it, or a thread of ours died. Asked from anywhere, heard by the loop alone.

Whatever waits outside a session waits here, so that a wish is heard at once and the service manager hears of us.
"""

import queue
from contextlib import suppress
from time import monotonic

from core.errors import ThreadDiedError
from runtime.service_notice import ServiceNotice

_SLICE_SECONDS = 2.0
"""Wall seconds between two signs of life while nothing else is done."""


class StopWishes:
    """Collects wishes; `ask` and `fail` may be called at any moment, the rest belongs to one thread."""

    def __init__(self, service: ServiceNotice) -> None:
        # An event's lock may be held by the very code that a signal interrupts; this queue may be put to at any moment.
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._service = service
        self._fault = ""
        self.why = ""
        """The first wish that was heard; empty while there is none."""

    def ask(self, why: str) -> None:
        """Wish for a graceful end; safe in a signal handler."""
        self._waiting.put(why)

    def fail(self, why: str) -> None:
        """Say that the bot cannot go on; whoever asks or waits next raises."""
        self._fault = self._fault or why
        self._waiting.put(why)

    def wait(self, seconds: float) -> None:
        """Wait so many wall seconds, or until there is a wish. Raises `ThreadDiedError` after a fault."""
        deadline = monotonic() + seconds
        left = seconds
        while not self.is_heard() and left > 0:
            self._service.alive()
            self._take(min(left, _SLICE_SECONDS))
            left = deadline - monotonic()

    def is_heard(self) -> bool:
        """Whether there is a wish. Raises `ThreadDiedError` after a fault."""
        self._take(0)
        if self._fault:
            raise ThreadDiedError(f"{self._fault}; the bot ends, because part of it no longer works: start it again")
        return bool(self.why)

    def _take(self, seconds: float) -> None:
        with suppress(queue.Empty):
            self.why = self.why or self._waiting.get(timeout=seconds)
