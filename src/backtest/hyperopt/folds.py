"""How history is cut for a walk-forward: choose on a stretch, trade the next, step on.

Between the two lies a gap. Its first part is purged: a trade opened in the last sessions of the training may end in
the test, so that its outcome would be known too early (Lopez de Prado, "Advances in Financial Machine Learning",
2018, chapter 7). Its second part, the embargo, keeps effects that outlast a trade out of the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from backtest.candle_sources import Range
from core.errors import ConfigurationError


class Scheme(Enum):
    """What the training of a later fold begins with."""

    ANCHORED = "anchored"
    """With the first session of all, so that it grows."""
    ROLLING = "rolling"
    """With a later one, so that it keeps its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The lengths, in sessions."""

    scheme: Scheme
    training: int
    """Of the first fold, and with `ROLLING` of all."""
    test: int
    purge: int
    embargo: int

    @property
    def gap(self) -> int:
        """Sessions between training and test."""
        return self.purge + self.embargo


@dataclass(frozen=True, slots=True)
class Fold:
    """One step."""

    number: int
    """From 1."""
    training: Range
    test: Range


def folds_of(sessions: Sequence[date], windows: Windows) -> list[Fold]:
    """Return the folds, whose tests follow each other without a hole; the last may be shorter.

    Raises `ConfigurationError` for lengths below 1 and for too few sessions.
    """
    if min(windows.training, windows.test) < 1 or min(windows.purge, windows.embargo) < 0:
        raise ConfigurationError(
            f"--train {windows.training}, --test {windows.test}, --purge {windows.purge}, --embargo {windows.embargo}: "
            "give at least one session to train and to test, and no negative gap"
        )
    first_test = windows.training + windows.gap
    if first_test >= len(sessions):
        raise ConfigurationError(
            f"--train {windows.training} and a gap of {windows.gap} leave none of {len(sessions)} sessions to test; "
            "give shorter ones, or more history"
        )
    folds = []
    for number, begins in enumerate(range(first_test, len(sessions), windows.test), start=1):
        ends = begins - windows.gap
        opens = ends - windows.training if windows.scheme is Scheme.ROLLING else 0
        last = min(begins + windows.test, len(sessions)) - 1
        training = Range(first=sessions[opens], last=sessions[ends - 1])
        folds.append(Fold(number, training, Range(first=sessions[begins], last=sessions[last])))
    return folds
