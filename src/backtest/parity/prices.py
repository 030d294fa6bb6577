"""The prices that a re-run meets: each tick that the bot saw, or, where no tape is left, the bars of the day.

A tick is a bar of one price. A bar is met twice: its open when it begins, which is what an entry gets, and all of it
when it is over. A moment is the number of prices that lie behind it, so that what happened at one instant stays in
order.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from core.instants import Instant
from core.market import Candle, Side, Tick, Timeframe
from core.sessions import TradingDay
from trading.event_log import Row
from trading.tick_tape import Seen


class When(NamedTuple):
    """When something happened; of two things at one instant the moment says which came first."""

    moment: int
    at: Instant


class Price(NamedTuple):
    """What the market showed of one symbol. Prices in units."""

    symbol: str
    now: Instant
    """When it was known."""
    at: Instant
    """The exchange's time; a bar has that of its start."""
    open: int
    high: int
    low: int
    last: int
    bid: int
    """0 where it is not known; so for the ask."""
    ask: int
    is_bar: bool

    def touch(self, side: Side) -> int:
        """Price at which an order of a side trades at once: the best one of the other side, else the last price."""
        return (self.ask if side is Side.BUY else self.bid) or self.last

    @property
    def tick(self) -> Tick:
        """The same as the gate looks at it."""
        return Tick(self.symbol, self.at, self.last, self.bid, self.ask, 0)


class Market:
    """All prices of one day, in the order in which they were known."""

    def __init__(self, prices: Sequence[Price], positions: Sequence[int] = ()) -> None:
        """`positions` are those of the prices on the tick tape; none for bars."""
        self.prices = prices
        self._positions = positions
        self._nows = [price.now for price in prices]
        self._places: dict[str, list[int]] = {}
        for place, price in enumerate(prices):
            self._places.setdefault(price.symbol, []).append(place)

    @classmethod
    def of_ticks(cls, seen: Iterable[Seen]) -> "Market":
        """Take a tick tape. Raises `StorageError` for one that is damaged."""
        prices, positions = [], []
        for position, now, (symbol, at, ltp, bid, ask, _) in seen:
            prices.append(Price(symbol, now, at, ltp, ltp, ltp, ltp, bid, ask, is_bar=False))
            positions.append(position)
        return cls(prices, positions)

    @classmethod
    def of_bars(cls, candles: Mapping[str, Sequence[Candle]], day: TradingDay, timeframe: Timeframe) -> "Market":
        """Take the candles of a day, by symbol. A bar that ends comes before one that begins at the same instant."""
        prices = []
        for symbol, bars in candles.items():
            for start, open_, high, low, close in ((c.start, c.open, c.high, c.low, c.close) for c in bars):
                if day.has_candle(start, timeframe):
                    end = day.candle_close(start, timeframe)
                    prices.append(Price(symbol, start, start, open_, open_, open_, open_, 0, 0, is_bar=False))
                    prices.append(Price(symbol, end, start, open_, high, low, close, 0, 0, is_bar=True))
        return cls(sorted(prices, key=lambda price: (price.now, not price.is_bar)))

    @property
    def has_ticks(self) -> bool:
        """Whether these are the very prices that the bot saw."""
        return bool(self._positions)

    def moment_at(self, at: Instant) -> int:
        """Return how many prices were known at an instant."""
        return bisect_right(self._nows, at)

    def moment_of(self, row: Row) -> int:
        """Return how many prices the bot had seen when it wrote a row of its log."""
        return bisect_right(self._positions, row.tape) if self.has_ticks else self.moment_at(row.at)

    def last(self, symbol: str, moment: int) -> Price | None:
        """Return the newest price of a symbol before a moment; None when there was none yet."""
        places = self._places.get(symbol, [])
        number = bisect_right(places, moment - 1)
        return self.prices[places[number - 1]] if number else None
