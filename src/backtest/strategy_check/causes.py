"""Why does an answer change with later candles? Found by moving one stretch of the future after the other.

The farthest later row that still matters to a bad row is its reach. Reaches of one length are a shift; reaches that
end where sessions, longer candles, weeks or months end give those away; a reach without end is a statistic of the whole
history.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from backtest.strategy_check.disturbances import Move, moved
from backtest.strategy_check.faces import Face, all_answers, answers_if_any, disturbed, same
from backtest.strategy_check.finding import Cause
from backtest.strategy_check.subject import Subject
from core.instants import minute_of_day
from core.market import Timeframe

TRIED_ROWS = 5
"""Bad rows whose reach is measured, and as many with a rare answer."""
DAILY_HORIZON = 60
"""Rows beyond which a reach on daily candles has no end."""
LONGER_MINUTES = (2, 3, 5, 10, 15, 20, 25, 30, 45, 60, 75, 90, 120, 125, 180, 240)
MOSTLY = 0.7
OFTEN = 0.3
EPOCH_WEEKDAY = 3
"""1970-01-01, the day 0, was a Thursday: the fourth day of its week."""
OPEN_MINUTE = 555
"""09:15, from which NSE counts longer candles; charting libraries count from midnight."""


@dataclass(frozen=True, slots=True)
class _Reach:
    row: int
    ahead: int
    """Rows after it that matter; 0 for none that was found."""
    has_end: bool
    only_newest: bool = False


def diagnose(face: Face, column: str, bad_rows: list[int]) -> tuple[Cause, str]:
    """Return the likely cause of a column's bad rows, and it in words."""
    rule = _Rule(face, column)
    reaches = [each for each in map(rule.reach, rule.tried(bad_rows)) if each.ahead]
    if not reaches:
        return Cause.LENGTH, "changes with the number of candles, not with their prices"
    endless = [each for each in reaches if not each.has_end]
    if endless:
        if all(each.only_newest for each in endless):
            return Cause.NEWEST_ROW, "reads the newest row of the history, which live is the forming candle"
        period = _calendar_period(rule, [each.row for each in endless])
        if period:
            return Cause.LONGER_CANDLE, f"knows the end of its {period} before that is over"
        return Cause.WHOLE_HISTORY, "rests on a statistic of the whole history"
    ended = [each for each in reaches if each.has_end]
    ahead, times = Counter(each.ahead for each in ended).most_common(1)[0]
    if times >= MOSTLY * len(reaches):
        return _shift(rule, ahead, [each.row for each in ended if each.ahead == ahead])
    return _boundary(rule.subject, ended)


class _Rule:
    """What later rows do to one column."""

    def __init__(self, face: Face, column: str) -> None:
        self.face = face
        self.subject = face.subject
        self.column = column
        self._full = all_answers(face)[column]
        self._rows = len(self.subject.candles)

    def tried(self, bad_rows: list[int]) -> list[int]:
        """Return some of the bad rows, and some with the rarer answer: an extreme is known by its own row."""
        values, counts = np.unique(self._full[self.subject.asked], return_counts=True)
        rare = np.flatnonzero(self._full == values[np.argmin(counts)]) if len(values) > 1 else np.array([], dtype=int)
        asked = set(self.subject.asked)
        return sorted({*self._some(bad_rows), *self._some([row for row in rare.tolist() if row in asked])})

    def _some(self, rows: list[int]) -> list[int]:
        """Return a few rows, such with a long future if there are, at distances that follow no pattern."""
        ends = {row: row + self._horizon(row) + 1 for row in rows}
        half = self._rows // 2
        later = [row for row in rows if ends[row] <= half] or [row for row in rows if ends[row] < self._rows] or rows
        if not later:
            return []
        chance = np.random.default_rng(len(later))
        chosen: list[int] = chance.choice(later, size=min(TRIED_ROWS, len(later)), replace=False).tolist()
        return chosen

    def reach(self, row: int) -> _Reach:
        """Measure how far ahead of a row there is something that matters to it."""
        horizon, rows = self._horizon(row), self._rows
        if self._matters(row, row + horizon + 1, rows):
            only_newest = self._matters(row, rows - 1, rows) and not self._matters(row, row + 1, rows - 1)
            return _Reach(row, horizon, has_end=False, only_newest=only_newest)
        ahead = self._farthest(lambda far: self._matters(row, row + far, min(row + horizon + 1, rows)), horizon)
        return _Reach(row, ahead, has_end=True)

    def knows_later_than(self, row: int, end: int) -> bool:
        """Whether anything behind the row `end` matters to a row."""
        return self._matters(row, end + 1, self._rows)

    def behind(self, row: int, most: int) -> int:
        """Measure how far back there is something that matters to a row, up to `most` rows."""
        return self._farthest(lambda far: self._matters(row, 0, row - far + 1), min(most, row))

    def _farthest(self, matters: Callable[[int], bool], most: int) -> int:
        """Return the greatest distance from which on something matters; 0 for none."""
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if matters(middle) else (low, middle - 1)
        return low

    def _matters(self, row: int, first: int, last: int) -> bool:
        """Whether other prices of some rows change the answer about a row."""
        if first >= last:
            return False
        known = row + 1 if first > row else 0
        for move in Move:
            candles = moved(self.subject.candles, first, last, move, seed=row)
            answers = answers_if_any(partial(disturbed, self.face, self.subject.table, candles, known, [row]))
            at = slice(row, row + 1)
            if answers is not None and not same(self._full[at], answers[self.column][at], self.column).all():
                return True
        return False

    def _horizon(self, row: int) -> int:
        """Return the distance to the end of the session after the row's own."""
        if self.subject.timeframe is Timeframe.D:
            return DAILY_HORIZON
        days = self.subject.candles.days()
        later = np.flatnonzero(days > days[row])
        if not len(later):
            return self._rows - 1 - row
        return int(np.searchsorted(days, days[later[0]], side="right")) - 1 - row


