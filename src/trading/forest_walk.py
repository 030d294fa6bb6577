"""Many rows through a random forest at once: the walk of `trading.forest`, compiled, equal to it to the last bit."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.columns import FloatArray
from runtime.compiled import compiled

Walk: TypeAlias = Callable[[FloatArray, NDArray[np.intp], FloatArray, FloatArray, int, int], FloatArray]
_ROWS_AT_ONCE = 256
"""So many rows, and one tree, stay in the processor's nearest cache."""


@cache
def compiled_walk() -> Walk:
    """Return `summed_leaves`, compiled; that takes a second or two, and later processes read the result."""
    return compiled(summed_leaves, [Path(__file__)])


def summed_leaves(
    rows: FloatArray, features: NDArray[np.intp], thresholds: FloatArray, leaves: FloatArray, trees: int, depth: int
) -> FloatArray:
    """Return for each scaled row the sum of the leaves that it reaches, trees added first to last.

    `features` and `thresholds` list the nodes level by level and within a level tree by tree, `leaves` tree by tree.
    """
    classes = leaves.shape[1]
    total = np.zeros((len(rows), classes))
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, len(rows))
        for tree in range(trees):
            for row in range(first, last):
                node, level_begin, level_length = tree, 0, trees
                for _ in range(depth):
                    place = level_begin + node
                    goes_right = rows[row, features[place]] > thresholds[place]
                    node = 2 * node + (1 if goes_right else 0)
                    level_begin += level_length
                    level_length *= 2
                for each in range(classes):
                    total[row, each] += leaves[node, each]
    return total
