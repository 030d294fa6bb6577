"""The loop around the kernel: days, access, stops and a full disk. Short sessions on a fast clock, an empty account."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest

from core import events
from core.charges import ChargeRates
from core.errors import AuthenticationError, BrokerError, StorageError, ThreadDiedError, UnfinishedError
from core.events import Command, Condition, ConditionChanged, Phase, SafetyLevel
from core.instants import MINUTE, SECOND, instant_at, ist_date
from core.market import Instrument, Side, Tick, Timeframe
from core.orders import Funds, Product, Profile
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import FeatureRow, Needs
from core.sizing import SizingMethod, SizingRule
from core.tracking import OpenPosition
from runtime.clock import MarketClock
from runtime.service_notice import ServiceNotice
from trading.command_queue import BotAnswer, CommandQueue
from trading.desk import Desk, Habits
from trading.errands import Errands
from trading.event_log import MemoryEventLog
from trading.inbox import MOST_IN_ORDER, Inbox
from trading.kernel import Kernel
from trading.live_trader import LiveTrader
from trading.obedience import Obedience
from trading.self_watch import SelfWatch, crash_loop
from trading.writer import Writer

SBIN = "NSE:SBIN-EQ"
MONDAY = date(2026, 1, 5)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 3))
RULES = TradingRules(
    timeframe=Timeframe.M5,
    product=Product.INTRADAY,
    sizing=SizingRule(method=SizingMethod.FIXED, quantity=1, capital_ppm=10**6, risk_ppm=1, max_order_value=10**8),
    charges=ChargeRates(
        brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
    ),
    stop_atr=2.0,
    target_atr=3.0,
    limit_offset=0.005,
    price_buffer=0.002,
    capital=10**9,
    max_loss=10**6,
    max_positions=1,
    max_order_value=10**8,
    max_orders_per_day=10,
    max_price_age=MINUTE,
    entry_timeout=20 * SECOND,
    stop_patience=3 * SECOND,
    verify_after=2 * SECOND,
    protect_within=30 * SECOND,
    books_busy=5 * SECOND,
    books_idle=60 * SECOND,
    transit=43 * SECOND,
)


class NightSkippingClock(MarketClock):
    """Runs fast, and skips whatever would be waited for half a minute or longer."""

    def __init__(self, start: int, speed: float) -> None:
        super().__init__(start=start, speed=speed)
        self._skipped = 0

    def now(self) -> int:
        return super().now() + self._skipped

    def steady(self) -> int:
        return super().steady() + self._skipped

    def wall_at(self, instant: int) -> datetime:
        return super().wall_at(instant - self._skipped)

    def pause_seconds(self, seconds: float) -> float:
        if seconds < 30:
            return super().pause_seconds(seconds)
        self._skipped += int(seconds * SECOND)
        return 0.0


class ShortSessions:
    """Half an hour on every day but the holidays."""

    def __init__(self, *holidays: date) -> None:
        self.holidays = holidays

    def trading_day(self, day: date) -> TradingDay | None:
        if day in self.holidays:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            no_entry_after=instant_at(day, time(9, 30)),
            square_off=instant_at(day, time(9, 35)),
            flat_by=instant_at(day, time(9, 40)),
            close=instant_at(day, time(9, 45)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


class ClosingAuctions(ShortSessions):
    """After each of them an auction sets the closing price."""

    def trading_day(self, day: date) -> TradingDay | None:
        session = super().trading_day(day)
        return session and replace(session, closing_price_at=instant_at(day, time(10, 5)))


class SessionsInTwoParts(ShortSessions):
    """Nothing trades from 09:18 to 09:25."""

    def trading_day(self, day: date) -> TradingDay | None:
        session = super().trading_day(day)
        return session and replace(session, breaks=((instant_at(day, time(9, 18)), instant_at(day, time(9, 25))),))


class EmptyAccount:
    """A broker with nothing in its books, and a history without candles."""

    def get_orders(self):
        return ()

    def get_trades(self):
        return ()

    def get_open_positions(self):
        return ()

    def get_funds(self):
        return Funds(available=10**7, total=10**7)

    def get_profile(self):
        return Profile(account_id="PAPER", name="")

    def get_historical_data(self, symbol, timeframe, num_candles):
        raise BrokerError("no history here")


class Silent:
    name = "silent"
    needs = Needs(features=())

    def on_data(self, now: FeatureRow, before: FeatureRow) -> None:
        return None


class NoRows:
    def update(self, candle) -> None:
        return None


class House:
    """Everything around a trader, to look at afterwards."""

    def __init__(
        self, start: tuple[date, time], *holidays: date, speed: float = 4_000.0, folder: Path = Path("none")
    ) -> None:
        self.folder = folder
        self.clock = NightSkippingClock(instant_at(*start), speed)
        self.calendar = ShortSessions(*holidays)
        self.log = MemoryEventLog()
        self.reported: list[Kernel] = []
        self.feeds: list[str] = []
        self.checks: list[date] = []
        self.refuse_until: int = 0
        self.days: list[date] = []
        self.begun = threading.Event()
        self.put = None

    def assemble(self, day: TradingDay, put) -> Desk:
        self.days.append(day.date)
        self.put = put
        kernel = Kernel(RULES, {SBIN: Instrument(symbol=SBIN, token="1", tick=5)}, Silent(), lambda _symbol: NoRows())
        account = EmptyAccount()
        errands = Errands(account, account, self.clock, put, timeframe=Timeframe.M5, warm_up=10, grace_seconds=5)
        return Desk(
            writer=Writer(kernel, self.log, errands.run),
            errands=errands,
            obedience=Obedience(CommandQueue(self.folder, "paper")),
            boot=lambda at: events.Booted(
                at=at,
                boot=kernel.state.boot + 1,
                log_id="A1",
                mode="paper",
                account="PAPER",
                version="1",
                config_digest="d",
            ),
            set_up=lambda at: events.DeskSet(
                at=at,
                rules=RULES,
                instruments=tuple(kernel.engine.instruments.values()),
                strategy="silent",
                params="{}",
                strategy_sha256="",
                model="",
                model_sha256="",
                features_sha256="",
                history="none",
                warm_up=10,
            ),
            open_feeds=self.open_feeds,
            close_feeds=lambda: self.feeds.append("close"),
            without_reads=self.without_reads,
        )

    @contextmanager
    def without_reads(self):
        self.feeds.append("no reads")
        yield
        self.feeds.append("reads")

    def open_feeds(self) -> None:
        self.feeds.append("open")
        self.begun.set()

    def check_access(self) -> None:
        self.checks.append(ist_date(self.clock.now()))
        if self.clock.now() < self.refuse_until:
            raise AuthenticationError("the token is dead; run `fyersbot login`")

    def trader(
        self,
        days: int | None = 1,
        flatten: bool = False,
        waits: bool = False,
        timeframe: Timeframe = Timeframe.M5,
    ) -> LiveTrader:
        return LiveTrader(
            self.assemble,
            self.calendar,
            self.clock,
            Habits(timeframe=timeframe, flatten_on_stop=flatten, days=days, waits_for_sign_in=waits),
            check_access=self.check_access,
            on_moment=lambda kernel: None,
            on_day_end=self.reported.append,
        )

    def of_kind(self, kind: type) -> list:
        return [event for event in self.log.read() if isinstance(event, kind)]


def test_a_day_goes_from_the_books_to_the_verified_flat_end():
    house = House((TUESDAY, time(9, 0)), speed=1_500.0)
    house.trader().run()
    story = [type(event) for event in house.log.read()]
    assert story[0] is events.Booted
    assert story.index(events.DayBegan) < story.index(events.BooksRead) < story.index(events.Reconciled)
    assert [event.phase for event in house.of_kind(events.PhaseReached)] == list(Phase)
    assert len(house.of_kind(events.CandleDue)) == 6
    assert len(house.of_kind(events.FlatVerified)) == 1
    assert house.feeds == ["open", "no reads", "close", "reads"]
    assert len(house.reported) == 1


def test_the_ticks_are_written_while_nothing_is_decided(monkeypatch):
    written = []
    monkeypatch.setattr(Writer, "write_tape", lambda writer: written.append(writer.kernel.state.phase))
    house = House((TUESDAY, time(9, 0)), speed=1_500.0)
    house.trader().run()
    assert {Phase.OPEN, Phase.NO_ENTRY} <= set(written)


def test_each_start_records_what_its_kernel_is_built_from_before_anything_is_decided_on_it():
    house = House((TUESDAY, time(9, 0)), speed=1_500.0)
    house.trader().run()
    story = [type(event) for event in house.log.read() if isinstance(event, events.Input)]
    assert story[:3] == [events.Booted, events.DeskSet, events.DayBegan]
    assert house.of_kind(events.DeskSet)[0].rules == RULES


def test_two_days_with_a_holiday_between_in_one_process():
    house = House((TUESDAY, time(9, 0)), WEDNESDAY)
    assert house.trader(days=2).run() == 2
    assert house.days == [TUESDAY, THURSDAY]
    assert [event.boot for event in house.of_kind(events.Booted)] == [1, 2]
    assert [event.day.date for event in house.of_kind(events.DayBegan)] == [TUESDAY, THURSDAY]


def test_a_start_after_the_close_waits_for_the_next_session():
    house = House((TUESDAY, time(9, 50)))
    house.trader().run()
    assert house.days == [WEDNESDAY]


@pytest.mark.parametrize("start", [time(9, 0), time(9, 50)])
def test_a_daily_candle_is_waited_for_until_the_closing_auction_has_set_it(start):
    house = House((TUESDAY, start), speed=1_500.0)
    house.calendar = ClosingAuctions()
    house.trader(timeframe=Timeframe.D).run()
    (due,) = house.of_kind(events.CandleDue)
    assert house.days == [TUESDAY]
    assert due.start == instant_at(TUESDAY, time(5, 30))
    assert due.at >= instant_at(TUESDAY, time(10, 5))


@pytest.mark.hazard("T2")
def test_a_clock_that_is_set_overnight_is_followed_before_the_session():
    house = House((TUESDAY, time(8, 0)))
    house.refuse_until = instant_at(TUESDAY, time(9, 0))
    trader, idle = house.trader(), []
    trader._on_idle = lambda: idle.append(house.clock.now())
    trader.run()
    day = house.calendar.trading_day(TUESDAY)
    assert idle[0] <= day.open - 30 * MINUTE  # while it waits for the day
    assert any(day.open - 30 * MINUTE < at < day.open for at in idle)  # while it rings
    assert not any(day.open < at < day.close for at in idle)


@pytest.mark.hazard("A2")
def test_before_the_open_it_rings_until_somebody_signs_in(caplog):
    house = House((TUESDAY, time(8, 0)))
    house.refuse_until = instant_at(TUESDAY, time(9, 0))
    house.trader().run()
    assert house.days == [TUESDAY]
    assert "SIGN_IN_NEEDED: the token is dead; run `fyersbot login`" in caplog.text


@pytest.mark.hazard("A3")
def test_a_start_inside_the_session_with_a_dead_token_ends_at_once():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    house.refuse_until = instant_at(THURSDAY, time(9, 0))
    with pytest.raises(AuthenticationError, match="fyersbot login"):
        house.trader().run()
    assert house.days == []


def test_a_service_waits_inside_the_session_too(caplog):
    house = House((TUESDAY, time(9, 20)))
    house.refuse_until = instant_at(TUESDAY, time(9, 25))
    house.trader(waits=True).run()
    assert house.days == [TUESDAY]
    assert "SIGN_IN_NEEDED" in caplog.text


@pytest.mark.hazard("A2")
def test_a_session_that_nobody_signed_in_for_is_lost_and_the_next_is_not():
    house = House((TUESDAY, time(8, 0)))
    house.refuse_until = instant_at(WEDNESDAY, time(8, 0))
    house.trader().run()
    assert house.days == [WEDNESDAY]


def test_a_broker_that_does_not_answer_is_asked_again():
    house = House((TUESDAY, time(8, 40)))
    refusals = [BrokerError("HTTP 502")] * 2
    house.check_access = lambda: raise_one(refusals)
    house.trader().run()
    assert refusals == []
    assert house.days == [TUESDAY]


@pytest.mark.hazard("R4")
@pytest.mark.parametrize(("flatten", "command"), [(False, Command.STOP), (True, Command.STOP_FLAT)])
def test_a_stop_ends_the_day_by_policy_and_is_written_down(flatten, command):
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    trader = house.trader(days=None, flatten=flatten)
    thread = threading.Thread(target=trader.run)
    thread.start()
    assert house.begun.wait(10)
    trader.request_stop("SIGTERM")
    thread.join(20)
    assert not thread.is_alive()
    (given,) = house.of_kind(events.CommandGiven)
    assert (given.command, given.why) == (command, "SIGTERM")
    assert house.feeds == ["open", "no reads", "close", "reads"]
    assert len(house.reported) == 1


def test_a_stop_asked_for_while_the_trader_waits_for_one_is_heard_at_once():
    """A signal handler runs on the waiting thread itself, in the middle of the wait."""
    house = House((TUESDAY, time(3, 0)), speed=1.0)
    house.clock.pause_seconds = lambda seconds: 60.0
    trader = house.trader(days=None)
    previous = signal.signal(signal.SIGALRM, lambda *_: trader.request_stop("SIGALRM"))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        trader.run()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert house.days == []


@pytest.mark.hazard("R4")
@pytest.mark.parametrize(
    ("change", "flatten", "wanted"),
    [
        ({}, True, "flat"),
        ({"unprotected_since": 1}, False, "protected"),
        ({"exit_reason": "target"}, False, "protected"),
    ],
)
@pytest.mark.parametrize("sessions", [ShortSessions, SessionsInTwoParts])
def test_a_stop_that_leaves_something_open_says_so_and_fails(monkeypatch, change, flatten, wanted, sessions):
    monkeypatch.setattr("trading.session_loop.STOP_PATIENCE", 0.1)
    monkeypatch.setattr("trading.session_loop._LEAST_STOP_PATIENCE", 0.1)
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    house.calendar = sessions()
    house.open_feeds = lambda: trader.request_stop("SIGTERM")
    trader = house.trader(flatten=flatten)
    assemble = house.assemble

    def with_a_position(day, put):
        desk = assemble(day, put)
        position = OpenPosition(SBIN, Side.BUY, Product.INTRADAY, 1, None, 1, 1, 10, 100)
        desk.writer.kernel.state.positions[SBIN] = replace(position, **change)
        return desk

    trader._assemble = with_a_position
    with pytest.raises(UnfinishedError, match=f"stopped by SIGTERM before {SBIN} was {wanted}"):
        trader.run()
    assert len(house.reported) == 1


@pytest.mark.hazard("T10", "P13")
def test_a_session_that_ends_without_being_verified_flat_fails():
    house = House((TUESDAY, time(9, 0)), speed=1_500.0)
    assemble = house.assemble

    def blind(day, put):
        desk = assemble(day, put)
        desk.errands._read_books_once = lambda: None
        return desk

    house.assemble = blind
    with pytest.raises(UnfinishedError, match=f"the session of {TUESDAY} ended"):
        house.trader().run()
    assert len(house.reported) == 1


def test_a_stop_with_a_stop_resting_at_the_broker_ends_well():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    house.open_feeds = lambda: trader.request_stop("SIGTERM")
    trader = house.trader()
    trader.run()
    assert len(house.reported) == 1


def test_a_stop_before_the_session_begins_nothing():
    house = House((TUESDAY, time(3, 0)), speed=1.0)
    trader = house.trader()
    trader.request_stop("SIGINT")
    assert trader.run() == 0
    assert house.days == []


@pytest.mark.hazard("W1", "W4")
def test_when_the_log_cannot_be_written_nothing_is_sent_and_the_feeds_are_closed():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    house.log = FullDisk(room=1)
    sent: list = []

    def assemble(day, put):
        desk = House.assemble(house, day, put)

        def act(effect):
            sent.append((len(list(house.log.read())), effect))

        return replace(desk, writer=Writer(desk.writer.kernel, house.log, act))

    house.assemble = assemble
    with pytest.raises(StorageError, match="disk full"):
        house.trader().run()
    assert [type(effect) for _, effect in sent] == [events.HistoryWanted]
    assert all(kept for kept, _ in sent)
    assert house.feeds[-2:] == ["close", "reads"]


def test_a_price_reaches_the_kernel_with_the_time_at_which_it_is_seen():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    trader = house.trader()
    thread = threading.Thread(target=trader.run)
    thread.start()
    assert house.begun.wait(10)
    house.put(Tick(SBIN, house.clock.now(), 80_000, 0, 0, 0))
    house.put(events.CommandGiven(at=house.clock.now(), command=Command.HALT, why="after the price"))
    while not house.of_kind(events.LevelChanged):
        thread.join(0.01)
    trader.request_stop("done")
    thread.join(20)
    assert house.reported[0].engine.ticks[SBIN].ltp == 80_000


@contextmanager
def running(house: House) -> Iterator[None]:
    """A bot in the middle of a session, which is then asked to stop."""
    house.begun.clear()
    trader = house.trader()
    thread = threading.Thread(target=trader.run)
    thread.start()
    try:
        assert house.begun.wait(10)
        yield
    finally:
        trader.request_stop("the test is over")
        thread.join(20)
    assert not thread.is_alive()


def answer_to(queue: CommandQueue, key: str) -> BotAnswer:
    deadline = monotonic() + 10
    while (answer := queue.answer_to(key)) is None:
        assert monotonic() < deadline, "the bot did not answer"
        sleep(0.02)
    return answer


def test_a_running_bot_obeys_and_answers_within_a_second_or_so(tmp_path):
    house, queue = House((TUESDAY, time(9, 20)), speed=1.0, folder=tmp_path), CommandQueue(tmp_path)
    with running(house):
        halted = answer_to(queue, queue.give(Command.HALT, "lunch"))
        assert halted == BotAnswer(is_obeyed=True, text="the safety level is now NO_ENTRY: lunch")
        assert answer_to(queue, queue.give(Command.RESUME, "back")).text == "the safety level is now RUN: back"
    assert [event.level for event in house.of_kind(events.LevelChanged)] == [SafetyLevel.NO_ENTRY, SafetyLevel.RUN]


def test_a_command_given_while_no_bot_ran_is_obeyed_before_the_feeds_open_and_only_once(tmp_path):
    house, queue = House((TUESDAY, time(9, 20)), speed=1.0, folder=tmp_path), CommandQueue(tmp_path)
    key = queue.give(Command.FLATTEN, "trouble at home")
    levels: list[int] = []
    house.open_feeds = lambda: (levels.append(len(house.of_kind(events.LevelChanged))), house.begun.set())
    for _ in range(2):
        with running(house):
            assert answer_to(queue, key).is_obeyed
    assert levels == [1, 1]
    assert [event.key for event in house.of_kind(events.CommandGiven)].count(key) == 1
    assert house.reported[-1].state.level is SafetyLevel.FLATTEN


def test_a_command_that_was_recorded_but_not_marked_before_a_power_cut_is_not_obeyed_again(tmp_path):
    house, queue = House((TUESDAY, time(9, 20)), speed=1.0, folder=tmp_path), CommandQueue(tmp_path)
    key = queue.give(Command.HALT, "lunch")
    at = house.clock.now()
    house.log.append(
        [
            events.CommandGiven(at=at, command=Command.HALT, why="lunch", key=key),
            events.LevelChanged(at=at, level=SafetyLevel.NO_ENTRY, why="lunch"),
            events.LevelChanged(at=at, level=SafetyLevel.RUN, why="resumed since"),
        ]
    )
    with running(house):
        assert "had taken it before" in answer_to(queue, key).text
    assert house.reported[-1].state.level is SafetyLevel.RUN


def test_a_command_of_the_last_moment_that_the_log_could_not_keep_waits_for_the_next_start(tmp_path):
    house, queue = House((TUESDAY, time(9, 20)), speed=1.0, folder=tmp_path), CommandQueue(tmp_path)
    house.log = FullDisk(room=2)
    key = queue.give(Command.HALT, "lunch")
    with pytest.raises(StorageError, match="disk full"):
        house.trader().run()
    assert queue.answer_to(key) is None
    house.log.room = 1_000
    with running(house):
        assert answer_to(queue, key).is_obeyed
    assert house.reported[-1].state.level is SafetyLevel.NO_ENTRY


class FullDisk(MemoryEventLog):
    """A log with room for so many batches."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def append(self, batch: Sequence[events.Event], tape: int = 0) -> None:
        if not self.room:
            raise StorageError("event log x cannot be written: disk full; free space or repair it")
        self.room -= 1
        super().append(batch, tape)


