"""How good the candles are that we make ourselves: each is compared with the broker's official one when that arrives.

Part of the fold: counted from the events alone, so that a restart loses nothing and anybody can count again.
"""

from dataclasses import dataclass, field

from core import events
from core.instants import Instant
from core.market import Candle

PARTS = 10_000
"""Volumes are compared in ten-thousandths of the official one; further off than all of it counts as all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDifference:
    """Where a candle of ours was furthest from the official one."""

    symbol: str
    start: Instant
    units: int
    """The largest of the differences of its four prices."""


@dataclass(slots=True)
class CandleQuality:
    """One day of candles made of prices, over all symbols."""

    built: int = 0
    """Whole ones, which were decided on."""
    doubted: int = 0
    """Those that were left to the broker's history."""
    late: int = 0
    """Prices that came after their candle was closed."""
    compared: int = 0
    """Whole ones for which the official one has come."""
    identical: int = 0
    """Equal in all prices and in volume."""
    within_tick: int = 0
    """No price of theirs further off than the instrument's price step."""
    volume_differences: dict[int, int] = field(default_factory=dict)
    """Difference of volume in ten-thousandths, rounded up: how many candles have it."""
    worst: PriceDifference | None = None
    waiting: dict[str, events.CandleBuilt] = field(default_factory=dict)
    """By symbol the newest one of ours that has not been compared."""

    def hear(self, event: events.Event) -> None:
        """Count what an event says of candles; nearly all say nothing."""
        match event:
            case events.CandleBuilt(symbol=symbol, late=late):
                self.built += 1
                self.late += late
                self.waiting[symbol] = event
            case events.CandleDoubted():
                self.doubted += 1
            case events.HistoryArrived(symbol=symbol, candles=candles) if symbol in self.waiting:
                built = self.waiting[symbol]
                official = next((each for each in candles if each.start == built.candle.start), None)
                if official is not None:
                    del self.waiting[symbol]
                    self._compare(built, official)

    @property
    def median_volume_difference(self) -> float:
        """The middle one of the volume differences, as a share of the official volume; 0 before any comparison."""
        passed = 0
        for parts, count in sorted(self.volume_differences.items()):
            passed += count
            if 2 * passed >= self.compared:
                return parts / PARTS
        return 0.0

    @property
    def worst_volume_difference(self) -> float:
        """The largest one."""
        return max(self.volume_differences, default=0) / PARTS

    def _compare(self, built: events.CandleBuilt, official: Candle) -> None:
        ours = built.candle
        pairs = zip(_prices(ours), _prices(official), strict=True)
        off = max(abs(one - other) for one, other in pairs)
        volume = abs(ours.volume - official.volume)
        parts = min(-(-volume * PARTS // max(official.volume, 1)), PARTS)
        self.compared += 1
        self.identical += ours == official
        self.within_tick += off <= built.tick
        self.volume_differences[parts] = self.volume_differences.get(parts, 0) + 1
        if off > (self.worst.units if self.worst else 0):
            self.worst = PriceDifference(symbol=built.symbol, start=ours.start, units=off)


def _prices(candle: Candle) -> tuple[int, int, int, int]:
    return candle.open, candle.high, candle.low, candle.close
