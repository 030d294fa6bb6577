"""A trading day on a table top: the real kernel, a toy broker that does as it is told, and a time that only we move.

After every step the rules that may never be broken are checked, so that each story also tests all of them. And every
story is replayed at its end from its log and its tape: it must decide to itself.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, time
from hashlib import sha256
from itertools import count
from typing import Any

import pytest

from core import events
from core.charges import ChargeRates
from core.events import Effect, Phase, Verb
from core.fold import apply
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Candle, Instrument, Tick, Timeframe
from core.orders import (
    Books,
    Outcome,
    Product,
    Purpose,
)
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import Direction, FeatureRow, Needs, Signal
from core.sizing import SizingMethod, SizingRule
from core.state import BotState
from trading.event_log import MemoryEventLog
from trading.kernel import Kernel, Step
from trading.replay import Difference, Replay, Start, Tally, starts_of
from trading.state_snapshots import MemorySnapshots
from trading.state_store import StateStore
from trading.tick_tape import MemoryTickTape

TUESDAY = date(2026, 1, 6)
SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
LATENCY = SECOND // 5
PRICE = 80_000
ATR = 200.0


def session(day: date) -> TradingDay:
    return TradingDay(
        date=day,
        open=instant_at(day, time(9, 15)),
        no_entry_after=instant_at(day, time(14, 45)),
        square_off=instant_at(day, time(15, 5)),
        flat_by=instant_at(day, time(15, 10)),
        close=instant_at(day, time(15, 30)),
    )


def rules(**changes: object) -> TradingRules:
    usual = TradingRules(
        timeframe=Timeframe.M5,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.FIXED, quantity=10, capital_ppm=1_000_000, risk_ppm=2_500, max_order_value=10**8
        ),
        charges=ChargeRates(
            brokerage=3_000,
            brokerage_cap=2_000,
            stt_buy=0,
            stt_sell=2_500,
            exchange=297,
            sebi=10,
            ipft=10,
            stamp_buy=300,
            gst_percent=18,
        ),
        stop_atr=2.0,
        target_atr=3.0,
        limit_offset=0.005,
        price_buffer=0.002,
        capital=50_000_000,
        max_loss=1_000_000,
        max_positions=3,
        max_order_value=10**8,
        max_orders_per_day=200,
        max_price_age=MINUTE,
        entry_timeout=20 * SECOND,
        stop_patience=3 * SECOND,
        verify_after=2 * SECOND,
        protect_within=30 * SECOND,
        books_busy=5 * SECOND,
        books_idle=MINUTE,
        transit=43 * SECOND,
        max_signal_age=5 * MINUTE,  # a story speaks on the last candle whenever it likes
    )
    return replace(usual, **changes)


INSTRUMENTS = {
    symbol: Instrument(
        symbol=symbol, token=f"10100000{n:06}", tick=5, freeze=100_000, lower_band=64_000, upper_band=96_000
    )
    for n, symbol in enumerate((SBIN, INFY))
}


@dataclass(frozen=True)
class Oracle:
    """A strategy that says what the test wrote down."""

    wishes: dict[tuple[str, Instant], Direction]
    name: str = "oracle"
    needs: Needs = field(default_factory=lambda: Needs(features=()))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        direction = self.wishes.get((now.symbol, now.candle.start))
        if direction is None:
            return None
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=direction, probability=0.7, source=self.name, reason="told"
        )


@dataclass
class CloseStream:
    """The plainest features: the close, from the first candle on."""

    symbol: str

    def update(self, candle: Candle) -> FeatureRow | None:
        return FeatureRow(self.symbol, candle, candle.start + 5 * MINUTE, {"close": 0}, (float(candle.close),), ATR)


@dataclass
class Rehearsal:
    """The shell around a kernel, without threads: carries out effects after a pause and brings the answers back."""

    rules: TradingRules
    broker: Any
    house: Any
    """The rules that may never be broken."""
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    day: TradingDay = field(default_factory=lambda: session(TUESDAY))
    now: Instant = field(default_factory=lambda: instant_at(TUESDAY, time(9, 0)))
    log_id: str = "A1"
    model: str = ""
    """Folder of the model that the next start records."""
    is_meddled: bool = False
    """Whether the story changed the bot from the inside, which its log cannot tell."""
    snapshots: MemorySnapshots = field(default_factory=MemorySnapshots)
    tape: MemoryTickTape = field(default_factory=MemoryTickTape)

    def __post_init__(self) -> None:
        self.wishes: dict[tuple[str, Instant], Direction] = {}
        self.history: dict[str, list[Candle]] = {symbol: [] for symbol in INSTRUMENTS}
        self.happened: list[events.Event] = []
        self.placed: Counter[str] = Counter()
        self.readings: list[Instant] = []
        self._sequence = count()
        self._last_close: Instant = 0

    # --- life of the process ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a process on the log, as the trader does."""
        self.kernel = Kernel(self.rules, INSTRUMENTS, Oracle(self.wishes), CloseStream)
        self.shadow = BotState()
        self.agenda: list[tuple[Instant, int, Callable[[], None]]] = []
        self._reading = False
        self._lives = True
        self.broker.news.clear()
        self.store = StateStore(self.kernel, self.log, self.snapshots)
        self.store.restore()
        for event in self.log.read():
            apply(self.shadow, event)
        assert self.shadow == self.kernel.state, "a snapshot and the events after it are not the fold of all events"
        state = self.kernel.state
        self.give(
            events.Booted(
                at=self.now,
                boot=state.boot + 1,
                log_id=state.log_id or self.log_id,
                mode="live",
                account="XY0001",
                version="1",
                config_digest="d",
            )
        )
        self.give(
            events.DeskSet(
                at=self.now,
                rules=self.rules,
                instruments=tuple(INSTRUMENTS.values()),
                strategy="oracle",
                params="{}",
                strategy_sha256="",
                model=self.model,
                model_sha256=sha256(self.model.encode()).hexdigest() if self.model else "",
                features_sha256="",
                history="the story",
                warm_up=0,
            )
        )
        self.give(events.DayBegan(at=self.now, day=self.day))
        moments = [
            (self.day.open, Phase.OPEN),
            (self.day.no_entry_after, Phase.NO_ENTRY),
            (self.day.square_off, Phase.SQUARE_OFF),
            (self.day.flat_by, Phase.FLAT_CHECK),
            (self.day.close + MINUTE, Phase.CLOSE),
        ]
        for at, phase in moments:
            self.later(max(at, self.now), lambda phase=phase: self.give(events.PhaseReached(at=self.now, phase=phase)))

    def kill(self) -> None:
        """End the process as a power cut does: what was on its way to us is lost."""
        self.agenda.clear()
        self.broker.news.clear()
        self._lives = False

    # --- time ---------------------------------------------------------------------------------------------------

    def later(self, at: Instant, call: Callable[[], None]) -> None:
        heapq.heappush(self.agenda, (at, next(self._sequence), call))

    def run(self, seconds: float) -> None:
        self.run_until(self.now + int(seconds * SECOND))

    def run_until(self, until: Instant) -> None:
        """Let everything happen that falls due by then."""
        self._collect_news()
        while True:
            timer = self.kernel.orders.timers.next_due() if self._lives else None
            nexts = [at for at in (timer, self.agenda[0][0] if self.agenda else None) if at is not None]
            if not nexts or min(nexts) > until:
                break
            self.now = self.broker.now = max(self.now, min(nexts))
            if self.agenda and self.agenda[0][0] <= self.now:
                heapq.heappop(self.agenda)[2]()
            else:
                for step in self.kernel.on_time(self.now):
                    self._take(step)
            self._collect_news()
        self.now = self.broker.now = until

    def run_to(self, hour: int, minute: int, second: int = 0) -> None:
        self.run_until(instant_at(self.day.date, time(hour, minute, second)))

    # --- what happens to the bot --------------------------------------------------------------------------------

    def give(self, event: events.Input) -> None:
        self._take(self.kernel.handle(event))

    def tick(self, price: int, symbol: str = SBIN, depth: int | None = None) -> None:
        """Move the market; the broker sees it first."""
        self.broker.price(symbol, price, depth)
        self.feel(price, symbol)

    def feel(self, price: int, symbol: str = SBIN) -> None:
        """Show the bot a price that the broker's market does not have."""
        tick = Tick(symbol, self.now, price, price, price, 0)
        self.tape.note(tick, self.now)
        step = self.kernel.on_tick(tick, self.now)
        if step is not None:
            self._take(step)
        self._collect_news()

    def signal(self, direction: Direction, symbol: str = SBIN) -> None:
        """Close a candle on which the strategy speaks; the next one, if there was one just now."""
        if self.now - self._last_close < 5 * MINUTE:
            self.run_until(self._last_close + 5 * MINUTE)
            self.feel(self.broker.prices[symbol], symbol)
        self._last_close = self.now
        start = (self.now - self.day.open) // (5 * MINUTE) * 5 * MINUTE + self.day.open - 5 * MINUTE
        self.wishes[symbol, start] = direction
        for known in self.history:
            self.history[known] += [
                Candle(at, PRICE, PRICE, PRICE, PRICE, 1)
                for at in (start - 5 * MINUTE, start)
                if not self.history[known] or at > self.history[known][-1].start
            ]
        self.give(events.CandleDue(at=self.now, start=start))

    def enter(self, direction: Direction = Direction.LONG, price: int = PRICE, symbol: str = SBIN) -> None:
        """Enter at a price and wait until the stop rests."""
        self.tick(price, symbol)
        self.signal(direction, symbol)
        self.run(2)
        assert self.position(symbol).quantity
        assert not self.position(symbol).unprotected_since

    # --- once more ----------------------------------------------------------------------------------------------

    def replayed(self, **changes: object) -> tuple[Difference | None, Tally]:
        """Decide everything again from log and tape, perhaps under other rules."""
        rows, tally = list(self.log.rows()), Tally()
        days = dict.fromkeys(row.event.day.date for row in rows if row.kind == "DayBegan")
        for start in [start for day in days for start in starts_of(rows, day)]:
            kernel = self.fresh_kernel(start, **changes)
            ticks = self.tape.seen(start.rows[0].tape)
            difference = Replay(start, kernel, ticks, tally, has_other_rules=bool(changes)).run()
            if difference is not None:
                return difference, tally
        return None, tally

    def fresh_kernel(self, start: Start, **changes: object) -> Kernel:
        """Build the kernel that a start recorded, with all folded that came before."""
        desk = start.desk
        instruments = {instrument.symbol: instrument for instrument in desk.instruments}
        kernel = Kernel(replace(desk.rules, **changes), instruments, Oracle(self.wishes), CloseStream)
        for row in list(self.log.rows())[: start.rows[0].number - 1]:
            kernel.restore(row.event)
        return kernel

    # --- looking ------------------------------------------------------------------------------------------------

    def position(self, symbol: str = SBIN):
        return self.kernel.state.positions[symbol]

    def of_kind(self, kind: type) -> list:
        return [event for event in self.happened if isinstance(event, kind)]

    @property
    def trades(self) -> list:
        return [event.trade for event in self.of_kind(events.TradeClosed)]

    @property
    def alarms(self) -> list[str]:
        return [event.code for event in self.of_kind(events.Alarm)]

    def tag(self, purpose: Purpose, place: int = -1) -> str:
        """Tag of one of the orders sent for a purpose, the newest by default."""
        sent = [event.intent.tag for event in self.of_kind(events.OrderIntended) if event.intent.purpose is purpose]
        return sent[place]

    # --- inside -------------------------------------------------------------------------------------------------

    def _take(self, step: Step) -> None:
        assert len(step.events) < 300, "a decision that decides itself again"
        self.log.append(step.events, self.tape.position)
        for event in step.events:
            self.house.check_decision(self.shadow, event)
            apply(self.shadow, event)
        self.happened += step.events
        assert self.shadow == self.kernel.state, "the fold of the log is not the state"
        for effect in step.effects:
            self._carry_out(effect)
        self.store.persist_when_due(self.now)

    def _carry_out(self, effect: Effect) -> None:
        broker = self.broker
        match effect:
            case events.OrderIntended(intent=intent):
                self.placed[intent.tag] += 1
                assert self.placed[intent.tag] == 1, "an order was sent twice"
                self._call(Verb.PLACE, intent.tag, lambda: broker.place(intent))
            case events.ChangeIntended(change=change):
                self._call(Verb.MODIFY, change.tag, lambda: broker.modify(change))
            case events.CancelIntended(tag=tag, broker_id=broker_id):
                self._call(Verb.CANCEL, tag, lambda: broker.cancel(broker_id))
            case events.PositionExitIntended(symbol=symbol, product=product):
                self._call(Verb.EXIT, symbol, lambda: broker.exit(symbol, product.value))
            case events.CounterCancelIntended(symbol=symbol, broker_id=broker_id):
                self._call(Verb.CANCEL, symbol, lambda: broker.cancel(broker_id))
            case events.BooksWanted():
                self._read_books()
            case events.FundsWanted():
                read = events.FundsRead(at=self.now, asked_at=self.now, available=10**9, account="XY0001")
                self.later(self.now + LATENCY, lambda: self.give(replace(read, at=self.now)))
            case events.HistoryWanted(symbol=symbol, after=after, due=due):
                candles = tuple(candle for candle in self.history[symbol] if candle.start > after)
                self.later(
                    self.now + LATENCY,
                    lambda: self.give(events.HistoryArrived(at=self.now, symbol=symbol, candles=candles, due=due)),
                )

    def _call(self, verb: Verb, tag: str, call: Callable[[], Outcome]) -> None:
        def arrive() -> None:
            outcome = call()
            self.house.check_broker()
            self.later(
                self.now + LATENCY,
                lambda: self.give(events.OutcomeArrived(at=self.now, verb=verb, tag=tag, outcome=outcome)),
            )

        self.later(self.now + LATENCY, arrive)

    def _read_books(self) -> None:
        if self._reading:
            return
        self._reading = True
        self.readings.append(self.now)
        asked_at = self.now

        def read() -> None:
            books = self.broker.read() if self.broker.reachable else None
            self.later(self.now + LATENCY, lambda: arrive(books))

        def arrive(books: Books | None) -> None:
            self._reading = False
            if books is None:
                refused = self.broker.refuses_token
                self.give(events.BooksFailed(at=self.now, why="no answer", token_refused=refused))
            elif books == self.kernel.state.books:
                self.give(events.BooksUnchanged(at=self.now, asked_at=asked_at))
            else:
                self.give(events.BooksRead(at=self.now, asked_at=asked_at, books=books))

        self.later(self.now + LATENCY, read)

    def _collect_news(self) -> None:
        self.house.check_broker()
        news, self.broker.news = self.broker.news, []
        for report in news:
            self.later(
                self.now + LATENCY // 2,
                lambda report=report: self.give(events.OrderReported(at=self.now, report=report)),
            )


