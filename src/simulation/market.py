"""The market of a session as the exchange sees it: the newest quote of each share, with the shares on display."""

from collections.abc import Mapping

from core.errors import DataError
from core.instants import Instant
from core.market import Candle, Instrument, Timeframe
from core.ports import Calendar
from simulation.setting import INSTRUMENTS, PRICES
from simulator.market import Quote

PLENTY = 1_000_000
"""Shares on display where nothing else is said."""


class SimulatedMarket:
    """Quotes that are written as the session goes. Implements `simulator.market.Market`."""

    def __init__(self, calendar: Calendar, start: Instant) -> None:
        self._calendar = calendar
        self._waiting: list[Quote] = []
        self._volume = 0
        self.newest: dict[str, Quote] = {}
        for symbol, price in PRICES.items():
            self.show(symbol, price, start)
        self._waiting.clear()

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The shares of the session."""
        return INSTRUMENTS

    @property
    def calendar(self) -> Calendar:
        """The one day."""
        return self._calendar

    def instruments_at(self, now: Instant) -> Mapping[str, Instrument]:  # noqa: ARG002 - one day only
        """The shares, bands included."""
        return INSTRUMENTS

    def show(self, symbol: str, price: int, at: Instant, bid_size: int = PLENTY, ask_size: int = PLENTY) -> Quote:
        """Put a price on display, with so many shares on each side; a side without shares has no price either."""
        self._volume += 100
        quote = Quote(
            symbol=symbol,
            at=at,
            ltp=price,
            last_quantity=100,
            volume=self._volume,
            bid=price if bid_size else 0,
            ask=price if ask_size else 0,
            bid_size=bid_size,
            ask_size=ask_size,
            open=PRICES[symbol],
            high=price,
            low=price,
            previous_close=PRICES[symbol],
            average=price,
            total_buy=bid_size,
            total_sell=ask_size,
        )
        self.newest[symbol] = quote
        self._waiting.append(quote)
        return quote

    def quotes(self, after: Instant, until: Instant) -> list[Quote]:  # noqa: ARG002 - what waits is what is new
        """Hand over what has been shown since the last call."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def forget_waiting(self) -> None:
        """Drop what the exchange did not ask for: without an order at work it looks at no price."""
        self._waiting.clear()

    def quote(self, symbol: str, now: Instant) -> Quote | None:  # noqa: ARG002 - only the present is asked for
        """The quote that stands."""
        return self.newest.get(symbol)

    def candles(self, symbol: str, timeframe: Timeframe, start: Instant, end: Instant, now: Instant) -> list[Candle]:  # noqa: ARG002
        """Not known here. Raises `DataError`: the history of a session is the strategy's own."""
        raise DataError(f"no candles of {symbol} in a simulated market")
