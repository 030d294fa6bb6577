"""The market side alone: no broker, no order manager; decisions are applied as the kernel would."""

from dataclasses import replace

import pytest

from core import events
from core.engine import Engine
from core.errors import StrategyError
from core.events import (
    Command,
    Decided,
    EntryRefused,
    ExitDecided,
    HistoryWanted,
    LevelChanged,
    OrderIntended,
    SafetyLevel,
)
from core.fold import apply
from core.instants import DAY, MINUTE, SECOND
from core.market import Candle, Instrument, Side, Tick, Timeframe
from core.orders import Product
from core.positions import Trade
from core.signals import Direction, FeatureRow, Needs, Signal
from core.state import BotState
from core.tags import Tagger
from core.tracking import OpenPosition

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
STEP = 5 * MINUTE


class EveryOther:
    """A stream that has a row from its third candle on."""

    def __init__(self, symbol: str) -> None:
        self.symbol, self.seen = symbol, 0
        self.warm_up = 2

    def update(self, candle: Candle) -> FeatureRow | None:
        self.seen += 1
        if self.seen <= self.warm_up:
            return None
        return FeatureRow(self.symbol, candle, candle.start + STEP, {"close": 0}, (float(candle.close),), 200.0)


class Echo:
    """Wants what the test says, and remembers what it was shown."""

    name = "echo"
    needs = Needs(features=("close",))

    def __init__(self) -> None:
        self.says: Direction | None = Direction.LONG
        self.shown: list[tuple[int, int]] = []

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        self.shown.append((before.candle.start, now.candle.start))
        if self.says is None:
            return None
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=self.says, probability=0.7, source=self.name, reason="told"
        )


class Machine:
    """An engine with the state it looks at."""

    def __init__(self, rules, day) -> None:
        instruments = {
            symbol: Instrument(symbol=symbol, token="1", tick=5, lower_band=5, upper_band=10**7)
            for symbol in (SBIN, INFY)
        }
        self.echo = Echo()
        self.state = BotState(log_id="A1", boot=1, day=day, reconciled=True)
        self.engine = Engine(rules, instruments, self.echo, EveryOther, Tagger())
        self.now = day.open + 45 * MINUTE
        self.day = day

    def give(self, kind: type, **values) -> list:
        event = kind(at=self.now, **values)
        apply(self.state, event)
        decisions = self.engine.decide(self.state, event)
        for decision in decisions:
            apply(self.state, decision)
        return decisions

    def boot(self) -> list:
        return self.give(events.Booted, boot=1, log_id="A1", mode="paper", account="P", version="1", config_digest="")

    def agree(self) -> None:
        """Let the books and the money be read."""
        self.state.reconciled, self.state.books_at = True, self.now
        self.state.funds = events.FundsRead(at=self.now, asked_at=self.now, available=10**9, account="P")

    def candles(self, *numbers: int, due: int | None = None, symbol: str = SBIN) -> list:
        """Candles by number from the open; `due` is the number of the one that was waited for."""
        bars = tuple(Candle(self.start(number), 80_000, 80_000, 80_000, 80_000, 1) for number in numbers)
        return self.give(events.HistoryArrived, symbol=symbol, candles=bars, due=0 if due is None else self.start(due))

    def start(self, number: int) -> int:
        return self.day.open + number * STEP

    def tick(self, price: int, symbol: str = SBIN, at: int | None = None) -> list:
        tick = Tick(symbol, self.now if at is None else at, price, 0, 0, 0)
        decisions = self.engine.on_tick(self.state, tick, self.now)
        for decision in decisions:
            apply(self.state, decision)
        return decisions

    def hold(self, side: Side = Side.BUY, symbol: str = SBIN, stop: int = 79_600, target: int = 80_600) -> OpenPosition:
        position = OpenPosition(symbol, side, Product.INTRADAY, self.now, None, stop, target, 10, 800_000)
        self.state.positions[symbol] = position
        return position


@pytest.fixture
def machine(rules, day) -> Machine:
    machine = Machine(rules, day)
    machine.boot()
    machine.agree()
    machine.tick(80_000)
    return machine


# --- candles ----------------------------------------------------------------------------------------------------------


