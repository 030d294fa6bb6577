"""A series that ends before others of its kind was merged, renamed or forgotten; by itself it looks whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from core.instants import ist_date
from market_data.days import midnight
from market_data.quality.findings import Finding, Kind, Spot
from market_data.quality.judgement import Judgement

_FEWEST = 4
"""Fewest series that are held against each other."""
_SESSIONS = 10
"""Sessions by which a series may begin later or end earlier without a word."""


def beside_their_peers(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return judgements of one vendor and timeframe, each with a note where it begins later or ends earlier than most.

    A series from another time altogether is not held against them.
    """
    if len(judgements) < _FEWEST:
        return list(judgements)
    first = _usual([ist_date(each.first) for each in judgements])
    last = _usual([ist_date(each.last) for each in judgements])
    sessions = sorted({day.day for each in judgements for day in each.days if day.expected})
    return [_noted(each, first, last, sessions) for each in judgements]


def _usual(days: Sequence[date]) -> date | None:
    """Return the date that most share; None when no half of them does."""
    day, number = Counter(days).most_common(1)[0]
    return day if 2 * number > len(days) else None


def _noted(judgement: Judgement, first: date | None, last: date | None, sessions: Sequence[date]) -> Judgement:
    spots = []
    begins, ends = ist_date(judgement.first), ist_date(judgement.last)
    if (last and begins > last) or (first and ends < first):
        return judgement
    if first and sum(first <= day < begins for day in sessions) > _SESSIONS:
        spots.append(Spot(midnight(begins), 1, f"is its first day, of most others {first}"))
    if last and sum(ends < day <= last for day in sessions) > _SESSIONS:
        spots.append(Spot(midnight(ends), 1, f"is its last day, of most others {last}"))
    if not spots:
        return judgement
    finding = Finding(
        kind=Kind.SHORTER, spots=tuple(spots), what="shorter than its fellows: listed, merged or renamed?"
    )
    return replace(judgement, findings=(*judgement.findings, finding))
