"""What happens to our orders, told by the order socket as it happens.

The socket is a fast messenger and no authority: nothing it missed is told again, so whoever listens asks the books
after every return to LIVE. Messages are applied in any order and any number of times.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from core.errors import DataError, InvariantError
from core.events import FeedState
from core.orders import OrderReport
from core.ports import Clock
from runtime.endpoints import require_allowed
from runtime.redaction import MARK, SHORTEST_SECRET
from runtime.settings import Settings
from trading.fyers_mapping import order_from_socket
from trading.socket_supervisor import Enter, SocketAddress, SocketSupervisor, Timer
from trading.strict_json import is_deeper_than, strict_json
from trading.websocket_link import LinkLostError, WebSocketLink

PING_SECONDS = 10.0
PONG_SECONDS = 8.0
"""Market seconds the server may take to answer a ping; anything it says counts."""
ANSWER_SECONDS = 3.0
"""Market seconds the server may take to answer the subscription."""
LARGEST_MESSAGE = 65_536
"""Characters; a message about one order has about a thousand."""
DEEPEST_MESSAGE = 5
"""Levels of nesting; a message about one order has two."""
_SUBSCRIBED = 1605
_SETTING = "broker.endpoints.order_socket"
_SUBSCRIPTION = json.dumps({"T": "SUB_ORD", "SLIST": ["orders", "trades", "positions"], "SUB_T": 1})

logger = logging.getLogger("trading.order_feed")


class OrderFeed:
    """Delivers order reports until stopped; connects again by itself. May be started again after a stop."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        token: Callable[[], str],
        on_order: Callable[[OrderReport], object],
        on_state: Enter,
    ) -> None:
        """`token` is asked at each connection; the callbacks run on the feed's own thread and must only hand on.

        Raises `ConfigurationError` for an address that is not allowed.
        """
        require_allowed(settings.broker.endpoints.order_socket, _SETTING, "ws")
        self._client_id = settings.auth.client_id
        self._token = token
        self._secret = ""
        self._address = SocketAddress(
            name="order feed",
            url=settings.broker.endpoints.order_socket,
            setting=_SETTING,
            connect_seconds=settings.broker.connect_seconds,
            headers=self._headers,
        )
        self._clock = clock
        self._on_order = on_order
        self._on_state = on_state
        self._supervisor: SocketSupervisor | None = None

    def start(self) -> None:
        """Connect and subscribe. Raises `InvariantError` when the feed runs already."""
        if self._supervisor is not None:
            raise InvariantError("the order feed runs already: stop it before starting it again")
        self._supervisor = SocketSupervisor(self._address, self._clock, self._converse, self._on_state)
        self._supervisor.start()

    def stop(self) -> None:
        """Disconnect and join the thread. Safe to call twice."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop()

    def _headers(self) -> tuple[str, ...]:
        self._secret = self._token()
        return (f"authorization: {self._client_id}:{self._secret}",)

    def _converse(self, link: WebSocketLink, enter: Enter) -> "_OrderConversation":
        return _OrderConversation(link, enter, self._clock, self._take, self._read)

    def _read(self, message: bytes | str) -> dict[str, Any] | None:
        """Read a message without our own token: what quotes it must not bring it into the event log."""
        text = message if isinstance(message, str) else message.decode("utf-8", "replace")
        return read_message(text.replace(self._secret, MARK) if len(self._secret) >= SHORTEST_SECRET else text)

    def _take(self, message: dict[str, Any]) -> None:
        """Deliver what is said of an order; trades and positions are told better by the books."""
        try:
            if "orders" in message:
                self._on_order(order_from_socket(message["orders"]))
        except DataError as error:
            logger.warning("a message of the order socket is left to the books: %s", error)


class _OrderConversation:
    """One connection's talk: subscribe, then answer for the connection with ping and pong."""

    def __init__(
        self,
        link: WebSocketLink,
        enter: Enter,
        clock: Clock,
        take: Callable[[dict[str, Any]], None],
        read: Callable[[bytes | str], dict[str, Any] | None],
    ) -> None:
        self._link = link
        self._read = read
        self._enter = enter
        self._take = take
        self._answer, self._ping, self._pong = (Timer(clock) for _ in range(3))

    def open(self) -> None:
        """Subscribe; the handshake has proved the token already."""
        self._link.send(_SUBSCRIPTION)
        self._answer.start(ANSWER_SECONDS)
        self._ping.start(PING_SECONDS)

    def hear(self, message: bytes | str) -> None:
        """Take an answer or a message; what cannot be read is left to the books."""
        self._pong.stop()
        if message in {"pong", b"pong"}:
            return
        content = self._read(message)
        if content is None:
            logger.warning("an unreadable message of the order socket, %d long, is left to the books", len(message))
        elif content.get("code") == _SUBSCRIBED:
            self._answer.stop()
            self._enter(FeedState.LIVE)
        else:
            self._take(content)

    def look(self) -> None:
        """Ping, and give up where the server owes an answer. Raises `LinkLostError`."""
        if self._answer.is_over:
            raise LinkLostError(f"the server did not answer the subscription within {ANSWER_SECONDS:g} market seconds")
        if self._pong.is_over:
            raise LinkLostError(f"the server did not answer a ping within {PONG_SECONDS:g} market seconds")
        if self._ping.is_over:
            self._link.send("ping")
            self._ping.start(PING_SECONDS)
            self._pong.start(PONG_SECONDS)


def read_message(message: bytes | str) -> dict[str, Any] | None:
    """Return a JSON object of bounded size and depth, or None for anything else. Never raises."""
    if len(message) > LARGEST_MESSAGE:
        return None
    try:
        content = strict_json(message)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and not is_deeper_than(content, DEEPEST_MESSAGE) else None
