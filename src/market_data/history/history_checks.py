"""Which rows of a history answer may be believed. The broker's answers are not clean.

Seen in real answers: the bar that is still forming, a bar at 15:30 and flat ones to 16:00, one before the open, whole
days twice. Those are dropped and counted. Nothing promises the order of the rows, so they are sorted. Two versions of
one bar and bars off the session's grid mean that we do not know what we have; they are refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.errors import DataError
from core.instants import DAY, Instant, ist_date, ist_text
from core.market import Candle, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedHistory:
    """Closed candles, oldest first, and what was left out."""

    candles: tuple[Candle, ...]
    forming: int
    """Not closed yet."""
    repeated: int
    """Equal to one that was already there."""
    outside: int
    """Outside every session: before the open, in a pause, from the close on, on a day without trading."""


def check_history(
    rows: Iterable[Candle], symbol: str, timeframe: Timeframe, calendar: Calendar, now: Instant
) -> CheckedHistory:
    """Return the rows that are closed candles of a session. Raises `DataError` that names the symbol and the bar."""
    sessions = _Sessions(calendar)
    seen: dict[Instant, Candle] = {}
    forming = repeated = outside = 0
    for candle in rows:
        close = _close_of(candle, symbol, timeframe, sessions)
        if close is None:
            outside += 1
        elif close > now:
            forming += 1
        elif candle.start in seen:
            if seen[candle.start] != candle:
                raise DataError(f"history of {symbol}: two different bars at {ist_text(candle.start)}")
            repeated += 1
        else:
            seen[candle.start] = candle
    candles = tuple(seen[start] for start in sorted(seen))
    return CheckedHistory(candles=candles, forming=forming, repeated=repeated, outside=outside)


class _Sessions:
    """The calendar, asked once per day."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._known: dict[date, TradingDay | None] = {}

    def of(self, at: Instant) -> TradingDay | None:
        day = ist_date(at)
        if day not in self._known:
            self._known[day] = self._calendar.trading_day(day)
        return self._known[day]


def _close_of(candle: Candle, symbol: str, timeframe: Timeframe, sessions: _Sessions) -> Instant | None:
    """Instant at which a bar closes, or None when it belongs to no session."""
    session = sessions.of(candle.start)
    if session is None:
        return None
    if timeframe is Timeframe.D:
        # FYERS stamps a day at midnight UTC, which is 05:30 in India.
        if candle.start % DAY:
            raise DataError(f"history of {symbol}: daily bar at {ist_text(candle.start)}; expected 05:30:00")
        return session.candle_close(candle.start, timeframe)
    if not session.has_candle(candle.start, timeframe):
        return None
    if (candle.start - session.open) % timeframe.duration:
        raise DataError(
            f"history of {symbol}: bar at {ist_text(candle.start)} is off the {timeframe.value} grid of a session "
            f"that opens at {ist_text(session.open)}"
        )
    return session.candle_close(candle.start, timeframe)
