"""The one account of a run: what it holds over all symbols, what it made, and what the gate may know of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from typing import NamedTuple

from backtest.assumptions import MOST_NIGHTS
from core import exits
from core.charges import Charges, Figures, Parts, bill, delivery_sale
from core.entry_facts import EntryFacts
from core.events import Condition, SafetyLevel
from core.instants import Instant
from core.market import Instrument, Side, Tick
from core.open_profit import OpenProfit
from core.orders import Product
from core.positions import Trade
from core.pricing import stop_limit
from core.rules import TradingRules
from core.sessions import TradingDay
from market_data.days import date_of
from runtime.charge_rates import ChargeTable

NOT_FILLED = "NOT_FILLED"
"""Code of an entry that passed the gate and lapsed."""
_NO_DOUBTS: Mapping[Condition, str] = {}
_WORTH = attrgetter("worth")


class BarFill(NamedTuple):
    """One fill, for the equity curve."""

    place: int
    """Of the symbol."""
    row: int
    """The bar in whose step it is booked."""
    shares: int
    """Negative for a sale."""
    price: int
    charges: int
    """Of the order that this fill completes; 0 while the order goes on."""


class _Card(NamedTuple):
    """What an order of one day is billed by."""

    figures: Figures
    delivery: int
    """What the depository takes for a sale of shares held over night."""


@dataclass(slots=True)
class WaitingEntry:
    """An entry that passed the gate and waits for the symbol's next bar."""

    side: Side
    quantity: int
    limit: int
    """In units."""
    atr: float
    probability: float
    nights: int = 0
    """How many it has waited."""

    @property
    def worth(self) -> int:
        """What it may come to, in units."""
        return self.quantity * self.limit


