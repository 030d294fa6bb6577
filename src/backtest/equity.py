"""The equity curve of a run, computed from its fills afterwards: so a walk need not keep one."""

from collections.abc import Sequence

import numpy as np

from backtest.account import BarFill
from backtest.bars import SymbolBars
from backtest.result import EquityCurve
from features.columns import IntArray


def equity_curve(symbols: Sequence[SymbolBars], fills: Sequence[BarFill], capital: int) -> EquityCurve:
    """Mark what was held to the close of every step. `capital` and all that comes out is in units."""
    starts = np.sort(np.concatenate([each.candles.starts for each in symbols]), kind="stable")  # merges sorted runs
    steps = starts[np.diff(starts, prepend=-1) != 0]
    at, gains, exposure = (np.zeros(len(steps), dtype=np.int64) for _ in range(3))
    table = np.array(fills, dtype=np.int64).reshape(len(fills), len(BarFill._fields))
    for place, bars in enumerate(symbols):
        step_of = np.searchsorted(steps, bars.candles.starts)
        at[step_of] = np.maximum(at[step_of], bars.sessions.closed_at)
        _, rows, shares, prices, charges = table[table[:, 0] == place].T
        held, paid = _summed(rows, shares, len(bars)), _summed(rows, -shares * prices - charges, len(bars))
        value = np.cumsum(held) * bars.candles.closes
        gains[step_of] += paid + np.diff(value, prepend=0)
        exposure[step_of] += np.diff(np.abs(value), prepend=0)
    return EquityCurve(at, capital + np.cumsum(gains), np.cumsum(exposure))


def _summed(rows: IntArray, values: IntArray, length: int) -> IntArray:
    """Return the values added up by row."""
    total = np.zeros(length, dtype=np.int64)
    np.add.at(total, rows, values)
    return total
