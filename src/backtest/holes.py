"""Candles that a history lacks: a run says how many, and one that lacks too many is refused.

Some holes are real: a halt, a minute in which nobody traded, a session that no vendor has. Where most of a range is
hole, a curve of it shows days that nobody traded, and indicators that join what is months apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from backtest.assumptions import Mode
from backtest.bars import SessionRows
from core.errors import DataError
from core.market import Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from market_data.days import date_of

MOST_MISSING = 0.2
"""Share of the expected candles that may be missing."""
_THEN = {
    Mode.INTRADAY: "nothing is entered right after a hole",
    Mode.POSITIONAL: "entries wait for the next candle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holes:
    """What one symbol lacks from the session of its first candle to that of its last."""

    symbol: str
    first: date
    last: date
    expected: int
    """Candles that the sessions of the calendar have."""
    missing: int
    """Those of them that are not there, whole sessions included."""
    sessions: tuple[date, ...]
    """Days with a session and without a candle, in order."""

    def note(self, mode: Mode) -> str:
        """Return what a report says of it; nothing where nothing is missing."""
        return f"{self.symbol}: {self._words}; {_THEN[mode]}" if self.missing > 0 else ""

    def refuse_too_many(self) -> None:
        """Raise `DataError` where more than `MOST_MISSING` is missing."""
        if self.missing > MOST_MISSING * self.expected:
            raise DataError(
                f"{self.symbol}: from {self.first} to {self.last} {self._words}, more than {MOST_MISSING:.0%}; "
                "download them, choose another range, or take what there is with --allow-holes"
            )

    @property
    def _words(self) -> str:
        words = f"{self.missing:,} of {self.expected:,} candles are missing"
        match len(self.sessions):
            case 0:
                return words
            case 1:
                return f"{words}, among them the session of {self.sessions[0]}"
            case count:
                return f"{words}, among them {count:,} sessions, the first on {self.sessions[0]}"


def holes_in(symbol: str, sessions: SessionRows, timeframe: Timeframe, calendar: Calendar) -> Holes:
    """Count what is missing. Raises `DataError` for a day in between that the calendar does not know."""
    known = sessions.calendar
    first, last = int(sessions.days[0]), int(sessions.days[-1])
    lacking = [
        day
        for number in range(first, last + 1)
        if number not in known and (day := calendar.trading_day(date_of(number))) is not None
    ]
    expected = sum(_candles_of(day, timeframe) for day in (*known.values(), *lacking))
    return Holes(
        symbol=symbol,
        first=date_of(first),
        last=date_of(last),
        expected=expected,
        missing=expected - len(sessions.days),
        sessions=tuple(day.date for day in lacking),
    )


def notes_on_holes(
    symbols: Iterable[tuple[str, SessionRows]],
    timeframe: Timeframe,
    calendar: Calendar,
    mode: Mode,
    *,
    are_allowed: bool,
) -> list[str]:
    """Return a note on each symbol that lacks candles. Raises `DataError` for one that may not lack so many."""
    found = [holes_in(symbol, sessions, timeframe, calendar) for symbol, sessions in symbols]
    for holes in found if not are_allowed else ():
        holes.refuse_too_many()
    return [note for holes in found if (note := holes.note(mode))]


def _candles_of(day: TradingDay, timeframe: Timeframe) -> int:
    """Return how many candles a session has; counted one by one only where it has pauses, as years have few such."""
    if timeframe is Timeframe.D:
        return 1
    return len(day.candle_closes(timeframe)) if day.breaks else -(-(day.close - day.open) // timeframe.duration)
