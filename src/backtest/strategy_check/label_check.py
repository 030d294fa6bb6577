"""Does a label know more than it says? What it rests on must lie at or before the row in which it is said to be known.

Only then can rows be left out whose label was not yet known when the next part of the data begins.
"""

import numpy as np

from backtest.strategy_check.disturbances import Move, moved
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import TrainingFace
from features.batch import compute
from features.columns import CandleColumns, IntArray
from features.labels import Labels
from features.specification import FeatureSpecification

RANGE_ALONE = FeatureSpecification.of(("return_1",))
"""The average true range comes with every set of features; this is the cheapest."""
MOST_ROWS = 600
"""Newest candles that are labelled again and again, and two sessions at least."""
DIAGNOSED = 6
"""Bad rows of which it is asked how far ahead they read."""


def label_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Move the prices after a label is said to be known; return a finding for each column in which it changes."""
    first = _first_of_newest(subject.candles)
    newest = subject.candles.slice(first, len(subject.candles))
    rule = _Labelling(subject.with_candles(newest), training, first)
    found = rule.known_too_early()
    changed = rule.changed()
    for name, rows in changed.items():
        found.append(rule.finding(f"label.{name}", rows[0], *rule.diagnose(name, rows)))
    for name, rows in rule.shortened().items():
        if name not in changed:
            words = "changes with the number of candles, not with their prices"
            found.append(rule.finding(f"label.{name}", rows[0], Cause.LENGTH, words))
    return found


class _Labelling:
    def __init__(self, subject: Subject, training: TrainingFace, left_out: int) -> None:
        self.subject = subject
        self._left_out = left_out
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
        return [self.finding("label.resolved", int(early[0]), Cause.EARLY_RESOLVED, words)]

    def changed(self) -> dict[str, list[int]]:
        """Return the rows of each column that changes with the prices after `resolved`."""
        rows, bad = len(self.subject.candles), dict[str, list[int]]()
        for seed, first in enumerate(self._futures()):
            for move in Move:
                self._note(bad, first, self._relabelled(first, rows, move, seed))
        return bad

    def shortened(self) -> dict[str, list[int]]:
        """Return the rows of each column that changes when the sessions after `resolved` are not there."""
        bad: dict[str, list[int]] = {}
        opens = (np.flatnonzero(np.diff(self.subject.candles.days())) + 1).tolist()
        for first in opens[1:]:  # with one candle more, so that the session before it is seen to be over
            part = self.subject.candles.slice(0, first + 1)
            self._note(bad, first, _columns_of(self._label(part, self.subject.table.atr[: first + 1])))
        return bad

    def diagnose(self, column: str, rows: list[int]) -> tuple[Cause, str]:
        """Say how far beyond its end a label reads, from some of its bad rows."""
        early = [row for row in rows if self._horizon(row) < len(self.subject.candles)] or rows
        some = {early[place] for place in np.linspace(0, len(early) - 1, DIAGNOSED).astype(int)}
        if any(self._matters(column, row, self._horizon(row)) for row in sorted(some)):
            return Cause.WHOLE_HISTORY, "rests on a statistic of the whole history"
        row, end = rows[0], int(self._base.resolved[rows[0]])
        low, high = 1, self._horizon(row) - 1 - end
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._matters(column, row, end + middle) else (low, middle - 1)
        where = f"row {self._left_out + end}, in which it is said to be known"
        return Cause.EARLY_RESOLVED, f"reads {low} {'bar' if low == 1 else 'bars'} beyond {where}"

    def _horizon(self, row: int) -> int:
        """Return the row after the session that follows the one in which a label is known."""
        days, end = self.subject.candles.days(), int(self._base.resolved[row])
        later = days[days > days[end]]
        return int(np.searchsorted(days, later[0], side="right")) if len(later) else len(days)

    def _futures(self) -> list[int]:
        """Return the rows from which on other prices are tried: each of the first after a label's end, then some."""
        if not len(self._known):
            return []
        rows, effort = len(self.subject.candles), self.subject.effort
        first = int(self._base.resolved[self._known].min()) + 1
        spread = np.linspace(first, rows - 1, min(effort.label_futures, rows - first)).astype(int).tolist()
        opens = (np.flatnonzero(np.diff(self.subject.candles.days())) + 1).tolist()
        nights = [each for each in opens if each >= first]  # a label that reaches over one shows nowhere else
        return sorted({*range(first, min(first + effort.every_label, rows)), *nights, *spread})

    def finding(self, column: str, row: int, cause: Cause, detail: str) -> Finding:
        """Return a finding about the label of a row."""
        at = int(self.subject.candles.starts[row])
        place = self._left_out + row
        return Finding(kind=Kind.LABELS, column=column, row=place, at=at, cause=cause, detail=detail)

    def _matters(self, column: str, row: int, first: int) -> bool:
        rows = len(self.subject.candles)
        return any(self._relabelled(first, rows, move, row)[column][row] != self._columns[column][row] for move in Move)

    def _relabelled(self, first: int, last: int, move: Move, seed: int) -> dict[str, IntArray]:
        candles = moved(self.subject.candles, first, last, move, seed)
        reach = self.subject.table.atr.copy()
        reach[first:] = compute(RANGE_ALONE, candles).atr[first:]
        return _columns_of(self._label(candles, reach))

    def _note(self, bad: dict[str, list[int]], first: int, given: dict[str, IntArray]) -> None:
        """Keep the bad rows of each column among the labels that were known before row `first`."""
        over = self._known[self._base.resolved[self._known] < first]
        for name, column in given.items():
            wrong = over[column[over] != self._columns[name][over]]
            if len(wrong):
                bad[name] = sorted({*bad.get(name, []), *wrong.tolist()})


def _columns_of(labels: Labels) -> dict[str, IntArray]:
    return {
        "direction": labels.directions,
        "long_net": labels.long_net,
        "short_net": labels.short_net,
        "long_resolved": labels.long_resolved,
        "short_resolved": labels.short_resolved,
    }


def _first_of_newest(candles: CandleColumns) -> int:
    """Return where the newest sessions begin that are looked at, whole."""
    rows = len(candles)
    opens: list[int] = (np.flatnonzero(np.diff(candles.days())) + 1).tolist()
    few = next((each for each in opens if rows - each <= MOST_ROWS), 0)
    return min(few, opens[-3]) if len(opens) >= 3 else 0
