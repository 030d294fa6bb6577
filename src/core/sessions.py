"""The trading day as instants: when the market opens and pauses, when entries end, when we must be flat.

A candle is a piece of the clock, counted from the open as the broker stamps its bars, in which the market trades at
some time. So the count of a session in two parts (09:15-10:00 and 11:30-12:30) does not begin anew after its pause: an
hour's candles start at 09:15, 11:15 and 12:15. One that runs into the pause is known when that begins, one that begins
in it holds what is traded after it, and what lies within it is no candle. The bars recorded in such sessions are of one
and of five minutes, which fit both parts either way.
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

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
    breaks: tuple[tuple[Instant, Instant], ...] = ()
    """Pauses without trading between open and close, each from and until, in order."""

    def __post_init__(self) -> None:
        """Refuse a day whose times are out of order. Raises `ValueError`."""
        if not self.open < self.no_entry_after <= self.square_off < self.flat_by <= self.close:
            raise ValueError(f"session of {self.date} is out of order: {self}")
        if self.closing_price_at is not None and self.closing_price_at < self.close:
            raise ValueError(f"session of {self.date}: its closing price comes before its close: {self}")
        edges = [edge for span in self.hours for edge in span]
        if not all(before < after for before, after in pairwise(edges)):
            raise ValueError(f"session of {self.date}: its breaks are not in order, or not within it: {self}")

    @property
    def hours(self) -> tuple[tuple[Instant, Instant], ...]:
        """From when to when it trades: one span, and one more for each break."""
        edges = [self.open, *(edge for pause in self.breaks for edge in pause), self.close]
        return tuple(zip(edges[::2], edges[1::2], strict=True))

    def is_open(self, at: Instant) -> bool:
        """Whether continuous trading runs at an instant."""
        return self.open <= at < self.close and not (self.breaks and self.resumes_at(at))

    def entries_allowed(self, at: Instant) -> bool:
        """Whether a new position may be opened at an instant."""
        return at < self.no_entry_after and self.is_open(at)

    def resumes_at(self, at: Instant) -> Instant | None:
        """When trading goes on after the pause that an instant lies in; None when it lies in none."""
        return next((end for start, end in self.breaks if start <= at < end), None)

    def trading_time(self, since: Instant, until: Instant) -> int:
        """Nanoseconds of continuous trading between two instants."""
        return sum(max(0, min(until, end) - max(since, start)) for start, end in self.hours)

    def candle_closes(self, timeframe: Timeframe) -> tuple[Instant, ...]:
        """Every instant at which a candle of this day closes; the last of a part may be cut short by its end."""
        if timeframe is Timeframe.D:
            return (self.candle_close(self.open, timeframe),)
        starts = range(self.open, self.close, timeframe.duration)
        return tuple(self.candle_close(start, timeframe) for start in starts if self.has_candle(start, timeframe))

    def has_candle(self, start: Instant, timeframe: Timeframe) -> bool:
        """Whether the market trades at some time in the candle of minutes that would start at an instant."""
        end = start + timeframe.duration
        is_paused = any(pause <= start and end <= resumed for pause, resumed in self.breaks)
        return self.open <= start < self.close and not is_paused

    def begins_in(self, start: Instant, timeframe: Timeframe) -> bool:
        """Whether trading begins, or goes on after a pause, in the candle of minutes that starts at an instant."""
        return any(start <= begin < start + timeframe.duration for begin, _ in self.hours)

    def candle_close(self, start: Instant, timeframe: Timeframe) -> Instant:
        """When the candle of this session that starts at an instant is known; a pause or the close cuts it short.

        A daily candle, whatever its start, is known with the day's last price.
        """
        if timeframe is Timeframe.D:
            return self.close if self.closing_price_at is None else self.closing_price_at
        end = min(start + timeframe.duration, self.close)
        return next((pause for pause, resumed in self.breaks if pause < end <= resumed), end)

    def candle_start(self, at: Instant, timeframe: Timeframe) -> Instant:
        """Start of the candle that contains an instant of this session; candles are anchored at the open."""
        return self.open + (at - self.open) // timeframe.duration * timeframe.duration
