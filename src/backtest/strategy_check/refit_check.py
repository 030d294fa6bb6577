"""Is everything refitted on the rows to fit alone? Change the rows to validate: nothing that was fitted may notice.

Scaler, encoder, model, calibration and threshold are compared to the last bit, in the order in which one feeds the
next, so that the first that differs is the one to mend. Then the rows to validate are asked for in two halves: an
answer must not depend on who is asked along with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.fold_check import begins
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import Learned, LearnedRows, Part, TrainingFace
from core.instants import DAY
from features.columns import FloatArray, IntArray

ASKED = 200
"""Rows, at even distances, whose answers stand for a model and its calibration."""
SAME_ANSWER = 1e-9
"""Probabilities closer than this are equal: a sum may be taken in another order."""


def refit_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Fit again with other rows to validate; return a finding for the first stage of each part that changes."""
    rows: LearnedRows = training.build(subject.candles)
    folds = training.walk(rows)
    found = []
    for place, learned in enumerate(training.learn(rows, folds)):
        rule = _Refit(subject, training, rows, folds, place, learned)
        finding = rule.changed() or rule.asked_together()
        if finding is not None:
            found.append(finding)
    return found


@dataclass(frozen=True, slots=True)
class _Refit:
    """One part, and what was learned for it."""

    subject: Subject
    training: TrainingFace
    rows: LearnedRows
    folds: Any
    place: int
    learned: Learned

    @property
    def fold(self) -> Part:
        """The part itself."""
        fold: Part = self.folds[self.place]
        return fold

    def changed(self) -> Finding | None:
        """Return the first stage that knows what was not known when the rows to validate began."""
        first = begins(self.rows, self.fold)
        unknown = np.flatnonzero((self.rows.closed_at >= first) | (self.rows.resolved_at >= first))
        stage = self._differing(unknown, first)
        if stage is None:
            return None
        low, high = 1, len(unknown)
        while low < high:  # the fewest rows, oldest first, that make a difference; the last of them does
            middle = (low + high) // 2
            low, high = (low, middle) if self._differing(unknown[:middle], first) else (middle + 1, high)
        row = int(unknown[low - 1])
        if self.rows.closed_at[row] < first:
            words = f"fold {self.place + 1}: knows labels that end after the rows to validate begin"
            return self._finding(stage, row, Cause.NOT_PURGED, words)
        words = f"fold {self.place + 1}: fitted again with other rows to validate, it comes out otherwise"
        return self._finding(stage, row, Cause.FITTED_ON_TEST, words)

    def asked_together(self) -> Finding | None:
        """Return whether answers to some rows to validate change when the others are not asked."""
        asked = self.rows.features[self.fold.test]
        half = max(1, len(asked) // 2)
        whole = self.learned.probabilities(asked)[:half]
        other = np.abs(whole - self.learned.probabilities(asked[:half])).max(axis=1) > SAME_ANSWER
        if not other.any():
            return None
        words = f"fold {self.place + 1}: answers change with the rows that are asked along with them"
        return self._finding("model", int(self.fold.test[np.argmax(other)]), Cause.ASKED_TOGETHER, words)

    def _differing(self, changed: IntArray, first: int) -> str | None:
        """Return the first stage that comes out otherwise when these rows are others."""
        folds = self.folds[: max(2, self.place + 1)]  # the first is followed by one more: some learn only from two on
        other = self.training.learn(_with_others(self.rows, changed, first), folds)[self.place]
        stages = zip(self._stages(self.learned), self._stages(other), strict=True)
        return next((name for (name, mine), (_, theirs) in stages if mine.tobytes() != theirs.tobytes()), None)

    def _stages(self, learned: Learned) -> Iterator[tuple[str, FloatArray]]:
        names = self.subject.specification.names
        for place, column in enumerate(np.atleast_2d(learned.scaler).T):
            yield f"scaler.{names[place] if place < len(names) else place}", np.ascontiguousarray(column)
        yield "encoder", np.ascontiguousarray(learned.encoder)
        some = self.rows.features[np.linspace(0, len(self.rows.closed_at) - 1, ASKED).astype(int)]
        yield "model", np.ascontiguousarray(learned.own(some))
        yield "calibration", np.ascontiguousarray(learned.probabilities(some))
        yield "threshold", np.array([learned.threshold])

    def _finding(self, column: str, row: int, cause: Cause, detail: str) -> Finding:
        place = int(np.searchsorted(self.subject.closes, self.rows.closed_at[row]))
        at = int(self.subject.candles.starts[place])
        return Finding(kind=Kind.REFIT, column=column, row=place, at=at, cause=cause, detail=detail)


def _with_others(rows: Any, changed: IntArray, first: int) -> Any:
    """Return the rows with other features where those, and other labels and money where these, were not known yet."""
    is_changed = np.zeros(len(rows.closed_at), dtype=np.bool_)
    is_changed[changed] = True
    later, unknown = is_changed & (rows.closed_at >= first), is_changed & (rows.resolved_at >= first)
    return replace(
        rows,
        features=np.where(later[:, None], 5 * rows.features + 3, rows.features),
        directions=np.where(unknown, (rows.directions + 1) % 3, rows.directions),
        net=np.where(unknown[:, None], -7 * rows.net, rows.net),
        resolved_at=np.where(unknown, rows.resolved_at + DAY, rows.resolved_at),
        free_at=np.where(unknown[:, None], rows.free_at + DAY, rows.free_at),
    )