@dataclass(slots=True)
class Holding:
    """An open position. Money in units."""

    instrument: Instrument
    side: Side
    filled: int
    """Shares that were entered."""
    quantity: int
    """Shares that are left."""
    entry_at: Instant
    entry_day: int
    """As days since 1970-01-01."""
    entry_value: int
    entry_charges: int
    first_stop: int
    stop: int
    target: int
    atr: float
    probability: float
    exit_value: int = 0
    changes: int = 0
    """How often the stop has trailed."""
    leaving: str = ""
    """Why it leaves at the next open; empty while it stays."""

    @property
    def worth(self) -> int:
        """Value of what is left, at its entry price."""
        return self.quantity * self.entry_value // self.filled

    def profit_at(self, price: int) -> int:
        """Profit before charges if all that is left went at a price."""
        return self.side.sign * (self.exit_value + self.quantity * price - self.entry_value)

    def trail(self, trail_atr: float, high: int, low: int) -> None:
        """Let the stop follow the highest and lowest price of a bar that is over, or a tick's one price."""
        if self.changes >= exits.MOST_CHANGES:
            return
        risk = abs(self.entry_value // self.filled - self.first_stop)
        reach, levels = exits.reach_of(trail_atr, self.atr), (self.first_stop, self.stop)
        stop = exits.trail(self.side.sign, *levels, risk, reach, self.instrument.tick, high, low)
        if stop != self.stop:
            self.stop = stop
            self.changes += 1

    def trade(self, exit_at: Instant, exit_value: int, exit_reason: str, exit_charges: int) -> Trade:
        """Return the trade that the whole position becomes when it leaves; value and charges in units."""
        return Trade(
            symbol=self.instrument.symbol,
            side=self.side,
            quantity=self.filled,
            entry_at=self.entry_at,
            entry_value=self.entry_value,
            exit_at=exit_at,
            exit_value=exit_value,
            exit_reason=exit_reason,
            charges=self.entry_charges + exit_charges,
            stop=self.first_stop,
            target=self.target,
            probability=self.probability,
        )


class Account:
    """Positions and waiting entries by place of the symbol, and the figures of the run and of the day."""

    def __init__(self, rules: TradingRules, product: Product, charges: ChargeTable) -> None:
        self.rules = rules
        self.product = product
        self.holdings: dict[int, Holding] = {}
        self.waiting: dict[int, WaitingEntry] = {}
        self.trades: list[Trade] = []
        self.fills: list[BarFill] = []
        self.refusals: Counter[str] = Counter()
        self.corporate_actions: list[tuple[str, Instant]] = []
        self.open_profit = OpenProfit()
        self.level = SafetyLevel.RUN
        self.orders_today = 0
        self._loss_limit = -min(rules.soft_loss, rules.max_loss)
        self._realised = 0
        self._realised_today = 0
        self._turnover_today = 0
        self._charges = charges
        self._cards: dict[int, _Card] = {}
        self._bills: list[Parts] = []
        self._depository = 0

    @property
    def profit_today(self) -> int:
        """Trades that ended today, after charges, and open positions since their entry, before charges."""
        return self._realised_today + self.open_profit.total

    def begin_day(self) -> None:
        """Reset the figures of the day. A carried position needs a new stop; an entry waits for one night at most."""
        self.level = SafetyLevel.RUN
        self.orders_today = len(self.holdings)
        self._realised_today = self._turnover_today = 0
        for place, entry in list(self.waiting.items()):
            if entry.nights == MOST_NIGHTS:
                self.lapse(place)
            entry.nights += 1

    @property
    def charges(self) -> Charges:
        """All that was charged, part by part."""
        if not self._bills:
            return Charges(dp=self._depository)
        return replace(Charges.of(_summed(self._bills)), dp=self._depository)

    def bill(self, side: Side, value: int, day: int, *, was_held_over_night: bool = False) -> int:
        """Charge one order of a day, given as days since 1970-01-01; return the total."""
        card = self._cards.get(day) or self._card_of(day)
        parts = bill(side is Side.BUY, value, card.figures)
        self._bills.append(parts)
        if not was_held_over_night or side is Side.BUY:
            return sum(parts)
        self._depository += card.delivery
        return sum(parts) + card.delivery

    def book(self, fill: BarFill) -> None:
        """Count a fill."""
        self.fills.append(fill)
        self._turnover_today += abs(fill.shares) * fill.price

    def close(self, place: int, trade: Trade) -> None:
        """Turn a position into a trade."""
        del self.holdings[place]
        self.open_profit.forget(trade.symbol)
        self.trades.append(trade)
        net = trade.net
        self._realised += net
        self._realised_today += net

    def lapse(self, place: int) -> None:
        """Let an entry end without a fill."""
        self.waiting.pop(place, None)
        self.refusals[NOT_FILLED] += 1

    def lapse_all(self) -> None:
        """Let every entry that still waits end without a fill."""
        for place in list(self.waiting):
            self.lapse(place)

    def watch_loss(self) -> None:
        """Answer the loss of the day as live: no more entries at the soft limit, everything out at the hard one."""
        profit = self._realised_today + self.open_profit.total
        if profit > self._loss_limit:
            return
        if profit <= -self.rules.max_loss:
            self._raise_to(SafetyLevel.FLATTEN)
            for holding in self.holdings.values():
                holding.leaving = holding.leaving or exits.FORCE_EXIT
        else:
            self._raise_to(SafetyLevel.EXIT_ONLY)

    def facts(
        self, place: int, instrument: Instrument, day: TradingDay, tick: Tick, stop: int, target: int
    ) -> EntryFacts:
        """Return what the gate may look at; what only a broker or a feed can spoil counts as sound."""
        holding, waiting = self.holdings.get(place), self.waiting.get(place)
        waiting_worth = sum(map(_WORTH, self.waiting.values()))
        exposure = waiting_worth + sum(map(_WORTH, self.holdings.values()))
        return EntryFacts(
            now=tick.at,
            day=day,
            level=self.level,
            conditions=_NO_DOUBTS,
            access=True,
            account="",
            token_account="",
            strategy_fault="",
            drift="",
            paused_until=0,
            reconciled=True,
            books_failed=False,
            books_at=tick.at,
            stopping=False,
            blocked="",
            busy=holding is not None or waiting is not None,
            stray_shares=0,
            stray_at=0,
            has_twin=False,
            positions=len(self.holdings) + len(self.waiting),
            profit=self.profit_today,
            orders_today=self.orders_today,
            orders_in_second=0,
            orders_in_minute=0,
            symbol_value=(holding.worth if holding else 0) + (waiting.worth if waiting else 0),
            exposure=exposure,
            open_value=waiting_worth + sum(map(self._worth_of_stop, self.holdings.values())),
            turnover=self._turnover_today,
            free_funds=self.rules.capital + self._realised - round(exposure * self.rules.margin),
            signal_age=0,
            instrument=instrument,
            tick=tick,
            stop=stop,
            target=target,
        )

    def _card_of(self, day: int) -> "_Card":
        rates = self._charges.rates_on(date_of(day), self.product).rates
        card = self._cards[day] = _Card(rates.figures, delivery_sale(rates).total)
        return card

    def _worth_of_stop(self, holding: Holding) -> int:
        limit = stop_limit(holding.side.opposite, holding.stop, self.rules.limit_offset, holding.instrument)
        return holding.quantity * limit

    def _raise_to(self, level: SafetyLevel) -> None:
        if level.value > self.level.value:
            self.level = level
            self.lapse_all()


def _summed(bills: Sequence[Parts]) -> Parts:
    columns = (sum(map(itemgetter(place), bills)) for place in range(8))
    brokerage, stt, exchange, clearing, sebi, ipft, gst, stamp = columns
    return brokerage, stt, exchange, clearing, sebi, ipft, gst, stamp
