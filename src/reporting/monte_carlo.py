"""How much of a result was the luck of its trades and of their order: the same trades, drawn again many times.

Both ways take trades to be independent of each other, which they are only in part: losses come in clusters. What is
printed is therefore rather too kind than too harsh.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from features.columns import FloatArray, IntArray

PERCENTILES = (5, 25, 50, 75, 95)
RUNS = 1_000
FEWEST_RUNS = 200
MOST_DRAWS = 4_000_000
"""Trades drawn in all: of many the runs differ little, so that fewer of them say the same."""


class Resampling(Enum):
    """How one run is made of the trades."""

    BOOTSTRAP = "bootstrap"
    """As many trades as there were, drawn with replacement (Efron 1979): other trades of the same kind."""
    RESHUFFLE = "reshuffle"
    """The same trades in another order: the profit is the same, the way there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarlo:
    """Percentiles 5, 25, 50, 75 and 95 over the runs."""

    resampling: Resampling
    runs: int
    profit: tuple[int, ...]
    """Net profit at the end, in paise."""
    drawdown: tuple[float, ...]
    """Deepest fall from a peak, from trade to trade, as a share of that peak."""
    chance_of_loss: float
    """Share of the runs that ended below where they began."""


def monte_carlo(
    nets: IntArray, capital: int, resampling: Resampling, generator: np.random.Generator, runs: int = RUNS
) -> MonteCarlo | None:
    """Draw trades again, given their net profits in paise; None when there are fewer than two.

    So often as `runs` says, and less often where that would draw more than `MOST_DRAWS` trades.
    The generator decides, seeded by the caller: the same one gives the same figures.
    """
    if len(nets) < 2 or not runs:
        return None
    runs = min(runs, max(FEWEST_RUNS, MOST_DRAWS // len(nets)))
    profits, falls = np.empty(runs, dtype=np.int64), np.empty(runs)
    for run in range(runs):
        if resampling is Resampling.BOOTSTRAP:
            drawn = generator.choice(nets, size=len(nets))
        else:
            drawn = generator.permutation(nets)
        profits[run], falls[run] = drawn.sum(), _deepest_fall(capital, drawn)
    return MonteCarlo(
        resampling=resampling,
        runs=runs,
        profit=tuple(round(each) for each in _percentiles(profits)),
        drawdown=tuple(_percentiles(falls)),
        chance_of_loss=float((profits < 0).mean()),
    )


def _deepest_fall(capital: int, nets: IntArray) -> float:
    equity = np.cumsum(nets)
    equity += capital
    peaks = np.maximum(np.maximum.accumulate(equity), capital)
    return max(0.0, float(((peaks - equity) / peaks).max()))


def _percentiles(values: IntArray | FloatArray) -> list[float]:
    """Return the percentiles, linear between two runs; `numpy.percentile` loads half a library for the same."""
    places = np.array(PERCENTILES) / 100 * (len(values) - 1)
    return [float(each) for each in np.interp(places, np.arange(len(values)), np.sort(values))]
