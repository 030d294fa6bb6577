"""The market side of the bot as one machine: candles become signals and entries, ticks become exits.

It may hold memory; it may not know the time, the mode, the disk, the network, chance or threads.
"""

from collections.abc import Callable, Mapping

from core import events, exits, latches
from core.entries import propose_entry
from core.errors import StrategyError
from core.events import SOFT_LOSS_LIMIT, STRATEGY_FAILED, Alarm, Decided, Decision, ExitDecided, SafetyLevel
from core.instants import Instant
from core.market import Instrument, Tick, Timeframe
from core.open_profit import OpenProfit
from core.ports import RowStream
from core.rules import TradingRules
from core.signals import Direction, FeatureRow, SignalProvider
from core.state import BotState
from core.tags import Tagger
from core.tracking import OpenPosition


class Engine:
    """Decides on candles, ticks and the moments of the day. Orders are the order manager's."""

    def __init__(
        self,
        rules: TradingRules,
        instruments: Mapping[str, Instrument],
        provider: SignalProvider,
        stream_for: Callable[[str], RowStream],
        tagger: Tagger,
    ) -> None:
        self.rules = rules
        self.instruments = instruments
        self.provider = provider
        self._stream_for = stream_for
        self._tagger = tagger
        self.ticks: dict[str, Tick] = {}
        self._streams: dict[str, RowStream] = {}
        self._last_candle: dict[str, Instant] = {}
        self._rows: dict[str, tuple[FeatureRow | None, FeatureRow | None]] = {}
        self._open_profit = OpenProfit()
        self._is_daily = rules.timeframe is Timeframe.D

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event makes the engine decide; `state` has the event already."""
        match event:
            case events.Booted():
                return self._warm_up(event.at)
            case events.CandleDue(at=at, start=start):
                return [
                    events.HistoryWanted(at=at, symbol=symbol, after=self._last_candle.get(symbol, 0), due=start)
                    for symbol in self.instruments
                    if self._last_candle.get(symbol, 0) < start
                ]
            case events.HistoryArrived():
                return self._take_candles(state, event)
            case events.CommandGiven():
                return latches.obey(state, event, self.rules.max_loss)
            case events.ConditionChanged(condition=events.Condition.GAP, holds=True):
                self.ticks.clear()  # what was seen before the gap is of another time
            case events.TradeClosed(trade=trade):
                self._open_profit.forget(trade.symbol)
                return self._watch_loss(state, event.at)
            case events.Reconciled(at=at) | events.LossRestored(at=at):
                return self._watch_loss(state, at)
        return []

    def on_tick(self, state: BotState, tick: Tick, now: Instant) -> list[Decision]:
        """Watch one price: stop, target, and the loss limit of the day. Empty for nearly every tick.

        A price from before the open, or from another day, is kept for display and decides nothing.
        """
        symbol, day = tick.symbol, state.day
        self.ticks[symbol] = tick
        if day is None or not day.is_open(tick.at):
            return []
        if self._is_daily and day.entries_allowed(now) and self._is_of_the_last_session(state.queued.get(symbol)):
            if state.conditions or state.funds is None:
                return []  # what passes by itself must not cost the one entry of the day
            return [self._propose(state, state.queued[symbol], now)]
        position = state.positions.get(symbol)
        if position is None:
            return []
        ltp = tick.ltp
        self._open_profit.mark(symbol, position.profit_at(ltp))
        decisions: list[Decision] = []
        if position.quantity > 0 and position.stop and not position.exit_reason:
            code, price = exits.decide(position.side.sign, position.stop, position.target, ltp, ltp, ltp, False)
            if code != exits.HOLD:
                decisions.append(ExitDecided(at=now, symbol=symbol, reason=exits.REASONS[code], price=price))
            elif self.rules.trail_atr:
                decisions += self._trail(state, position, ltp, now)
        return decisions + self._watch_loss(state, now)

    def _trail(self, state: BotState, position: OpenPosition, ltp: int, now: Instant) -> list[Decision]:
        """Let a stop follow the price; without a plan there is no range to follow at."""
        order = state.exit_order(position.symbol)
        if position.plan is None or (order is not None and order.changes >= exits.MOST_CHANGES):
            return []
        side, instrument = position.side.sign, self.instruments[position.symbol]
        risk = abs(position.entry_value // position.entry_filled - position.first_stop)
        reach = exits.reach_of(self.rules.trail_atr, position.plan.atr)
        stop = exits.trail(side, position.first_stop, position.stop, risk, reach, instrument.tick, ltp, ltp)
        if stop == position.stop:
            return []
        return [events.LevelsSet(at=now, symbol=position.symbol, stop=stop, target=position.target)]

    def profit(self, state: BotState) -> int:
        """Profit of the day in units: closed trades after charges, open ones marked to the last price."""
        return state.realised + self._open_profit.total

    def cautious_profit(self, state: BotState) -> int:
        """The same for whoever wants to enter: a position without a price yet has lost what its stop allows."""
        unseen = (position for symbol, position in state.positions.items() if symbol not in self._open_profit)
        return self.profit(state) + sum(
            min(0, position.profit_at(position.stop)) for position in unseen if position.stop
        )

    def _watch_loss(self, state: BotState, at: Instant) -> list[Decision]:
        """Answer the loss of the day: at the soft limit no more entries, at the hard one everything is closed."""
        profit, rules = self.profit(state), self.rules
        if profit > -rules.soft_loss and profit > -rules.max_loss:
            return []
        if profit <= -rules.max_loss:
            why = f"loss limit: {profit / 100:.2f} of {-rules.max_loss / 100:.2f} rupees"
            return latches.raise_to(SafetyLevel.FLATTEN, state, at, why)
        if state.soft_loss_hit:
            return []  # an operator who has resumed since has seen it
        why = f"soft loss limit: {profit / 100:.2f} of {-rules.soft_loss / 100:.2f} rupees; no entries until a resume"
        alarm = Alarm(at=at, code=SOFT_LOSS_LIMIT, message=why)
        return [alarm, *latches.raise_to(SafetyLevel.EXIT_ONLY, state, at, why)]

    # --- candles ------------------------------------------------------------------------------------------------

    def _warm_up(self, at: Instant) -> list[Decision]:
        self._streams = {symbol: self._stream_for(symbol) for symbol in self.instruments}
        self._last_candle.clear()
        self._rows.clear()
        return [events.HistoryWanted(at=at, symbol=symbol, after=0, due=0) for symbol in self.instruments]

    def _take_candles(self, state: BotState, event: events.HistoryArrived) -> list[Decision]:
        symbol = event.symbol
        stream = self._streams[symbol]
        before, now = self._rows.get(symbol, (None, None))
        for candle in event.candles:
            if candle.start > self._last_candle.get(symbol, 0):
                self._last_candle[symbol] = candle.start
                before, now = now, stream.update(candle)
                self._rows[symbol] = (before, now)
        if not event.due or self._last_candle.get(symbol, 0) != event.due or state.has_decided(symbol, event.due):
            return []
        if now is None or before is None:
            return []
        return self._decide_candle(state, event.at, now, before)

    def _decide_candle(self, state: BotState, at: Instant, now: FeatureRow, before: FeatureRow) -> list[Decision]:
        try:
            signal = self.provider.on_data(now, before)
        except StrategyError as error:
            alarm = Alarm(at=at, code=STRATEGY_FAILED, message=str(error))
            return [alarm, *latches.raise_to(SafetyLevel.NO_ENTRY, state, at, str(error))]
        decided = Decided(
            at=at,
            symbol=now.symbol,
            candle=now.candle.start,
            direction=signal.direction if signal else Direction.NONE,
            probability=signal.probability if signal else 0.0,
            source=self.provider.name,
            reason=signal.reason if signal else "no signal",
            features=tuple(float(value) for value in now.values),
            atr=now.atr,
            novelty=signal.novelty if signal else 0.0,
            withheld=signal.withheld if signal else Direction.NONE,
        )
        if decided.direction is Direction.NONE or self._is_daily:
            return [decided]  # a daily signal is entered on the first tick of the next session
        return [decided, self._propose(state, decided, at)]

    def _is_of_the_last_session(self, queued: Decided | None) -> bool:
        """Whether a daily signal speaks of the newest candle there is: after days of absence it is old news."""
        return queued is not None and queued.candle == self._last_candle.get(queued.symbol)

    def _propose(self, state: BotState, decided: Decided, at: Instant) -> Decision:
        instrument = self.instruments[decided.symbol]
        tick = self.ticks.get(decided.symbol)
        return propose_entry(
            state, self._tagger, self.rules, instrument, decided, tick, at, self.cautious_profit(state)
        )
