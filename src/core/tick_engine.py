"""The engine that decides on candles made of the prices it saw: at the close, not when the broker's history arrives.

At each close it takes the symbols one after the other, each to the end of its decisions, so that an entry in the first
counts against the limits of the second. A candle that is not whole, or does not follow on what is held, is doubted:
for it the symbol waits for the broker's, as it would without prices, and decides nothing should that not arrive.

History is asked for in either case, after everything else: once for each symbol and candle, to be compared
(`core.candle_quality`) or to be decided on.
"""

from collections import deque
from collections.abc import Callable, Mapping

from core import events
from core.candle_builder import CandleBuilder, ClosedBar
from core.engine import Engine
from core.events import DATA_FEED, Condition, Decision, FeedState
from core.instants import Instant
from core.market import Instrument, Tick
from core.ports import RowStream
from core.rules import TradingRules
from core.signals import SignalProvider
from core.state import BotState
from core.tags import Tagger

NOT_LIVE = "the data feed was not live all the while"
NOT_HELD = "the candle before it is not held"
FROM_AUCTION = "it opens with the price of the call auction, which no price of the session tells"
"""The broker's first candle of a day opens with the day's official open. After a pause there is a call auction too: on
2024-03-02 from 11:15 to 11:23, before the trading of 11:30."""


class TickEngine(Engine):
    """An engine whose candles come of its ticks. Warm-up, and whatever it did not see whole, comes from history."""

    def __init__(
        self,
        rules: TradingRules,
        instruments: Mapping[str, Instrument],
        provider: SignalProvider,
        stream_for: Callable[[str], RowStream],
        tagger: Tagger,
    ) -> None:
        super().__init__(rules, instruments, provider, stream_for, tagger)
        self._builders: dict[str, CandleBuilder] = {}
        self._held: dict[str, Instant] = {}
        """By symbol, start of the newest candle up to which none is missing; empty ones count as held."""
        self._closing: deque[str] = deque()
        """Symbols whose candle that is due has not been looked at."""
        self._wanted: list[Decision] = []

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event makes the engine decide; `state` has the event already."""
        match event:
            case events.DayBegan(day=day, at=at):
                self._builders = {symbol: CandleBuilder(day, self.rules.timeframe) for symbol in self.instruments}
                self._miss(at, "the bot was not up before it began")
            case events.FeedChanged(feed=feed, at=at) if feed == DATA_FEED:
                self._miss(at, NOT_LIVE)
            case events.ConditionChanged(condition=Condition.GAP, holds=True, at=at, why=why):
                self._miss(at, why)
            case events.PricesPassedOver(at=at, count=count):
                self._miss(at, f"about {count} prices were passed over")
            case events.CandleDue(start=start, at=at):
                self._closing.extend(symbol for symbol in self.instruments if self._newest(symbol) < start)
                return self._close_next(state, start, at)
            case events.CandleBuilt():
                decisions = self._take_built(state, event)
                return decisions + self._close_next(state, event.candle.start, event.at)
            case events.HistoryArrived(symbol=symbol, due=due) if due and self._newest(symbol) >= due:
                return []  # it was decided on when it closed
            case events.HistoryArrived(symbol=symbol):
                decisions = super().decide(state, event)
                self._held[symbol] = max(self._held.get(symbol, 0), self._newest(symbol))
                return decisions
        return super().decide(state, event)

    def on_tick(self, state: BotState, tick: Tick, now: Instant) -> list[Decision]:
        """Put a price into its candle, and then watch it as any engine does."""
        builder = self._builders.get(tick.symbol)
        if builder is not None:
            builder.add(tick)
        return super().on_tick(state, tick, now)

    def _miss(self, at: Instant, why: str) -> None:
        for builder in self._builders.values():
            builder.miss(at, why)

    def _close_next(self, state: BotState, start: Instant, at: Instant) -> list[Decision]:
        """Close candles until one is to be decided on, which leads back here; the history of all comes last."""
        decisions: list[Decision] = []
        while self._closing:
            symbol = self._closing.popleft()
            closed = self._builders[symbol].close(start)
            after = self._newest(symbol)
            self._wanted.append(events.HistoryWanted(at=at, symbol=symbol, after=after, due=start))
            why = self._doubt(state, symbol, closed, start)
            if why:
                decisions.append(events.CandleDoubted(at=at, symbol=symbol, start=start, why=why))
                continue
            self._held[symbol] = start
            if closed.candle is not None:
                tick, ticks, late = self.instruments[symbol].tick, closed.ticks, closed.late
                decisions.append(
                    events.CandleBuilt(at=at, symbol=symbol, candle=closed.candle, tick=tick, ticks=ticks, late=late)
                )
                return decisions
        wanted, self._wanted = self._wanted, []
        return decisions + wanted

    def _doubt(self, state: BotState, symbol: str, closed: ClosedBar, start: Instant) -> str:
        """Return why a candle must not be decided on; empty when it may."""
        if state.feeds.get(DATA_FEED) is not FeedState.LIVE:
            return NOT_LIVE
        if closed.fault:
            return closed.fault
        if state.day is not None and state.day.begins_in(start, self.rules.timeframe):
            return FROM_AUCTION
        return "" if self._held.get(symbol, 0) >= start - self.rules.timeframe.duration else NOT_HELD

    def _take_built(self, state: BotState, built: events.CandleBuilt) -> list[Decision]:
        """Take a candle as if history had brought it."""
        arrived = events.HistoryArrived(
            at=built.at, symbol=built.symbol, candles=(built.candle,), due=built.candle.start
        )
        return self._take_candles(state, arrived)

    def _newest(self, symbol: str) -> Instant:
        """Start of the newest candle that the features have."""
        return self._last_candle.get(symbol, 0)
