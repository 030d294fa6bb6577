"""One simulated session from the open to the verdict: minutes of faults, then calm in which everything must settle."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core import events
from core.errors import StorageError
from core.instants import MILLISECOND, SECOND, ist_text
from core.order_states import OrderState
from core.orders import OrderReport
from core.state import BotState
from simulation.broker import SimulatedBroker
from simulation.checker import Checker
from simulation.disk import SimulatedDisk
from simulation.fates import Fates
from simulation.hands import Hands
from simulation.network import Network
from simulation.plan import Fault, FaultKind, Plan, fault_class
from simulation.prices import Prices
from simulation.process import Process
from simulation.protection_meter import ProtectionMeter, is_too_long
from simulation.setting import CALM, SYMBOLS, OneDay, hours_of, is_tight, rates_of, rules_of
from simulation.settling import Settling
from simulation.truth import Truth
from simulation.verdict import Spell, Verdict, Violation
from simulation.virtual_time import VirtualTime
from simulator.books import ExchangeEvent
from simulator.market import Quote
from trading.exchange_rows import own_tag

__all__ = ["Spell", "Verdict", "Violation", "play"]

_FOLDED = 4
_SAMPLED = 50
"""Steps from one look into the bot's memory to the next."""
_TOKEN_NOTICED = 30 * SECOND
"""A dead token may be tried so seldom (hazard A1), so a new one may go unnoticed for so long."""


def play(plan: Plan) -> Verdict:
    """Play a session and judge it; the same plan gives the same verdict."""
    with _silence():
        if not plan.on_disk:
            return Session(plan, None).play()
        with TemporaryDirectory(prefix="session-") as folder:
            return Session(plan, Path(folder) / "live.sqlite").play()


