"""Which chances strike: the plan's own faults, or a swarm drawn from the seed.

Swarm testing (Groce et al., 2012): a run that enables few kinds, each with a rate of its own, reaches combinations
that a run with everything at once never does. A tenth of the seeds has no fault, a seventh has exactly one.
"""

from dataclasses import dataclass

from simulation.dice import draw, draw_from, stream
from simulation.plan import Fault, FaultKind, Plan

K = FaultKind


@dataclass(frozen=True, slots=True)
class _Usual:
    rate: float
    """Share of the chances that strike where the kind is enabled."""
    chances: int
    """How many a session has, roughly."""


_REQUEST = _Usual(0.03, 50)
_BOOK = _Usual(0.04, 110)
_MOMENT = _Usual(0.01, 120)
_USUAL: dict[FaultKind, _Usual] = {
    **dict.fromkeys(
        (
            K.REQUEST_REFUSED, K.REQUEST_LOST, K.REQUEST_LATE, K.RESPONSE_LOST, K.RESPONSE_SLOW, K.RESPONSE_HTML,
            K.RESPONSE_TRUNCATED, K.RESPONSE_5XX, K.NOT_ACKNOWLEDGED, K.RATE_LIMITED, K.REJECT_MARGIN,
        ),
        _REQUEST,
    ),
    K.REQUEST_ZOMBIE: _Usual(0.01, 50),
    **dict.fromkeys((K.REJECT_STOP, K.MODIFY_WITHOUT_EFFECT, K.MODIFY_RACE), _Usual(0.12, 15)),
    **dict.fromkeys((K.PARTIAL_FILL, K.NO_FILL), _Usual(0.2, 35)),
    **dict.fromkeys((K.BOOK_STALE, K.BOOK_PARTIAL, K.BOOK_EMPTY, K.BOOK_FAILED), _BOOK),
    K.HISTORY_FAILED: _Usual(0.05, 90),
    **dict.fromkeys((K.ORDER_SOCKET_DUPLICATE, K.ORDER_SOCKET_LATE), _Usual(0.06, 100)),
    **dict.fromkeys((K.FEED_CORRUPT, K.FEED_DUPLICATE, K.FEED_LATE, K.FEED_SWAPPED), _Usual(0.01, 600)),
    **dict.fromkeys(
        (
            K.TOKEN_DEATH, K.ADDRESS_BLOCKED, K.ORDER_SOCKET_DROP, K.ORDER_SOCKET_STALL, K.FEED_STALL, K.MANUAL_ORDER,
            K.MANUAL_CANCEL, K.CONVERSION, K.CLOCK_STEP, K.PAUSE, K.KILL,
        ),
        _MOMENT,
    ),
    K.BROKER_SQUARE_OFF: _Usual(0.003, 120),
    **dict.fromkeys((K.GAP_MOVE, K.CIRCUIT_LOCK), _Usual(0.02, 120)),
    K.DISK_FULL: _Usual(0.002, 1000),
    K.COMMAND: _Usual(0.02, 120),
}  # fmt: skip
_NO_FAULT, _ONE_FAULT = 0.10, 0.25
_ENABLED = 0.3
_COMMANDED = 0.2


class Fates:
    """Counts the chances of a session and remembers those that struck."""

    def __init__(self, plan: Plan) -> None:
        self.seed = plan.seed
        self.fired: list[Fault] = []
        self.are_off = False
        """Whether the calm has begun, in which nothing strikes."""
        self._uses: dict[FaultKind, int] = {}
        self._exact: dict[FaultKind, frozenset[int]] = {}
        self._rates: dict[FaultKind, float] = {}
        self._streams: dict[FaultKind, int] = {}
        """Where the stream of each kind with a rate begins: it is drawn from at every chance."""
        if plan.faults is not None:
            self._strike_exactly(plan.faults)
        else:
            self._draw(plan)

    def strikes(self, kind: FaultKind) -> int:
        """Use up one chance of a kind; return its number if it strikes, else 0."""
        used = self._uses.get(kind)
        if used is None or self.are_off:
            return 0
        use = self._uses[kind] = used + 1
        rate = self._rates.get(kind)
        hit = use in self._exact[kind] if rate is None else draw_from(self._streams[kind], use) < rate
        if not hit:
            return 0
        self.fired.append(Fault(kind, use))
        return use

    def size(self, kind: FaultKind, use: int, low: float, high: float) -> float:
        """How big a fault is, for example how many seconds late: as fixed as whether it strikes."""
        return low + (high - low) * draw(self.seed, f"{kind.value} size", use)

    def choice(self, kind: FaultKind, use: int, count: int) -> int:
        """Which of `count` things a fault meets, from 0."""
        return int(draw(self.seed, f"{kind.value} choice", use) * count)

    def _strike_exactly(self, faults: tuple[Fault, ...]) -> None:
        for kind in dict.fromkeys(fault.kind for fault in faults):
            self._exact[kind] = frozenset(fault.use for fault in faults if fault.kind is kind)
            self._uses[kind] = 0

    def _draw(self, plan: Plan) -> None:
        seed = self.seed
        kinds = [kind for kind in FaultKind if kind is not K.COMMAND]
        if plan.kinds is not None:
            self._enable([kind for kind in FaultKind if kind in plan.kinds], 0.0, plan.often)
            return
        if draw(seed, "commands", 0) < _COMMANDED:
            self._enable([K.COMMAND], 0.0)
        kind_of_run = draw(seed, "class", 0)
        if kind_of_run < _NO_FAULT:
            return
        if kind_of_run < _ONE_FAULT:
            kind = kinds[int(draw(seed, "the one", 0) * len(kinds))]
            self._exact[kind] = frozenset({1 + int(draw(seed, "the one", 1) * _USUAL[kind].chances)})
            self._uses[kind] = 0
            return
        self._enable([kind for kind in kinds if draw(seed, "enabled", _place(kind)) < _ENABLED], 1.0)

    def may(self, *kinds: FaultKind) -> bool:
        """Whether one of these kinds can strike in this session at all."""
        return any(kind in self._uses for kind in kinds)

    def _enable(self, kinds: list[FaultKind], spread: float, often: float = 1.0) -> None:
        """Enable kinds, each with a rate up to `spread` powers of e around `often` times its usual one."""
        for kind in kinds:
            tilt = 2.718281828 ** (spread * (2 * draw(self.seed, "rate", _place(kind)) - 1))
            self._rates[kind] = _USUAL[kind].rate * tilt * often
            self._streams[kind] = stream(self.seed, kind.value)
            self._uses[kind] = 0


def _place(kind: FaultKind) -> int:
    """A number of a kind that stays when other kinds come or go."""
    return sum(ord(letter) * 31**place % 1_000_003 for place, letter in enumerate(kind.value))
