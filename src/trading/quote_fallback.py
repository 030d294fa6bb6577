"""Prices by REST while the socket cannot be trusted: slower and dearer, but a stop can still be watched."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from core.errors import BotError
from core.market import Tick
from core.ports import Clock
from trading.socket_supervisor import JOIN_SECONDS

POLL_SECONDS = 3.0
"""Market seconds between two polls."""

logger = logging.getLogger("trading.data_feed")


class QuoteFallback:
    """A thread that polls quotes while somebody needs them; the socket's own thread never waits for a REST call."""

    def __init__(
        self,
        quotes: Callable[[Sequence[str]], Mapping[str, Tick]],
        clock: Clock,
        needed: Callable[[], Sequence[str]],
        deliver: Callable[[Mapping[str, Tick]], None],
    ) -> None:
        """`needed` names the symbols to ask for now; mostly none."""
        self._quotes = quotes
        self._clock = clock
        self._needed = needed
        self._deliver = deliver
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quote fallback", daemon=True)

    def start(self) -> None:
        """Begin, once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the thread unless it is the caller's own."""
        self._stopping.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(JOIN_SECONDS)
            if self._thread.is_alive():
                logger.error("the quote fallback did not end within %.0f s", JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(self._clock.pause_seconds(POLL_SECONDS)):
            symbols = self._needed()
            if not symbols:
                continue
            try:
                quotes = self._quotes(symbols)
                if not self._stopping.is_set():
                    self._deliver(quotes)
            except BotError as error:
                logger.warning("no quotes instead of the feed: %s", error)
            except Exception:  # the thread top: the next poll may do better
                logger.exception("unexpected fault in a poll for quotes")