def raise_one(refusals: list[BrokerError]) -> None:
    if refusals:
        raise refusals.pop()


# --- what the process notices about itself --------------------------------------------------------------------------


@pytest.mark.hazard("T3")
def test_a_pause_of_the_process_is_told_before_what_has_waited_meanwhile():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    pauses = [20 * SECOND, 0, 8 * SECOND]
    """The first is what the start took, which is no pause of the loop."""
    trader = house.trader()
    assemble = house.assemble

    def stood_still() -> int:
        if not pauses:
            trader.request_stop("SIGTERM")
        return pauses.pop(0) if pauses else 0

    def drowsy(day, put):
        for number in range(2):
            put(events.CommandGiven(at=house.clock.now(), command=Command.HALT, why=f"number {number}"))
        return replace(assemble(day, put), watch=SelfWatch(stood_still=stood_still))

    trader._assemble = drowsy
    trader.run()
    told = [event for event in house.log.read() if isinstance(event, events.CommandGiven | ConditionChanged)]
    assert [event.why for event in told if event.why != "SIGTERM"] == [
        "number 0",
        "the process stood still for 8.0 s",
        "number 1",
    ]
    assert house.of_kind(ConditionChanged)[0].condition is Condition.GAP


def test_what_is_in_doubt_is_known_before_anything_can_be_decided():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    trader = house.trader()
    assemble = house.assemble
    trader._assemble = lambda day, put: replace(
        assemble(day, put), watch=SelfWatch(doubts={Condition.DISK: lambda _state, _now: "3 MB free"})
    )
    known: list[bool] = []
    house.open_feeds = lambda: (known.append(bool(house.of_kind(ConditionChanged))), trader.request_stop("SIGTERM"))
    trader.run()
    assert known == [True]
    assert house.reported[0].state.conditions == {Condition.DISK: "3 MB free"}
    assert len(house.of_kind(ConditionChanged)) == 1


