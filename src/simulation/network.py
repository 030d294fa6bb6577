"""The way to the broker and back: a request may be refused, lost or late, and an answer lost, slow or in pieces.

What is on its way when the process dies stays on its way: the network belongs to the world. An order is carried out
when its request arrives; whether anybody hears of it is another question.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from core.instants import MILLISECOND, SECOND
from simulation.dice import Dice
from simulation.fates import Fates
from simulation.plan import FaultKind
from simulation.setting import CONNECT, READ
from simulation.virtual_time import VirtualTime
from simulator.books import Reply
from trading.answers import Answer, CallResult, Failure

SECRET = "eyJhbGciOiJub25lIn0.c2lt.token"  # noqa: S105 - a canary that no log may show
LONGEST_TRANSIT = 30.0
"""Seconds a request may be under way; the bot is told to expect no more."""

_PAGE = Answer(200, {}, f"<html>session {SECRET} of a gateway</html>".encode())
_GATEWAY = Answer(502, {}, b'{"s":"error","code":0,"message":"Bad gateway"}')
_THROTTLED = Answer(429, {"retry-after": "2"}, b'{"s":"error","code":-429,"message":"request limit reached"}')
_DEAD_TOKEN = Answer(401, {}, b'{"s":"error","code":-16,"message":"Could not authenticate the user"}')
_WRONG_ADDRESS = Answer(403, {}, b'{"s":"error","code":-403,"message":"Requests from this address are not allowed"}')
_TIMED_OUT = Failure(sent=True, reason="no answer in time")
_RESET = Failure(sent=True, reason="connection reset by peer")
_NO_CONNECTION = Failure(sent=False, reason="connection refused")

_ZOMBIE_SECONDS = 50, 80
_FORGOTTEN_IDS = 26010699000000
"""Where the ids of orders begin that the broker took and lost."""
_K = FaultKind


@dataclass(frozen=True, slots=True)
class Request:
    """A call that changes orders, on its way."""

    carry_out: Callable[[], Reply]
    answer: Callable[[CallResult], None]
    """Is called once, when the bot's worker has its answer or gives up."""
    is_placing: bool
    symbol: str
    is_protective: bool


