"""What is traded and what the market says: instruments, ticks and candles. Prices are whole units, never floats.

One unit is 10^-scale rupee: a paisa for NSE cash and F&O (scale 2). Floats begin at the feature boundary and end
at `Instrument.round_price`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from core import price_grid
from core.instants import DAY, MINUTE, Instant


class Timeframe(Enum):
    """Length of a candle, named as users write it."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M60 = "60m"
    D = "D"

    @property
    def minutes(self) -> int:
        """Minutes in one candle; a day counts as 1440."""
        return 1440 if self is Timeframe.D else int(self.value[:-1])

    @property
    def duration(self) -> int:
        """Nanoseconds in one candle."""
        return DAY if self is Timeframe.D else self.minutes * MINUTE

    @property
    def resolution(self) -> str:
        """FYERS' word for it in the history call: `1`, `5`, `D`."""
        return self.value.removesuffix("m")


class CandleSource(Enum):
    """Where the candles come from that are decided on."""

    HISTORY = "history"
    """The broker's official ones, some seconds after the close."""
    TICKS = "ticks"
    """Made of the prices seen, at the close."""


class Side(Enum):
    """Direction of an order or a position; the value is FYERS' code and the sign of quantity."""

    __hash__ = object.__hash__

    BUY = 1
    SELL = -1

    def __init__(self, sign: int) -> None:
        self.sign = sign
        """The value again, without the call that `value` is: it is asked for at each price."""

    @property
    def opposite(self) -> "Side":
        """The side that closes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class Rounding(Enum):
    """Which way a price goes to the tick grid."""

    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"


def is_index(symbol: str) -> bool:
    """Whether a symbol is of an index: it has a price and cannot be traded."""
    return symbol.endswith("-INDEX")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One tradable contract, as the symbol master describes it on a date."""

    symbol: str
    """FYERS ticker, for example `NSE:SBIN-EQ`."""
    token: str
    """FYERS' fyToken: exchange, segment, expiry and exchange token in one string of digits."""
    tick: int
    """Smallest price step, in units."""
    lot: int = 1
    """Quantities are whole multiples of this."""
    freeze: int | None = None
    """Quantity at which the exchange refuses an order; None when the master does not say."""
    scale: int = 2
    """Decimal digits of a price unit: 2 means one unit is a paisa."""
    lower_band: int | None = None
    """Lowest price the exchange accepts today, in units; None when unknown."""
    upper_band: int | None = None
    """Highest price the exchange accepts today, in units; None when unknown."""

    @property
    def is_index(self) -> bool:
        """Whether this is an index: it has a price and cannot be traded."""
        return is_index(self.symbol)

    def units(self, price: float) -> int:
        """Convert a price in rupees from outside into the nearest whole unit, without moving it to the tick grid."""
        return round(price * float(10**self.scale))

    def rupees(self, units: int) -> float:
        """Convert units to rupees, for display and for features."""
        return units / float(10**self.scale)

    def round_price(self, units: float, rounding: Rounding = Rounding.NEAREST) -> int:
        """Move a price in units to the tick grid; the only way a float re-enters the money path."""
        match rounding:
            case Rounding.NEAREST:
                return price_grid.nearest_on_grid(units, self.tick)
            case Rounding.DOWN:
                return price_grid.down_to_grid(units, self.tick)
            case Rounding.UP:
                return price_grid.up_to_grid(units, self.tick)

    def clamp(self, units: int) -> int:
        """Bring a price inside today's band, where the band is known."""
        if self.upper_band is not None:
            units = min(units, self.upper_band)
        if self.lower_band is not None:
            units = max(units, self.lower_band)
        return units


class Tick(NamedTuple):
    """One price update. A named tuple, because a frozen dataclass costs three times as much per tick."""

    symbol: str
    at: Instant
    """The exchange's time of the update."""
    ltp: int
    """Last traded price, in units."""
    bid: int
    """Best bid, in units; 0 when there is none (an index, a locked circuit)."""
    ask: int
    """Best ask, in units; 0 when there is none."""
    volume: int
    """Shares traded since the open of the day: cumulative, so what was traded in between is a difference of two."""


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed bar, stamped by its start. When it is known, `core.sessions.TradingDay.candle_close` says."""

    start: Instant
    open: int
    high: int
    low: int
    close: int
    volume: int

    def __post_init__(self) -> None:
        """Refuse a bar that no market can make. Raises `ValueError`."""
        if not 0 < self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(f"impossible candle: open {self.open} high {self.high} low {self.low} close {self.close}")
        if self.volume < 0:
            raise ValueError(f"impossible candle: volume {self.volume} below zero")