def test_a_boot_asks_for_the_whole_history_of_every_symbol(rules, day):
    wanted = Machine(rules, day).boot()
    assert [(w.symbol, w.after, w.due) for w in wanted] == [(SBIN, 0, 0), (INFY, 0, 0)]


def test_warm_up_decides_nothing(machine):
    assert machine.candles(0, 1, 2, 3, 4) == []
    assert machine.echo.shown == []


def test_a_due_candle_asks_only_for_what_is_new(machine):
    machine.candles(0, 1, 2, 3)
    wanted = machine.give(events.CandleDue, start=machine.start(4))
    assert wanted[0] == HistoryWanted(at=machine.now, symbol=SBIN, after=machine.start(3), due=machine.start(4))
    assert wanted[1].after == 0


def test_a_candle_that_is_held_already_is_not_asked_for_again(machine):
    machine.candles(0, 1, 2, 3, 4)
    wanted = machine.give(events.CandleDue, start=machine.start(4))
    assert [each.symbol for each in wanted] == [INFY]


def test_the_due_candle_is_decided_on_with_the_row_before_it(machine):
    machine.candles(0, 1, 2, 3)
    decided, intended = machine.candles(4, due=4)
    assert machine.echo.shown == [(machine.start(3), machine.start(4))]
    assert isinstance(decided, Decided)
    assert (decided.candle, decided.direction, decided.features, decided.atr) == (
        machine.start(4),
        Direction.LONG,
        (80_000.0,),
        200.0,
    )
    assert isinstance(intended, OrderIntended)


def test_a_missed_candle_is_learnt_from_and_not_traded_on(machine):
    machine.candles(0, 1, 2)
    machine.candles(3, 4, 5, due=5)
    assert machine.echo.shown == [(machine.start(4), machine.start(5))]


def test_no_opinion_and_no_direction_are_recorded_and_send_nothing(machine):
    machine.candles(0, 1, 2, 3)
    machine.echo.says = None
    (silent,) = machine.candles(4, due=4)
    machine.echo.says = Direction.NONE
    (none,) = machine.candles(5, due=5)
    assert (silent.direction, silent.reason) == (Direction.NONE, "no signal")
    assert (none.direction, none.reason) == (Direction.NONE, "told")


@pytest.mark.hazard("S22")
def test_one_candle_is_decided_on_once(machine):
    machine.candles(0, 1, 2, 3)
    machine.candles(4, due=4)
    assert machine.candles(4, due=4) == []
    assert machine.candles(due=4) == []
    assert len(machine.echo.shown) == 1


@pytest.mark.hazard("S22")
def test_one_candle_is_decided_on_once_even_across_a_restart(machine):
    machine.candles(0, 1, 2, 3)
    machine.candles(4, due=4)
    machine.boot()
    assert machine.candles(0, 1, 2, 3, 4, due=4) == []


@pytest.mark.hazard("M5")
def test_a_history_that_lacks_the_due_candle_decides_nothing(machine):
    machine.candles(0, 1, 2, 3)
    assert machine.candles(4, due=5) == []


def test_while_the_features_are_incomplete_nothing_is_decided(machine):
    assert machine.candles(0, 1, due=1) == []
    assert machine.candles(2, due=2) == []
    assert len(machine.candles(3, due=3)) == 2


def test_without_a_price_the_entry_is_refused(machine):
    machine.candles(0, 1, 2, 3, symbol=INFY)
    _, refused = machine.candles(4, due=4, symbol=INFY)
    assert isinstance(refused, EntryRefused)
    assert refused.code == "STALE_PRICE"


# --- ticks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "price", "reason"),
    [
        (Side.BUY, 79_600, "stop_loss"),
        (Side.BUY, 78_000, "stop_loss"),
        (Side.BUY, 80_600, "target"),
        (Side.SELL, 80_400, "stop_loss"),
        (Side.SELL, 79_400, "target"),
    ],
)
def test_a_touched_level_decides_the_exit_once(machine, side, price, reason):
    machine.hold(side, **({} if side is Side.BUY else {"stop": 80_400, "target": 79_400}))
    (decided,) = machine.tick(price)
    assert (decided.reason, decided.price) == (reason, price)
    assert machine.tick(price) == []


