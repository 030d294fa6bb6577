"""What a reader has to know beside the figures: sentences, each of them said once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from backtest.assumptions import Mode
from backtest.bars import SessionRows
from backtest.holes import notes_on_holes
from core.bar_fills import is_corporate_action
from core.instants import Instant, instant_of, ist_date
from core.market import Timeframe
from core.ports import Calendar
from features.columns import CandleColumns
from trading.bundle import TrainingFacts
from trading.model_worth import some_names


class Walked(NamedTuple):
    """The candles of one symbol in a run, without those that only warm up."""

    symbol: str
    candles: CandleColumns
    sessions: SessionRows


def data_notes(
    walked: Sequence[Walked], timeframe: Timeframe, calendar: Calendar, mode: Mode, *, allow_holes: bool
) -> list[str]:
    """Return what is to be said of candles. Raises `DataError` for a symbol that lacks more of them than is allowed."""
    sessions = ((each.symbol, each.sessions) for each in walked)
    holes = notes_on_holes(sessions, timeframe, calendar, mode, are_allowed=allow_holes)
    return [*holes, *(note for each in walked for note in _split_notes(each))]


def training_notes(training: TrainingFacts | None, days: Sequence[date]) -> Iterator[str]:
    """Yield a note where a model knows the days of a run, in order: it learned them, or what came after them."""
    if training is None:
        return
    first, last = (ist_date(instant_of(each)) for each in (training.first, training.last))
    known = [day for day in days if day <= last]
    if known:
        before, inside = known[0] < first, known[-1] >= first
        where = "in or before" if before and inside else "before" if before else "in"
        yield (
            f"{len(known):,} of {len(days):,} sessions lie {where} the model's training ({first} to {last}): of these "
            "the figures say nothing"
        )


def corporate_action_notes(suspected: Iterable[tuple[str, Instant]]) -> Iterator[str]:
    """Yield a note on each symbol and start of a candle at which a split or bonus was suspected of what was held."""
    for symbol, at in suspected:
        yield f"{symbol}: a position was closed before {ist_date(at)}, at the last price before the suspected split"


def said_once(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the notes, what is said of several files or symbols alike said once."""
    subjects: dict[str, list[str]] = {}
    for note in notes:
        subject, _, words = note.rpartition(": ") if note.count(": ") == 1 else ("", "", note)
        subjects.setdefault(words, []).append(subject)
    return tuple(f"{_named(who)}{words}" for words, who in subjects.items())


def _split_notes(walked: Walked) -> Iterator[str]:
    """Yield a note on each session that opens where no night of trading leads."""
    candles, sessions = walked.candles, walked.sessions
    for row in (np.flatnonzero(np.diff(sessions.days)) + 1).tolist():
        if is_corporate_action(int(candles.opens[row]), int(sessions.close_before[row])):
            day = ist_date(int(candles.starts[row]))
            yield f"{walked.symbol}: a split or bonus before {day} is suspected; indicators run on across it"


def _named(subjects: Sequence[str]) -> str:
    named = some_names(subjects)
    return f"{named}: " if named else ""