@pytest.mark.parametrize("when", [time(9, 20), time(3, 0)])
@pytest.mark.hazard("R9")
def test_a_thread_that_died_ends_the_bot_within_a_session_and_between(when):
    house = House((TUESDAY, when), speed=1.0)
    trader = house.trader(days=None)
    threading.Timer(0.3, trader.fail, ("thread data feed died of KeyError: 'x'",)).start()
    with pytest.raises(ThreadDiedError, match="thread data feed died"):
        trader.run()
    assert house.feeds[-2:] == (["close", "reads"] if when == time(9, 20) else [])


class Heard(ServiceNotice):
    """Keeps what the service manager would hear."""

    def __init__(self) -> None:
        super().__init__({})
        self.said: list[str] = []

    def _send(self, words: str) -> None:
        self.said.append(words)

    def alive(self) -> None:
        self._send("alive")

    @contextmanager
    def patience(self):
        self._send("patience")
        yield
        self._send("watch")


def test_the_service_manager_hears_of_the_start_each_look_and_the_end():
    house, service = House((TUESDAY, time(9, 20)), speed=1.0), Heard()
    trader = house.trader()
    trader._service = trader._wishes._service = service
    threading.Timer(1.0, trader.request_stop, ("SIGTERM",)).start()
    trader.run()
    said = service.said
    assert said[0] == "READY=1"
    assert said.index("STOPPING=1") < len(said) - 1
    assert said[-2:] == ["patience", "watch"]  # closing the feeds may take long
    assert said.count("alive") >= 3


