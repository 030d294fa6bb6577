"""Do the rows to learn from know more than their features and labels? What joins the two can know too much once more.

A column scaled by the mean of all rows, labels cut at a quantile of all, rows dropped as outliers of the whole, a table
joined by date: other prices later on change what must have been known before, or the numbers are not those that live
trading computes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backtest.strategy_check.disturbances import Move, moved
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import LearnedRows, TrainingFace
from features.columns import FloatArray, IntArray

MOVES = (Move.NOISE, Move.UP, Move.DOWN, Move.NOISE)
"""One for each row after which other prices are tried; these lie at even distances."""
FIRST_SHARE, LAST_SHARE = 0.3, 0.9
"""Shares of the rows before the first and the last of these."""
EVERY_FUTURE = 20
"""Where something is wrong, so many rows from the first on are all tried, to tell the first bad one."""
EXISTS = "row"


class _Column(NamedTuple):
    values: FloatArray | IntArray
    known_at: IntArray
    """When the value of each row must have been known."""


def row_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Build the rows again with other prices later on; return a finding for each column that changes before.

    Raises `DataError` for too few candles to learn from.
    """
    rule = _Rows(subject, training)
    early = rule.known_too_early()
    if early:
        return early
    bad = rule.changed(zip(rule.futures(), MOVES, strict=True))
    if not bad:
        return rule.not_as_served()
    for name, rows in rule.changed((first, Move.NOISE) for first in rule.first_rows()).items():
        bad[name] = min(rows, bad.get(name, rows))
    return [rule.finding(name, at, *rule.diagnose(name, at)) for name, at in bad.items()]


@dataclass(frozen=True, slots=True)
class _Trial:
    """The rows as they are with other prices from one candle on."""

    known_by: int
    """Close of the candle before it."""
    rows: LearnedRows


