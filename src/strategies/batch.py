"""Signals of a whole history from two columns of yes and no, for strategies that fire when a line is crossed."""

import numpy as np

from features.batch import FeatureTable
from features.columns import BoolArray
from strategies.base_strategy import SignalColumns


def crossings(table: FeatureTable, up: BoolArray, down: BoolArray) -> SignalColumns:
    """Return long where `up`, else short where `down`, and nothing where a candle or the one before has no row."""
    has_rows = table.valid.copy()
    has_rows[1:] &= table.valid[:-1]
    has_rows[:1] = False
    directions = np.where(up, 1, np.where(down, 2, 0)).astype(np.int8)
    directions[~has_rows] = 0
    return SignalColumns(directions, np.ones(len(directions)))
