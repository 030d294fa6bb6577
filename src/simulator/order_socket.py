"""The order socket: who subscribed hears of every order, fill and position, once; nothing is repeated later."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from simulator import messages
from simulator.books import ExchangeEvent, OrderChanged, PositionChanged, Traded
from simulator.connection import Connection, Frame
from simulator.faults import FaultKind, Faults
from simulator.replies import BAD_PARAMETER
from simulator.tokens import TokenDesk, TokenState
from simulator.venue import Venue

PATH = "/trade/v3"
_ORDERS, _TRADES, _POSITIONS = "orders", "trades", "positions"
_SUBSCRIBED = 1605
"""FYERS' code of a change of subscriptions that was made."""


@dataclass(slots=True, eq=False)
class _Client:
    """One order connection and the streams it wants."""

    connection: Connection
    wanted: set[str] = field(default_factory=set)


class OrderSocket:
    """All order connections and what is published to them."""

    def __init__(self, venue: Venue, desk: TokenDesk, faults: Faults, account: str):
        self._venue = venue
        self._desk = desk
        self._faults = faults
        self._account = account
        self._clients: set[_Client] = set()
        venue.listeners.events.append(self.publish)
        faults.when_armed(FaultKind.DROP_ORDER_SOCKET, lambda _: self.drop())

    @property
    def connected(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    def routes(self) -> list[web.RouteDef]:
        """The one path."""
        return [web.get(PATH, self.serve)]

    def drop(self) -> None:
        """Cut every connection."""
        for client in self._clients:
            client.connection.cut()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One client from its handshake to its end; HTTP 403 without a living `app_id:access_token` header."""
        if self._desk.check_header(request.headers.get("Authorization", "")) is not TokenState.VALID:
            raise web.HTTPForbidden
        client = _Client(Connection(request))
        self._clients.add(client)
        try:
            return await client.connection.serve(lambda frame: self._hear(client, frame))
        finally:
            self._clients.discard(client)

    def publish(self, events: Sequence[ExchangeEvent]) -> None:
        """Send each event to the clients that want its stream."""
        if self._faults.is_on(FaultKind.STALL_ORDER_SOCKET) or self._faults.is_on(FaultKind.MUTE_ORDER_SOCKET):
            return
        listeners = [client for client in self._clients if client.wanted]
        if not listeners:
            return
        for event in events:
            stream, text = self._message(event)
            for client in listeners:
                if stream in client.wanted:
                    client.connection.send(text)

    def _message(self, event: ExchangeEvent) -> tuple[str, str]:
        listed = self._venue.market.instruments
        match event:
            case OrderChanged(order):
                return _ORDERS, json.dumps(messages.order_message(order, listed[order.symbol], self._account))
            case Traded(trade):
                return _TRADES, json.dumps(messages.trade_message(trade, listed[trade.symbol], self._account))
            case PositionChanged(row):
                return _POSITIONS, json.dumps(messages.position_message(row, listed[row.symbol]))

    def _hear(self, client: _Client, frame: Frame) -> None:
        if self._faults.is_on(FaultKind.STALL_ORDER_SOCKET):
            return
        if frame == "ping":
            client.connection.send("pong")
            return
        try:
            body = json.loads(frame)
            names = {name for name in body["SLIST"] if isinstance(name, str)}
            wanted = body["SUB_T"] == 1
        except (ValueError, KeyError, TypeError):
            client.connection.send(json.dumps({"code": BAD_PARAMETER, "message": "Invalid input", "s": "error"}))
            return
        if wanted:
            client.wanted |= names
        else:
            client.wanted -= names
        word = "subscribed" if wanted else "unsubscribed"
        client.connection.send(json.dumps({"code": _SUBSCRIBED, "message": f"Successfully {word}", "s": "ok"}))