class _Rows:
    def __init__(self, subject: Subject, training: TrainingFace) -> None:
        self.subject = subject
        self._training = training
        self._base: LearnedRows = training.build(subject.candles)
        self._columns = self._columns_of(self._base)
        self._places = np.searchsorted(subject.closes, self._base.closed_at)
        self._labels = training.label(subject.candles, subject.table.atr)

    def futures(self) -> list[int]:
        """Return the candles from which on other prices are tried: each follows a row to learn from."""
        last = len(self._places) - 1
        rows = np.linspace(FIRST_SHARE * last, LAST_SHARE * last, len(MOVES)).astype(int)
        after: list[int] = (self._places[rows] + 1).tolist()
        return after

    def first_rows(self) -> range:
        """Return the candles after each of the first rows to learn from."""
        first = self._candle(int(self._base.closed_at[0])) + 1
        return range(first, min(first + EVERY_FUTURE, len(self.subject.candles)))

    def changed(self, futures: Iterable[tuple[int, Move]]) -> dict[str, int]:
        """Return the close of the first bad row of each column that changes before the prices do."""
        bad: dict[str, int] = {}
        for first, move in futures:
            for name, rows in self._changed_by(self._trial(first, move)).items():
                bad[name] = min(int(rows.min()), bad.get(name, int(rows.min())))
        return bad

    def diagnose(self, name: str, at: int) -> tuple[Cause, str]:
        """Say how far beyond what was known then a bad row reads."""
        if name == f"dataset.{EXISTS}":
            return Cause.WHOLE_HISTORY, "is there or not by what comes later"
        known_at = self._columns[name].known_at[np.searchsorted(self._base.closed_at, at)]
        known = self._candle(int(known_at))
        last = len(self.subject.candles)
        days = self.subject.candles.days()
        later = np.flatnonzero(days > days[known])
        beyond = int(np.searchsorted(days, days[later[0]], side="right")) if len(later) else last
        if beyond < last and self._matters(name, at, beyond):
            return Cause.WHOLE_HISTORY, "rests on a statistic of the whole history"
        low, high = 1, beyond - 1 - known
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._matters(name, at, known + middle) else (low, middle - 1)
        bars = "1 bar" if low == 1 else f"{low} bars"
        if self._columns[name].known_at is self._base.closed_at:
            return Cause.LOOKS_AHEAD, f"looks ahead by {bars}"
        return Cause.EARLY_RESOLVED, f"reads {bars} beyond row {known}, in which it is said to be known"

    def known_too_early(self) -> list[Finding]:
        """Find a row that says its label is known before its position ends."""
        resolved_at = self.subject.closes[self._labels.resolved[self._places]]
        early = np.flatnonzero(self._base.resolved_at < resolved_at)
        if not len(early):
            return []
        words = "the dataset says that a label is known before its position ends"
        at = int(self._base.closed_at[early[0]])
        return [self.finding("dataset.resolved_at", at, Cause.EARLY_RESOLVED, words)]

    def not_as_served(self) -> list[Finding]:
        """Find a column that is neither the feature nor the label that was proved by itself."""
        places, table = self._places, self.subject.table
        served = {
            **{f"dataset.{name}": table.values[places, place] for name, place in table.specification.columns.items()},
            "dataset.direction": self._labels.directions[places],
            "dataset.long_net": self._labels.long_net[places],
            "dataset.short_net": self._labels.short_net[places],
        }
        found = []
        for name, column in served.items():
            other = np.flatnonzero(column != self._columns[name].values) if name in self._columns else np.arange(1)
            if len(other):
                words = f"is not what was proved by itself, from this row on in {len(other)} of {len(places)}"
                found.append(self.finding(name, int(self._base.closed_at[other[0]]), Cause.NOT_AS_SERVED, words))
        return found

    def finding(self, column: str, closed_at: int, cause: Cause, detail: str) -> Finding:
        """Return a finding about a row to learn from."""
        row = self._candle(closed_at)
        at = int(self.subject.candles.starts[row])
        return Finding(kind=Kind.ROWS, column=column, row=row, at=at, cause=cause, detail=detail)

    def _trial(self, first: int, move: Move) -> _Trial:
        candles = moved(self.subject.candles, first, len(self.subject.candles), move, first)
        return _Trial(int(self.subject.closes[first - 1]), self._training.build(candles))

    def _changed_by(self, trial: _Trial) -> dict[str, IntArray]:
        """Return the closes of the bad rows of each column."""
        mine, theirs = self._base.closed_at, trial.rows.closed_at
        lost = np.setdiff1d(mine[self._base.resolved_at <= trial.known_by], theirs)
        come = np.setdiff1d(theirs[trial.rows.resolved_at <= trial.known_by], mine)
        gone = np.concatenate([lost, come])
        bad = {f"dataset.{EXISTS}": gone} if len(gone) else {}
        _, own, other = np.intersect1d(mine, theirs, return_indices=True)
        given = self._columns_of(trial.rows)
        for name, column in self._columns.items():
            if name in given:
                wrong = (given[name].values[other] != column.values[own]) & (column.known_at[own] <= trial.known_by)
                if wrong.any():
                    bad[name] = mine[own[wrong]]
        return bad

    def _matters(self, name: str, at: int, first: int) -> bool:
        return any(at in self._differing(name, self._trial(first, move).rows) for move in Move)

    def _differing(self, name: str, rows: LearnedRows) -> set[int]:
        _, own, other = np.intersect1d(self._base.closed_at, rows.closed_at, return_indices=True)
        wrong = self._columns_of(rows)[name].values[other] != self._columns[name].values[own]
        differing: list[int] = self._base.closed_at[own[wrong]].tolist()
        return set(differing)

    def _columns_of(self, rows: LearnedRows) -> dict[str, _Column]:
        names = self.subject.specification.names
        features = {
            f"dataset.{name}": _Column(rows.features[:, place], rows.closed_at)
            for place, name in enumerate(names[: rows.features.shape[1]])
        }
        return {
            **features,
            "dataset.direction": _Column(rows.directions, rows.resolved_at),
            "dataset.long_net": _Column(rows.net[:, 0], rows.resolved_at),
            "dataset.short_net": _Column(rows.net[:, 1], rows.resolved_at),
        }

    def _candle(self, closed_at: int) -> int:
        return int(np.searchsorted(self.subject.closes, closed_at))
