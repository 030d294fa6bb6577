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
    closing_price_at: Instant | None = None
    """When an auction after the close has set the day's last price; None: there is none, the close sets it."""

    def __post_init__(self) -> None:
        """Refuse a day whose times are out of order. Raises `ValueError`."""
        if not self.open < self.no_entry_after <= self.square_off < self.flat_by <= self.close:
            raise ValueError(f"session of {self.date} is out of order: {self}")
        if self.closing_price_at is not None and self.closing_price_at < self.close:
            raise ValueError(f"session of {self.date}: its closing price comes before its close: {self}")

    def is_open(self, at: Instant) -> bool:
        """Whether continuous trading runs at an instant."""
        return self.open <= at < self.close

    def entries_allowed(self, at: Instant) -> bool:
        """Whether a new position may be opened at an instant."""
        return self.open <= at < self.no_entry_after

    def candle_closes(self, timeframe: Timeframe) -> tuple[Instant, ...]:
        """Every instant at which a candle of this day closes; the last may be cut short by the close."""
        if timeframe is Timeframe.D:
            return (self.candle_close(self.open, timeframe),)
        return tuple(self.candle_close(start, timeframe) for start in range(self.open, self.close, timeframe.duration))

    def candle_close(self, start: Instant, timeframe: Timeframe) -> Instant:
        """When the candle of this session that starts at an instant is known; the close cuts the last one short.

        A daily candle, whatever its start, is known with the day's last price.
        """
        if timeframe is Timeframe.D:
            return self.close if self.closing_price_at is None else self.closing_price_at
        return min(start + timeframe.duration, self.close)

    def candle_start(self, at: Instant, timeframe: Timeframe) -> Instant:
        """Start of the candle that contains an instant of this session; candles are anchored at the open."""
        return self.open + (at - self.open) // timeframe.duration * timeframe.duration