@pytest.mark.hazard("R6")
def test_a_loop_that_hangs_gives_no_signs_of_life():
    house, service = House((TUESDAY, time(9, 20)), speed=1.0), Heard()
    trader = house.trader()
    trader._service = trader._wishes._service = service
    hanging, go_on = threading.Event(), threading.Event()

    def hang(*_):
        hanging.set()
        go_on.wait(20)

    assemble = house.assemble

    def with_a_slow_kernel(day, put):
        desk = assemble(day, put)
        desk.writer.kernel.on_tick = hang
        put(Tick(SBIN, house.clock.now(), 80_000, 0, 0, 0))
        return desk

    trader._assemble = with_a_slow_kernel
    thread = threading.Thread(target=trader.run)
    thread.start()
    assert hanging.wait(10)
    before = service.said.count("alive")
    sleep(1.0)
    assert service.said.count("alive") == before
    go_on.set()
    trader.request_stop("SIGTERM")
    thread.join(20)
    assert service.said.count("alive") > before


@pytest.mark.hazard("D13")
def test_what_feeds_call_returns_though_nobody_takes_what_they_bring() -> None:
    inbox, tick = Inbox(), Tick(SBIN, 1, 80_000, 0, 0, 0)
    for _ in range(100_000):
        inbox.put(tick)
    assert len(inbox) <= MOST_IN_ORDER + 1