def _calendar_period(rule: _Rule, rows: list[int]) -> str:
    """Return the period of the calendar behind whose end nothing matters to any of the rows; empty for none."""
    days = rule.subject.candles.days()
    dates = days.astype("datetime64[D]")
    periods = {"week": (days + EPOCH_WEEKDAY) // 7, "month": dates.astype("datetime64[M]").astype(np.int64)}
    for name, numbers in periods.items():
        ends = {row: int(np.searchsorted(numbers, numbers[row], side="right")) - 1 for row in rows}
        judging = [row for row in rows if ends[row] < len(days) - 1]  # behind the last period there is nothing to move
        if judging and not any(rule.knows_later_than(row, ends[row]) for row in judging):
            return name
    return ""


def _shift(rule: _Rule, ahead: int, rows: list[int]) -> tuple[Cause, str]:
    """A window that reaches as far back as ahead is a centred one."""
    behind = max(rule.behind(row, 2 * ahead + 1) for row in rows[:3])
    if behind == ahead:
        return Cause.CENTRED_WINDOW, f"a centred window of {2 * ahead + 1} bars: looks ahead by {_bars(ahead)}"
    return Cause.LOOKS_AHEAD, f"looks ahead by {_bars(ahead)}"


def _boundary(subject: Subject, reaches: list[_Reach]) -> tuple[Cause, str]:
    """Reaches of different lengths: do they end where something else does?"""
    days = subject.candles.days()
    ends = {each.row: int(np.searchsorted(days, days[each.row], side="right")) - 1 for each in reaches}
    targets = {each.row: each.row + each.ahead for each in reaches}
    if all(targets[row] == ends[row] for row in targets):
        return Cause.REST_OF_SESSION, "knows the rest of its session: the day's high, low or close"
    minutes = _longer_candle(subject, targets, ends)
    if minutes:
        return Cause.LONGER_CANDLE, f"knows the end of its {minutes}-minute candle before that has closed"
    at_ends = sum(targets[row] == ends[row] for row in targets)
    if all(targets[row] <= ends[row] for row in targets) and at_ends >= OFTEN * len(targets):
        return Cause.REST_OF_SESSION, "knows the rest of its session: where its high or low will be"
    most = max(each.ahead for each in reaches)
    return Cause.LATER_VALUE, f"takes a value from a later row, up to {_bars(most)} ahead, as filling backwards does"


def _longer_candle(subject: Subject, targets: dict[int, int], ends: dict[int, int]) -> int:
    """Return the length of the candles at whose ends, or a session's, all targets lie; 0 for none."""
    starts, own = subject.candles.starts.tolist(), subject.timeframe.minutes
    for minutes in (each for each in LONGER_MINUTES if each > own and each % own == 0):
        for origin in (OPEN_MINUTE, 0):
            blocks = {row: (minute_of_day(starts[row]) - origin) // minutes for row in (*targets, *targets.values())}
            if any(blocks[row] != blocks[target] or target > ends[row] for row, target in targets.items()):
                continue
            closing = [(minute_of_day(starts[each]) + own - origin) % minutes == 0 for each in targets.values()]
            if sum(closing) >= OFTEN * len(closing):
                return minutes
    return 0


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
