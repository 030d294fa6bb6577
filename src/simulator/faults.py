"""The faults of a broker, switched on and off while the simulator runs, each as it looks on the wire."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from types import NoneType
from typing import Any

from core.errors import ConfigurationError


class FaultKind(Enum):
    """What goes wrong. The first group hits HTTP answers, the others orders, sign-in, sockets, history and prices."""

    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_429 = "http_429"
    HANG = "hang"
    """No answer until the fault is cleared."""
    HTML_BODY = "html_body"
    """HTTP 200 with a page instead of JSON."""
    TRUNCATED_BODY = "truncated_body"
    """The connection ends in the middle of the answer to a request that was carried out."""
    LOST_REQUEST = "lost_request"
    """The connection is reset before the request is carried out."""
    LOST_ANSWER = "lost_answer"
    """The request is carried out, then the connection is reset."""

    REJECT_ORDER = "reject_order"
    """A placed order is refused with -99 and `message`."""
    UNACKNOWLEDGED = "unacknowledged"
    """A placed order is taken and answered with 201: sent, not acknowledged."""

    MARKET_STATUS = "market_status"
    """`/data/marketStatus` has the word `message` for the normal markets, whatever the day is."""

    EXPIRE_TOKENS = "expire_tokens"
    """Every token given out so far dies, once."""

    DROP_DATA_SOCKET = "drop_data_socket"
    """Every data connection is cut, once."""
    DROP_ORDER_SOCKET = "drop_order_socket"
    """Every order connection is cut, once."""
    STALL_DATA_SOCKET = "stall_data_socket"
    """Data connections stay open and say nothing."""
    STALL_ORDER_SOCKET = "stall_order_socket"
    """Order connections stay open and say nothing, not even pong."""
    MUTE_ORDER_SOCKET = "mute_order_socket"
    """Order connections answer pings and report nothing."""
    HANDSHAKE_DELAY = "handshake_delay"
    """WebSocket upgrades under `path` take `seconds` of market time."""
    REFUSE_CONNECTIONS = "refuse_connections"
    """Nothing listens for `seconds` of market time; open connections live on."""

    NO_DATA = "no_data"
    """History of `symbol` is empty and says where the last candle before it is."""
    MISSING_SESSION = "missing_session"
    """History of `symbol` lacks the session of `day` and says nothing about it."""
    LISTED_LATER = "listed_later"
    """History of `symbol` begins on `day`."""
    CAPPED_HISTORY = "capped_history"
    """History of `symbol` brings only the newest `rows` rows of a range."""

    DUPLICATE_TICK = "duplicate_tick"
    """The next quote is sent twice."""
    OUT_OF_ORDER_TICK = "out_of_order_tick"
    """The next quote is followed by the one before it."""
    ZERO_TICK = "zero_tick"
    """The next quote's last price is 0."""
    NEGATIVE_TICK = "negative_tick"
    """The next quote's last price is below zero."""


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "path": (str,),
    "method": (str,),
    "carried_out": (bool,),
    "times": (int, NoneType),
    "seconds": (int, float),
    "message": (str,),
    "symbol": (str,),
    "day": (str,),
    "rows": (int,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: what, where and how often."""

    kind: FaultKind
    path: str = "/"
    """HTTP faults and handshake delay: only requests whose path starts with this."""
    method: str = ""
    """HTTP faults: only this method; empty: every one."""
    carried_out: bool = False
    """500, 502, hang and HTML: the request is carried out before the answer goes wrong."""
    times: int | None = 1
    """How often it strikes; None: until cleared."""
    seconds: float = 0.0
    """Market seconds, for the faults that last."""
    message: str = "RMS:Rule: order refused by the simulator"
    """Words of a refusal."""
    symbol: str = ""
    """Faults of ticks and history: only this symbol; empty: every one."""
    day: str = ""
    """Faults of history: the date, as 2024-01-31; a missing session without one is the first in the range."""
    rows: int = 1_500
    """How many rows a capped history brings."""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Fault":
        """Read a control request. Raises `ConfigurationError` that names the wrong key or kind and what there is."""
        for name, value in body.items():
            if not isinstance(value, _JSON_TYPES.get(name, ())):
                raise ConfigurationError(f"fault: {name}={value!r} is not understood; it has {', '.join(_JSON_TYPES)}")
        kinds = {kind.value: kind for kind in FaultKind}
        kind = kinds.get(body.get("kind", ""))
        if kind is None:
            raise ConfigurationError(f"fault: unknown kind {body.get('kind')!r}; there are {', '.join(kinds)}")
        return cls(**{**body, "kind": kind})

    def to_json(self) -> dict[str, object]:
        """The fault as the control endpoint shows it."""
        return {**asdict(self), "kind": self.kind.value}


class Faults:
    """The faults that are armed. Lives in the server's event loop; other threads go through the server's handle."""

    def __init__(self) -> None:
        self._armed: list[tuple[Fault, int | None]] = []
        self._actions: dict[FaultKind, Callable[[Fault], None]] = {}
        self._calm = asyncio.Event()

    @property
    def armed(self) -> tuple[Fault, ...]:
        """What will strike or is striking, oldest first."""
        return tuple(fault for fault, _ in self._armed)

    def when_armed(self, kind: FaultKind, action: Callable[[Fault], None]) -> None:
        """Make a kind an action that is done at once when armed, instead of a state."""
        self._actions[kind] = action

    def arm(self, fault: Fault) -> None:
        """Switch a fault on."""
        action = self._actions.get(fault.kind)
        if action is None:
            self._armed.append((fault, fault.times))
        else:
            action(fault)

    def clear(self, kind: FaultKind | None = None) -> None:
        """Switch off one kind, or everything, and let hanging requests go."""
        self._armed = [(fault, left) for fault, left in self._armed if kind not in {None, fault.kind}]
        self._calm.set()
        self._calm = asyncio.Event()

    def strike(
        self, *kinds: FaultKind, path: str = "/", method: str = "", symbol: str = "", day: str = ""
    ) -> Fault | None:
        """Return the oldest armed fault that fits, and use it up by one."""
        for place, (fault, left) in enumerate(self._armed):
            fits = fault.kind in kinds and path.startswith(fault.path)
            fits = fits and (not day or fault.day in {"", day})
            if fits and fault.method in {"", method} and fault.symbol in {"", symbol}:
                if left == 1:
                    del self._armed[place]
                elif left is not None:
                    self._armed[place] = (fault, left - 1)
                return fault
        return None

    def is_on(self, kind: FaultKind) -> bool:
        """Whether a lasting fault is on."""
        return any(fault.kind is kind for fault, _ in self._armed)

    async def calm(self) -> None:
        """Wait for the next time faults are cleared."""
        await self._calm.wait()