@contextmanager
def _silence() -> Iterator[None]:
    """Silence the log of the bot: in thousands of sessions the events say enough."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class Session:
    """Everything that one session consists of, put together."""

    def __init__(self, plan: Plan, path: Path | None) -> None:
        self._plan = plan
        self._hours = hours_of(plan.seed, plan.minutes)
        calendar = OneDay(self._hours.day)
        self._time = VirtualTime(self._hours.start)
        self._fates = Fates(plan)
        self._truth = Truth()
        self._meter = ProtectionMeter(self._truth, self._can_act, self._hours.start)
        self._checker = Checker(self._time, self._truth, self._meter, rules_of(plan.seed))
        self._settling = Settling(
            self._truth, self._can_act, self._checker.complain, self._hours.start, self._hours.day.square_off
        )
        self._broker = SimulatedBroker(self._time, self._fates, calendar)
        self._network = Network(self._time, self._fates)
        self.disk = SimulatedDisk(self._fates, plan.crash, self._kept, path)
        self._process = Process(
            self._time, self._fates, self._broker, self._network, self.disk, self._checker, self._hours.day
        )
        prices = Prices(self._time, plan.seed, self._broker, self._hear)
        Hands(self._time, self._fates, self._broker, self._network, self._truth, prices, self._process)
        self._broker.watch = self._watch
        self._broker.tell = self._tell
        self._checker.rates = rates_of(plan.seed)
        self._is_tight = is_tight(plan.seed)
        """Whether the call budget of this session is small on purpose: then it may keep the books waiting."""
        self._network.came_late = lambda symbol: self._truth.touch(symbol, self._time.now)
        self._network.disturbed = self._disturbed

    def play(self) -> Verdict:
        """Play it to the end."""
        hours, time = self._hours, self._time
        self._process.start()
        self._process.keep_appointments(hours.end_of_faults + CALM)
        time.run(hours.end_of_faults, self._look)
        self._fates.are_off = True
        while time.now < (until := max(hours.end_of_faults, self._process.died_at) + CALM):
            time.run(until, self._look)
        self._judge_end()
        return self._verdict()

    def _kept(self, step: Sequence[events.Event], bodies: Sequence[str]) -> None:
        self._checker.kept(step, bodies)
        self._settling.kept(step)

    def _watch(self, news: list[ExchangeEvent]) -> None:
        self._settling.watch(news)
        self._checker.watch(news)

    def _look(self) -> None:
        if self._meter.is_running:
            self._meter.look(self._time.now)
        if self._time.now >= self._settling.next_look:
            self._settling.look(self._time.now)
        self._checker.look()
        if not self._time.steps % _SAMPLED and self._process.is_alive:
            self._checker.check_belief(self._process.kernel.state)

    def _hear(self, quote: Quote) -> None:
        if self._process.is_alive:
            self._process.prices.hear(quote)

    def _tell(self, report: OrderReport) -> None:
        if self._process.is_alive:
            self._process.socket.tell(report)

    def _disturbed(self, symbol: str) -> None:
        self._meter.request_was_lost(symbol, self._time.now)
        self._settling.request_was_lost(symbol)

    def _can_act(self, symbol: str) -> bool:
        process, network = self._process, self._network
        if not process.is_alive or process.stands_still or symbol in self._broker.locked:
            return False
        if self._settling.is_frozen:
            return False  # it rings, and a person has to act
        if self._is_tight and process.is_blind:
            return False
        knows = process.life.has_access or self._time.now - network.token_since > _TOKEN_NOTICED
        return network.has_token and knows and network.is_address_allowed

    # --- the end ------------------------------------------------------------------------------------------------

    def _judge_end(self) -> None:
        """Judge what must be so after the calm: all known, all flat or protected, all fills in the log.

        A position that was opened in the very last moment has its stop on the way.
        """
        fresh = {symbol for symbol in SYMBOLS if self._meter.began_just_now(symbol, self._time.now)}
        self._meter.finish(self._time.now)
        crash = (Fault(FaultKind.KILL, 0),) if self._plan.crash else ()
        session = fault_class((*self._fates.fired, *crash))
        complain = self._checker.complain
        for spell in self._meter.spells:
            if is_too_long(spell, session):
                complain(
                    "I4",
                    f"{spell.symbol} stood unprotected for {spell.seconds:.1f} s in a session of {session}: {spell}",
                )
        if not self._process.is_alive:
            complain("I0", "the process is dead at the end of the calm")
            return
        state = self._process.kernel.state
        self._judge_orders(state)
        for symbol in SYMBOLS:
            is_ours = symbol not in self._truth.touched and not self._settling.is_frozen
            if is_ours and symbol not in fresh and not self._truth.is_protected(symbol):
                complain("I4", f"{symbol}: {self._truth.net[symbol]} shares are unprotected after the calm")
        is_rough = self._plan.crash is not None or self._is_tight
        self._settling.judge_end(self._fates.fired, self._meter.spells, is_rough=is_rough)
        self._judge_log(state)

    def _judge_orders(self, state: BotState) -> None:
        complain, now = self._checker.complain, self._process.now()
        for tag, order in state.orders.items():
            is_open = order.state in {OrderState.SENT, OrderState.UNKNOWN}
            if is_open and now - order.sent_at > 60 * SECOND:
                complain("I11", f"{tag} is {order.state.name} {(now - order.sent_at) / SECOND:.0f} s after it was sent")
        for row in self._truth.orders.values():
            known = state.orders.get(own_tag(row.tag))
            is_old = self._time.now - row.changed_at > 10 * SECOND
            if known is not None and is_old and (known.filled, known.filled_value) != (row.filled, row.filled_value):
                complain(
                    "I11",
                    f"{known.intent.tag} filled {row.filled} for {row.filled_value} at the broker, "
                    f"{known.filled} for {known.filled_value} in the log",
                )

    def _judge_log(self, state: BotState) -> None:
        """I5, I14: the log folds to what the process has in memory, and its chain is whole; dear, so in one of four."""
        if self._plan.seed % _FOLDED and self._plan.crash is None and not self._plan.on_disk:
            return
        if self.disk.fold() != state:
            self._checker.complain("I5", "the fold of the log is not what the process has in memory")
        try:
            self.disk.verify()
        except StorageError as error:
            self._checker.complain("I14", str(error))

    def _verdict(self) -> Verdict:
        checker = self._checker
        return Verdict(
            seed=self._plan.seed,
            violations=tuple(checker.violations),
            fired=tuple(self._fates.fired),
            spells=tuple(self._meter.spells),
            digest=self.disk.digest,
            writes=self.disk.writes,
            steps=self._time.steps,
            orders=len(self._truth.orders),
            tail=tuple(_line(at, what) for at, what in checker.before_the_first),
        )


def _line(at: int, what: object) -> str:
    return f"{ist_text(at)[-8:]}.{at // MILLISECOND % 1000:03} {what}"