class Network:
    """Takes requests to the broker in virtual time."""

    def __init__(self, time: VirtualTime, fates: Fates) -> None:
        self._time = time
        self._fates = fates
        self._latency = Dice(fates.seed, "latency")
        self.has_token = True
        self.token_since = time.now
        """When the token that works now was given."""
        self.is_address_allowed = True
        self.disturbed: Callable[[str], None] = lambda _symbol: None
        """Is told the symbol of a protective request that went wrong."""
        self.came_late: Callable[[str], None] = lambda _symbol: None
        """Is told the symbol of a request that is carried out after it counted as lost."""

    def one_way(self) -> int:
        """Nanoseconds a message takes when nothing is wrong."""
        return int(self._latency.between(15, 80) * MILLISECOND)

    def send(self, request: Request) -> None:
        """Send a call that changes orders."""
        for kind in _REQUEST_FAULTS:
            use = self._fates.strikes(kind)
            if use and (request.is_placing or kind is not _K.NOT_ACKNOWLEDGED):
                if request.is_protective:
                    self.disturbed(request.symbol)
                self._go_wrong(request, kind, use)
                return
        self._go(request, self.one_way(), self.one_way(), _as_answer)

    def _go_wrong(self, request: Request, kind: FaultKind, use: int) -> None:
        up, down, size = self.one_way(), self.one_way(), self._fates.size
        is_done = self._fates.choice(kind, use, 2) == 1
        match kind:
            case _K.REQUEST_REFUSED:
                wait = int(size(kind, use, 0, 1) * CONNECT)
                self._time.after(wait, lambda: request.answer(_NO_CONNECTION))
            case _K.REQUEST_LOST:
                self._time.after(up + READ, lambda: request.answer(_TIMED_OUT))
            case _K.REQUEST_LATE:
                longest = LONGEST_TRANSIT if self._fates.choice(kind, use, 10) == 0 else 9.0
                self._go(request, int(size(kind, use, 0.5, longest) * SECOND), down, _as_answer)
            case _K.REQUEST_ZOMBIE:
                self._time.after(int(size(kind, use, *_ZOMBIE_SECONDS) * SECOND), lambda: self._rise(request))
                self._time.after(up + READ, lambda: request.answer(_TIMED_OUT))
            case _K.RESPONSE_SLOW:
                self._go(request, up, int(size(kind, use, 0.5, 9) * SECOND), _as_answer)
            case _K.RESPONSE_LOST:
                self._go(request, up, down, lambda _reply: _RESET)
            case _K.RESPONSE_TRUNCATED:
                self._go(request, up, down, _in_pieces)
            case _K.NOT_ACKNOWLEDGED if is_done:
                self._go(request, up, down, _not_acknowledged)
            case _K.NOT_ACKNOWLEDGED:  # an id was given, and the order never comes to be
                forgotten = Reply(True, 201, "Sent, not acknowledged", f"{_FORGOTTEN_IDS + use}")
                self._time.after(up + down, lambda: request.answer(_as_answer(forgotten)))
            case _K.RESPONSE_HTML if is_done:
                self._go(request, up, down, lambda _reply: _PAGE)
            case _K.RESPONSE_5XX if is_done:
                self._go(request, up, down, lambda _reply: _GATEWAY)
            case _:
                said = {_K.RATE_LIMITED: _THROTTLED, _K.RESPONSE_HTML: _PAGE}.get(kind, _GATEWAY)
                self._time.after(up + down, lambda: request.answer(said))

    def _go(self, request: Request, up: int, down: int, word: Callable[[Reply], CallResult]) -> None:
        """Carry a request to the broker and its answer back; the worker waits no longer than its deadline."""
        given_up = self._time.now + READ
        if up + down > READ:
            self._time.at(given_up, lambda: request.answer(_TIMED_OUT))

        def arrive() -> None:
            refusal = self._refusal()
            said = refusal or word(request.carry_out())
            if up + down <= READ:
                self._time.after(down, lambda: request.answer(said))

        self._time.after(up, arrive)

    def _rise(self, request: Request) -> None:
        """Carry out a request that counts as lost."""
        self.came_late(request.symbol)
        if self._refusal() is None:
            request.carry_out()

    def _refusal(self) -> CallResult | None:
        if not self.has_token:
            return _DEAD_TOKEN
        return None if self.is_address_allowed else _WRONG_ADDRESS


_REQUEST_FAULTS = (
    _K.REQUEST_REFUSED,
    _K.REQUEST_LOST,
    _K.REQUEST_LATE,
    _K.REQUEST_ZOMBIE,
    _K.RESPONSE_LOST,
    _K.RESPONSE_SLOW,
    _K.RESPONSE_HTML,
    _K.RESPONSE_TRUNCATED,
    _K.RESPONSE_5XX,
    _K.NOT_ACKNOWLEDGED,
    _K.RATE_LIMITED,
)


def _as_answer(reply: Reply) -> CallResult:
    body = {"s": "ok" if reply.ok else "error", "code": reply.code, "message": reply.message}
    if reply.broker_id:
        body["id"] = reply.broker_id
    return Answer(200 if reply.ok else 400, {}, json.dumps(body).encode())


def _in_pieces(reply: Reply) -> CallResult:
    whole = _as_answer(reply)
    return Answer(whole.status, {}, whole.body[: len(whole.body) // 2]) if isinstance(whole, Answer) else whole


def _not_acknowledged(reply: Reply) -> CallResult:
    return _as_answer(Reply(True, 201, "Sent, not acknowledged", reply.broker_id) if reply.ok else reply)
