"""Paper trading: the simulator's exchange, fed with live ticks instead of its own market.

Fills, margin, bands and books are those of `simulator.exchange`, so that paper and rehearsal follow one rule. The
account is kept on disk beside the event log and survives a restart.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from core.instants import Instant
from core.market import Tick
from core.orders import (
    BrokerPosition,
    Fill,
    Funds,
    OrderChange,
    OrderIntent,
    OrderReport,
    Outcome,
    OutcomeKind,
    Profile,
    RejectionKind,
)
from core.ports import Clock
from simulator import books
from simulator.exchange import Exchange
from trading.exchange_rows import fill_of, position_of, report_of
from trading.tick_market import TickMarket

Book = TypeVar("Book")


class PaperBroker:
    """An account that exists here only. Implements `core.ports.Broker`; safe to call from several threads."""

    def __init__(
        self, exchange: Exchange, market: TickMarket, clock: Clock, on_order: Callable[[OrderReport], None]
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._clock = clock
        self._on_order = on_order
        self._lock = threading.Lock()
        self._reached: Instant = 0

    def on_tick(self, tick: Tick) -> None:
        """Let the exchange see a price; fills are reported before this returns.

        The price has then met every order there was and is not matched again. It stands until the next one: a new or
        changed order that it satisfies fills against it at once, as at an exchange, but it triggers no new stop.
        """
        with self._lock:
            self._market.add(tick)
            news = self._exchange.step(self._moment(tick.at))
            self._market.forget_waiting()
        self._tell(news)

    def place_order(self, intent: OrderIntent) -> Outcome:
        """Take an order."""
        request = books.PlaceRequest(
            symbol=intent.symbol,
            side=intent.side,
            type=intent.type,
            quantity=intent.quantity,
            limit_price=intent.limit_price,
            trigger_price=intent.trigger_price,
            product=intent.product.value,
            validity=intent.validity,
            tag=intent.tag,
        )
        return self._call(lambda now: self._exchange.place(request, now))

    def modify_order(self, change: OrderChange) -> Outcome:
        """Change a resting order."""
        request = books.ModifyRequest(
            broker_id=change.broker_id,
            type=change.type,
            quantity=change.quantity,
            limit_price=change.limit_price,
            trigger_price=change.trigger_price,
        )
        return self._call(lambda now: self._exchange.modify(request, now))

    def cancel_order(self, broker_id: str) -> Outcome:
        """Cancel a resting order."""
        return self._call(lambda now: self._exchange.cancel(broker_id, now))

    def exit_position(self, symbol: str, product: str) -> Outcome:
        """Close a position at the market."""
        request = books.ExitRequest(ids=(f"{symbol}-{product}",))
        return self._call(lambda now: self._exchange.exit_positions(request, now))

    def get_orders(self) -> tuple[OrderReport, ...]:
        """Return the day's orders."""
        return tuple(map(report_of, self._read(self._exchange.orders)))

    def get_trades(self) -> tuple[Fill, ...]:
        """Return the day's fills."""
        return tuple(map(fill_of, self._read(self._exchange.trades)))

    def get_open_positions(self) -> tuple[BrokerPosition, ...]:
        """Return the day's positions."""
        return tuple(map(position_of, self._read(self._exchange.positions)))

    def get_funds(self) -> Funds:
        """Return the paper money."""
        row = self._read(self._exchange.funds)
        return Funds(available=row.available, total=row.total)

    def get_profile(self) -> Profile:
        """Return the account's name."""
        return Profile(account_id="PAPER", name="paper account")

    def _read(self, book: Callable[[], Book]) -> Book:
        """Read a book as it is now: before the first price of a day it must not be the one of the day before."""
        with self._lock:
            news = self._exchange.step(self._moment())
            rows = book()
        self._tell(news)
        return rows

    def _call(self, call: Callable[[Instant], tuple[books.Reply, list[books.ExchangeEvent]]]) -> Outcome:
        with self._lock:
            reply, news = call(self._moment())
        self._tell(news)
        if reply.ok:
            return Outcome(kind=OutcomeKind.ACK, broker_id=reply.broker_id, code=reply.code, message=reply.message)
        return Outcome(
            kind=OutcomeKind.REJECTED,
            broker_id=reply.broker_id,
            rejection=RejectionKind.ORDER,
            code=reply.code,
            message=reply.message,
        )

    def _moment(self, at: Instant = 0) -> Instant:
        """Time for the exchange. It never stands still, or a tick that is ahead of our clock would hide the next."""
        self._reached = max(at, self._clock.now(), self._reached + 1)
        return self._reached

    def _tell(self, news: list[books.ExchangeEvent]) -> None:
        for item in news:
            if isinstance(item, books.OrderChanged):
                self._on_order(report_of(item.order))
