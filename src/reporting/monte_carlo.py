"""How much of a result was the luck of its trades and of their order: the same trades, drawn again many times.

Both ways take trades to be independent of each other, which they are only in part: losses come in clusters. What is
printed is therefore rather too kind than too harsh.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from core.positions import Trade
from features.columns import FloatArray, IntArray

PERCENTILES = (5, 25, 50, 75, 95)
RUNS = 1_000


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
    trades: Sequence[Trade], capital: int, resampling: Resampling, generator: np.random.Generator, runs: int = RUNS
) -> MonteCarlo | None:
    """Draw the trades again `runs` times; None when there are fewer than two.

    The generator decides, seeded by the caller: the same one gives the same figures.
    """
    if len(trades) < 2:
        return None
    nets = np.array([trade.net for trade in trades], dtype=np.int64)
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
    equity = capital + np.concatenate(([0], np.cumsum(nets)))
    return float((1.0 - equity / np.maximum.accumulate(equity)).max())


def _percentiles(values: IntArray | FloatArray) -> list[float]:
    return [float(each) for each in np.percentile(values, PERCENTILES)]
