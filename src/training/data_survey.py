"""What is to be known of candles before anybody learns from them: from when to when they are, and what they lack.

A backtest of the same candles says the same of them (`backtest.notes`) and refuses the same: where more than a fifth is
missing, features join what is weeks apart and rows are judged on days that nobody could trade. A model is learned from
less than it seems then, and nothing that is told of it afterwards shows that.
"""

from dataclasses import dataclass

from backtest.assumptions import Mode
from backtest.bars import sessions_from
from backtest.notes import Walked, data_notes, said_once
from core.instants import Instant
from core.ports import Calendar
from training.histories import Histories

_MOST_NOTES = 100
"""Notes that are told, before the others are only counted: a manifest has a largest size."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found before the training began."""

    first: Instant
    """Start of the first candle of all symbols that teaches; `last` of the last one."""
    last: Instant
    notes: tuple[str, ...]
    """What a reader has to know of the candles, one sentence each."""


def survey(histories: Histories, calendar: Calendar, *, allow_holes: bool = False) -> Survey:
    """Look at the candles that teach, one symbol after the other.

    Raises `DataError` for a candle at a time without trading, and for a symbol of which too many are missing unless
    `allow_holes` says that they may be.
    """
    firsts, lasts, notes = list[Instant](), list[Instant](), [*histories.notes]
    for history in histories:
        taught = history.candles.slice(history.first, len(history.candles))
        sessions = sessions_from(history.symbol, history.candles, history.first, histories.timeframe, calendar)
        walked = [Walked(history.symbol, taught, sessions)]
        firsts.append(int(taught.starts[0]))
        lasts.append(int(taught.starts[-1]))
        notes += history.notes
        notes += data_notes(walked, histories.timeframe, calendar, Mode.INTRADAY, allow_holes=allow_holes)
    return Survey(min(firsts), max(lasts), _told(said_once(notes)))


def _told(notes: tuple[str, ...]) -> tuple[str, ...]:
    left = len(notes) - _MOST_NOTES
    return notes if left <= 0 else (*notes[:_MOST_NOTES], f"{left:,} notes more are left out here")
