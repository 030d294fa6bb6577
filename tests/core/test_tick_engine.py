"""An engine that decides on candles of its own: what it takes, what it leaves to history, and in which order."""

from collections import Counter, deque
from dataclasses import replace

import pytest

from core import events
from core.candle_builder import UNCOUNTED, VOLUME_FELL
from core.errors import StrategyError
from core.events import CandleBuilt, CandleDoubted, Decided, EntryRefused, FeedState, HistoryWanted, OrderIntended
from core.fold import apply
from core.instants import DAY, MINUTE, SECOND
from core.market import Candle, Instrument, Tick
from core.signals import Direction, FeatureRow, Needs, Signal
from core.state import BotState
from core.tags import Tagger
from core.tick_engine import FROM_AUCTION, NOT_HELD, NOT_LIVE, TickEngine

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
STEP = 5 * MINUTE
PRICE = 80_000


class Rows:
    """A stream that has a row for every candle."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol

    def update(self, candle: Candle) -> FeatureRow:
        return FeatureRow(self.symbol, candle, candle.start + STEP, {"close": 0}, (float(candle.close),), 200.0)


class Echo:
    """Wants what the test says, and remembers the candles it was shown."""

    name = "echo"
    needs = Needs(features=("close",))

    def __init__(self) -> None:
        self.says: Direction | None = None
        self.shown: list[Candle] = []
        self.fails = False

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        self.shown.append(now.candle)
        if self.fails:
            raise StrategyError("strategy echo: no")
        if self.says is None:
            return None
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=self.says, probability=0.7, source=self.name, reason="told"
        )


class Machine:
    """An engine whose decisions are applied one after the other, as the kernel does it."""

    def __init__(self, rules, day) -> None:
        instruments = {
            symbol: Instrument(symbol=symbol, token="1", tick=5, lower_band=5, upper_band=10**7)
            for symbol in (SBIN, INFY)
        }
        self.day = day
        self.echo = Echo()
        self.state = BotState(log_id="A1", boot=1)
        self.engine = TickEngine(rules, instruments, self.echo, Rows, Tagger())
        self.volume: Counter[str] = Counter()

    def start(self, at: int) -> None:
        """Come up, with the history of the day before and of today until now, and a feed that lives."""
        self.now = at
        self.give(events.Booted, boot=1, log_id="A1", mode="paper", account="P", version="1", config_digest="")
        self.give(events.DayBegan, day=self.day)
        self.feed(FeedState.LIVE)
        for symbol in (SBIN, INFY):
            today = range(self.day.open, at - STEP + 1, STEP)
            self.history(symbol, *(self.day.open - DAY + number * STEP for number in (0, 1)), *today)

    def open(self) -> None:
        """Come up before the open, and have the first candle from history."""
        self.start(self.day.open - 10 * MINUTE)
        self.trade(-1, PRICE)
        self.trade(-1, PRICE, symbol=INFY)
        self.close(-1)
        for symbol in (SBIN, INFY):
            self.history(symbol, self.day.open, due=self.day.open)

    def give(self, kind: type, **values) -> list[events.Event]:
        """Take an input to its end, and return everything that was decided."""
        waiting, happened = deque([kind(at=self.now, **values)]), []
        while waiting:
            event = waiting.popleft()
            apply(self.state, event)
            happened.append(event)
            waiting.extend(self.engine.decide(self.state, event))
        return happened[1:]

    def feed(self, state: FeedState) -> None:
        self.give(events.FeedChanged, feed="data", state=state)

    def history(self, symbol: str, *starts: int, due: int = 0, close: int = PRICE) -> list[events.Event]:
        candles = tuple(Candle(start, PRICE, max(PRICE, close), min(PRICE, close), close, 1) for start in starts)
        return self.give(events.HistoryArrived, symbol=symbol, candles=candles, due=due)

    def number(self, number: int) -> int:
        """Start of a candle of today, counted from the second: the first is never our own."""
        return self.day.open + (number + 1) * STEP

    def trade(self, number: int, *prices: int, symbol: str = SBIN) -> None:
        """Let a share be traded at prices within a candle, ten shares each."""
        for place, price in enumerate(prices):
            self.volume[symbol] += 10
            at = self.number(number) + (place + 1) * SECOND
            self.now = max(self.now, at)
            self.engine.on_tick(self.state, Tick(symbol, at, price, 0, 0, self.volume[symbol]), self.now)

    def close(self, number: int) -> list[events.Event]:
        self.now = max(self.now, self.number(number + 1))
        return self.give(events.CandleDue, start=self.number(number))


@pytest.fixture
def machine(rules, day) -> Machine:
    machine = Machine(rules, day)
    machine.open()
    return machine


def kinds(happened: list[events.Event], symbol: str = SBIN) -> list[type]:
    return [type(event) for event in happened if _symbol(event) == symbol]


def _symbol(event: events.Event) -> str:
    return event.intent.symbol if isinstance(event, OrderIntended) else event.symbol


def doubts(happened: list[events.Event], symbol: str = SBIN) -> list[str]:
    return [event.why for event in happened if isinstance(event, CandleDoubted) and event.symbol == symbol]


def test_a_candle_is_decided_on_at_its_close_from_the_prices_seen(machine):
    machine.trade(0, PRICE, PRICE + 50, PRICE - 50, PRICE + 10)
    happened = machine.close(0)
    assert kinds(happened) == [CandleBuilt, Decided, HistoryWanted]
    assert machine.echo.shown[-1] == Candle(machine.number(0), PRICE, PRICE + 50, PRICE - 50, PRICE + 10, 40)


def test_the_first_candle_after_a_pause_is_left_to_history_as_the_first_of_the_day_is(rules, day):
    machine = Machine(rules, replace(day, breaks=((day.open + 4 * STEP, day.open + 10 * STEP),)))
    machine.open()
    for number in range(3):
        machine.trade(number, PRICE)
        assert CandleBuilt in kinds(machine.close(number))
    machine.trade(5, PRICE + 500)
    machine.trade(9, PRICE)
    assert doubts(machine.close(9)) == [FROM_AUCTION]
    machine.history(SBIN, machine.number(9), due=machine.number(9))
    machine.trade(10, PRICE + 10)
    assert CandleBuilt in kinds(machine.close(10))
    assert machine.echo.shown[-1].high == PRICE + 10


def test_history_is_asked_for_last_and_once_for_each_symbol_so_that_the_candle_is_among_it(machine):
    machine.trade(0, PRICE)
    machine.trade(0, PRICE, symbol=INFY)
    happened = machine.close(0)
    wanted = [event for event in happened if isinstance(event, HistoryWanted)]
    assert happened[-2:] == wanted
    assert [(each.symbol, each.due) for each in wanted] == [(SBIN, machine.number(0)), (INFY, machine.number(0))]
    assert all(each.after < each.due for each in wanted)


def test_the_official_candle_is_compared_and_decides_nothing_again(machine):
    machine.trade(0, PRICE)
    machine.close(0)
    shown = len(machine.echo.shown)
    assert machine.history(SBIN, machine.number(0), due=machine.number(0)) == []
    assert len(machine.echo.shown) == shown
    assert machine.state.candles.compared == 1


def test_a_strategy_that_failed_on_a_candle_is_not_asked_again_when_the_official_one_comes(machine):
    machine.echo.fails = True
    machine.trade(0, PRICE)
    machine.close(0)
    shown = len(machine.echo.shown)
    machine.history(SBIN, machine.number(0), due=machine.number(0))
    assert len(machine.echo.shown) == shown


def test_an_entry_in_the_first_symbol_counts_against_the_limits_of_the_second(rules, day):
    machine = Machine(replace(rules, max_positions=1), day)
    machine.open()
    machine.state.reconciled = True
    machine.echo.says = Direction.LONG
    machine.trade(0, PRICE)
    machine.trade(0, PRICE, symbol=INFY)
    machine.now = machine.number(1)
    machine.state.books_at = machine.now
    machine.state.funds = events.FundsRead(at=machine.now, asked_at=machine.now, available=10**10, account="P")
    for symbol in (SBIN, INFY):
        machine.engine.ticks[symbol] = Tick(symbol, machine.now, PRICE, PRICE - 5, PRICE + 5, machine.volume[symbol])
    happened = machine.close(0)
    assert kinds(happened) == [CandleBuilt, Decided, OrderIntended, HistoryWanted]
    assert kinds(happened, INFY) == [CandleBuilt, Decided, EntryRefused, HistoryWanted]
    assert [event.code for event in happened if isinstance(event, EntryRefused)] == ["MAX_POSITIONS"]


def test_candles_follow_each_other_without_history(machine):
    for number in range(4):
        machine.trade(number, PRICE + number)
        assert kinds(machine.close(number)) == [CandleBuilt, Decided, HistoryWanted]


# --- what is left to history ------------------------------------------------------------------------------------------


@pytest.mark.hazard("D1")
@pytest.mark.parametrize("state", [FeedState.STALLED, FeedState.DOWN, FeedState.AUTH_REFUSED])
def test_a_candle_is_left_to_history_when_the_feed_failed_in_it(machine, state):
    machine.trade(0, PRICE)
    machine.feed(state)
    machine.feed(FeedState.LIVE)
    machine.trade(0, PRICE + 5)
    happened = machine.close(0)
    assert kinds(happened) == [CandleDoubted, HistoryWanted]
    assert doubts(happened) == [NOT_LIVE]
    decided = machine.history(SBIN, machine.number(0), due=machine.number(0), close=PRICE + 7)
    assert kinds(decided) == [Decided]
    assert machine.echo.shown[-1].close == PRICE + 7


def test_after_a_gap_the_next_candle_is_our_own_once_history_has_filled_it(machine):
    machine.feed(FeedState.DOWN)
    machine.feed(FeedState.LIVE)
    machine.now = machine.number(0) + MINUTE
    machine.feed(FeedState.LIVE)
    machine.trade(0, PRICE)
    machine.close(0)
    machine.history(SBIN, machine.number(0), due=machine.number(0))
    machine.trade(1, PRICE)
    assert kinds(machine.close(1)) == [CandleBuilt, Decided, HistoryWanted]


def test_a_candle_behind_one_that_history_did_not_bring_is_left_to_history_too(machine):
    machine.trade(0, PRICE)
    machine.now = machine.number(0) + MINUTE
    machine.feed(FeedState.LIVE)
    machine.close(0)
    machine.give(events.HistoryFailed, symbol=SBIN, due=machine.number(0), why="not there")
    machine.trade(1, PRICE)
    happened = machine.close(1)
    assert doubts(happened) == [UNCOUNTED]
    machine.give(events.HistoryFailed, symbol=SBIN, due=machine.number(1), why="not there")
    machine.trade(2, PRICE)
    assert doubts(machine.close(2)) == [NOT_HELD]
    machine.history(SBIN, *map(machine.number, range(3)), due=machine.number(2))
    machine.trade(3, PRICE)
    assert kinds(machine.close(3)) == [CandleBuilt, Decided, HistoryWanted]
    assert [candle.start for candle in machine.echo.shown][-2:] == [machine.number(2), machine.number(3)]


def test_without_a_feed_that_lives_no_candle_is_our_own(machine):
    machine.feed(FeedState.CONNECTING)
    machine.trade(0, PRICE)
    assert doubts(machine.close(0)) == [NOT_LIVE]


def test_a_candle_in_which_the_bot_came_up_is_left_to_history(rules, day):
    machine = Machine(rules, day)
    machine.start(day.open + STEP + MINUTE)
    machine.trade(0, PRICE, PRICE)
    assert doubts(machine.close(0)) == [NOT_LIVE]
    machine.history(SBIN, machine.number(0), due=machine.number(0))
    machine.trade(1, PRICE)
    assert kinds(machine.close(1)) == [CandleBuilt, Decided, HistoryWanted]


def test_before_the_warm_up_has_come_no_candle_is_our_own(rules, day):
    machine = Machine(rules, day)
    machine.now = day.open - 10 * MINUTE
    machine.give(events.Booted, boot=1, log_id="A1", mode="paper", account="P", version="1", config_digest="")
    machine.give(events.DayBegan, day=day)
    machine.feed(FeedState.LIVE)
    machine.trade(-1, PRICE)
    machine.close(-1)
    machine.trade(0, PRICE)
    assert doubts(machine.close(0)) == [NOT_HELD]


def test_the_first_candle_of_a_day_opens_with_the_auction_and_is_left_to_history(rules, day):
    machine = Machine(rules, day)
    machine.start(day.open - 10 * MINUTE)
    machine.trade(-1, PRICE)
    assert doubts(machine.close(-1)) == [FROM_AUCTION]
    assert kinds(machine.history(SBIN, day.open, due=day.open)) == [Decided]


@pytest.mark.hazard("T3")
def test_a_candle_in_which_the_process_stood_still_is_left_to_history(machine):
    machine.trade(0, PRICE)
    why = "the process stood still for 9.0 s"
    machine.give(events.ConditionChanged, condition=events.Condition.GAP, holds=True, why=why)
    assert doubts(machine.close(0)) == [why]


@pytest.mark.hazard("D11")
def test_a_candle_of_which_prices_were_passed_over_is_left_to_history(machine):
    machine.trade(0, PRICE)
    machine.now = machine.number(1)
    machine.give(events.PricesPassedOver, count=40)
    assert doubts(machine.close(0)) == ["about 40 prices were passed over"]


@pytest.mark.hazard("D10")
def test_a_candle_whose_volume_fell_is_left_to_history(machine):
    machine.trade(0, PRICE, PRICE)
    less = Tick(SBIN, machine.number(0) + MINUTE, PRICE, 0, 0, machine.volume[SBIN] - 1)
    machine.engine.on_tick(machine.state, less, less.at)
    assert doubts(machine.close(0)) == [VOLUME_FELL]


def test_a_candle_without_a_price_decides_nothing_unless_history_has_it(machine):
    assert kinds(machine.close(0)) == [HistoryWanted]
    machine.trade(1, PRICE)
    assert kinds(machine.close(1)) == [CandleBuilt, Decided, HistoryWanted]
    assert kinds(machine.close(2)) == [HistoryWanted]
    assert kinds(machine.history(SBIN, machine.number(2), due=machine.number(2))) == [Decided]


def test_the_state_counts_what_was_built_and_what_was_doubted(machine):
    machine.trade(0, PRICE)
    machine.close(0)
    machine.feed(FeedState.DOWN)
    machine.trade(1, PRICE)
    machine.close(1)
    assert (machine.state.candles.built, machine.state.candles.doubted) == (1, 2 + 2)
