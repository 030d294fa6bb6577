"""The control endpoint: shows the simulator's state and switches faults. For tests and rehearsals, on loopback only."""

from aiohttp import web

from core.errors import ConfigurationError
from core.instants import ist_text
from simulator import order_forms
from simulator.data_socket import DataSocket
from simulator.faults import Fault, FaultKind, Faults
from simulator.order_forms import read_json
from simulator.order_socket import OrderSocket
from simulator.replies import BAD_PARAMETER, Refusal, answer, exchange_answer
from simulator.tokens import TokenDesk
from simulator.venue import Venue


class Control:
    """Handlers under `/simulator`. They need no token and no fault touches them."""

    def __init__(self, venue: Venue, desk: TokenDesk, faults: Faults, data: DataSocket, orders: OrderSocket):
        self._venue = venue
        self._desk = desk
        self._faults = faults
        self._data = data
        self._orders = orders

    def routes(self) -> list[web.RouteDef]:
        """Paths and handlers."""
        return [
            web.get("/simulator/state", self.state),
            web.post("/simulator/token", self.token),
            web.post("/simulator/faults", self.arm),
            web.delete("/simulator/faults", self.clear),
            web.post("/simulator/foreign-order", self.foreign_order),
        ]

    async def state(self, _: web.Request) -> web.Response:
        """Market time, who is connected, what is armed."""
        now = self._venue.advance()
        return answer(
            market_time=ist_text(now),
            data_connections=self._data.connected,
            order_connections=self._orders.connected,
            faults=[fault.to_json() for fault in self._faults.armed],
        )

    async def token(self, _: web.Request) -> web.Response:
        """A new access token without the sign-in page."""
        return answer(access_token=self._desk.issue())

    async def arm(self, request: web.Request) -> web.Response:
        """Switch a fault on: `{"kind": "http_500", "path": "/data", "times": 3}`."""
        body = await read_json(request)
        try:
            fault = Fault.from_json(body if isinstance(body, dict) else {})
        except ConfigurationError as error:
            raise Refusal(400, BAD_PARAMETER, str(error)) from error
        self._faults.arm(fault)
        return answer(fault=fault.to_json())

    async def clear(self, request: web.Request) -> web.Response:
        """Switch off everything, or what `?kind=` names."""
        try:
            kind = FaultKind(request.query["kind"]) if "kind" in request.query else None
        except ValueError as error:
            raise Refusal(400, BAD_PARAMETER, str(error)) from error
        self._faults.clear(kind)
        return answer()

    async def foreign_order(self, request: web.Request) -> web.Response:
        """Place an order as by hand in the broker's app: the body of `POST /orders/sync`."""
        body = await read_json(request)
        now = self._venue.advance()
        wish = order_forms.place_request(body, self._venue.instrument, self._desk.credentials.client_id)
        return exchange_answer(self._venue.settle(self._venue.exchange.foreign_order(wish, now)))
