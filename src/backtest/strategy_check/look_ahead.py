"""Does an answer about a candle change with what came after it? Three proofs, each over every face and column.

Truncation: as if the candle were the newest there is. Perturbation: with other prices after it. Forming candle: with
the next one still moving, as a bot that reads its newest row would see it. A strategy is asked with the features that
were known at the candle, so that a feature that looks ahead is blamed and not whoever reads it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from backtest.strategy_check.causes import diagnose
from backtest.strategy_check.disturbances import Move, forming, moved, wild
from backtest.strategy_check.faces import (
    EXISTS,
    Columns,
    Face,
    RowFace,
    all_answers,
    answers_if_any,
    cut,
    faces_of,
    same,
)
from backtest.strategy_check.finding import Finding, Kind
from backtest.strategy_check.subject import Effort, Subject, spliced
from core.errors import StrategyError
from features.batch import compute
from features.columns import IntArray

ASKED_AGAIN = 30
"""Rows before those at which `on_data` is asked again."""
DECISIONS = 60
"""Rows with a direction at which the history is cut besides."""
WILD_CUTS = 60
"""Rows at which the history of a wild market is cut."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was tried, so that nobody takes a sample for a proof."""

    rows: int
    cuts: int
    all_cut_from: int
    all_cut_to: int
    futures: int


def cuts_of(subject: Subject) -> list[int]:
    """Return the rows at which the history is cut: all of the first, then some, the last one included."""
    first, rows = subject.asked[0], len(subject.candles)
    after = min(first + subject.effort.every_row, rows)
    return [*range(first, after), *_spread(after, rows - 1, subject.effort.other_rows)]


def futures_of(subject: Subject) -> list[int]:
    """Return the rows after which other futures are tried."""
    return _spread(subject.asked[0], len(subject.candles) - 2, subject.effort.futures)


def coverage_of(subject: Subject) -> Coverage:
    """Return what the proofs look at."""
    cuts = cuts_of(subject)
    dense = min(subject.asked[0] + subject.effort.every_row, len(subject.candles))
    return Coverage(len(subject.candles), len(cuts), subject.asked[0], dense - 1, len(futures_of(subject)))


def look_ahead(*faces: Face, tell: Callable[[float], None] = lambda _share: None) -> list[Finding]:
    """Return a finding for each column in which a later candle matters; `tell` is told the share that is done.

    All faces of a subject at once, so that the features of each future are computed once.
    """
    full = {face.name: all_answers(face) for face in faces}
    bad: dict[str, dict[str, dict[Kind, list[int]]]] = {face.name: {} for face in faces}
    cuts = sorted({*cuts_of(faces[0].subject), *_decided(faces[0].subject, full)})
    for trial in _trials(faces, cuts, tell):
        expected, wrongs = full[trial.face.name], bad[trial.face.name]
        for name, column in trial.columns.items():
            wrong = trial.rows[~same(expected[name][trial.rows], column[trial.rows], name)]
            if len(wrong):
                wrongs.setdefault(name, {}).setdefault(trial.kind, []).extend(wrong.tolist())
    return [finding for face in faces for finding in _findings(face, full[face.name], bad[face.name])]


def look_ahead_in_a_wild_market(subject: Subject) -> list[Finding]:
    """Cut another history, of prices that jump: a strategy may look ahead only after a crash that the candles lack.

    What a strategy raises on such prices alone is no finding.
    """
    effort = Effort(every_row=0, other_rows=WILD_CUTS, futures=0)
    other = replace(subject, candles=wild(subject.candles), effort=effort)
    try:
        found = look_ahead(*faces_of(other)[1:])
    except StrategyError:
        return []
    return [replace(each, detail=f"{each.detail}, in a market of prices that jump") for each in found]


@dataclass(frozen=True, slots=True)
class _Trial:
    face: Face
    kind: Kind
    columns: Columns
    rows: IntArray
    """Rows that must be as in the whole history."""