def test_between_the_levels_and_without_a_position_nothing_happens(machine):
    assert machine.tick(10) == []
    machine.hold()
    assert machine.tick(80_595) == []


def test_what_is_already_closed_or_has_no_levels_is_not_left_again(machine):
    position = machine.hold(stop=0, target=0)
    assert machine.tick(79_900) == []
    position.stop, position.exit_filled, position.exit_value = 79_600, 10, 800_000
    assert machine.tick(79_600) == []


@pytest.mark.parametrize("shift", [-DAY, -46 * MINUTE, 376 * MINUTE])
def test_a_price_from_outside_the_session_decides_nothing(machine, shift):
    machine.hold()
    assert machine.tick(70_000, at=machine.now + shift) == []
    assert machine.engine.ticks[SBIN].ltp == 70_000


@pytest.mark.hazard("P12")
def test_the_loss_limit_counts_closed_and_open_trades_and_latches(machine, rules):
    machine.hold(stop=10, target=10**6)
    machine.hold(Side.SELL, INFY, stop=10**6, target=1)
    machine.state.realised = -rules.max_loss + 10_000
    machine.state.soft_loss_hit = True
    assert machine.tick(79_500) == []
    (flatten,) = machine.tick(80_500, INFY)
    assert isinstance(flatten, LevelChanged)
    assert flatten.level is SafetyLevel.FLATTEN
    assert machine.tick(80_600, INFY) == []
    assert machine.tick(80_000) == []
    assert machine.state.level is SafetyLevel.FLATTEN


def test_the_soft_limit_ends_entries_and_an_operator_who_resumes_is_asked_once_a_day(machine, rules):
    machine.hold(stop=10)
    machine.state.realised = -rules.soft_loss
    assert machine.tick(80_001) == []
    alarm, raised = machine.tick(80_000)
    assert (alarm.code, raised.level) == ("SOFT_LOSS_LIMIT", SafetyLevel.EXIT_ONLY)
    assert machine.tick(79_000) == []
    machine.state.level = SafetyLevel.RUN
    assert machine.tick(78_000) == []
    machine.state.realised = -rules.max_loss
    assert [type(decision) for decision in machine.tick(79_000)] == [LevelChanged]
    assert machine.state.level is SafetyLevel.FLATTEN


def test_a_closing_trade_that_takes_the_loss_over_the_limit_needs_no_further_price(machine, rules):
    machine.state.realised = -rules.max_loss + 1
    assert machine.engine.decide(machine.state, closed(machine.now)) != []
    machine.state.realised = -rules.max_loss
    (flatten,) = machine.engine.decide(machine.state, closed(machine.now))
    assert flatten.level is SafetyLevel.FLATTEN


def test_a_loss_that_a_restart_finds_in_its_log_is_answered_when_the_books_agree(machine, rules):
    machine.state.realised = -rules.max_loss
    machine.boot()
    assert [decision.level for decision in machine.give(events.Reconciled, why="")] == [SafetyLevel.FLATTEN]


def test_whoever_wants_to_enter_counts_a_position_without_a_price_at_its_stop(machine):
    machine.hold()
    machine.hold(Side.SELL, INFY, stop=80_400, target=79_000)
    assert machine.engine.profit(machine.state) == 0
    assert machine.engine.cautious_profit(machine.state) == -8_000
    machine.tick(80_100)
    assert machine.engine.cautious_profit(machine.state) == 1_000 - 4_000


def test_one_price_can_hit_the_stop_and_the_loss_limit(machine, rules):
    machine.hold()
    machine.state.realised = -rules.max_loss + 1_000
    machine.state.soft_loss_hit = True
    assert [type(decision) for decision in machine.tick(79_500)] == [ExitDecided, LevelChanged]


def test_a_closed_trade_no_longer_counts_as_open(machine):
    machine.hold()
    machine.tick(79_900)
    assert machine.engine.profit(machine.state) == -1_000
    position = machine.state.positions.pop(SBIN)
    assert position.quantity == 10
    machine.engine.decide(machine.state, closed(machine.now))
    assert machine.engine.profit(machine.state) == 0


# --- commands ---------------------------------------------------------------------------------------------------------


