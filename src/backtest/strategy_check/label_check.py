"""Does a label know more than it says? What it rests on must lie at or before the row in which it is said to be known.

Only then can rows be left out whose label was not yet known when the next part of the data begins.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from backtest.strategy_check.disturbances import Move, moved
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from features.batch import compute
from features.columns import CandleColumns, FloatArray, IntArray
from features.labels import Labels

MOST_ROWS = 900
"""Newest candles that are labelled again and again."""
FUTURES = 40
"""Rows from which on other prices are tried."""
VALIDATION_SHARE = 0.3


class LearnedRows(Protocol):
    """What a classifier learns from: a `training.dataset.Dataset`."""

    @property
    def closed_at(self) -> IntArray:
        """When each row became known."""
        ...

    @property
    def resolved_at(self) -> IntArray:
        """When its label became known."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingFace:
    """How a model is taught."""

    label: Callable[[CandleColumns, FloatArray], Labels]
    """Labels of candles, given their average true range."""
    build: Callable[[CandleColumns], Any]
    """The rows to learn from: `LearnedRows`."""
    split: Callable[[Any, float], tuple[LearnedRows, LearnedRows]]
    """Cuts them into a part to fit and one to validate."""


def label_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Move the prices after a label is said to be known; return a finding for each column in which it changes."""
    rule = _Labelling(subject.with_candles(_newest(subject.candles)), training)
    found = rule.known_too_early()
    for name, row in rule.changed().items():
        cause, detail = rule.diagnose(name, row)
        found.append(rule.finding(Kind.LABELS, f"label.{name}", row, cause, detail))
    return found


def split_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Compare when labels are known with what the dataset says, and the part to fit with the one to validate.

    Raises `DataError` for too few candles to learn from.
    """
    rows = training.build(subject.candles)
    labels = training.label(subject.candles, subject.table.atr)
    known_at = dict(zip(subject.closes.tolist(), subject.closes[labels.resolved].tolist(), strict=True))
    early = [
        at for at, told in zip(rows.closed_at.tolist(), rows.resolved_at.tolist(), strict=True) if told < known_at[at]
    ]
    found = []
    if early:
        words = "the dataset says that a label is known before its position ends"
        found.append(_at_close(subject, early[0], "dataset.resolved_at", Cause.EARLY_RESOLVED, words))
    fit, validation = training.split(rows, VALIDATION_SHARE)
    begins = int(validation.closed_at.min())
    late = fit.closed_at[fit.resolved_at >= begins]
    if len(late):
        words = f"{len(late)} rows to fit have labels that end after the rows to validate begin"
        found.append(_at_close(subject, int(late.min()), "dataset.split", Cause.NOT_PURGED, words))
    return found


class _Labelling:
    def __init__(self, subject: Subject, training: TrainingFace) -> None:
        self.subject = subject
        self._label = training.label
        self._base = training.label(subject.candles, subject.table.atr)
        self._columns = _columns_of(self._base)
        self._known = np.flatnonzero(self._base.known)

    def known_too_early(self) -> list[Finding]:
        """Find a label that is said to be known before its position is entered."""
        early = self._known[self._base.resolved[self._known] <= self._known]
        if not len(early):
            return []
        words = "is said to be known with the candle that it is the label of"
        return [self.finding(Kind.LABELS, "label.resolved", int(early[0]), Cause.EARLY_RESOLVED, words)]

    def changed(self) -> dict[str, int]:
        """Return the first row of each column that changes with what comes after `resolved`, or with its end."""
        rows, bad = len(self.subject.candles), dict[str, int]()
        places = np.linspace(1, rows - 1, min(FUTURES, rows - 1)).astype(int).tolist() if len(self._known) else []
        for seed, first in enumerate(places):
            for move in Move:
                self._note(bad, first, self._relabelled(first, rows, move, seed))
        opens = (np.flatnonzero(np.diff(self.subject.candles.days())) + 1).tolist()
        for first in opens[1:]:  # with one candle more, so that the session before it is seen to be over
            part = self.subject.candles.slice(0, first + 1)
            self._note(bad, first, _columns_of(self._label(part, self.subject.table.atr[: first + 1])))
        return bad

    def diagnose(self, column: str, row: int) -> tuple[Cause, str]:
        """Say how far beyond its end a label reads."""
        rows, end = len(self.subject.candles), int(self._base.resolved[row])
        low, high = 0, rows - 1 - end
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._matters(column, row, end + middle) else (low, middle - 1)
        if not low:
            return Cause.LENGTH, "changes with the number of candles, not with their prices"
        if end + low > rows - 3:
            return Cause.WHOLE_HISTORY, "rests on a statistic of the whole history"
        where = f"row {end}, in which it is said to be known"
        return Cause.EARLY_RESOLVED, f"reads {low} {'bar' if low == 1 else 'bars'} beyond {where}"

    def finding(self, kind: Kind, column: str, row: int, cause: Cause, detail: str) -> Finding:
        at = int(self.subject.candles.starts[row])
        return Finding(kind=kind, column=column, row=row, at=at, cause=cause, detail=detail)

    def _matters(self, column: str, row: int, first: int) -> bool:
        rows = len(self.subject.candles)
        return any(self._relabelled(first, rows, move, row)[column][row] != self._columns[column][row] for move in Move)

    def _relabelled(self, first: int, last: int, move: Move, seed: int) -> dict[str, IntArray]:
        candles = moved(self.subject.candles, first, last, move, seed)
        reach = self.subject.table.atr.copy()
        reach[first:] = compute(self.subject.specification, candles).atr[first:]
        return _columns_of(self._label(candles, reach))

    def _note(self, bad: dict[str, int], first: int, given: dict[str, IntArray]) -> None:
        """Keep the first bad row of each column among the labels that were known before row `first`."""
        over = self._known[self._base.resolved[self._known] < first]
        for name, column in given.items():
            wrong = over[column[over] != self._columns[name][over]]
            if len(wrong):
                bad[name] = min(bad.get(name, len(column) + first), int(wrong[0]))


def _columns_of(labels: Labels) -> dict[str, IntArray]:
    return {
        "direction": labels.directions,
        "long_net": labels.long_net,
        "short_net": labels.short_net,
        "long_resolved": labels.long_resolved,
        "short_resolved": labels.short_resolved,
    }


def _newest(candles: CandleColumns) -> CandleColumns:
    """Return the newest sessions, whole."""
    rows = len(candles)
    opens = np.flatnonzero(np.diff(candles.days())) + 1
    first = min((int(each) for each in opens if rows - each <= MOST_ROWS), default=0)
    return candles.slice(first, rows)


def _at_close(subject: Subject, closed_at: int, column: str, cause: Cause, detail: str) -> Finding:
    row = int(np.searchsorted(subject.closes, closed_at))
    at = int(subject.candles.starts[row])
    return Finding(kind=Kind.SPLIT, column=column, row=row, at=at, cause=cause, detail=detail)
