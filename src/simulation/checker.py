"""The invariants of hazards I1 to I14, asked after every step of what was logged and of what is true at the broker.

Each is a comparison of two facts that do not come from the same place: what the bot wrote down against what the
broker did, or one promise of the log against another. Nothing here repairs or forgives.
"""

from collections import deque
from collections.abc import Sequence

from core import events
from core.instants import MINUTE, SECOND, Instant
from core.market import Tick
from core.orders import OrderIntent, Purpose
from core.rules import TradingRules
from core.state import BotState
from core.tags import is_ours
from simulation.log_watch import LogWatch
from simulation.loss_watch import LossWatch
from simulation.network import SECRET
from simulation.protection_meter import ProtectionMeter
from simulation.setting import BROKER, INSTRUMENTS, RULES
from simulation.truth import Truth
from simulation.verdict import Violation
from simulation.virtual_time import VirtualTime
from simulator.books import ExchangeEvent, ExchangeOrder, OrderChanged, Trade, Traded
from trading.exchange_rows import own_tag

_KEPT_VIOLATIONS = 20
_TAIL = 60
_MOST_ORDERS = 400


class Checker:
    """Judges a session while it runs."""

    def __init__(self, time: VirtualTime, truth: Truth, meter: ProtectionMeter, rules: TradingRules = RULES) -> None:
        self.violations: list[Violation] = []
        self.recent: deque[tuple[Instant, object]] = deque(maxlen=_TAIL)
        """What happened last, as objects: text is made only for whoever asks."""
        self.before_the_first: tuple[tuple[Instant, object], ...] = ()
        """What had happened last when something was violated for the first time."""
        self.rates = BROKER.rates
        """Our own ceilings, above which no window may go."""
        self._time = time
        self._truth = truth
        self._meter = meter
        self._log = LogWatch(self.complain)
        self._losses = LossWatch(truth, rules.max_loss, self.complain)
        self._ids: dict[str, str] = {}
        self._prices: dict[str, Instant] = {}
        """Time of the newest price that the bot was given, by symbol."""
        self._seconds: deque[Instant] = deque()
        self._minute: deque[Instant] = deque()

    def complain(self, code: str, message: str) -> None:
        """Note a violation; the first ones are enough."""
        if not self.violations:
            self.before_the_first = tuple(self.recent)
        if len(self.violations) < _KEPT_VIOLATIONS:
            self.violations.append(Violation(code, self._time.now, message))

    # --- the broker ---------------------------------------------------------------------------------------------

    def watch(self, news: list[ExchangeEvent]) -> None:
        """Take what the exchange just did, all of it, and judge what came of it."""
        truth, now = self._truth, self._time.now
        symbols: dict[str, None] = {}
        for item in news:
            match item:
                case OrderChanged(order):
                    symbols[order.symbol] = None
                    self._check_order(order)
                case Traded(trade):
                    symbols[trade.symbol] = None
                    self._check_trade(trade)
                case _:
                    symbols[item.row.symbol] = None
            truth.take(item, now)
        self._losses.watch(news)
        for symbol in symbols:
            self._check_exits(symbol)
            self._meter.see(symbol, now)

    def _check_order(self, order: ExchangeOrder) -> None:
        """I1, I2: every order of ours was written down first, and came once."""
        tag = own_tag(order.tag)
        if not is_ours(tag) or self._ids.get(tag) == order.broker_id:
            return
        if tag in self._ids:
            self.complain("I1", f"{tag} came to the broker twice: {self._ids[tag]} and {order.broker_id}")
        self._ids[tag] = order.broker_id
        if tag not in self._log.intents:
            self.complain("I2", f"{tag} came to the broker and is not in the log")
        if tag in self._log.absent and order.symbol not in self._truth.touched:
            self.complain("I1", f"{tag} came to the broker after it was called absent")

    def _check_trade(self, trade: Trade) -> None:
        """I3: an order of ours never turns a position around, and an exit never opens one."""
        truth = self._truth
        purpose = truth.purpose_of(trade)
        if purpose is None or trade.symbol in truth.touched:
            return
        before = truth.net[trade.symbol]
        after = before + trade.side.value * trade.quantity
        if before * after < 0 or (purpose is not Purpose.ENTRY and abs(after) > abs(before)):
            self.complain(
                "I3", f"our {purpose.name} {trade.tag or trade.broker_id} took {trade.symbol} {before} -> {after}"
            )
        if purpose is Purpose.ENTRY and abs(after) * trade.price > RULES.max_order_value:
            self.complain("I7", f"{trade.symbol}: {after} shares are worth more than one order may be")

    def _check_exits(self, symbol: str) -> None:
        """I3: what works to close never adds up to more than there is."""
        truth = self._truth
        if symbol in truth.touched:
            return
        net = truth.net[symbol]
        resting = sum(order.remaining for order in truth.exits[symbol].values())
        if resting > abs(net):
            self.complain("I3", f"{symbol}: {len(truth.exits[symbol])} exits for {resting} work on a position of {net}")

    # --- the log ------------------------------------------------------------------------------------------------

    def kept(self, step: Sequence[events.Event], bodies: Sequence[str]) -> None:
        """Take a step that became durable."""
        now = self._time.now
        self._log.begin_step()
        for event, body in zip(step, bodies, strict=True):
            self.recent.append((now, event))
            if SECRET in body:
                self.complain("I12", f"a secret stands in {type(event).__name__}")
            match event:
                case events.OrderIntended(intent=intent):
                    self._log.check_agreement(intent.tag)
                    self._check_intent(intent, event.at)
                case events.ChangeIntended(change=change):
                    self._log.check_agreement(change.tag)
                case events.ExitDecided(symbol=symbol):
                    self._meter.exit_was_decided(symbol, now)
                case events.Alarm(code="UNPROTECTED", key=symbol):  # one that is leaving is not decided on again
                    self._meter.exit_was_decided(symbol, now)
                case events.OrderAbsent(tag=tag):
                    self._check_absent(tag)
                case events.FlatVerified():
                    self._check_flat()
                case events.TradeClosed(trade=trade):
                    self._check_closed(trade.symbol)
            self._log.take(event)

    def _check_intent(self, intent: OrderIntent, at: Instant) -> None:
        """I1, I6, I7: no entry without leave, and nothing beside an order of the same kind that works already."""
        truth, symbol = self._truth, intent.symbol
        is_touched = symbol in truth.touched
        if truth.exits[symbol] and not is_touched:
            self.complain("I1", f"{intent.tag} ({intent.purpose.name}) was decided while an exit works in {symbol}")
        if intent.purpose is not Purpose.ENTRY:
            return
        if not is_touched and not truth.is_idle(symbol):
            self.complain(
                "I1", f"{intent.tag}: an entry beside {truth.net[symbol]} shares or a working order in {symbol}"
            )
        self._log.check_entry(symbol, at)
        age = at - self._prices.get(symbol, 0)
        if age > RULES.max_price_age:
            self.complain("I6", f"{intent.tag}: an entry on a price {age / SECOND:.1f} s old")
        instrument = INSTRUMENTS[symbol]
        if intent.limit_price != instrument.clamp(intent.limit_price) or intent.quantity % instrument.lot:
            self.complain("I7", f"{intent.tag}: {intent.quantity} at {intent.limit_price} cannot be an order")
        busy = {each for each in truth.net if each != symbol and not truth.is_idle(each) and each not in truth.touched}
        if len(busy) + 1 > RULES.max_positions or intent.quantity * intent.limit_price > RULES.max_order_value:
            self.complain("I7", f"{intent.tag}: {intent.quantity} at {intent.limit_price} beside {sorted(busy)}")

    def _check_absent(self, tag: str) -> None:
        """I1: what is called absent is not there."""
        if tag in self._ids and self._truth.orders[self._ids[tag]].symbol not in self._truth.touched:
            self.complain("I1", f"{tag} is called absent and stands in the book as {self._ids[tag]}")

    def check_belief(self, state: BotState) -> None:
        """I9, I13: the bot holds to the level in its log, and its memory does not grow without end."""
        if state.level is not self._log.level:
            self.complain("I9", f"the bot acts by level {state.level.name}, its log says {self._log.level.name}")
        if len(state.orders) > _MOST_ORDERS:
            self.complain("I13", f"{len(state.orders)} orders in memory")

    def _check_flat(self) -> None:
        """I10: flat means flat."""
        truth = self._truth
        left = [each for each in truth.net if not truth.is_idle(each) and each not in truth.touched]
        if left:
            self.complain("I10", f"verified as flat, and open are {', '.join(left)}")

    def _check_closed(self, symbol: str) -> None:
        """I10: a closed trade has left nothing behind."""
        truth = self._truth
        if symbol not in truth.touched and truth.net[symbol]:
            self.complain("I10", f"the trade in {symbol} is closed, and {truth.net[symbol]} are held")

    def process_died(self) -> None:
        """Note that what was about to be sent is lost with the process."""
        self._losses.process_died()
        for symbol in INSTRUMENTS:
            self._meter.request_was_lost(symbol, self._time.now)

    def given(self, item: events.Input | Tick, state: BotState) -> None:
        """Note a price that the bot is given, in a state."""
        if isinstance(item, Tick):
            self._prices[item.symbol] = item.at
            self._losses.given(item, state)

    def look(self) -> None:
        """Look at what was due by now."""
        self._losses.look(self._log.level)

    # --- the rates ----------------------------------------------------------------------------------------------

    def called(self, is_order_verb: bool) -> None:  # noqa: ARG002 - the windows count every call
        """I8: count a call that goes out."""
        now, rates = self._time.now, self.rates
        for window, length, most in (
            (self._seconds, SECOND, rates.per_second),
            (self._minute, MINUTE, rates.per_minute),
        ):
            window.append(now)
            while window[0] <= now - length:
                window.popleft()
            if len(window) > most:
                self.complain("I8", f"{len(window)} calls within {length // SECOND} s; at most {most} are ours")
