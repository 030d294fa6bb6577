"""What the best of many trials is still worth: the more are tried, the better the best is by luck alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from backtest.hyperopt.trial import State, Trial
from reporting.metrics import SESSIONS_A_YEAR
from reporting.overfitting import (
    deflated_sharpe,
    expected_best_sharpe,
    moments,
    probability_of_overfitting,
    variance_of_trials,
)

_MOST_BLOCKS = 16
"""As in the paper on the probability of overfitting: 12,870 ways to halve them."""
_FEWEST_BLOCKS = 4
"""With fewer there are too few ways to halve them for a probability."""
_SESSIONS_A_BLOCK = 5
"""Fewest sessions in each of the blocks that choose and judge: a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """How far the best trial may be luck; None where too little ran to say."""

    trials: int
    """How many ran, whether or not to their end and whether or not they kept the conditions: each was a try."""
    expected_best: float | None
    """Annualised Sharpe ratio that the best of so many would have if none was worth anything."""
    deflated_sharpe: float | None
    """Chance that the best one's true Sharpe ratio is above 0, given how many were tried."""
    overfitting: float | None
    """PBO: how often the best of one half of the sessions was no better than the median in the other half."""


def luck_of(best: Trial, trials: Sequence[Trial]) -> Luck:
    """Judge the best of some trials. All formulas: `reporting.overfitting`.

    One that was stopped early counts with the sessions it had; the probability of overfitting, which compares halves
    of all sessions, is of those that ran to their end.
    """
    tried = [(trial.state, trial.figures.returns) for trial in trials if trial.figures is not None]
    returns = [each for _, each in tried]
    known = [each for each in map(moments, returns) if each is not None]
    own = moments(best.figures.returns) if best.figures is not None else None
    overfitting = _overfitting([each for state, each in tried if state is State.RAN])
    if own is None:
        return Luck(trials=len(returns), expected_best=None, deflated_sharpe=None, overfitting=overfitting)
    variance = variance_of_trials([each.sharpe for each in known], own.observations)
    return Luck(
        trials=len(returns),
        expected_best=expected_best_sharpe(len(returns), variance) * sqrt(SESSIONS_A_YEAR),
        deflated_sharpe=deflated_sharpe(own, len(returns), variance),
        overfitting=overfitting,
    )


def _overfitting(returns: Sequence[np.ndarray]) -> float | None:
    sessions = len(returns[0]) if returns else 0
    blocks = min(_MOST_BLOCKS, sessions // _SESSIONS_A_BLOCK // 2 * 2)
    if len(returns) < 2 or blocks < _FEWEST_BLOCKS:
        return None
    return probability_of_overfitting(np.column_stack(returns), blocks).probability
