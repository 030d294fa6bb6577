"""The account at FYERS as the rest of the bot sees it: typed calls in, typed facts out.

`FyersModel` of the FYERS SDK knows the verb and path of every call; its `service`, which has no deadlines and mistakes
a lost answer for a refusal, is replaced by ours. Field names stay in `fyers_requests` and `fyers_mapping`, outcomes
in `order_outcomes`, budget and retries in `fyers_calls`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

from fyers_apiv3.fyersModel import FyersModel

from core.errors import BrokerError, ConfigurationError, DataError
from core.instants import ist_date
from core.market import Candle, Tick, Timeframe
from core.orders import (
    BrokerPosition,
    Fill,
    Funds,
    OrderChange,
    OrderIntent,
    OrderReport,
    Outcome,
    Profile,
    Purpose,
)
from core.ports import Calendar, Clock, TickFeed
from market_data.days import Days
from market_data.history.history_checks import check_history
from runtime.settings import Settings
from trading import fyers_mapping as mapping
from trading import fyers_requests
from trading.answers import CallResult
from trading.fyers_calls import FyersCalls
from trading.history_plan import spans
from trading.rate_budget import Lane, RateBudget
from trading.sdk_service import SdkService
from trading.transport import HttpTransport, OnDate

QUOTES_PER_CALL = 50
ENOUGH_HISTORY = 0.9
"""Share of the wanted candles below which older days are asked for as well; a missing minute here and there is normal
in a share that is traded little."""
_Fact = TypeVar("_Fact")


class FyersClient:
    """The ports `Broker`, `HistorySource` and `HistoryRange` at FYERS, or at any server that speaks its protocol.

    Safe for many threads. Order verbs are sent at most once and return an `Outcome`; reads are tried a few times and
    raise `AuthenticationError`, `RateLimitError` or `BrokerError`.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        calendar: Calendar,
        token: Callable[[], str],
        budget: RateBudget,
        new_feed: Callable[[], TickFeed] | None = None,
        on_date: OnDate = lambda _date, _asked_at, _heard_at: None,
    ) -> None:
        """`token` returns today's access token and is asked at every call, so that a new one is used at once.

        `budget` is the account's, shared with everything else that calls the broker; `new_feed` makes the data feed
        behind `connect_websocket`; `on_date` is told the broker's time with each answer.

        Raises `ConfigurationError` for an endpoint that is not allowed.
        """
        broker = settings.broker
        self._transport = HttpTransport(
            {"broker.endpoints.rest": broker.endpoints.rest, "broker.endpoints.data": broker.endpoints.data},
            clock,
            broker.connect_seconds,
            broker.read_seconds,
            on_date,
        )
        self._sdk = _sdk_model(SdkService(self._transport, broker.endpoints, settings.auth.client_id, token))
        self._symbols = frozenset(settings.symbols)
        self._clock = clock
        self._calendar = calendar
        self._calls = FyersCalls(clock, budget)
        self._new_feed = new_feed

    def get_historical_data(self, symbol: str, timeframe: Timeframe, num_candles: int) -> tuple[Candle, ...]:
        """Return up to the last `num_candles` closed candles, oldest first.

        Raises `DataError` for rows that break the rules, and what every read raises.
        """
        if num_candles < 1:
            raise ValueError(f"num_candles {num_candles}: must be above 0")
        now = self._clock.now()
        last = ist_date(now)
        rows: tuple[Candle, ...] = ()
        candles: tuple[Candle, ...] = ()
        for _ in range(2):
            for span in spans(self._calendar, timeframe, num_candles - len(candles), last, now):
                rows = self._history(symbol, timeframe, span) + rows
                last = span.first - timedelta(days=1)
            before, candles = candles, check_history(rows, symbol, timeframe, self._calendar, now).candles
            if len(candles) == len(before) or len(candles) >= ENOUGH_HISTORY * num_candles:
                break
        return candles[-num_candles:]

    def get_candles(self, symbol: str, timeframe: Timeframe, first: date, last: date) -> tuple[Candle, ...]:
        """Return the rows of some days as they came, both days included: not checked, and the forming one among them.

        Uses the lane of downloads, and waits in it for minutes. Raises `DataError` for rows that cannot be read, and
        what every read raises.
        """
        return self._history(symbol, timeframe, Days(first, last), Lane.DOWNLOAD)

    def place_order(self, intent: OrderIntent) -> Outcome:
        """Send an order once; only an entry has to leave the reserve of the budget alone."""
        request = fyers_requests.order_request(intent)
        lane = Lane.ENTRY if intent.purpose is Purpose.ENTRY else Lane.EXIT
        return self._calls.change(lane, partial(self._sdk.place_order, request))

    def modify_order(self, change: OrderChange) -> Outcome:
        """Give a resting order new absolute values."""
        request = fyers_requests.change_request(change)
        return self._calls.change(Lane.EXIT, partial(self._sdk.modify_order, request))

    def cancel_order(self, broker_id: str) -> Outcome:
        """Ask to cancel a resting order. Raises `InvariantError` for an empty id."""
        request = fyers_requests.cancel_request(broker_id)
        return self._calls.change(Lane.EXIT, partial(self._sdk.cancel_order, request))

    def exit_position(self, symbol: str, product: str) -> Outcome:
        """Ask the broker to close one position. Raises `InvariantError` when it does not name one."""
        request = fyers_requests.exit_request(symbol, product)
        return self._calls.change(Lane.EXIT, partial(self._sdk.exit_positions, request), names_order=False)

    def get_orders(self) -> tuple[OrderReport, ...]:
        """Return the whole order book of the day."""
        return self._read("order book", self._sdk.orderbook, partial(mapping.orders_from, symbols=self._symbols))

    def get_trades(self) -> tuple[Fill, ...]:
        """Return the whole trade book of the day."""
        return self._read("trade book", self._sdk.tradebook, partial(mapping.fills_from, symbols=self._symbols))

    def get_open_positions(self) -> tuple[BrokerPosition, ...]:
        """Return the position book, closed rows of the day included."""
        return self._read("position book", self._sdk.positions, partial(mapping.positions_from, symbols=self._symbols))

    def get_funds(self) -> Funds:
        """Return the money at the broker."""
        return self._read("funds", self._sdk.funds, mapping.funds_from)

    def get_profile(self) -> Profile:
        """Return whose account the token opens."""
        return self._read("profile", self._sdk.get_profile, mapping.profile_from)

    def get_market_status(self) -> tuple[mapping.MarketStatus, ...]:
        """Return the state of every market, in the broker's words."""
        return self._read("market status", self._sdk.market_status, mapping.market_status_from)

    def get_quotes(self, symbols: Sequence[str]) -> dict[str, Tick]:
        """Return the last prices by symbol; one that has none, or that the broker does not know, is left out.

        A tick's time is 0 where the broker does not say when the price was made.
        """
        quotes: dict[str, Tick] = {}
        for start in range(0, len(symbols), QUOTES_PER_CALL):
            request = fyers_requests.quotes_request(symbols[start : start + QUOTES_PER_CALL])
            quotes |= self._read("quotes", partial(self._sdk.quotes, request), mapping.quotes_from)
        return quotes

    def get_price_band(self, symbol: str) -> tuple[int, int] | None:
        """Return the lowest and the highest price of the day, in units; None where the broker gives no such band."""
        request = fyers_requests.depth_request(symbol)
        return self._read("depth", partial(self._sdk.depth, request), partial(mapping.band_from, symbol=symbol))

    def connect_websocket(self, symbols: Sequence[str], on_tick: Callable[[Tick], None]) -> TickFeed:
        """Start a data feed and return it; `on_tick` runs on the feed's own thread. Stop the feed when done."""
        if self._new_feed is None:
            raise ConfigurationError("this client was built without a data feed: give FyersClient a `new_feed`")
        feed = self._new_feed()
        feed.start(symbols, on_tick)
        return feed

    def without_reads(self) -> AbstractContextManager[None]:
        """Make every read, those that wait included, end with `BrokerError` at once while the context lasts."""
        return self._calls.without_reads()

    def close(self) -> None:
        """Close idle connections."""
        self._transport.close()

    def _history(self, symbol: str, timeframe: Timeframe, span: Days, lane: Lane = Lane.READ) -> tuple[Candle, ...]:
        request = fyers_requests.history_request(symbol, timeframe, span.first, span.last)
        payload = self._calls.read(f"history of {symbol}", partial(self._sdk.history, request), lane)
        return mapping.candles_from(payload, symbol)

    def _read(self, what: str, call: Callable[[], CallResult], convert: Callable[[dict[str, Any]], _Fact]) -> _Fact:
        payload = self._calls.read(what, call)
        try:
            return convert(payload)
        except DataError as error:
            raise BrokerError(f"{what}: {error}") from error


def _sdk_model(service: SdkService) -> FyersModel:
    """Return a `FyersModel` on our service.

    Its constructor is not run: all it would add are two log files in the working directory that grow with every call.
    The methods read nothing but these three attributes.
    """
    model = FyersModel.__new__(FyersModel)
    model.is_async = False
    model.header = ""
    model.service = service
    return model
