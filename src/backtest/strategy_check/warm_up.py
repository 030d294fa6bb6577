"""How many candles before a decision are enough for it to be the one that a longer history would have given?

Live trading starts from a few hundred candles, a backtest from years. Averages that never quite forget (exponential,
Wilder's) come closer with each candle; sums from the beginning of the history never agree.
"""

from dataclasses import dataclass

import numpy as np

from backtest.strategy_check.faces import asked
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from features.batch import FeatureTable, compute
from features.columns import FloatArray

TOLERANCE = 1e-4
"""A feature agrees if it is no farther off than this share of its own standard deviation."""
SAMPLES = 24
"""Decisions that are looked at."""
SESSIONS = 3
"""Besides, the first and last decisions of so many sessions: they look back farthest to a session's open."""
GROWTH = 1.15
"""Each length tried is so many times the one before."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How many candles are enough."""

    smallest_safe: int | None
    """From this many candles on, all features and decisions looked at agree; None if they never do."""
    stated: int
    """What the features and the strategy say they need for a first decision."""
    longest_tried: int
    samples: int


def warm_up(subject: Subject) -> tuple[WarmUp, list[Finding]]:
    """Find the smallest safe warm-up by shortening the history before decisions near its end."""
    stated = subject.specification.warm_up(subject.timeframe) + subject.make().needs.warm_up + 1
    rule = _Shortened(subject)
    longest = rule.longest
    apart = rule.disagreement(longest)
    if apart is not None:
        result = WarmUp(None, stated, longest, len(rule.rows))
        words = f"is not the same after {longest} candles as after more: its memory has no end"
        return result, [_finding(subject, apart, Cause.UNBOUNDED_MEMORY, words)]
    low, high = _bracket(rule, min(2, longest), longest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rule.disagreement(middle) is None else (middle, high)
    result = WarmUp(high, stated, longest, len(rule.rows))
    given = subject.history_candles
    if high <= given:
        return result, []
    late = rule.disagreement(given)
    words = f"live trading starts from {given} candles, and needs {high} for the same answers"
    return result, [_finding(subject, late, Cause.SHORT_HISTORY, words)] if late is not None else []


def _bracket(rule: "_Shortened", least: int, longest: int) -> tuple[int, int]:
    """Return a length at which something disagrees and a longer one from which on nothing does, as far as tried."""
    length, safe = longest, longest
    while length > least:
        length = max(least, int(length / GROWTH))
        if rule.disagreement(length) is not None:
            return length, safe
        safe = length
    return least - 1, safe


class _Shortened:
    """Decisions near the end of the history, made again with fewer candles before them."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        rows = len(subject.candles)
        self.longest = max(rows // 2, min(rows, 2))
        late = [row for row in subject.asked if row >= self.longest]
        places = np.linspace(0, len(late) - 1, min(SAMPLES, len(late))).astype(int)
        days = subject.candles.days()
        opens = [row for row in late if days[row - 1] != days[row]][-SESSIONS:]
        ends = [row - 1 for row in opens if row > late[0]]
        self.rows = sorted({*(late[place] for place in places), *opens, *ends})
        table = subject.table
        self._scale = np.array([np.std(column[table.valid]) for column in table.values.T])
        self._answers = {row: self._decision(table, subject, row) for row in self.rows}

    def disagreement(self, length: int) -> tuple[str, int] | None:
        """Return the first column, and its row, that so many candles leave different; None if all agree."""
        for row in self.rows:
            candles = self.subject.candles.slice(row + 1 - length, row + 1)
            part = self.subject.with_candles(candles)
            table = compute(self.subject.specification, candles)
            column = self._feature_apart(table.values[-1], self.subject.table.values[row])
            if column is not None:
                return column, row
            if not table.valid[-2:].all() or length < 2:
                return "row", row
            if self._decision(table, part, length - 1) != self._answers[row]:
                return "on_data.direction", row
        return None

    def _feature_apart(self, short: FloatArray, full: FloatArray) -> str | None:
        apart = ~(np.abs(short - full) <= TOLERANCE * self._scale)
        return self.subject.specification.names[int(np.argmax(apart))] if apart.any() else None

    def _decision(self, table: FeatureTable, subject: Subject, row: int) -> float:
        read = lambda place: subject.row_of(table, subject.candles, place)  # noqa: E731
        return float(asked(self.subject.make(), read, [row], len(subject.candles))["on_data.direction"][row])


def _finding(subject: Subject, apart: tuple[str, int], cause: Cause, words: str) -> Finding:
    column, row = apart
    at = int(subject.candles.starts[row])
    return Finding(kind=Kind.WARM_UP, column=column, row=row, at=at, cause=cause, detail=words)
