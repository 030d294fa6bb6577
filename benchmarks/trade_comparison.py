"""Trades of one backtester held against those of another, one by one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backtest.bars import SymbolBars
from backtest.result import BacktestResult
from features.columns import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Trades as columns, in order of entry. Times in nanoseconds, prices in paise."""

    entry_at: IntArray
    exit_at: IntArray
    sides: IntArray
    entry_prices: IntArray
    exit_prices: IntArray

    def __len__(self) -> int:
        return len(self.sides)


def ours(result: BacktestResult) -> Trades:
    """Return a run's trades as columns."""
    rows = sorted(
        (
            each.entry_at,
            each.exit_at,
            each.side.sign,
            each.entry_value // each.quantity,
            each.exit_value // each.quantity,
        )
        for each in result.trades
    )
    return Trades(*np.array(rows, dtype=np.int64).reshape(len(rows), 5).T)


def theirs(path: Path, bars: SymbolBars) -> Trades:
    """Read a peer's trades, by rows and in rupees; date them as ours: a fill at the open by the start of its bar."""
    with np.load(path) as columns:
        entry_rows, exit_rows, sides = (columns[name].astype(np.int64) for name in ("entry_row", "exit_row", "side"))
        entry_prices, exit_prices = (_paise(columns[name]) for name in ("entry_price", "exit_price"))
    candles, closed_at = bars.candles, bars.sessions.closed_at
    at_open = exit_prices == candles.opens[exit_rows]
    exit_at = np.where(at_open, candles.starts[exit_rows], closed_at[exit_rows])
    return Trades(candles.starts[entry_rows], exit_at, sides, entry_prices, exit_prices)


def compared(mine: Trades, other: Trades) -> dict[str, Any]:
    """Pair trades by time of entry and side, and count what is alike."""
    keys_mine = list(zip(mine.entry_at.tolist(), mine.sides.tolist(), strict=True))
    keys_other = list(zip(other.entry_at.tolist(), other.sides.tolist(), strict=True))
    place = {key: number for number, key in enumerate(keys_other)}
    pairs = np.array([(number, place[key]) for number, key in enumerate(keys_mine) if key in place], dtype=np.int64)
    left, right = pairs.reshape(len(pairs), 2).T
    same_exit = mine.exit_at[left] == other.exit_at[right]
    same_entry_price = mine.entry_prices[left] == other.entry_prices[right]
    same_exit_price = mine.exit_prices[left] == other.exit_prices[right]
    identical = same_exit & same_entry_price & same_exit_price
    return {
        "trades": len(other),
        "identical": int(identical.sum()),
        "other_entry_price": int((~same_entry_price).sum()),
        "other_exit": int((~(same_exit & same_exit_price)).sum()),
        "only_ours": len(mine) - len(left),
        "only_theirs": len(other) - len(left),
    }


def is_identical(mine: Trades, other: Trades) -> bool:
    """Whether every trade has the same times, side and prices."""
    columns = ("entry_at", "exit_at", "sides", "entry_prices", "exit_prices")
    return all(np.array_equal(getattr(mine, name), getattr(other, name)) for name in columns)


def _paise(rupees: FloatArray) -> IntArray:
    whole: IntArray = np.rint(rupees * 100).astype(np.int64)
    return whole
