"""How long a position stands without an exit order at the broker, by what is true there and not by the bot's belief.

Time in which nobody could act is counted apart: a dead process, a dead token, a refused address, a locked circuit.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.instants import SECOND, Instant
from simulation.plan import FaultClass
from simulation.setting import SYMBOLS
from simulation.truth import Truth
from simulation.verdict import Spell

_LOST_LATELY = 10 * SECOND
_GRACE_SECONDS = {FaultClass.NONE: 0.0, FaultClass.ONE: 5.0, FaultClass.MIX: 5.5}
"""How long after the limit a forced exit may take to be decided: the books tell of a fill that the order socket has not
told of; they are read every five seconds, and a reading takes up to half of one."""
_LONGEST_FORCED_SECONDS = 150.0
_PROOF_SECONDS = 45.0
"""Until the books prove that a lost request never arrived, and the next one is sent (decision 0011)."""


def longest_forced_seconds(requests_lost: int) -> float:
    """Return how long it may take to leave a position that can be left: each request that is lost costs a proof."""
    return max(_LONGEST_FORCED_SECONDS, 30.0 + _PROOF_SECONDS * requests_lost)


def limit_seconds(session: FaultClass, *, is_stop_request_lost: bool) -> float:
    """Return how long a position may be without an exit order before it has to be left."""
    match session:
        case FaultClass.NONE:
            return 2.0
        case FaultClass.ONE:
            return 30.0 if is_stop_request_lost else 10.0
        case FaultClass.MIX:
            return 30.0


def forced_after_limit(spell: Spell, session: FaultClass) -> float | None:
    """Return the seconds from the limit until it was decided to leave, or a stop stood after all; None within it.

    The alarm is decided in the same step as such an exit.
    """
    limit = limit_seconds(session, is_stop_request_lost=spell.stop_request_lost)
    if spell.seconds <= limit:
        return None
    forced_after = spell.seconds if spell.forced_after is None else min(spell.seconds, spell.forced_after)
    return max(0.0, forced_after - limit)


def is_too_long(spell: Spell, session: FaultClass) -> bool:
    """Whether a spell breaks the promise: too long, and no decision to leave in time."""
    limit = limit_seconds(session, is_stop_request_lost=spell.stop_request_lost)
    grace = _GRACE_SECONDS[session]
    if spell.seconds <= limit + grace:
        return False
    is_forced = spell.forced_after is not None and spell.forced_after <= limit + grace
    return not is_forced or spell.seconds > longest_forced_seconds(spell.requests_lost)


@dataclass(slots=True)
class _Running:
    since: Instant
    counted: int = 0
    requests_lost: int = 0
    forced_after: float | None = None


class ProtectionMeter:
    """Measures every spell of a session."""

    def __init__(self, truth: Truth, can_act: Callable[[str], bool], start: Instant) -> None:
        """`can_act` says whether the bot could do something about a symbol just now."""
        self.spells: list[Spell] = []
        self._truth = truth
        self._can_act = can_act
        self._looked_at = start
        self._could_act = dict.fromkeys(SYMBOLS, True)
        self._running: dict[str, _Running] = {}
        self._lost_at: dict[str, Instant] = {}
        self._is_leaving: dict[str, bool] = {}

    @property
    def is_running(self) -> bool:
        """Whether a position is unprotected just now."""
        return bool(self._running)

    def began_just_now(self, symbol: str, now: Instant) -> bool:
        """Whether a spell runs that is younger than a stop takes without faults."""
        running, fair = self._running.get(symbol), limit_seconds(FaultClass.NONE, is_stop_request_lost=False)
        return running is not None and now - running.since <= fair * SECOND

    def look(self, now: Instant) -> None:
        """Count the time since the last look, in which nothing changed, and see what is so now."""
        if self._running:
            for symbol, running in self._running.items():
                if self._could_act[symbol]:
                    running.counted += now - self._looked_at
            for symbol in self._running:
                self._could_act[symbol] = self._can_act(symbol)
        self._looked_at = now

    def see(self, symbol: str, now: Instant) -> None:
        """Look at one symbol after the broker has done something in it."""
        self.look(now)
        is_open = symbol not in self._truth.touched and not self._truth.is_protected(symbol)
        if not self._truth.net[symbol]:
            self._is_leaving.pop(symbol, None)
        if is_open and symbol not in self._running:
            is_lost = now - self._lost_at.get(symbol, -_LOST_LATELY) < _LOST_LATELY
            forced = 0.0 if self._is_leaving.get(symbol) else None
            self._running[symbol] = _Running(now, requests_lost=int(is_lost), forced_after=forced)
            self._could_act[symbol] = self._can_act(symbol)
        elif not is_open and symbol in self._running:
            self._end(symbol)

    def request_was_lost(self, symbol: str, now: Instant) -> None:
        """Note that a request which protects or leaves a position went wrong."""
        self._lost_at[symbol] = now
        if symbol in self._running:
            self._running[symbol].requests_lost += 1

    def exit_was_decided(self, symbol: str, now: Instant) -> None:
        """Note that the bot means to leave a position."""
        self._is_leaving[symbol] = True
        running = self._running.get(symbol)
        if running is not None and running.forced_after is None:
            self.look(now)
            running.forced_after = running.counted / SECOND

    def finish(self, now: Instant) -> None:
        """End the spells that still run."""
        self.look(now)
        for symbol in list(self._running):
            self._end(symbol)

    def _end(self, symbol: str) -> None:
        running = self._running.pop(symbol)
        self.spells.append(Spell(running.counted / SECOND, symbol, running.requests_lost, running.forced_after))
