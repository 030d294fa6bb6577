"""Candles as columns: the shape in which whole histories are computed, beside the row by row shape of live trading.

Everything stays a whole number here, as it came from the market; `prices` is the feature boundary, where floats begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.instants import DAY, IST, MINUTE, SECOND, ist_text
from core.market import Candle

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

IST_OFFSET = int(IST.utcoffset(None).total_seconds()) * SECOND
"""Nanoseconds by which India is ahead of UTC, all year."""


def ist_days(instants: IntArray) -> IntArray:
    """Return the date in India at each instant, as days since 1970-01-01."""
    days: IntArray = (instants + IST_OFFSET) // DAY
    return days


class Column(IntEnum):
    """What an indicator may read of a candle; the value is its place in a bar of floats."""

    OPEN = 0
    HIGH = 1
    LOW = 2
    CLOSE = 3
    VOLUME = 4
    TYPICAL = 5
    """Sum of high, low and close: three times the typical price, so that ties stay ties in whole numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class CandleColumns:
    """A run of closed candles of one symbol, oldest first. Prices in units, starts in nanoseconds since the epoch."""

    starts: IntArray
    opens: IntArray
    highs: IntArray
    lows: IntArray
    closes: IntArray
    volumes: IntArray

    def __post_init__(self) -> None:
        """Refuse columns that no market can make. Raises `DataError` that names the first bad row."""
        lengths = {len(each) for each in self.columns}
        if len(lengths) != 1:
            raise DataError(f"candle columns of different lengths {sorted(lengths)}; give each one value per candle")
        impossible = (self.lows <= 0) | (self.volumes < 0)
        for body in (self.opens, self.closes):
            impossible |= (body < self.lows) | (body > self.highs)
        self._refuse(impossible, "no market makes such prices; clean the data")
        disorder = np.zeros(len(self), dtype=np.bool_)
        disorder[1:] = self.starts[1:] <= self.starts[:-1]
        self._refuse(disorder, "not later than the row before it; sort the rows and drop duplicates")

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def columns(self) -> tuple[IntArray, ...]:
        """Starts, opens, highs, lows, closes and volumes."""
        return self.starts, self.opens, self.highs, self.lows, self.closes, self.volumes

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> "CandleColumns":
        """Turn candles into columns. Raises `DataError` when they are not in order of time."""
        rows = [(each.start, each.open, each.high, each.low, each.close, each.volume) for each in candles]
        table = np.array(rows, dtype=np.int64).reshape(len(rows), 6)
        return cls(*np.ascontiguousarray(table.T))

    def candle(self, row: int) -> Candle:
        """Return one row as a candle."""
        return Candle(*(int(each[row]) for each in self.columns))

    def candles(self) -> tuple[Candle, ...]:
        """Return all rows as candles."""
        return tuple(Candle(*row) for row in zip(*(each.tolist() for each in self.columns), strict=True))

    def slice(self, first: int, last: int) -> "CandleColumns":
        """Return rows `first` up to but not including `last`."""
        return CandleColumns(*(each[first:last] for each in self.columns))

    def days(self) -> IntArray:
        """Return each candle's date in India, as days since 1970-01-01."""
        return ist_days(self.starts)

    def prices(self, column: Column) -> FloatArray:
        """Return one column as floats, in units; TA-Lib takes nothing else."""
        whole = self.typical_sums() if column is Column.TYPICAL else self.columns[1 + column]
        return whole.astype(np.float64)

    def typical_sums(self) -> IntArray:
        """Return high + low + close of each candle: three times the typical price, in units."""
        return self.highs + self.lows + self.closes

    def minutes(self) -> IntArray:
        """Return the minute of the day in India at each candle's start."""
        return (self.starts + IST_OFFSET) % DAY // MINUTE

    def _refuse(self, bad: BoolArray, why: str) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            values = ", ".join(str(int(each[row])) for each in self.columns[1:])
            raise DataError(f"candle {row} of {len(self)} at {ist_text(int(self.starts[row]))} ({values}): {why}")
