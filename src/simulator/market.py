"""What the simulator offers: a market whose past, present quotes and candles all come from one path of prices.

Prices are whole units (paise), times are market time. Nothing here or behind it looks at a clock: every question
carries the market time at which it is asked, and no answer holds anything later.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from core.instants import Instant
from core.market import Candle, Instrument, Timeframe
from core.ports import Calendar


class Quote(NamedTuple):
    """The state of one symbol after an update, as a data feed shows it. An index has no touch: 0."""

    symbol: str
    at: Instant
    ltp: int
    """Last traded price, in units, as are all prices here."""
    last_quantity: int
    """Shares in the last trade; 0 when only the touch moved."""
    volume: int
    """Shares traded since the open: cumulative."""
    bid: int
    ask: int
    bid_size: int
    ask_size: int
    open: int
    """Open, high and low of the day so far."""
    high: int
    low: int
    previous_close: int
    average: int
    """Volume-weighted average price of the day so far."""
    total_buy: int
    """Shares waiting in the whole book, both sides."""
    total_sell: int


class Market(Protocol):
    """Prices of a set of symbols, on any day, as known at a market time."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The listed contracts by ticker, without price bands, which belong to a day."""
        ...

    @property
    def calendar(self) -> Calendar:
        """The sessions this market plays; exchange and market status must go by the same ones."""
        ...

    def instruments_at(self, now: Instant) -> Mapping[str, Instrument]:
        """The listed contracts with the price bands of the day of `now` (of the next session, on a closed day)."""
        ...

    def candles(self, symbol: str, timeframe: Timeframe, start: Instant, end: Instant, now: Instant) -> list[Candle]:
        """Candles with `start <= candle.start < end` as known at `now`, oldest first.

        The forming candle is included, built from the quotes up to `now`. A daily candle starts at its session's
        open. Raises `DataError` for an unknown symbol or a timeframe that this market cannot make.
        """
        ...

    def quotes(self, after: Instant, until: Instant) -> list[Quote]:
        """All updates with `after < at <= until`, all symbols, in time order. Cheap to call often with small steps."""
        ...

    def quote(self, symbol: str, now: Instant) -> Quote | None:
        """The last known quote of a symbol, possibly of an earlier day; None before the first there is.

        Raises `DataError` for an unknown symbol.
        """
        ...
