"""What is said on one data-socket connection: sign in, subscribe, listen, and ask again when prices stop.

Silence proves nothing about one symbol and little about all of them: nothing may have traded. So a silent feed is
asked for its snapshots first; only when none comes is it stalled, and only when that lasts is it connected anew.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import AuthenticationError
from core.events import FeedState
from core.ports import Clock
from trading.hsm_frames import (
    DATA_TYPE,
    PING,
    AnswerKind,
    ServerAnswer,
    ServerMessage,
    authentication,
    full_mode,
    hsm_key,
    read_server_frame,
    subscriptions,
)
from trading.socket_supervisor import Enter, Timer
from trading.websocket_link import LinkLostError, WebSocketLink

PING_SECONDS = 10.0
ANSWER_SECONDS = 3.0
"""Market seconds the server may take to answer a sign-in or a subscription."""
PROBE_SECONDS = 3.0
"""Market seconds without any price after which we subscribe again: a feed that lives answers with snapshots."""
STALL_SECONDS = 2.0
"""Market seconds the snapshots may take before the feed counts as stalled."""
MUTE_SECONDS = 30.0
"""Market seconds a stalled feed may go on answering without a price before it is connected anew."""
MOST_BROKEN_FRAMES = 20
"""Frames nobody can read on one connection; one more and it is made anew."""
_DATA = bytes([DATA_TYPE])

logger = logging.getLogger("trading.data_feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What a conversation needs of the feed it works for."""

    token: Callable[[], str]
    """Today's access token; may raise `AuthenticationError`."""
    topics: Sequence[str]
    decode: Callable[[bytes], None]
    """Takes each data frame."""
    broken_frames: Callable[[], int]
    """How many frames could not be read to their end, on this connection."""
    note_prices: Callable[[], None]
    """Told about once a market second while prices come."""
    mute_seconds: float = MUTE_SECONDS
    """How long a stalled feed is borne with on this connection."""


class DataConversation:
    """One connection's talk. The state is LIVE from the subscription's answer on, STALLED while prices are missing."""

    def __init__(self, link: WebSocketLink, enter: Enter, clock: Clock, listener: Listener) -> None:
        self._link = link
        self._enter = enter
        self._listener = listener
        self._subscriptions = subscriptions(listener.topics)
        self._unanswered = 0
        self._is_subscribed = self._is_stalled = self._has_heard = False
        self._ping, self._answer, self._probe, self._stall, self._mute = (Timer(clock) for _ in range(5))

    def open(self) -> None:
        """Sign in with the key inside today's token. Raises `AuthenticationError` when there is none."""
        self._link.send(authentication(hsm_key(self._listener.token())))
        self._link.send(full_mode())
        self._answer.start(ANSWER_SECONDS)
        self._ping.start(PING_SECONDS)

    def hear(self, message: bytes | str) -> None:
        """Hand prices on; act on answers. Raises `AuthenticationError` or `LinkLostError` for a refusal."""
        if isinstance(message, str):
            return
        if message[2:3] != _DATA:
            self._take_answer(message)
            return
        self._listener.decode(message)
        self._has_heard = True
        if self._is_stalled:
            self._is_stalled = False
            self._enter(FeedState.LIVE)

    def look(self) -> None:
        """Ping, probe and give up as the timers say. Raises `LinkLostError`."""
        if self._has_heard:
            self._note_prices()
        if self._stall.is_over:
            self._note_stall()
        if self._listener.broken_frames() > MOST_BROKEN_FRAMES:
            raise LinkLostError(f"more than {MOST_BROKEN_FRAMES} frames could not be read; connecting anew")
        if self._answer.is_over:
            asked = "subscription" if self._unanswered else "sign-in"
            raise LinkLostError(f"the server did not answer the {asked} within {ANSWER_SECONDS:g} market seconds")
        if self._mute.is_over:
            seconds = self._listener.mute_seconds
            raise LinkLostError(f"no price for {seconds:g} market seconds though the server answers")
        if self._ping.is_over:
            self._link.send(PING)
            self._ping.start(PING_SECONDS)
        if self._probe.is_over:
            self._probe.stop()
            self._subscribe()
            self._stall.start(STALL_SECONDS)

    def _take_answer(self, frame: bytes) -> None:
        match read_server_frame(frame):
            case ServerAnswer(AnswerKind.AUTHENTICATION, True):
                self._subscribe()
            case ServerAnswer(AnswerKind.AUTHENTICATION, False):
                raise AuthenticationError("the data socket refused the access token; run `fyersbot login`")
            case ServerAnswer(AnswerKind.SUBSCRIPTION, True):
                self._note_subscription()
            case ServerAnswer(AnswerKind.SUBSCRIPTION, False):
                raise LinkLostError("the server refused the subscription")
            case ServerMessage(code, text, AnswerKind.AUTHENTICATION):
                raise AuthenticationError(f"the data socket refused the sign-in: {text} (code {code})")
            case ServerMessage(code, text):
                logger.warning("the data socket says: %s (code %d)", text, code)

    def _subscribe(self) -> None:
        for frame in self._subscriptions:
            self._link.send(frame)
        self._unanswered = len(self._subscriptions)
        self._answer.start(ANSWER_SECONDS)

    def _note_subscription(self) -> None:
        self._unanswered -= 1
        if self._unanswered > 0:
            return
        self._answer.stop()
        if not self._is_subscribed:
            self._is_subscribed = True
            self._enter(FeedState.LIVE)
            self._probe.start(PROBE_SECONDS)

    def _note_prices(self) -> None:
        self._has_heard = False
        self._stall.stop()
        self._mute.stop()
        self._probe.start(PROBE_SECONDS)
        self._listener.note_prices()

    def _note_stall(self) -> None:
        self._stall.stop()
        self._probe.start(PROBE_SECONDS)
        if not self._is_stalled:
            self._is_stalled = True
            self._mute.start(self._listener.mute_seconds)
            self._enter(FeedState.STALLED)
