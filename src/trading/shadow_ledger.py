"""What did caution cost, or save? Trades that were not made are followed on later candles as if they had been.

An observer: it reads the log's events and decides nothing. Followed is what the strategy would have wanted but for its
own caution, what was refused for drift, and the shares that drift took from an entry. A position is entered at the open
of the next candle, goes by the live exit rule, and pays a tick of spread and all charges, as a training label does.
Nothing else is asked that would have stood in its way: not the money, not the number of positions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum

from core import events, exits
from core.charges import round_trip
from core.instants import Instant
from core.market import Candle, Instrument, Timeframe
from core.orders import Purpose
from core.refusals import Refusal
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import Direction
from core.sizing import quantity_for


class Caution(Enum):
    """Why a trade was not made, or not whole."""

    ABSTAINED = "abstained"
    """The strategy did not believe its model: a strange row, or a training long ago."""
    DRIFT = "drift"
    """Entries had ended for drift."""
    SHRUNK = "shrunk"
    """Drift had taken a part of the entry, and this is that part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTrade:
    """A trade that was not made. Money in units."""

    day: date
    symbol: str
    caution: Caution
    direction: Direction
    quantity: int
    entry: int
    exit: int
    reason: str
    net: int
    """What it would have earned after spread and charges."""


@dataclass(slots=True)
class _Shadow:
    """A trade that is being followed; it has no entry price before the next candle."""

    caution: Caution
    direction: Direction
    atr: float
    after: Instant
    """Start of the candle that was decided on."""
    quantity: int
    """0 until it is sized at the entry."""
    entry: int = 0
    stop: int = 0
    first_stop: int = 0
    changes: int = 0
    """How often the stop has trailed."""
    target: int = 0
    last: int = 0
    """The newest close."""


class ShadowLedger:
    """Hears events in order; `trades` are those that have ended."""

    def __init__(self) -> None:
        self.trades: list[ShadowTrade] = []
        self._rules: TradingRules | None = None
        self._instruments: dict[str, Instrument] = {}
        self._day: TradingDay | None = None
        self._decided: dict[str, events.Decided] = {}
        self._held: set[str] = set()
        self._open: dict[str, _Shadow] = {}

    def hear(self, event: events.Event) -> None:
        """Take one event of the log; most say nothing."""
        match event:
            case events.DeskSet(rules=rules, instruments=instruments):
                self._rules, self._instruments = rules, {each.symbol: each for each in instruments}
            case events.DayBegan(day=day) if self._day is None or day.date != self._day.date:
                self._end_all()
                self._day = day
                self._decided.clear()
            case events.PhaseReached(phase=events.Phase.CLOSE):
                self._end_all()
            case events.Decided(symbol=symbol):
                self._decided[symbol] = event
                if event.withheld is not Direction.NONE and symbol not in self._held:
                    self._follow(Caution.ABSTAINED, event, event.withheld, event.at)
            case events.EntryRefused(symbol=symbol, code=Refusal.MODEL_DRIFT.value) if symbol in self._decided:
                self._follow(Caution.DRIFT, self._decided[symbol], self._decided[symbol].direction, event.at)
            case events.OrderIntended(intent=intent, plan=plan) if intent.purpose is Purpose.ENTRY and plan is not None:
                decided, missing = self._decided.get(intent.symbol), plan.full_quantity - intent.quantity
                if decided is not None and missing > 0:
                    self._follow(Caution.SHRUNK, decided, plan.direction, event.at, missing)
            case events.LevelsSet(symbol=symbol) | events.PositionAdopted(symbol=symbol):
                self._held.add(symbol)
            case events.TradeClosed(trade=trade):
                self._held.discard(trade.symbol)
            case events.HistoryArrived(symbol=symbol, candles=candles) if symbol in self._open:
                self._walk(symbol, candles)
            case _:
                pass

    def of_day(self, day: date) -> list[ShadowTrade]:
        """Return the trades of one session that have ended."""
        return [trade for trade in self.trades if trade.day == day]

    def _follow(
        self, caution: Caution, decided: events.Decided, direction: Direction, at: Instant, quantity: int = 0
    ) -> None:
        """Begin a trade, one in each symbol at a time; daily positions are not followed over the night."""
        rules, day, symbol = self._rules, self._day, decided.symbol
        if rules is None or day is None or rules.timeframe is Timeframe.D or symbol in self._open:
            return
        if symbol in self._instruments and day.entries_allowed(at):
            self._open[symbol] = _Shadow(caution, direction, decided.atr, decided.candle, quantity)

    def _walk(self, symbol: str, candles: Iterable[Candle]) -> None:
        day, rules, shadow = self._day, self._rules, self._open[symbol]
        for candle in candles:
            if day is None or rules is None or candle.start <= shadow.after:
                continue
            shadow.after, side = candle.start, shadow.direction.side.sign
            if not shadow.entry:
                self._enter(symbol, shadow, candle.open, rules)
            if not shadow.quantity:
                del self._open[symbol]  # too small to have been a trade
                return
            is_late = candle.start >= day.square_off
            code, price = exits.decide(side, shadow.stop, shadow.target, candle.open, candle.high, candle.low, is_late)
            shadow.last = candle.close
            if code != exits.HOLD:
                self._end(symbol, price, exits.REASONS[code])
                return
            self._trail(symbol, shadow, candle, rules)

    def _enter(self, symbol: str, shadow: _Shadow, price: int, rules: TradingRules) -> None:
        instrument, side = self._instruments[symbol], shadow.direction.side.sign
        shadow.entry = price
        shadow.stop, shadow.target = exits.levels(
            side, price, shadow.atr, rules.stop_atr, rules.target_atr, instrument.tick
        )
        shadow.first_stop = shadow.stop
        shadow.quantity = shadow.quantity or quantity_for(
            rules.sizing,
            capital=rules.capital,
            price=price,
            stop_distance=max(abs(price - shadow.stop), instrument.tick),
            lot=instrument.lot,
            freeze=instrument.freeze,
        )

    def _trail(self, symbol: str, shadow: _Shadow, candle: Candle, rules: TradingRules) -> None:
        if not rules.trail_atr or shadow.changes == exits.MOST_CHANGES:
            return
        risk, reach = abs(shadow.entry - shadow.first_stop), exits.reach_of(rules.trail_atr, shadow.atr)
        side, tick = shadow.direction.side.sign, self._instruments[symbol].tick
        stop = exits.trail(side, shadow.first_stop, shadow.stop, risk, reach, tick, candle.high, candle.low)
        shadow.changes += stop != shadow.stop
        shadow.stop = stop

    def _end(self, symbol: str, price: int, reason: str) -> None:
        shadow, rules, day = self._open.pop(symbol), self._rules, self._day
        if rules is None or day is None:
            return
        side, quantity = shadow.direction.side.sign, shadow.quantity
        values = quantity * shadow.entry, quantity * price
        bought, sold = values if side > 0 else values[::-1]
        spread = quantity * self._instruments[symbol].tick
        trade = ShadowTrade(
            day=day.date,
            symbol=symbol,
            caution=shadow.caution,
            direction=shadow.direction,
            quantity=quantity,
            entry=shadow.entry,
            exit=price,
            reason=reason,
            net=sold - bought - spread - round_trip(bought, sold, rules.charges).total,
        )
        self.trades.append(trade)

    def _end_all(self) -> None:
        """End what the day has left open at its last price; without a candle since, there was no trade."""
        for symbol, shadow in list(self._open.items()):
            if shadow.last:
                self._end(symbol, shadow.last, exits.REASONS[exits.SQUARE_OFF])
        self._open.clear()