@pytest.fixture
def rehearse(new_broker, new_house_rules) -> Iterator[Callable[..., Rehearsal]]:
    """Start a bot before the open; let it read the books, and go on to ten o'clock. At the end all is replayed."""
    built: list[Rehearsal] = []

    def build(broker: Any = None, day: TradingDay | None = None, **changes: object) -> Rehearsal:
        broker, chosen = broker or new_broker(), rules(**changes)
        house = new_house_rules(broker, chosen.product)
        rehearsal = Rehearsal(chosen, broker, house, day=day or session(TUESDAY))
        rehearsal.start()
        rehearsal.run_to(10, 0)
        assert rehearsal.kernel.state.reconciled
        built.append(rehearsal)
        return rehearsal

    yield build
    for rehearsal in built:
        assert rehearsal.is_meddled or rehearsal.replayed()[0] is None, "the story does not decide to itself"


@pytest.fixture
def tuesday() -> TradingDay:
    return session(TUESDAY)


@pytest.fixture
def instruments() -> dict[str, Instrument]:
    return dict(INSTRUMENTS)


@pytest.fixture
def bot(rehearse: Callable[..., Rehearsal]) -> Rehearsal:
    return rehearse()


@pytest.fixture
def restart_without_log() -> Callable[[Rehearsal], Rehearsal]:
    """Start another bot on the same account, on another disk."""

    def start(old: Rehearsal) -> Rehearsal:
        new = Rehearsal(old.rules, old.broker, old.house, now=old.now, log_id="B2")
        old.kill()
        new.start()
        return new

    return start
