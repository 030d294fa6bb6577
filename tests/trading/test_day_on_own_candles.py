"""Whole days on candles made of prices: the bot's own parts, on generated prices and the paper exchange, in process.

What the wire does to a price is done here too: its time is whole seconds, and it arrives a little later.
"""

import heapq
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from itertools import count

import pytest

from core import events
from core.charges import ChargeRates
from core.events import Effect, FeedState, Verb
from core.instants import HOUR, MILLISECOND, MINUTE, SECOND, Instant, instant_at
from core.market import CandleSource, Tick, Timeframe
from core.orders import Books
from core.sessions import TradingDay
from runtime.clock import MarketClock
from runtime.settings import CandleSettings, HistorySettings, PathSettings, Settings, SizingSettings, StrategySettings
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.generator import GeneratedMarket
from simulator.ledger import MemoryLedger
from simulator.market_history import MarketHistory
from trading.desk_record import desk_of, kernel_of
from trading.event_log import MemoryEventLog
from trading.paper_broker import PaperBroker
from trading.replay import Difference, Replay, Tally, starts_of
from trading.strategy_choice import choose_strategy
from trading.tick_market import TickMarket
from trading.tick_tape import MemoryTickTape
from trading.timetable import appointments
from trading.trading_rules import rules_of
from trading.writer import Item, Writer

