"""Do rows to fit on know the rows to validate on? A label that is resolved after those begin has seen them."""

import numpy as np

from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import LearnedRows, Part, TrainingFace
from features.columns import BoolArray


def begins(rows: LearnedRows, fold: Part) -> int:
    """Return when the first row to validate became known."""
    return int(rows.closed_at[fold.test].min())


def fold_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Return a finding for each part whose rows to fit reach the first row to validate, by themselves or by a label."""
    rows: LearnedRows = training.build(subject.candles)
    found = []
    for number, fold in enumerate(training.walk(rows), start=1):
        first = begins(rows, fold)
        taught = rows.closed_at[fold.train] >= first
        crossing = rows.resolved_at[fold.train] >= first
        if taught.any():
            words = f"{taught.sum()} rows to fit are known no earlier than the first row to validate"
            found.append(_finding(subject, rows, fold, taught, number, Cause.TAUGHT_BY_TEST, words))
        elif crossing.any():
            words = f"{crossing.sum()} rows to fit have labels that end after the rows to validate begin"
            found.append(_finding(subject, rows, fold, crossing, number, Cause.NOT_PURGED, words))
    return found


def _finding(
    subject: Subject, rows: LearnedRows, fold: Part, wrong: BoolArray, number: int, cause: Cause, detail: str
) -> Finding:
    closed_at = int(rows.closed_at[fold.train[wrong]].min())
    row = int(np.searchsorted(subject.closes, closed_at))
    at = int(subject.candles.starts[row])
    return Finding(kind=Kind.SPLIT, column=f"fold_{number}.train", row=row, at=at, cause=cause, detail=detail)
