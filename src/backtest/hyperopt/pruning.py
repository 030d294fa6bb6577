"""Stops a trial that falls behind the others, by the rule of Optuna's `MedianPruner`, part by part of the sessions.

What a trial has to reach is known before its batch begins and follows from the batches before. So the same trials
are stopped however many work on a batch, and again in a search that goes on after a kill. A worker needs no Optuna.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import NamedTuple

from backtest.hyperopt.figures import Figures, Objective
from backtest.hyperopt.trial import State, Trial

PARTS = 4
"""Pieces of the sessions, of one length; a trial may be stopped after each but the last."""
STARTUP = 20
"""Trials that ran to their end before one may be stopped."""


class Tried(NamedTuple):
    """What came of trying a combination."""

    figures: Figures | None
    """Of all sessions, or of those up to where it was stopped; None where the strategy refuses it."""
    told: tuple[float | None, ...] = ()
    """What it was worth after each part; None where that could not be said."""
    is_pruned: bool = False


@dataclass(frozen=True, slots=True)
class Hurdles:
    """What the trials of a batch must be worth after each part but the last."""

    objective: Objective
    least: tuple[float, ...]

    def stop(self, part: int, worth: float | None) -> bool:
        """Whether a trial ends after a part, from 0; one that cannot be judged yet, as without a trade, goes on."""
        return worth is not None and worth < self.least[part]

    def sessions(self, total: int) -> Iterator[int]:
        """Yield how many of the sessions lie before the end of each part but the last."""
        parts = len(self.least) + 1
        return (total * part // parts for part in range(1, parts))


@dataclass(frozen=True, slots=True)
class MedianPruner:
    """Asks of each trial what half of those that ran to their end were worth at the same place."""

    objective: Objective
    startup: int = STARTUP

    def hurdles(self, trials: Sequence[Trial]) -> Hurdles:
        """Return what the next batch must reach after these trials."""
        whole = [trial.told for trial in trials if trial.state is State.RAN]
        if len(whole) < self.startup:
            return Hurdles(self.objective, (-inf,) * (PARTS - 1))
        return Hurdles(self.objective, tuple(map(_median, zip(*whole, strict=True))))


def _median(told: Sequence[float | None]) -> float:
    known = [worth for worth in told if worth is not None]
    return median(known) if known else -inf
