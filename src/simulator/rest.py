"""The account's REST calls: profile, funds, holdings, orders, books and positions, under `/api/v3`."""

from aiohttp import web

from core.market import Instrument, Side
from core.orders import Product
from simulator import order_forms, rows
from simulator.faults import FaultKind, Faults
from simulator.order_forms import read_json
from simulator.replies import REJECTED, Refusal, answer, bad_parameter, exchange_answer
from simulator.rows import Json
from simulator.tokens import TokenDesk
from simulator.venue import Venue

_UNACKNOWLEDGED = 201
_MARGIN_FIELDS = ("symbol", "qty", "side", "type", "productType", "limitPrice", "stopPrice")


class AccountApi:
    """Handlers around one account. Each reads its request whole, then brings the market to the present, then acts."""

    def __init__(self, venue: Venue, desk: TokenDesk, faults: Faults, account: str, leveraged_margin_percent: int):
        self._venue = venue
        self._desk = desk
        self._faults = faults
        self._account = account
        self._leveraged_margin_percent = leveraged_margin_percent

    def routes(self) -> list[web.RouteDef]:
        """Paths and handlers."""
        base = "/api/v3"
        return [
            web.get(f"{base}/profile", self.profile),
            web.get(f"{base}/funds", self.funds),
            web.get(f"{base}/holdings", self.holdings),
            web.get(f"{base}/orders", self.orders),
            web.get(f"{base}/tradebook", self.trades),
            web.get(f"{base}/positions", self.positions),
            web.post(f"{base}/orders/sync", self.place),
            web.patch(f"{base}/orders/sync", self.modify),
            web.delete(f"{base}/orders/sync", self.cancel),
            web.delete(f"{base}/orders/{{id}}/sync", self.cancel),
            web.delete(f"{base}/positions", self.exit),
            web.post(f"{base}/positions", self.convert),
            web.post(f"{base}/multiorder/margin", self.margin),
            web.post(f"{base}/logout", self.logout),
        ]

    async def profile(self, _: web.Request) -> web.Response:
        """Whose account it is."""
        data = {
            "fy_id": self._account,
            "name": f"Account {self._account}",
            "display_name": None,
            "image": None,
            "email_id": "account@example.invalid",
            "PAN": "XXXXX0000X",
            "mobile_number": "XXXXXX0000",
            "totp": True,
            "pin_change_date": "",
            "pwd_change_date": None,
            "pwd_to_expire": 90,
            "ddpi_enabled": False,
            "mtf_enabled": False,
        }
        return answer(data=data)

    async def funds(self, _: web.Request) -> web.Response:
        """The ten fund rows."""
        self._venue.advance()
        return answer(fund_limit=rows.fund_rows(self._venue.exchange.funds()))

    async def holdings(self, _: web.Request) -> web.Response:
        """Shares from earlier days."""
        self._venue.advance()
        held = self._venue.exchange.holdings()
        listed = [rows.holding_row(row, place, self._listed(row.symbol)) for place, row in enumerate(held)]
        return answer(holdings=listed, overall=rows.holdings_overall(held))

    async def orders(self, request: web.Request) -> web.Response:
        """The order book, or the rows with given ids or a given prefixed tag."""
        self._venue.advance()
        book = self._venue.exchange.orders()
        if "id" in request.query:
            wanted = request.query["id"].split(",")
            book = tuple(order for order in book if order.broker_id in wanted)
        if "order_tag" in request.query:
            book = tuple(order for order in book if order.tag == request.query["order_tag"])
        listed = [
            rows.order_row(order, self._listed(order.symbol), self._venue.quote(order.symbol), self._account)
            for order in book
        ]
        return answer(orderBook=listed)

    async def trades(self, request: web.Request) -> web.Response:
        """The trade book, or the rows with a given prefixed tag."""
        self._venue.advance()
        listed = [
            rows.trade_row(trade, place, self._listed(trade.symbol), self._account)
            for place, trade in enumerate(self._venue.exchange.trades(), start=1)
            if request.query.get("order_tag", trade.tag) == trade.tag
        ]
        return answer(tradeBook=listed)

    async def positions(self, _: web.Request) -> web.Response:
        """The position book of the day, closed rows included."""
        self._venue.advance()
        book = self._venue.exchange.positions()
        listed = [rows.position_row(row, self._listed(row.symbol)) for row in book]
        return answer(netPositions=listed, overall=rows.positions_overall(book))

    async def place(self, request: web.Request) -> web.Response:
        """Take a new order, unless a fault refuses it."""
        body = await read_json(request)
        now = self._venue.advance()
        wish = order_forms.place_request(body, self._venue.instrument, self._desk.credentials.client_id)
        refusal = self._faults.strike(FaultKind.REJECT_ORDER, path=request.path, symbol=wish.symbol)
        if refusal is not None:
            raise Refusal(400, REJECTED, refusal.message)
        reply = self._venue.settle(self._venue.exchange.place(wish, now))
        if reply.ok and self._faults.strike(FaultKind.UNACKNOWLEDGED, path=request.path, symbol=wish.symbol):
            return answer(_UNACKNOWLEDGED, "Order request sent, acknowledgement pending", id=reply.broker_id)
        return exchange_answer(reply)

    async def modify(self, request: web.Request) -> web.Response:
        """Change a resting order."""
        body = await read_json(request)
        now = self._venue.advance()
        wish = order_forms.modify_request(body, self._instrument_of_order)
        return exchange_answer(self._venue.settle(self._venue.exchange.modify(wish, now)))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel a resting order; its id stands in the path or in the body."""
        body = {"id": request.match_info["id"]} if "id" in request.match_info else await read_json(request)
        now = self._venue.advance()
        return exchange_answer(self._venue.settle(self._venue.exchange.cancel(order_forms.order_id(body), now)))

    async def exit(self, request: web.Request) -> web.Response:
        """Close positions at the market."""
        wish = order_forms.exit_request(await read_json(request))
        now = self._venue.advance()
        return exchange_answer(self._venue.settle(self._venue.exchange.exit_positions(wish, now)))

    async def convert(self, request: web.Request) -> web.Response:
        """Move a position to another product."""
        wish = order_forms.convert_request(await read_json(request), self._venue.instrument)
        now = self._venue.advance()
        return exchange_answer(self._venue.settle(self._venue.exchange.convert(wish, now)))

    async def margin(self, request: web.Request) -> web.Response:
        """What a list of orders would need, each alone, at its limit or the last price."""
        body = await read_json(request)
        self._venue.advance()
        orders = body.get("data") if isinstance(body, dict) else None
        if not isinstance(orders, list) or not orders or not all(isinstance(order, dict) for order in orders):
            raise bad_parameter("data", "Please provide a list of orders")
        funds = self._venue.exchange.funds()
        needed = sum(self._margin_of(order) for order in orders)
        data = {
            "margin_avail": rows.rupees(funds.available),
            "margin_total": rows.rupees(funds.utilised + needed),
            "margin_new_order": rows.rupees(needed),
        }
        return answer(data=data)

    def _margin_of(self, order: Json) -> int:
        asked = {name: order[name] for name in _MARGIN_FIELDS if name in order}
        client_id = self._desk.credentials.client_id
        wish = order_forms.place_request({"validity": "DAY", **asked}, self._venue.instrument, client_id)
        is_delivery = wish.product == Product.CNC.value
        if is_delivery and wish.side is Side.SELL:
            return 0
        quote = self._venue.quote(wish.symbol)
        price = wish.limit_price or (quote.ltp if quote is not None else 0)
        return price * wish.quantity * (100 if is_delivery else self._leveraged_margin_percent) // 100

    async def logout(self, request: web.Request) -> web.Response:
        """Sign this token out."""
        self._desk.revoke(request.headers["Authorization"].partition(":")[2])
        return answer(message="Logged out successfully")

    def _listed(self, symbol: str) -> Instrument:
        return self._venue.market.instruments[symbol]

    def _instrument_of_order(self, broker_id: str) -> Instrument | None:
        for order in self._venue.exchange.orders():
            if order.broker_id == broker_id:
                return self._venue.instrument(order.symbol)
        return None
