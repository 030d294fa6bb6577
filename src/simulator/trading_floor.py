"""Where orders meet the market: time goes on, quotes come, and what falls due happens. The other half of `exchange`.

The floor owns the books of the day and writes every change to the ledger. It never asks whether an order is allowed;
that is the exchange's part.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta

from core.errors import ConfigurationError, InvariantError
from core.instants import MINUTE, Instant, instant_at, ist_date, ist_text
from core.market import Instrument, Side
from core.orders import OrderStatus, Product, Validity
from core.ports import Calendar
from core.sessions import TradingDay
from simulator.account import Account, DayOpened, Fact, position_after
from simulator.books import (
    SOURCE_ADMIN,
    ExchangeEvent,
    ExchangeOrder,
    OrderChanged,
    PlaceRequest,
    PositionChanged,
    Traded,
)
from simulator.exchange_rules import ExchangeRules
from simulator.ledger import Batch, Ledger
from simulator.market import Market, Quote
from simulator.order_life import acknowledged, closing_request, filled, new_order
from simulator.order_matching import fill_price, shares_for_us, triggered

_LARGEST_STEP_BACK = 10 * MINUTE
"""A clock may be set back by a moment of wall time, which is minutes of a fast market; more is another day's books."""


class TradingFloor:
    """The orders of one account in the market."""

    def __init__(self, market: Market, calendar: Calendar, ledger: Ledger, funds: int, rules: ExchangeRules) -> None:
        """Open the books of the ledger, or new ones with `funds` in paise. Raises `StorageError`."""
        self.account = Account()
        self.session: TradingDay | None = None
        self.listed: Mapping[str, Instrument] = {}
        self._due: list[Instant] = []
        self._market = market
        self._calendar = calendar
        self._ledger = ledger
        self._opening_funds = funds
        self._rules = rules
        self._facts: list[Fact] = []
        self._now: Instant | None = None
        for batch in ledger.read():
            for fact in batch.facts:
                self.account.apply(fact)
            self._now = batch.at
        if self._now is not None:
            self._enter_day(self._now)

    @property
    def now(self) -> Instant:
        """The market time the books have reached. Raises `InvariantError` before the first `advance`."""
        if self._now is None:
            raise InvariantError("the exchange has not been told the time yet: call step first")
        return self._now

    def advance(self, now: Instant) -> None:
        """Play the market up to `now`. Raises `ConfigurationError` when the books are far ahead of it."""
        if self._now is None:
            self._now = now
            self.record(DayOpened(day=ist_date(now), cash=self._opening_funds))
            self._enter_day(now)
        if now < self._now - _LARGEST_STEP_BACK:
            raise ConfigurationError(
                f"market time {ist_text(now)} lies before the simulator's books, which have reached "
                f"{ist_text(self._now)}: start the clock later, or give an empty state folder"
            )
        while self._now < now:
            due = next(at for at in self._due if at > self._now)
            until = min(now, due)
            if any(self.account.working.values()):
                for quote in self._market.quotes(self._now, until):
                    self._match(quote)
            self._now = until
            if until == due:
                self._fall_due(until)

    def record(self, fact: Fact) -> None:
        """Make a change part of the books and of the batch that `commit` will write."""
        self.account.apply(fact)
        self._facts.append(fact)

    def commit(self) -> list[ExchangeEvent]:
        """Write what was recorded since the last time, and return the news in it. Raises `StorageError`."""
        facts, self._facts = self._facts, []
        if facts:
            self._ledger.append(Batch(self.now, tuple(facts)))
        return [fact for fact in facts if not isinstance(fact, DayOpened)]

    def new_order(self, request: PlaceRequest, source: str) -> ExchangeOrder:
        """The next order of the day's book, not yet recorded."""
        at = self.now
        return new_order(request, ist_date(at), len(self.account.orders) + 1, source, at)

    def accept(self, order: ExchangeOrder) -> None:
        """Let an order into the market, and against the quote that stands there."""
        order = acknowledged(order)
        self.record(OrderChanged(order))
        order = self.meet_standing_quote(order)
        if order.is_working and order.validity is Validity.IOC:
            self.end(order, OrderStatus.CANCELLED, "IOC: the rest was cancelled")

    def meet_standing_quote(self, order: ExchangeOrder) -> ExchangeOrder:
        """Let an order trade against the quote that stands now, if this trading has had one; return what it became."""
        quote, hours = self._market.quote(order.symbol, self.now), self.session.hours if self.session else ()
        if quote is not None and any(start <= quote.at and self.now < end for start, end in hours):
            self._meet(order, quote, self.now)
        return self.account.orders[order.broker_id]

    def end(self, order: ExchangeOrder, status: OrderStatus, message: str) -> None:
        """Take an order out of the market."""
        self.record(OrderChanged(replace(order, status=status, message=message, changed_at=self.now)))

    def square_off(self) -> None:
        """Cancel every INTRADAY order and close every INTRADAY position at the market."""
        for order in self.account.working_orders():
            if order.product == Product.INTRADAY.value:
                self.end(order, OrderStatus.CANCELLED, "Cancelled by the broker before the square-off")
        for row in tuple(self.account.positions.values()):
            if row.net_quantity and row.product == Product.INTRADAY.value:
                order = self.new_order(closing_request(row), SOURCE_ADMIN)
                instrument = self.listed[row.symbol]
                edge = instrument.upper_band if order.side is Side.BUY else instrument.lower_band
                self.accept(replace(order, working_limit=edge or self.last_price(row.symbol)))

    def last_price(self, symbol: str) -> int:
        """Last price of a symbol in units, possibly of an earlier day; 0 before the first."""
        quote = self._market.quote(symbol, self.now)
        return quote.ltp if quote else 0

    def _enter_day(self, at: Instant) -> None:
        """Look up the day's session and bands, and when something will fall due without being asked for."""
        day = ist_date(at)
        self.session = self._calendar.trading_day(day)
        self.listed = self._market.instruments_at(at)
        midnight = instant_at(day + timedelta(days=1), time())
        self._due = [midnight]
        if self.session is not None:
            ends = (end for _, end in self.session.hours)
            self._due = sorted((self._rules.square_off_at(self.session), *ends, midnight))

    def _fall_due(self, at: Instant) -> None:
        if ist_date(at) != self.account.day:
            self.record(self.account.next_day(ist_date(at)))
            self._enter_day(at)
        elif self.session is not None and at in (end for _, end in self.session.hours):
            for order in self.account.working_orders():  # the exchange keeps none through a pause
                self.end(order, OrderStatus.EXPIRED, "Expired at the close")
        else:
            self.square_off()

    def _match(self, quote: Quote) -> None:
        for broker_id in tuple(self.account.working.get(quote.symbol, ())):
            self._meet(self.account.orders[broker_id], quote, quote.at)

    def _meet(self, order: ExchangeOrder, quote: Quote, at: Instant) -> None:
        instrument = self.listed[order.symbol]
        woken = triggered(order, quote, instrument, self._rules)
        if woken is not order:
            order = replace(woken, changed_at=at)
            self.record(OrderChanged(order))
        price = fill_price(order, quote)
        if not price:
            return
        there = shares_for_us(quote, order.side, self._rules)
        there -= self.account.traded_since(order.symbol, order.side, quote.at)
        quantity = min(order.remaining, max(there, 0)) // instrument.lot * instrument.lot
        if quantity:
            self._fill(order, quantity, price, at)

    def _fill(self, order: ExchangeOrder, quantity: int, price: int, at: Instant) -> None:
        count = sum(trade.broker_id == order.broker_id for trade in self.account.trades) + 1
        order, trade = filled(order, quantity, price, at, count)
        row = self.account.position(order.symbol, order.product)
        self.record(OrderChanged(order))
        self.record(Traded(trade))
        self.record(PositionChanged(position_after(row, order.side, quantity, trade.value)))
