"""How sure the model must be before it acts: chosen by the rupees it would have earned where it had not learned.

Trades are counted as the live bot makes them: one position per symbol at a time, and no new one before it has ended.
"""

from dataclasses import dataclass

import numpy as np

from features.columns import FloatArray, IntArray
from training.dataset import Dataset
from training.row_blocks import blocks

CANDIDATES = tuple(round(0.34 + 0.01 * step, 2) for step in range(47))
"""From just above an even chance among three classes to 0.80."""
FEWEST_TRADES = 20
"""A threshold that trades less often in validation has proved nothing."""
CERTAINTY = 2.0
"""Standard errors by which the mean trade must lie above 0 where nothing was fitted: without, the luckiest of all
thresholds acts on a random walk nearly always, 3 trades in 100 rows, and pays the charges for it."""
NEVER = 1.0
"""The threshold of a model that earned nothing at any other."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What acting on a threshold came to. Money in units, after spread and charges."""

    threshold: float
    trades: int
    net: int

    @property
    def mean(self) -> float:
        """Units per trade."""
        return self.net / self.trades if self.trades else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """The trades that were made, oldest first."""

    rows: IntArray
    """Places of the rows that they were entered after."""
    net: IntArray
    """What each earned, in units, after spread and charges."""


def choose(validation: Dataset, probabilities: FloatArray, certainty: float = 0.0) -> Outcome:
    """Return the threshold that earned most; `NEVER` if none earned anything.

    `probabilities` has the columns none, long, short. Of equals the higher threshold wins. With a `certainty`, in
    standard errors of the mean trade, what may have been luck is not counted as earned.
    """
    earning = []
    for each in CANDIDATES:
        net = take(validation, probabilities, each).net
        if len(net) >= FEWEST_TRADES and net.mean() > certainty * net.std(ddof=1) / len(net) ** 0.5:
            earning.append(Outcome(each, len(net), int(net.sum())))
    if not earning:
        return Outcome(NEVER, 0, 0)
    return max(earning, key=lambda each: (each.net, each.threshold))


def trade(dataset: Dataset, probabilities: FloatArray, threshold: float) -> Outcome:
    """Tell what every trade that threshold and open positions allow came to."""
    taken = take(dataset, probabilities, threshold)
    return Outcome(threshold, len(taken.rows), int(taken.net.sum()))


def take(dataset: Dataset, probabilities: FloatArray, threshold: float) -> Taken:
    """Walk the rows in order of time and take every trade that threshold and open positions allow."""
    sides = probabilities[:, 1:]
    chosen = np.where(sides[:, 0] >= sides[:, 1], 0, 1)
    wanted = np.flatnonzero(sides.max(axis=1) >= threshold)
    free_at: dict[int, int] = {}
    taken: list[int] = []
    for block in blocks(len(wanted)):
        part = wanted[block]
        columns = part, dataset.symbols[part], dataset.closed_at[part], dataset.free_at[part, chosen[part]]
        for row, symbol, at, ends in zip(*(each.tolist() for each in columns), strict=True):
            if at >= free_at.get(symbol, 0):
                free_at[symbol] = ends
                taken.append(row)
    places = np.array(taken, dtype=np.int64)
    return Taken(places, dataset.net[places, chosen[places]])
