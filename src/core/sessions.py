"""The trading day as instants: when the market opens, when entries end, when we must be flat."""

from dataclasses import dataclass
from datetime import date

from core.instants import Instant
from core.market import Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingDay:
    """One session of one market, with the dated rules already applied."""

    date: date
    open: Instant
    """Start of continuous trading."""
    close: Instant
    """End of continuous trading."""
    no_entry_after: Instant
    """From here on no new position is opened."""
    square_off: Instant
    """From here on every intraday position is being closed."""
    flat_by: Instant
    """By here the books must show no intraday position."""

    def __post_init__(self) -> None:
        """Refuse a day whose times are out of order. Raises `ValueError`."""
        if not self.open < self.no_entry_after <= self.square_off < self.flat_by <= self.close:
            raise ValueError(f"session of {self.date} is out of order: {self}")

    def is_open(self, at: Instant) -> bool:
        """Whether continuous trading runs at an instant."""
        return self.open <= at < self.close

    def entries_allowed(self, at: Instant) -> bool:
        """Whether a new position may be opened at an instant."""
        return self.open <= at < self.no_entry_after

    def candle_closes(self, timeframe: Timeframe) -> tuple[Instant, ...]:
        """Every instant at which a candle of this day closes; the last may be cut short by the close."""
        if timeframe is Timeframe.D:
            return (self.close,)
        step = timeframe.duration
        whole = range(self.open + step, self.close + 1, step)
        return tuple(whole) if (self.close - self.open) % step == 0 else (*whole, self.close)

    def candle_start(self, at: Instant, timeframe: Timeframe) -> Instant:
        """Start of the candle that contains an instant of this session; candles are anchored at the open."""
        return self.open + (at - self.open) // timeframe.duration * timeframe.duration
