"""Keeps a conversation with a server going: one thread that connects, listens, gives up and connects again, for ever.

What is said is the conversation's business. It is made anew for each connection, so nothing learned on one can be
mistaken on the next; any `BotError` it raises ends its connection. Waits follow the clock's one rule.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from core.errors import AuthenticationError, BotError
from core.events import FeedState
from core.ports import Clock
from trading.websocket_link import WebSocketLink

RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Market seconds before each new attempt; the last one repeats. A connection that was live starts the row again."""
REFUSED_RETRY_SECONDS = 30.0
"""A dead token stays dead until somebody signs in; asking twice a minute is enough."""
ALARM_EVERY = 5
"""Failures in a row after which the log says so louder."""
LOOK_SECONDS = 1.0
"""Market seconds between two looks at the timers of a silent connection."""
JOIN_SECONDS = 15.0
"""Wall seconds a thread may take to end; a connection attempt, which cannot be interrupted, fits in."""


class Timer:
    """A moment that will pass: set in market seconds, never sooner than the clock allows a network deadline."""

    __slots__ = ("_clock", "_due")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = float("inf")

    def start(self, seconds: float) -> None:
        """Let it pass in so many market seconds from now."""
        self._due = monotonic() + self._clock.deadline_seconds(seconds)

    def stop(self) -> None:
        """Let it never pass."""
        self._due = float("inf")

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return monotonic() >= self._due


class Conversation(Protocol):
    """What is said on one connection, on the supervisor's thread."""

    def open(self) -> None:
        """Speak first."""
        ...

    def hear(self, message: bytes | str) -> None:
        """Take a message."""
        ...

    def look(self) -> None:
        """Look at the timers; called about once a market second, at least every 50 ms of wall time when fast."""
        ...


Enter = Callable[[FeedState], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketAddress:
    """Where to connect and how to ask."""

    name: str
    """For the log and the thread, for example `data feed`."""
    url: str
    setting: str
    """The settings key of the address, for messages."""
    connect_seconds: float
    """Market seconds that connecting may take."""
    headers: Callable[[], Sequence[str]]
    """Asked at each attempt, because tokens change. May raise `AuthenticationError`."""


class SocketSupervisor:
    """The owner of a connection. Tells `on_state`, on its own thread, each time the state changes."""

    def __init__(
        self,
        address: SocketAddress,
        clock: Clock,
        converse: Callable[[WebSocketLink, Enter], Conversation],
        on_state: Enter,
    ) -> None:
        self._address = address
        self._clock = clock
        self._converse = converse
        self._on_state = on_state
        self._state = FeedState.DOWN
        self._failures = 0
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._link: WebSocketLink | None = None
        self._thread = threading.Thread(target=self._run, name=address.name, daemon=True)
        self._log = logging.getLogger(f"trading.{address.name.replace(' ', '_')}")

    @property
    def state(self) -> FeedState:
        """How the connection is doing."""
        return self._state

    def start(self) -> None:
        """Begin, once."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect and wait for the thread, unless it is the caller's own."""
        self._stopping.set()
        with self._guard:
            if self._link is not None:
                self._link.interrupt()
        if threading.current_thread() is not self._thread:
            self._thread.join(JOIN_SECONDS)
            if self._thread.is_alive():
                self._log.error("%s: the thread did not end within %.0f s", self._address.name, JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._attempt()
            self._stopping.wait(self._clock.deadline_seconds(pause))
        self._enter(FeedState.DOWN)

    def _attempt(self) -> float:
        """Hold one connection until it ends; return the market seconds to wait before the next."""
        self._enter(FeedState.CONNECTING)
        try:
            self._hold()
        except AuthenticationError as error:
            self._complain(error)
            self._enter(FeedState.AUTH_REFUSED)
            return REFUSED_RETRY_SECONDS
        except BotError as error:
            self._complain(error)
        except Exception:  # noqa: BLE001 - the thread top: a feed must outlive any fault in a callback
            self._failures += 1
            self._log.exception("%s: unexpected fault; connecting again", self._address.name)
        self._enter(FeedState.DOWN)
        return RETRY_SECONDS[min(max(self._failures, 1), len(RETRY_SECONDS)) - 1]

    def _hold(self) -> None:
        address, seconds = self._address, self._clock.deadline_seconds(self._address.connect_seconds)
        link = WebSocketLink(address.url, address.setting, address.headers(), seconds)
        with self._guard:
            self._link = link
        try:
            self._listen(link)
        finally:
            with self._guard:
                self._link = None
            link.close()

    def _listen(self, link: WebSocketLink) -> None:
        patience = self._clock.pause_seconds(LOOK_SECONDS)
        link.set_patience(patience)
        conversation = self._converse(link, self._enter)
        conversation.open()
        look_at = monotonic() + patience
        while not self._stopping.is_set():
            message = link.receive()
            if message is not None:
                conversation.hear(message)
            if monotonic() >= look_at:
                conversation.look()
                look_at = monotonic() + patience

    def _complain(self, error: BotError) -> None:
        if self._stopping.is_set():
            return
        self._failures += 1
        if self._failures % ALARM_EVERY == 0:
            self._log.error("%s: %s (failure %d in a row); still trying", self._address.name, error, self._failures)
        else:
            self._log.warning("%s: %s", self._address.name, error)

    def _enter(self, state: FeedState) -> None:
        if state is FeedState.LIVE:
            self._failures = 0
        if state is self._state:
            return
        self._state = state
        self._log.info("%s: %s", self._address.name, state.value.replace("_", " "))
        try:
            self._on_state(state)
        except Exception:  # noqa: BLE001 - the announcer: who cannot take the news must not end the feed
            self._log.exception("%s: nobody took the news of %s", self._address.name, state.value)