TUESDAY = date(2026, 1, 6)
SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
RATES = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
WAIT = SECOND
TRANSIT = 300 * MILLISECOND
"""From a price at the exchange to the bot, and from a call to its answer."""
FOLLOW = """
from core.signals import Direction, Needs, Signal


class Follow:
    name = "follow"
    needs = Needs(features=("return_1",))

    def on_data(self, now, before):
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=Direction.LONG if now["return_1"] > 0 else Direction.SHORT,
            probability=0.6,
            source=self.name,
            reason="follows the candle",
        )
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "follow.py").write_text(FOLLOW)
    return Settings(
        symbols=SYMBOLS,
        strategy=StrategySettings(name="follow", folder=tmp_path),
        sizing=SizingSettings(method="fixed", quantity=10),
        history=HistorySettings(candles=100),
        candles=CandleSettings(source=CandleSource.TICKS),
        paths=PathSettings(state=tmp_path / "state", logs=tmp_path, cache=tmp_path),
    )


class Player:
    """One day of the bot, from item to item; time is what happens next."""

    def __init__(self, settings: Settings, calendar, start: Instant, transit: int) -> None:
        """Prices take `transit` nanoseconds."""
        self.settings, self.calendar, self.at = settings, calendar, start
        self.day: TradingDay = calendar.trading_day(TUESDAY)
        self.market = GeneratedMarket(calendar, 7, SYMBOLS)
        self.history = MarketHistory(self.market, self)
        paper = TickMarket(self.market.instruments_at(start), calendar)
        exchange = Exchange(paper, calendar, MemoryLedger(), 100_000_000, ExchangeRules())
        self.broker = PaperBroker(exchange, paper, self, self.hear)
        self.agenda: list[tuple[Instant, int, Callable[[], None]]] = []
        self.sequence = count()
        self.log, self.tape = MemoryEventLog(), MemoryTickTape()
        self.loses: Callable[[Tick], bool] = lambda _tick: False
        for quote in self.market.quotes(self.day.open - 1, self.day.close):
            at = quote.at // SECOND * SECOND
            tick = Tick(quote.symbol, at, quote.ltp, quote.bid, quote.ask, quote.volume)
            self.later(quote.at + transit, lambda tick=tick: self.bring(tick))

    def now(self) -> Instant:
        return self.at

    def later(self, at: Instant, call: Callable[[], None]) -> None:
        heapq.heappush(self.agenda, (at, next(self.sequence), call))

    def start(self) -> None:
        """Come up as a process does, on the log and the tape that there are."""
        settings, choice = self.settings, choose_strategy(self.settings)
        instruments = tuple(self.market.instruments_at(self.at).values())
        desk = desk_of(settings, rules_of(settings, RATES, MarketClock()), instruments, choice, self.at)
        kernel = kernel_of(desk, choice, self.calendar)
        self.writer = Writer(kernel, self.log, self.act, tape=self.tape)
        self.writer.restore()
        facts = {"log_id": "A1", "mode": "paper", "account": "PAPER", "version": "0.1.0", "config_digest": "d"}
        self.take(events.Booted(at=self.at, boot=kernel.state.boot + 1, **facts))
        self.take(desk)
        self.take(events.DayBegan(at=self.at, day=self.day))
        self.feed(FeedState.LIVE)

    def keep_appointments(self) -> None:
        for event in appointments(self.day, self.settings.timeframe, WAIT):
            self.later(event.at, lambda event=event: self.take(replace(event, at=self.at)))

    def run(self, until: Instant) -> None:
        while True:
            timer = self.writer.next_due
            next_at = min(self.agenda[0][0], timer if timer is not None else until + 1) if self.agenda else until + 1
            if next_at > until:
                break
            self.at = max(self.at, next_at)
            if self.agenda and self.agenda[0][0] <= self.at:
                heapq.heappop(self.agenda)[2]()
            self.writer.let_time_pass(self.at)
        self.at = until

    def bring(self, tick: Tick) -> None:
        self.broker.on_tick(tick)
        if not self.loses(tick):
            self.take(tick)

    def take(self, item: Item) -> None:
        self.writer.take(item, self.at)

    def feed(self, state: FeedState) -> None:
        self.take(events.FeedChanged(at=self.at, feed="data", state=state))

    def hear(self, report) -> None:
        self.later(self.at + TRANSIT, lambda: self.take(events.OrderReported(at=self.at, report=report)))

    def act(self, effect: Effect) -> None:
        broker = self.broker
        match effect:
            case events.OrderIntended(intent=intent):
                self.call(Verb.PLACE, intent.tag, lambda: broker.place_order(intent))
            case events.ChangeIntended(change=change):
                self.call(Verb.MODIFY, change.tag, lambda: broker.modify_order(change))
            case events.CancelIntended(tag=tag, broker_id=broker_id):
                self.call(Verb.CANCEL, tag, lambda: broker.cancel_order(broker_id))
            case events.PositionExitIntended(symbol=symbol, product=product):
                self.call(Verb.EXIT, symbol, lambda: broker.exit_position(symbol, product.value))
            case events.BooksWanted():
                self.later(self.at + TRANSIT, lambda asked_at=self.at: self.read_books(asked_at))
            case events.FundsWanted():
                self.later(self.at + TRANSIT, lambda asked_at=self.at: self.read_funds(asked_at))
            case events.HistoryWanted():
                self.later(self.at + 2 * SECOND, lambda: self.read_history(effect))

    def call(self, verb: Verb, tag: str, call: Callable) -> None:
        def answer() -> None:
            outcome = call()
            told = events.OutcomeArrived(at=self.at + TRANSIT, verb=verb, tag=tag, outcome=outcome)
            self.later(told.at, lambda: self.take(told))

        self.later(self.at + TRANSIT, answer)

    def read_books(self, asked_at: Instant) -> None:
        broker = self.broker
        books = Books(broker.get_orders(), broker.get_trades(), broker.get_open_positions())
        self.take(events.BooksRead(at=self.at, asked_at=asked_at, books=books))

    def read_funds(self, asked_at: Instant) -> None:
        self.take(events.FundsRead(at=self.at, asked_at=asked_at, available=10**9, account="PAPER"))

    def read_history(self, wanted: events.HistoryWanted) -> None:
        candles = self.history.get_historical_data(wanted.symbol, self.settings.timeframe, 100)
        last = wanted.due or self.at
        new = tuple(candle for candle in candles if wanted.after < candle.start <= last)
        self.take(events.HistoryArrived(at=self.at, symbol=wanted.symbol, candles=new, due=wanted.due))

    # --- afterwards ---------------------------------------------------------------------------------------------

    @property
    def state(self):
        return self.writer.kernel.state

    def happened(self, kind: type) -> list:
        return [event for event in self.log.read() if isinstance(event, kind)]

    def official(self, symbol: str) -> dict[Instant, object]:
        candles = self.market.candles(symbol, self.settings.timeframe, self.day.open, self.day.close, self.at)
        return {candle.start: candle for candle in candles}

    def replayed(self) -> tuple[Difference | None, Tally]:
        """Decide the day again from log and tape alone."""
        rows, tally = list(self.log.rows()), Tally()
        for start in starts_of(rows, TUESDAY):
            kernel = kernel_of(start.desk, choose_strategy(self.settings), self.calendar)
            for row in rows[: start.rows[0].number - 1]:
                kernel.restore(row.event)
            difference = Replay(start, kernel, self.tape.seen(start.rows[0].tape), tally).run()
            if difference is not None:
                return difference, tally
        return None, tally


@pytest.fixture
def play(settings, calendar) -> Callable[..., Player]:
    def at(hour: int, minute: int) -> Instant:
        return instant_at(TUESDAY, time(hour, minute))

    def begin(transit: int = TRANSIT, **changes: object) -> Player:
        player = Player(settings.model_copy(update=changes), calendar, at(9, 0), transit)
        player.start()
        player.keep_appointments()
        return player

    return begin


def test_a_day_on_own_candles_is_traded_flat_and_replays_identically(play):
    player = play()
    player.run(player.day.close + 5 * MINUTE)
    state = player.state
    assert state.flat_verified
    assert len(state.trades) > 5
    assert player.replayed()[0] is None
    quality = state.candles
    closes = len(SYMBOLS) * (len(player.day.candle_closes(Timeframe.M5)) - 1)
    assert (quality.built, quality.doubted, quality.late) == (closes, len(SYMBOLS), 0)
    assert quality.compared == quality.identical == closes
    for symbol in SYMBOLS:
        built = {
            each.candle.start: each.candle for each in player.happened(events.CandleBuilt) if each.symbol == symbol
        }
        official = player.official(symbol)
        del official[player.day.open]
        assert built == official


def test_every_decision_is_made_at_the_close_and_not_when_history_comes(play):
    player = play()
    player.run(player.day.open + 2 * HOUR)
    decided = player.happened(events.Decided)
    first, others = decided[:2], decided[2:]
    assert len(others) == 2 * 22
    assert {each.candle for each in first} == {player.day.open}
    assert {each.at - each.candle for each in others} == {5 * MINUTE + WAIT}


def test_the_same_candles_decide_the_same_from_either_source(play):
    def decisions(source: CandleSource) -> list:
        player = play(candles=CandleSettings(source=source))
        player.run(player.day.open + 2 * HOUR)
        told = player.happened(events.Decided)
        return [replace(each, at=0) for each in sorted(told, key=lambda each: (each.candle, each.symbol))]

    assert decisions(CandleSource.TICKS) == decisions(CandleSource.HISTORY)


@pytest.mark.hazard("D1", "W8")
def test_a_gap_and_a_restart_leave_their_candles_to_history_and_the_day_replays_identically(play):
    player = play()
    start = player.day.open
    player.run(start + HOUR + 30 * SECOND)
    player.loses = lambda tick: True
    player.run(start + HOUR + 40 * SECOND)
    player.feed(FeedState.DOWN)
    player.run(start + HOUR + 50 * SECOND)
    player.loses = lambda tick: False
    player.feed(FeedState.LIVE)
    player.run(start + 2 * HOUR + 7 * MINUTE)
    player.start()  # after a death: what was on its way to the one before comes to this one
    player.run(player.day.close + 5 * MINUTE)
    assert player.state.flat_verified
    doubted = {(each.start - start) // (5 * MINUTE) for each in player.happened(events.CandleDoubted)}
    assert doubted == {0, 12, 25}
    built = player.happened(events.CandleBuilt)
    assert len(built) == len(SYMBOLS) * (75 - 3)
    for each in built:
        assert each.candle == player.official(each.symbol)[each.candle.start]
    decided = {each.symbol: set() for each in built}
    for each in player.happened(events.Decided):
        decided[each.symbol].add(each.candle)
    assert all(len(candles) == 75 for candles in decided.values())
    difference, tally = player.replayed()
    assert (difference, tally.starts) == (None, 2)


def test_prices_that_come_too_late_show_in_the_figures_and_replay_identically(play):
    player = play(transit=4 * SECOND)
    player.run(player.day.open + HOUR)
    quality = player.state.candles
    assert quality.late > 10
    assert quality.identical < quality.compared == quality.built
    assert player.replayed()[0] is None
