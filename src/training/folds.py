"""Which rows are fitted and which are judged: those come always later, and no fitted row has a label not known yet.

A label reaches into the future, so a row before the cut may know what happens after it. Such rows are purged, and an
embargo widens the gap (López de Prado, Advances in Financial Machine Learning, 2018, section 7.4). Cuts lie between
sessions, which all symbols share: no position and no day's profit belongs to two folds.
"""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np

from core.errors import ConfigurationError, DataError
from core.instants import DAY, Instant, ist_text
from features.columns import BoolArray, IntArray, ist_days


class Scheme(Enum):
    """What the training part of a later fold begins with."""

    ANCHORED = "anchored"
    """The first session of all: it grows from fold to fold."""
    ROLLING = "rolling"
    """So many sessions before the test as the first fold was taught by: it stays as long, and moves."""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Places of rows, rising: those to fit on and those to judge by."""

    train: IntArray
    test: IntArray
    begins: Instant
    """When the first row of the test became known."""
    known_by: Instant
    """The labels of all that is learned from were known before: the beginning less the embargo."""

    def knows(self, resolved_at: IntArray) -> BoolArray:
        """Whether labels were known early enough to learn anything from them for this test."""
        known: BoolArray = resolved_at < self.known_by
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """How a history is walked: the first part only teaches, the rest is cut into tests of as many sessions each."""

    folds: int = 5
    """At least two: the first calibrates the second."""
    first_share: float = 0.3
    """Share of the sessions before the first test."""
    scheme: Scheme = Scheme.ANCHORED
    embargo: int = 0
    """Nanoseconds before a test in which no label may become known that teaches for it."""

    def __post_init__(self) -> None:
        """Refuse what cannot be walked. Raises `ConfigurationError`."""
        if self.folds < 2:
            raise ConfigurationError(f"{self.folds} folds: give at least 2, the first calibrates the second")
        if not 0 < self.first_share < 1:
            raise ConfigurationError(f"first share {self.first_share}: must lie between 0 and 1, 0.3 is usual")
        if self.embargo < 0:
            raise ConfigurationError(f"embargo of {self.embargo} ns: must not be negative")

    @property
    def words(self) -> str:
        """How it is walked, in one line: other words for another walk."""
        embargo = f", embargo of {self.embargo / DAY:g} days" if self.embargo else ""
        return f"{self.folds}, {self.scheme.value}, after {self.first_share * 100:g}% of the sessions{embargo}"

    def split(self, closed_at: IntArray, resolved_at: IntArray) -> tuple[Fold, ...]:
        """Cut rows, in any order and of any symbols, by when each became known and when its label did (nanoseconds).

        Each row from the first test's beginning on is in exactly one test. Raises `DataError` for too few sessions,
        and for a fold that nothing is left to teach.
        """
        days = ist_days(closed_at)
        sessions = np.unique(days)
        first = max(1, int(len(sessions) * self.first_share))
        if len(sessions) < first + self.folds:
            raise DataError(
                f"{len(sessions)} sessions, {first} of them before the first of {self.folds} tests: give at least one "
                "session for each, by more candles or fewer folds"
            )
        cuts = np.linspace(first, len(sessions), self.folds + 1).astype(np.int64).tolist()
        folds = []
        for begin, end in pairwise(cuts):
            oldest = begin - first if self.scheme is Scheme.ROLLING else 0
            is_test = (days >= sessions[begin]) & (days <= sessions[end - 1])
            begins = int(closed_at[is_test].min())
            is_train = (days >= sessions[oldest]) & (closed_at < begins) & (resolved_at < begins - self.embargo)
            if not is_train.any():
                raise DataError(f"the test from {ist_text(begins)} on leaves no row to fit: give more candles")
            folds.append(Fold(np.flatnonzero(is_train), np.flatnonzero(is_test), begins, begins - self.embargo))
        return tuple(folds)
