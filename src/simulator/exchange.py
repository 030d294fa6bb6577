"""The broker and the exchange behind it, as one object: orders in, fills and books out. No socket, thread or clock."""

from dataclasses import dataclass
from datetime import time

from core.instants import Instant
from core.ports import Calendar
from simulator.books import (
    ConvertRequest,
    ExchangeEvent,
    ExchangeOrder,
    ExitRequest,
    FundsRow,
    HoldingRow,
    ModifyRequest,
    PlaceRequest,
    PositionRow,
    Reply,
    Trade,
)
from simulator.ledger import Ledger
from simulator.market import Market


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRules:
    """What the broker and the exchange allow."""

    intraday_margin_percent: int = 20
    market_protection_bp: int = 100
    square_off: time = time(15, 15)
    least_share_percent: int = 50
    seed: int = 0


class Exchange:
    """One account at one broker. Signatures are final, the bodies are being written."""

    def __init__(self, market: Market, calendar: Calendar, ledger: Ledger, funds: int, rules: ExchangeRules) -> None:
        raise NotImplementedError

    def step(self, now: Instant) -> list[ExchangeEvent]:
        """Bring the exchange to `now`."""
        raise NotImplementedError

    def place(self, request: PlaceRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Take a new order."""
        raise NotImplementedError

    def modify(self, request: ModifyRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Change a resting order."""
        raise NotImplementedError

    def cancel(self, broker_id: str, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Cancel a resting order."""
        raise NotImplementedError

    def exit_positions(self, request: ExitRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Close positions at the market: code 200 all closed, 201 sent and not yet filled, -352, -53."""
        raise NotImplementedError

    def convert(self, request: ConvertRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Move a position to another product."""
        raise NotImplementedError

    def foreign_order(
        self, request: PlaceRequest, now: Instant, source: str = "M"
    ) -> tuple[Reply, list[ExchangeEvent]]:
        """Place as if by hand in the broker's app."""
        raise NotImplementedError

    def orders(self) -> tuple[ExchangeOrder, ...]:
        """The day's order book."""
        raise NotImplementedError

    def trades(self) -> tuple[Trade, ...]:
        """The day's trade book."""
        raise NotImplementedError

    def positions(self) -> tuple[PositionRow, ...]:
        """The day's positions, marked at the last step."""
        raise NotImplementedError

    def funds(self) -> FundsRow:
        """The money."""
        raise NotImplementedError

    def holdings(self) -> tuple[HoldingRow, ...]:
        """Shares from earlier days."""
        raise NotImplementedError
