"""Parts of a strategy's fast face: where it has two rows to look at, and signals from two columns of yes and no."""

import numpy as np

from core.signals import Direction
from features.batch import FeatureTable
from features.columns import BoolArray
from strategies.base_strategy import SignalColumns


def has_two_rows(table: FeatureTable) -> BoolArray:
    """Return whether each candle and the one before it both have a row; else `on_data` is not asked."""
    both: BoolArray = table.valid.copy()
    both[1:] &= table.valid[:-1]
    both[:1] = False
    return both


def crossings(table: FeatureTable, up: BoolArray, down: BoolArray) -> SignalColumns:
    """Return long where `up`, else short where `down`, for strategies that are sure of what they say."""
    directions = np.where(up, Direction.LONG.value, np.where(down, Direction.SHORT.value, Direction.NONE.value))
    directions[~has_two_rows(table)] = Direction.NONE.value
    return SignalColumns(directions.astype(np.int8), np.ones(len(directions)))