def _decided(subject: Subject, full: Mapping[str, Columns]) -> list[int]:
    """Return some of the rows with a direction: who looks ahead before a seldom trade does so there."""
    wishes = [column for columns in full.values() for name, column in columns.items() if name.endswith(".direction")]
    rows = np.flatnonzero(np.any([column > 0 for column in wishes], axis=0)) if wishes else np.array([], dtype=int)
    asked = [row for row in rows.tolist() if row >= subject.asked[0]]
    return [asked[place] for place in _spread(0, len(asked) - 1, DECISIONS)]


def _trials(faces: Sequence[Face], cuts: Sequence[int], tell: Callable[[float], None]) -> Iterator[_Trial]:
    subject = faces[0].subject
    table, futures = subject.table, futures_of(subject)
    answering: set[str] = set()
    for done, row in enumerate(cuts):
        tell(0.5 * done / len(cuts))
        for face in faces:
            columns = answers_if_any(partial(cut, face, table, row))
            if columns is not None:
                answering |= {face.name} if row < len(table.valid) - 1 else set()
                yield _Trial(face, Kind.TRUNCATION, columns, np.array([row]))
    for face in faces:
        if face.name not in answering:
            cut(face, table, cuts[0])  # raises: where no part of a history can be asked about, nothing is proved
    for seed, row in enumerate(futures):
        tell(0.5 + 0.5 * seed / len(futures))
        others = [moved(subject.candles, row + 1, len(subject.candles), move, seed) for move in Move]
        for kind, made in ((Kind.PERTURBATION, others), (Kind.FORMING_CANDLE, forming(subject.candles, row + 1))):
            for candles in made:
                known = spliced(table, compute(subject.specification, candles), row + 1)
                for face in faces:
                    rows = np.arange(_first_asked(face, row), row + 1)
                    columns = answers_if_any(partial(face.answers, known, candles, rows.tolist()))
                    if columns is not None:
                        yield _Trial(face, kind, columns, rows)


def _first_asked(face: Face, row: int) -> int:
    """Return from where on answers up to a row are compared."""
    first = face.subject.asked[0]
    return max(first, row + 1 - ASKED_AGAIN) if isinstance(face, RowFace) else first


def _findings(face: Face, full: Columns, bad: dict[str, dict[Kind, list[int]]]) -> list[Finding]:
    if len(bad) > 1:
        bad.pop(EXISTS, None)  # a row is missing because a feature is
    if f"{face.name}.direction" in bad:
        bad.pop(f"{face.name}.probability", None)  # there is one only where there is a direction
    return [_finding(face, full, name, kinds) for name, kinds in bad.items()]


def _finding(face: Face, full: Columns, name: str, kinds: dict[Kind, list[int]]) -> Finding:
    """Say where a column goes wrong first, and why."""
    rows = sorted({row for each in kinds.values() for row in each})
    cuts = kinds.get(Kind.TRUNCATION)
    first = _first_bad(face, full, name, min(cuts)) if cuts else rows[0]
    cause, detail = diagnose(face, name, sorted({first, *rows}))
    at = int(face.subject.candles.starts[first])
    return Finding(kind=next(iter(kinds)), column=name, row=first, at=at, cause=cause, detail=detail)


def _first_bad(face: Face, full: Columns, name: str, row: int) -> int:
    """Return the first bad row: the rows between the last good cut and this one were not cut at."""
    good = max((each for each in cuts_of(face.subject) if each < row), default=row - 1)
    for between in range(good + 1, row):
        columns = answers_if_any(partial(cut, face, face.subject.table, between))
        at = slice(between, between + 1)
        if columns is not None and not same(full[name][at], columns[name][at], name).all():
            return between
    return row


def _spread(first: int, last: int, most: int) -> list[int]:
    """Return at most so many rows at even distances, both ends included."""
    if first > last:
        return []
    return sorted(set(np.linspace(first, last, min(most, last - first + 1)).astype(int).tolist()))
