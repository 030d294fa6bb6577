"""The past of a market without a wire: a history source for notebooks, studies and tests that need no server."""

from dataclasses import replace
from datetime import date, time, timedelta

from core.errors import BrokerError
from core.instants import instant_at, ist_date
from core.market import Candle, Timeframe
from core.ports import Clock
from simulator.market import Market

_DAILY_STAMP = time(5, 30)
"""FYERS stamps a daily candle with midnight UTC of its date."""
_SHORTEST_SPAN_DAYS = 7
_LONGEST_SPAN_DAYS = 4_000


class MarketHistory:
    """Closed candles of a market as of the clock; implements `core.ports.HistorySource` and `HistoryRange`."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self._market = market
        self._clock = clock

    def get_historical_data(self, symbol: str, timeframe: Timeframe, num_candles: int) -> tuple[Candle, ...]:
        """Return up to the last `num_candles` closed candles, oldest first, daily ones stamped 05:30 IST as at FYERS.

        Raises `BrokerError` for a symbol that the market does not list, `DataError` for a timeframe it cannot make.
        """
        self._require_listed(symbol)
        now = self._clock.now()
        today = ist_date(now)
        days = _SHORTEST_SPAN_DAYS
        while True:
            start = instant_at(today - timedelta(days=days), time())
            candles = [
                candle
                for candle in self._market.candles(symbol, timeframe, start, now, now)
                if self._is_closed(candle, timeframe)
            ]
            if len(candles) >= num_candles or days > _LONGEST_SPAN_DAYS:
                break
            days *= 4
        return tuple(_stamped(candle, timeframe) for candle in candles[-num_candles:])

    def get_candles(self, symbol: str, timeframe: Timeframe, first: date, last: date) -> tuple[Candle, ...]:
        """Return the candles of some days, both included, the forming one among them.

        Raises `BrokerError` for a symbol that the market does not list, `DataError` for a timeframe it cannot make.
        """
        self._require_listed(symbol)
        start, end = instant_at(first, time()), instant_at(last + timedelta(days=1), time())
        candles = self._market.candles(symbol, timeframe, start, end, self._clock.now())
        return tuple(_stamped(candle, timeframe) for candle in candles)

    def _require_listed(self, symbol: str) -> None:
        if symbol not in self._market.instruments:
            raise BrokerError(f"{symbol} is not listed; there are {', '.join(self._market.instruments)}")

    def _is_closed(self, candle: Candle, timeframe: Timeframe) -> bool:
        session = self._market.calendar.trading_day(ist_date(candle.start))
        return session is not None and session.candle_close(candle.start, timeframe) <= self._clock.now()


def _stamped(candle: Candle, timeframe: Timeframe) -> Candle:
    if timeframe is not Timeframe.D:
        return candle
    return replace(candle, start=instant_at(ist_date(candle.start), _DAILY_STAMP))