@pytest.mark.hazard("D11")
def test_prices_that_were_passed_over_are_told_before_the_candle_is_closed():
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    trader = house.trader()
    told = threading.Event()

    def with_a_crowd(day: TradingDay, put) -> Desk:
        desk = house.assemble(day, put)
        kernel, handle = desk.writer.kernel, desk.writer.kernel.handle

        def watch(event: events.Input) -> object:
            if isinstance(event, events.CandleDue):
                told.set()
            return handle(event)

        kernel.handle = watch
        for number in range(3 * MOST_IN_ORDER):
            put(Tick(SBIN, house.clock.now(), 80_000 + number, 0, 0, 0))
        put(events.CandleDue(at=house.clock.now(), start=day.open))
        put(events.CandleDue(at=house.clock.now(), start=day.open + 5 * MINUTE))
        return desk

    trader._assemble = with_a_crowd
    thread = threading.Thread(target=trader.run)
    thread.start()
    assert told.wait(10)
    trader.request_stop("SIGTERM")
    thread.join(20)
    kinds = [event for event in house.log.read() if isinstance(event, events.PricesPassedOver | events.CandleDue)]
    assert [type(event) for event in kinds[:2]] == [events.PricesPassedOver, events.CandleDue]
    assert sum(isinstance(event, events.PricesPassedOver) for event in kinds) == 1
    assert kinds[0].count > MOST_IN_ORDER


@pytest.mark.hazard("R5")
def test_a_bot_that_starts_again_and_again_takes_no_entries_until_it_has_lived_for_a_while():
    """The starts are counted in the log, so that no process needs to survive for it."""
    house = House((TUESDAY, time(9, 20)), speed=1.0)
    watch = SelfWatch(doubts={Condition.CRASH_LOOP: partial(crash_loop, 5)})
    assemble = house.assemble
    house.assemble = lambda day, put: replace(assemble(day, put), watch=watch)
    for _ in range(6):
        with running(house):
            pass
    assert [event.holds for event in house.of_kind(ConditionChanged)] == [True]
    (told,) = house.of_kind(ConditionChanged)
    assert told.why == "6 starts within 10 minutes, start.crash_limit = 5"
    state = house.reported[-1].state
    assert state.effective_level is SafetyLevel.NO_ENTRY
    (over,) = watch.changes(state, state.starts[0] + 10 * MINUTE)
    assert (over.condition, over.holds) == (Condition.CRASH_LOOP, False)