def test_commands_raise_the_level_and_only_resume_lowers_it(machine):
    def command(word: Command) -> list[SafetyLevel]:
        return [changed.level for changed in machine.give(events.CommandGiven, command=word, why="test")]

    assert command(Command.RESUME) == []
    assert command(Command.HALT) == [SafetyLevel.NO_ENTRY]
    assert command(Command.HALT) == []
    assert command(Command.FLATTEN) == [SafetyLevel.FLATTEN]
    assert command(Command.HALT) == []
    assert command(Command.STOP) == []
    machine.give(events.FlattenChecked, is_flat=True)
    assert command(Command.RESUME) == [SafetyLevel.RUN]


# --- daily candles ----------------------------------------------------------------------------------------------------


@pytest.fixture
def daily(rules, day) -> Machine:
    """A machine on daily candles, after a decision made at the close."""
    machine = Machine(replace(rules, timeframe=Timeframe.D, product=Product.CNC), day)
    machine.boot()
    machine.agree()
    machine.now = day.close + SECOND
    machine.candles(0, 1, 2, 3)
    assert [type(decision) for decision in machine.candles(4, due=4)] == [Decided]
    return machine


def test_a_daily_signal_waits_for_the_first_price_of_the_next_session(daily, day):
    assert daily.tick(80_000) == []
    tomorrow = replace_day(day)
    daily.give(events.DayBegan, day=tomorrow)
    daily.agree()
    daily.now = tomorrow.open - SECOND
    assert daily.tick(80_000) == []
    daily.now = tomorrow.open + SECOND
    daily.agree()
    assert daily.tick(80_000, at=day.close - SECOND) == []
    (intended,) = daily.tick(80_000)
    assert isinstance(intended, OrderIntended)
    assert intended.intent.product is Product.CNC
    assert daily.tick(80_000) == []


def test_a_daily_signal_that_is_refused_is_not_tried_on_the_next_price(daily, day):
    tomorrow = replace_day(day)
    daily.give(events.DayBegan, day=tomorrow)
    daily.now = tomorrow.open + SECOND
    (refused,) = daily.tick(80_000)
    assert refused.code == "NOT_RECONCILED"
    assert daily.tick(80_000) == []


@pytest.mark.parametrize(("newest", "enters"), [(4, True), (5, False)])
def test_a_daily_signal_is_entered_after_a_restart_only_while_its_candle_is_the_newest(daily, day, newest, enters):
    tomorrow = replace_day(day)
    daily.boot()
    daily.give(events.DayBegan, day=tomorrow)
    daily.now = tomorrow.open + SECOND
    daily.agree()
    assert daily.tick(80_000) == []  # the history has not come yet
    daily.candles(*range(newest + 1))
    assert [type(decision) for decision in daily.tick(80_000)] == [OrderIntended] * enters


def replace_day(day):
    shifted = {name: getattr(day, name) + DAY for name in ("open", "no_entry_after", "square_off", "flat_by", "close")}
    return replace(day, date=day.date.replace(day=day.date.day + 1), **shifted)


def closed(at: int) -> events.TradeClosed:
    trade = Trade(
        symbol=SBIN,
        side=Side.BUY,
        quantity=10,
        entry_at=1,
        entry_value=800_000,
        exit_at=at,
        exit_value=799_000,
        exit_reason="stop_loss",
        charges=1,
        stop=1,
        target=1,
        probability=0.5,
    )
    return events.TradeClosed(at=at, trade=trade)


# --- a strategy that breaks -------------------------------------------------------------------------------------------


@pytest.mark.hazard("P1")
def test_a_strategy_that_raises_stops_entries_and_nothing_else(machine):
    def fail(now, before):
        raise StrategyError("strategy echo on NSE:SBIN-EQ: ZeroDivisionError")

    machine.echo.on_data = fail
    machine.hold(symbol=INFY)
    machine.candles(0, 1, 2, 3)
    alarm, raised = machine.candles(4, due=4)
    assert (alarm.code, raised.level) == ("STRATEGY_FAILED", SafetyLevel.NO_ENTRY)
    assert [decision.code for decision in machine.candles(5, due=5)] == ["STRATEGY_FAILED"]
    assert [type(decision) for decision in machine.tick(80_600, INFY)] == [events.ExitDecided]
