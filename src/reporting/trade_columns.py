"""Trades as columns: tens of thousands of them are grouped and summed in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.market import Side
from core.positions import Trade
from features.columns import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class TradeColumns:
    """One entry a trade, in the order of their ends. Money is paise, times are nanoseconds."""

    entry_at: IntArray
    exit_at: IntArray
    gross: IntArray
    charges: IntArray
    traded_value: IntArray
    """What was bought and what was sold, together."""
    is_long: BoolArray

    def __len__(self) -> int:
        return len(self.gross)

    @classmethod
    def of(cls, trades: Sequence[Trade]) -> "TradeColumns":
        """Turn trades into columns."""
        rows = [
            (each.entry_at, each.exit_at, each.entry_value, each.exit_value, each.charges, each.side is Side.BUY)
            for each in trades
        ]
        table = np.array(rows, dtype=np.int64).reshape(len(rows), 6)
        entry_at, exit_at, entry_value, exit_value, charges, is_long = np.ascontiguousarray(table.T)
        gross = (exit_value - entry_value) * (2 * is_long - 1)
        return cls(entry_at, exit_at, gross, charges, entry_value + exit_value, is_long.astype(np.bool_))

    @property
    def net(self) -> IntArray:
        """Profit after charges."""
        return self.gross - self.charges

    @property
    def holding(self) -> IntArray:
        """From the first opening to the last closing fill."""
        return self.exit_at - self.entry_at

    def take(self, rows: IntArray) -> "TradeColumns":
        """Return some of the trades."""
        return TradeColumns(
            self.entry_at[rows],
            self.exit_at[rows],
            self.gross[rows],
            self.charges[rows],
            self.traded_value[rows],
            self.is_long[rows],
        )
