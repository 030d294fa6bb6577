"""How much of the best candidate is luck: the more were tried, the better the best of them looks.

The deflated Sharpe ratio of its daily out-of-fold profit takes the number of candidates into account.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reporting.overfitting import deflated_sharpe, expected_best_sharpe, moments, variance_of_trials
from training.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class Trials:
    """What was tried and what remains. Sharpe ratios are per session, not annualised."""

    number: int
    """Candidates tried: those of this training, those on record, and those said to have been tried before."""
    sharpe: float | None
    """Of the best; None for too few sessions, or none that differs from another."""
    by_luck: float | None
    """What the best of so many candidates without any edge would show."""
    deflated: float | None
    """Chance that the true ratio is above 0; below 0.95 it may be luck. None where it cannot be said."""


def count_trials(
    best: Evaluation,
    evaluations: Sequence[Evaluation],
    earlier: int = 0,
    former: Sequence[float | None] = (),
) -> Trials:
    """Deflate the Sharpe ratio of the best of several evaluations.

    `former` are the ratios of other candidates that were tried on this data before, None for one without any; of
    `earlier` more nothing is known.
    """
    number = len(evaluations) + len(former) + earlier
    series = moments(best.daily.astype(np.float64))
    if series is None:
        return Trials(number, None, None, None)
    known = [each for each in (*map(sharpe_of, evaluations), *former) if each is not None]
    variance = variance_of_trials(known, series.observations)
    by_luck = expected_best_sharpe(number, variance)
    return Trials(number, series.sharpe, by_luck, deflated_sharpe(series, number, variance))


def sharpe_of(evaluation: Evaluation) -> float | None:
    """Return the Sharpe ratio of the daily out-of-fold profit; None where no session differs from another."""
    series = moments(evaluation.daily.astype(np.float64))
    return series.sharpe if series else None
