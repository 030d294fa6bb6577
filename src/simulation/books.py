"""The broker's books as they were at any moment of the session, in the bot's own words.

A server shows a book that may be seconds old, so every version is kept. A row is translated once, however often it is
read: rows are frozen, and a change is a new row.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

from core.instants import SECOND, Instant
from core.orders import BrokerPosition, Fill, OrderReport
from simulator.books import ExchangeEvent, OrderChanged, PositionChanged, Trade, Traded
from trading.exchange_rows import fill_of, position_of, report_of


def _fill_of(trade: Trade) -> Fill:
    """The trade book stamps whole seconds."""
    return replace(fill_of(trade), at=trade.at // SECOND * SECOND)


@dataclass(frozen=True, slots=True)
class _Version:
    orders: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    positions: tuple[BrokerPosition, ...]


class BookHistory:
    """Every version of the three books."""

    def __init__(self) -> None:
        self._since: list[Instant] = [0]
        self._versions = [_Version((), (), ())]
        self._orders: dict[str, OrderReport] = {}
        self._positions: dict[str, BrokerPosition] = {}

    def take(self, news: list[ExchangeEvent], at: Instant) -> list[OrderReport]:
        """Add what the exchange did at a moment as a new version; return the reports of it, in order."""
        told: list[OrderReport] = []
        fills = self._versions[-1].fills
        for item in news:
            match item:
                case OrderChanged(order):
                    report = self._orders[order.broker_id] = report_of(order)
                    told.append(report)
                case Traded(trade):
                    fills = (*fills, _fill_of(trade))
                case PositionChanged(row):
                    self._positions[row.id] = position_of(row)
        self._since.append(at)
        self._versions.append(_Version(tuple(self._orders.values()), fills, tuple(self._positions.values())))
        return told

    def orders(self, at: Instant) -> tuple[OrderReport, ...]:
        """The order book of a moment."""
        return self._at(at).orders

    def fills(self, at: Instant) -> tuple[Fill, ...]:
        """The trade book of a moment."""
        return self._at(at).fills

    def positions(self, at: Instant) -> tuple[BrokerPosition, ...]:
        """The position book of a moment."""
        return self._at(at).positions

    def _at(self, at: Instant) -> _Version:
        return self._versions[bisect_right(self._since, at) - 1]
