"""Whether a Sharpe ratio is still worth something after so many were tried: three measures by Bailey and others.

All Sharpe ratios here are per observation (a day, say), not annualised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, e, sqrt
from statistics import NormalDist

import numpy as np

from features.columns import BoolArray, FloatArray
from reporting.metrics import ratio

_EULER = 0.5772156649015329
_NORMAL = NormalDist()
_CELLS_AT_ONCE = 4_000_000
"""Combinations times candidates held in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What the formulas need of a series of returns."""

    observations: int
    sharpe: float
    """Mean over sample deviation, per observation."""
    skewness: float = 0.0
    kurtosis: float = 3.0
    """3 for normal returns."""


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """What combinatorially symmetric cross-validation found."""

    probability: float
    """PBO: how often the best in sample was no better than the median out of sample."""
    chance_of_loss: float
    """How often the best in sample lost out of sample."""
    logits: FloatArray
    """Of the relative rank out of sample, one for each combination; 0 is the median."""


def moments(returns: FloatArray) -> Moments | None:
    """Return the moments of a series; None for fewer than three returns or none that differ."""
    if len(returns) < 3:
        return None
    centred = returns - returns.mean()
    deviation = sqrt(float((centred**2).mean()))
    sharpe = ratio(float(returns.mean()), float(returns.std(ddof=1)))
    if sharpe is None:
        return None
    return Moments(
        observations=len(returns),
        sharpe=sharpe,
        skewness=float((centred**3).mean()) / deviation**3,
        kurtosis=float((centred**4).mean()) / deviation**4,
    )


def probabilistic_sharpe(series: Moments, benchmark: float = 0.0) -> float | None:
    """Return the chance that the true Sharpe ratio is above a benchmark, given length, skewness and fat tails.

    Source: Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012), equation 9.
    None where the moments contradict each other.
    """
    sharpe = series.sharpe
    variance = 1.0 - series.skewness * sharpe + (series.kurtosis - 1.0) / 4.0 * sharpe**2
    if variance <= 0 or series.observations < 2:
        return None
    return _NORMAL.cdf((sharpe - benchmark) * sqrt(series.observations - 1) / sqrt(variance))


def expected_best_sharpe(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of so many trials has by luck alone; `variance` is that of the trials'.

    Source: Bailey and Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014). Raises
    `ValueError` for fewer than one trial or a negative variance.
    """
    if trials < 1 or variance < 0:
        raise ValueError(f"{trials} trials with variance {variance}: give at least one trial and no negative variance")
    if trials == 1:
        return 0.0
    quantiles = (1.0 - _EULER) * _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    quantiles += _EULER * _NORMAL.inv_cdf(1.0 - 1.0 / (trials * e))
    return sqrt(variance) * quantiles


def variance_of_trials(sharpes: Sequence[float], observations: int) -> float:
    """Return the variance of the Sharpe ratios of trials, and no less than that of a ratio without any edge.

    That is 1 / observations (Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58, 2002). Near twins
    hardly differ, and without the floor the best of a hundred of them would have no luck to answer for.
    """
    return max(float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0, 1.0 / observations)


def deflated_sharpe(series: Moments, trials: int, variance: float) -> float | None:
    """Return the chance that the best of `trials` strategies has a true Sharpe ratio above 0.

    It is the probabilistic Sharpe ratio against what luck alone gives. Near 1 is good; below 0.95 it may be luck.
    Source: as of `expected_best_sharpe`. Raises `ValueError` as that does.
    """
    return probabilistic_sharpe(series, expected_best_sharpe(trials, variance))


def probability_of_overfitting(returns: FloatArray, blocks: int = 16) -> Overfitting:
    """Return how often choosing the best of several candidates fails on data that did not choose it.

    `returns` has a row per observation and a column per candidate. Its rows are cut into `blocks` equal parts; each
    half of them chooses by Sharpe ratio and the other half judges. Rows that are left over at the end are not used.
    Source: Bailey, Borwein, Lopez de Prado and Zhu, "The Probability of Backtest Overfitting", Journal of
    Computational Finance 20 (2015). Raises `ValueError` for fewer than two candidates, an odd number of blocks or
    fewer than two rows a block.
    """
    rows, candidates = returns.shape
    if candidates < 2 or blocks < 2 or blocks % 2 or rows < 2 * blocks:
        raise ValueError(
            f"{candidates} candidates, {rows} rows, {blocks} blocks: give at least two candidates, an even number of "
            "blocks, and two rows for each block"
        )
    length = rows // blocks
    parts = returns[: blocks * length].reshape(blocks, length, candidates)
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    number = comb(blocks, blocks // 2)
    logits, is_loss = np.empty(number), np.empty(number, dtype=np.bool_)
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    step = max(1, _CELLS_AT_ONCE // candidates)
    for first in range(0, number, step):
        inside = np.zeros((len(chosen[first : first + step]), blocks))
        np.put_along_axis(inside, chosen[first : first + step], 1.0, axis=1)
        part = slice(first, first + len(inside))
        logits[part], is_loss[part] = _judged(inside, sums, squares, rows=length * blocks // 2)
    return Overfitting(float((logits <= 0).mean()), float(is_loss.mean()), logits)


def _judged(inside: FloatArray, sums: FloatArray, squares: FloatArray, rows: int) -> tuple[FloatArray, BoolArray]:
    """Return the logit of the chosen one's rank out of sample, and whether it lost there, for each row of `inside`."""
    outside = 1.0 - inside
    best = np.argmax(_sharpes(inside @ sums, inside @ squares, rows), axis=1)
    judges = _sharpes(outside @ sums, outside @ squares, rows)
    chosen = np.take_along_axis(judges, best[:, None], axis=1)
    # Equal ones share their mean rank; 1 is the worst, the number of candidates the best.
    rank = (judges < chosen).sum(axis=1) + ((judges == chosen).sum(axis=1) + 1) / 2.0
    relative = rank / (sums.shape[1] + 1)
    return np.log(relative / (1.0 - relative)), chosen[:, 0] < 0


def _sharpes(sums: FloatArray, squares: FloatArray, rows: int) -> FloatArray:
    """Return Sharpe ratios from sums and sums of squares; 0 where no return differs from another."""
    means = sums / rows
    variances = np.maximum(squares / rows - means**2, 0.0)
    has_risk = variances > 1e-18
    ratios: FloatArray = np.where(has_risk, means / np.sqrt(np.where(has_risk, variances, 1.0)), 0.0)
    return ratios
