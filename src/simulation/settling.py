"""What was decided is carried out in time, and without faults no emergency happens: invariants about durations.

The checker judges moments. Here it is noticed that an exit was decided and never happened, that a latch was lowered
over an open position, that an exit of ours lies on the wrong side, and that a session without a fault had emergencies.
"""

from collections.abc import Callable, Sequence

from core import events
from core.events import SafetyLevel
from core.exits import EMERGENCY_EXIT
from core.instants import SECOND, Instant
from core.orders import OutcomeKind, Purpose
from simulation.plan import Fault
from simulation.protection_meter import longest_forced_seconds
from simulation.setting import SYMBOLS
from simulation.truth import Truth, purpose_at_broker
from simulation.verdict import Spell
from simulator.books import ExchangeEvent, OrderChanged
from trading.exchange_rows import own_tag

LONGEST_IN_FAIR_WEATHER = 2.0
"""Seconds without protection in a session in which nothing went wrong."""
LEFT_IN_FAIR_WEATHER = 2.5
"""Seconds from the decision to leave a position until it is left in such a session."""
_FORCED = frozenset({SafetyLevel.FLATTEN, SafetyLevel.FREEZE})


class Settling:
    """Follows log and truth over a session."""

    def __init__(
        self,
        truth: Truth,
        can_act: Callable[[str], bool],
        complain: Callable[[str, str], None],
        start: Instant,
        square_off: Instant,
    ) -> None:
        """`can_act` says whether the bot could do something about a symbol just now."""
        self._truth = truth
        self._can_act = can_act
        self._complain = complain
        self._looked_at = start
        self.next_look = start + SECOND
        """Before then there is nothing to look for."""
        self._square_off = square_off
        self._level = SafetyLevel.RUN
        self._to_leave: set[str] = set()
        self._waited = dict.fromkeys(SYMBOLS, 0)
        """Nanoseconds for which a position that has to go could have been left."""
        self._lost = dict.fromkeys(SYMBOLS, 0)
        """Requests of such a position that went wrong on the way."""
        self._decided: dict[str, Instant] = {}
        self._longest_wait = 0
        self._closing: dict[str, str] = {}
        """Symbols of our stops and exits by tag."""
        self._acknowledged: set[str] = set()
        self._dramatic: list[str] = []
        """What only happens when something is wrong."""

    @property
    def is_frozen(self) -> bool:
        """Whether the bot may send nothing, and a person has to close what is open."""
        return self._level is SafetyLevel.FREEZE

    def kept(self, step: Sequence[events.Event]) -> None:
        """Take a step that became durable."""
        for event in step:
            match event:
                case events.ExitDecided(symbol=symbol, reason=reason):
                    self._to_leave.add(symbol)
                    if reason == EMERGENCY_EXIT:
                        self._dramatic.append(f"{symbol} was left in an emergency")
                case events.TradeClosed(trade=trade):
                    self._to_leave.discard(trade.symbol)
                    self._check_closed(trade.symbol)
                case events.OutcomeArrived(verb=events.Verb.PLACE, tag=tag, outcome=outcome):
                    if outcome.kind is OutcomeKind.ACK:
                        self._acknowledged.add(tag)
                case events.LevelChanged(level=level):
                    self._change_level(level)
                case events.Decided(symbol=symbol, candle=candle):
                    if self._decided.get(symbol, 0) >= candle:
                        self._complain("I1", f"{symbol}: one candle was decided on twice")
                    self._decided[symbol] = candle
                case events.OrderIntended(intent=intent) if intent.purpose is not Purpose.ENTRY:
                    self._closing[intent.tag] = intent.symbol
                case events.CancelIntended(tag=tag) if self._truth.net.get(self._closing.get(tag, "")):
                    self._dramatic.append(f"the exit of {self._closing[tag]} was cancelled before it was flat")
                case events.PositionExitIntended(symbol=symbol):
                    self._dramatic.append(f"the broker was asked to close {symbol}")
                case events.Alarm(code=code, message=message) if code != events.SOFT_LOSS_LIMIT:  # a bad market will do
                    self._dramatic.append(f"{code}: {message}")
                case _:
                    pass

    def request_was_lost(self, symbol: str) -> None:
        """Note that a request which protects or leaves a position went wrong."""
        self._lost[symbol] += 1

    def watch(self, news: Sequence[ExchangeEvent]) -> None:
        """I3: an exit of ours never works on the side that would add to the position."""
        truth = self._truth
        for item in news:
            match item:
                case OrderChanged(order) if order.is_working and order.symbol not in truth.touched:
                    purpose, net = purpose_at_broker(order), truth.net[order.symbol]
                    if purpose not in {None, Purpose.ENTRY} and order.side.value * net > 0:
                        self._complain("I3", f"an exit of ours would add to {net} {order.symbol}: {order.tag}")
                case _:
                    pass

    def look(self, now: Instant) -> None:
        """I11: what has to go goes, in time in which the bot could act. Once a second is enough."""
        elapsed = now - self._looked_at
        if elapsed < SECOND:
            return
        self._looked_at, self.next_look = now, now + SECOND
        truth = self._truth
        is_forced = self._level is SafetyLevel.FLATTEN or now >= self._square_off
        for symbol in SYMBOLS:
            has_to_go = is_forced or symbol in self._to_leave
            if not has_to_go or self.is_frozen or not truth.net[symbol] or symbol in truth.touched:
                self._waited[symbol] = self._lost[symbol] = 0
            elif self._can_act(symbol):
                before = self._waited[symbol]
                waited = self._waited[symbol] = before + elapsed
                self._longest_wait = max(self._longest_wait, waited)
                longest = longest_forced_seconds(self._lost[symbol])
                if before <= longest * SECOND < waited:
                    held = f"{truth.net[symbol]} {symbol}"
                    self._complain("I11", f"{held} had to go and are held {longest:.0f} s later")

    def judge_end(self, fired: Sequence[Fault], spells: Sequence[Spell], *, is_rough: bool) -> None:
        """I3, I4: after the calm no exit of ours lies beside what it closes; in fair weather no emergency came.

        `is_rough`: there was a planned crash, or a call budget that keeps the books waiting.
        """
        for symbol in SYMBOLS:
            self._judge_exits(symbol)
        if fired or is_rough:
            return
        if self._longest_wait > LEFT_IN_FAIR_WEATHER * SECOND:
            self._complain("I11", f"nothing went wrong, and an exit took {self._longest_wait / SECOND:.1f} s")
        if self._dramatic:
            self._complain("I0", f"nothing went wrong, and {self._dramatic[0]}")
        for spell in spells:
            if spell.seconds > LONGEST_IN_FAIR_WEATHER:
                self._complain("I4", f"{spell.symbol} stood unprotected for {spell.seconds:.1f} s in fair weather")

    def _judge_exits(self, symbol: str) -> None:
        """I3: an exit closes what is held in its own product; beside it others may hold shares in another one."""
        exits = self._truth.exits[symbol].values()
        for product in sorted({order.product for order in exits}):
            resting = sum(order.remaining for order in exits if order.product == product)
            held = self._truth.held(symbol, product)
            if resting > abs(held):
                self._complain("I3", f"{symbol}: exits for {resting} work on a position of {held} after the calm")

    def _check_closed(self, symbol: str) -> None:
        """I10: a closed trade has left no order behind that the bot knows to have reached the broker."""
        resting = [
            tag for order in self._truth.exits[symbol].values() if (tag := own_tag(order.tag)) in self._acknowledged
        ]
        if resting:
            self._complain("I10", f"the trade in {symbol} is closed, and {', '.join(resting)} still works")

    def _change_level(self, level: SafetyLevel) -> None:
        if self._level in _FORCED and level.value < self._level.value:
            left = [each for each in SYMBOLS if each not in self._truth.touched and not self._truth.is_idle(each)]
            if left:
                self._complain("I9", f"the level fell to {level.name} with {', '.join(left)} open")
        self._level = level
