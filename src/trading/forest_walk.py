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
    nodes = np.empty(_ROWS_AT_ONCE, dtype=np.intp)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        block = rows[first : first + _ROWS_AT_ONCE]
        for tree in range(trees):
            nodes[:] = tree
            level_begin, level_length = 0, trees
            for _ in range(depth):
                # Rows do not wait for each other, so that the processor takes several at once.
                for row in range(len(block)):
                    place = level_begin + nodes[row]
                    goes_right = block[row, features[place]] > thresholds[place]
                    nodes[row] = 2 * nodes[row] + (1 if goes_right else 0)
                level_begin += level_length
                level_length *= 2
            for row in range(len(block)):
                for each in range(classes):
                    total[first + row, each] += leaves[nodes[row], each]
    return total
