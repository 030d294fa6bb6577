"""What a reader has to know beside the figures: sentences, each of them said once."""

from collections.abc import Iterable, Iterator, Sequence

from core.instants import Instant, ist_date

_NAMED = 3
"""Files or symbols that a note names, before it only counts them."""


def corporate_action_notes(suspected: Iterable[tuple[str, Instant]]) -> Iterator[str]:
    """Yield a note on each symbol and start of a candle at which a split or bonus was suspected."""
    for symbol, at in suspected:
        yield f"{symbol}: an unadjusted split or bonus before {ist_date(at)} is suspected; the position was closed"


def said_once(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the notes, what is said of several files or symbols alike said once."""
    subjects: dict[str, list[str]] = {}
    for note in notes:
        subject, _, words = note.rpartition(": ") if note.count(": ") == 1 else ("", "", note)
        subjects.setdefault(words, []).append(subject)
    return tuple(f"{_named(who)}{words}" for words, who in subjects.items())


def _named(subjects: Sequence[str]) -> str:
    named = ", ".join(subjects[:_NAMED])
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return f"{named}{more}: " if named else ""
