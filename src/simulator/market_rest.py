"""The market's REST calls under `/data` and the symbol files under `/sym_details`."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from core.instants import MINUTE, SECOND, Instant, ist_date
from core.market import Instrument
from simulator import history, symbol_files, wire
from simulator.faults import FaultKind, Faults
from simulator.history_faults import spoiled
from simulator.market import Quote
from simulator.order_forms import known_instrument, read_json
from simulator.replies import BAD_PARAMETER, BAD_SYMBOL, Refusal, answer
from simulator.rows import Json, change, rupees, stem
from simulator.venue import Venue

_MOST_QUOTES = 50
_MOST_SYMBOLS = 500
_PREOPEN = 15 * MINUTE
_PREOPEN_ORDERS = 8 * MINUTE
_CASH, _DERIVATIVES = 10, 11


class MarketApi:
    """Handlers that read the market. Each brings it to the present first."""

    def __init__(self, venue: Venue, faults: Faults):
        self._venue = venue
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Paths and handlers."""
        return [
            web.get("/data/history", self.history),
            web.get("/data/quotes", self.quotes),
            web.post("/data/quotes", self.quotes),
            web.get("/data/depth", self.depth),
            web.get("/data/marketStatus", self.market_status),
            web.post("/data/symbol-token", self.symbol_token),
            web.get("/sym_details/index_hsm_mapping.json", self.index_names),
            web.get("/sym_details/{file}", self.symbol_file),
        ]

    async def history(self, request: web.Request) -> web.Response:
        """Candles; an empty range says where the last one before it is."""
        now = self._venue.advance()
        query = history.read_query(request.query, now)
        known_instrument(query.symbol, self._venue.instrument, status=422)
        candles = spoiled(history.rows_of(query, self._venue.market, now), query.symbol, self._faults)
        if candles:
            return web.json_response({"s": "ok", "candles": candles})
        before = history.stamp_before(query, self._venue.market, now)
        hint = {} if before is None else {"nextTime": before}
        return web.json_response({"s": "no_data", "candles": [], **hint})

    async def quotes(self, request: web.Request) -> web.Response:
        """Up to 50 quotes; an unknown symbol gets an error row among the good ones."""
        if request.method == "POST":
            symbols = await _listed_symbols(request, _MOST_QUOTES)
        else:
            symbols = _counted(request.query.get("symbols", "").split(","), _MOST_QUOTES)
        self._venue.advance()
        return answer(d=[self._quote_row(symbol) for symbol in symbols])

    def _quote_row(self, symbol: str) -> Json:
        instrument = self._venue.instrument(symbol)
        quote = self._venue.quote(symbol) if instrument is not None else None
        if instrument is None or quote is None:
            reason = {"code": BAD_SYMBOL, "errmsg": "Invalid symbol provided", "s": "error"}
            return {"n": symbol, "s": "error", "v": reason}
        last, moved, percent = change(quote)
        values = {
            "ch": moved,
            "chp": percent,
            "lp": last,
            "spread": rupees(quote.ask - quote.bid),
            "ask": rupees(quote.ask),
            "bid": rupees(quote.bid),
            "open_price": rupees(quote.open),
            "high_price": rupees(quote.high),
            "low_price": rupees(quote.low),
            "prev_close_price": rupees(quote.previous_close),
            "atp": rupees(quote.average),
            "volume": quote.volume,
            "short_name": symbol.split(":", 1)[1],
            "exchange": symbol.split(":", 1)[0],
            "description": stem(symbol),
            "original_name": symbol,
            "symbol": symbol,
            "fyToken": instrument.token,
            "tt": str(quote.at // SECOND),
        }
        return {"n": symbol, "s": "ok", "v": values}

    async def depth(self, request: web.Request) -> web.Response:
        """Five levels each side of one symbol, with prices and bands of the day when `ohlcv_flag` is 1."""
        self._venue.advance()
        instrument = known_instrument(request.query.get("symbol"), self._venue.instrument, status=422)
        quote = self._venue.quote(instrument.symbol)
        if quote is None:
            return answer(d={})
        book: dict[str, Any] = {
            "totalbuyqty": quote.total_buy,
            "totalsellqty": quote.total_sell,
            "bids": _levels(wire.depth_levels(quote.bid, quote.bid_size, -instrument.tick)),
            "ask": _levels(wire.depth_levels(quote.ask, quote.ask_size, instrument.tick)),
        }
        if request.query.get("ohlcv_flag") == "1":
            book |= _day_values(quote, instrument)
        return answer(d={instrument.symbol: book})

    async def market_status(self, _: web.Request) -> web.Response:
        """Open or not, per segment and market type."""
        now = self._venue.advance()
        fault = self._faults.strike(FaultKind.MARKET_STATUS)
        status = self._status(now) if fault is None else fault.message
        normal = [("NORMAL", segment, status) for segment in (_CASH, _DERIVATIVES)]
        others = [(kind, _CASH, "CLOSE") for kind in ("ODD_LOT", "AUCTION", "CALL_AUCTION2")]
        listed = [
            {"exchange": 10, "segment": segment, "market_type": kind, "status": word}
            for kind, segment, word in (*normal, *others)
        ]
        return answer(marketStatus=listed)

    def _status(self, now: Instant) -> str:
        day = self._venue.market.calendar.trading_day(ist_date(now))
        if day is None or not day.open - _PREOPEN <= now < day.close:
            return "CLOSE"
        if now >= day.open:
            return "OPEN" if day.is_open(now) else "CLOSE"
        return "PREOPEN" if now < day.open - _PREOPEN + _PREOPEN_ORDERS else "PREOPEN_CLOSED"

    async def symbol_token(self, request: web.Request) -> web.Response:
        """Tickers to fyTokens, for the data socket."""
        symbols = await _listed_symbols(request, _MOST_SYMBOLS)
        found = {symbol: self._venue.market.instruments.get(symbol) for symbol in symbols}
        valid = {symbol: instrument.token for symbol, instrument in found.items() if instrument is not None}
        return answer(validSymbol=valid, invalidSymbol=[symbol for symbol in found if symbol not in valid])

    async def index_names(self, _: web.Request) -> web.Response:
        """Index tickers to the names of the data socket."""
        return web.json_response(symbol_files.INDEX_NAMES)

    async def symbol_file(self, request: web.Request) -> web.Response:
        """The symbol master of one segment."""
        now = self._venue.advance()
        name = request.match_info["file"]
        segment = symbol_files.SEGMENT_FILES.get(name.removesuffix(".csv").removesuffix("_sym_master.json"))
        if segment is None or not name.endswith((".csv", "_sym_master.json")):
            raise web.HTTPNotFound
        listed = self._venue.market.instruments_at(now).values()
        instruments = symbol_files.of_segment(listed, segment)
        today = ist_date(now)
        derivatives = symbol_files.derivatives_of(listed, segment, today)
        if name.endswith(".csv"):
            return web.Response(text=symbol_files.csv_of(instruments, today, derivatives), content_type="text/csv")
        closes = {symbol: quote.previous_close for symbol, quote in self._last_quotes(instruments)}
        return web.json_response(symbol_files.json_of(instruments, closes, today, derivatives))

    def _last_quotes(self, instruments: Sequence[Instrument]) -> list[tuple[str, Quote]]:
        quotes = ((instrument.symbol, self._venue.quote(instrument.symbol)) for instrument in instruments)
        return [(symbol, quote) for symbol, quote in quotes if quote is not None]


async def _listed_symbols(request: web.Request, most: int) -> list[str]:
    body = await read_json(request)
    symbols = body.get("symbols") if isinstance(body, dict) else None
    return _counted(symbols if isinstance(symbols, list) else [], most)


def _counted(symbols: list[Any], most: int) -> list[str]:
    if not 1 <= len(symbols) <= most or not all(symbol and isinstance(symbol, str) for symbol in symbols):
        raise Refusal(422, BAD_PARAMETER, f"symbols: Please provide 1 to {most} symbols")
    return symbols


def _levels(levels: Sequence[wire.DepthLevel]) -> list[Json]:
    return [{"price": rupees(level.price), "volume": level.size, "ord": level.orders} for level in levels]


def _day_values(quote: Quote, instrument: Instrument) -> Json:
    last, moved, percent = change(quote)
    return {
        "o": rupees(quote.open),
        "h": rupees(quote.high),
        "l": rupees(quote.low),
        "c": rupees(quote.previous_close),
        "v": quote.volume,
        "ltp": last,
        "ch": moved,
        "chp": percent,
        "ltt": quote.at // SECOND,
        "ltq": quote.last_quantity,
        "atp": rupees(quote.average),
        "oi": 0,
        "oiflag": False,
        "pdoi": 0,
        "oipercent": 0.0,
        "lower_ckt": rupees(instrument.lower_band or 0),
        "upper_ckt": rupees(instrument.upper_band or 0),
        "tick_Size": rupees(instrument.tick),
        "expiry": "",
    }
