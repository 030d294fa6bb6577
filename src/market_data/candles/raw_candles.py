"""Candles as a file has them, before anybody believes them: repeated, out of order, impossible or off the hours.

Nothing is dropped, sorted or rounded here; the package `quality` judges the rows and mends them by name.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import DataError
from features.columns import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class RawCandles:
    """Rows in the order of their file. Prices in rupees; a cell that holds no number is NaN."""

    starts: IntArray
    """Start of each candle, in nanoseconds since the epoch; of a day: midnight in India."""
    opens: FloatArray
    highs: FloatArray
    lows: FloatArray
    closes: FloatArray
    volumes: FloatArray
    """Shares; 0 throughout for an index without volume."""

    def __post_init__(self) -> None:
        """Refuse columns of different lengths. Raises `DataError`."""
        lengths = {len(each) for each in self.columns}
        if len(lengths) != 1:
            raise DataError(f"columns of different lengths {sorted(lengths)}; give each one value per candle")

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def columns(self) -> tuple[IntArray | FloatArray, ...]:
        """Starts, opens, highs, lows, closes and volumes."""
        return self.starts, self.opens, self.highs, self.lows, self.closes, self.volumes

    def rows(self, which: IntArray | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "RawCandles":
        """Return some of the rows, by place or by mask; the same object for a mask that takes all."""
        if which.dtype == np.bool_ and which.all():
            return self
        return RawCandles(
            self.starts[which],
            self.opens[which],
            self.highs[which],
            self.lows[which],
            self.closes[which],
            self.volumes[which],
        )
