"""Gradient-boosted trees as plain arrays: the live process scores a row without importing what trained it.

Number a tree's leaves from left to right. A value above a node's threshold rules out the leaves on the node's left, and
the leaf that a row reaches is the leftmost one that no node rules out (QuickScorer: Lucchese et al., SIGIR 2015). Here
thresholds are borders of histogram bins, at most 255 to a feature, so what a value rules out in every tree at once is
kept as a row of bit sets for each bin. To score is one binary search and one such row for each feature, whatever the
depth of the trees: they are grown leaf by leaf, often too deep for the padding of `trading.forest`.
"""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from features.columns import FloatArray
from trading.model_arrays import CLASSES, ModelArrays

MOST_LEAVES = 64
"""In a tree: the bits of the largest integer."""
LARGEST_TABLE = 256 * 1024 * 1024
"""Bytes of all bit sets; 600 trees of 31 leaves on 24 features take 15 MB."""
_ROWS_AT_ONCE = 64
"""So many rows of bit sets stay in the processor's second cache."""


class BoostedTrees:
    """Trees, ready to score; a score is a class's sum of leaf values, added first to last."""

    def __init__(self, arrays: ModelArrays, feature_count: int) -> None:
        """Take the arrays that `training.boosted_trees_export` wrote. Raises `ModelError` for arrays that are no trees.

        `leaves` has the shape iterations, classes, leaves and holds log-odds; `baseline` is what each sum begins with.
        """
        leaves = arrays.floats("leaves", None, CLASSES, None)
        iterations, _, width = leaves.shape
        if not (iterations and 1 <= width <= MOST_LEAVES):
            raise ModelError(
                f"the exported trees are {iterations} times {CLASSES} of {width} leaves, expected at least once and up "
                f"to {MOST_LEAVES}; restore them or train the model again"
            )
        # The sum begins with the baseline: added to the first leaves, it costs nothing and no bit.
        leaves = np.concatenate([leaves[:1] + arrays.floats("baseline", CLASSES)[:, None], leaves[1:]])
        self._trees = iterations * CLASSES
        self._leaves = leaves.ravel()
        self._first_leaf = np.arange(self._trees) * width
        self._borders, self._begins, self._ruled_out_by = _bit_sets(arrays, feature_count, self._trees, width)
        self._found = np.empty((feature_count, self._trees), dtype=self._ruled_out_by.dtype)

    def scores(self, row: FloatArray) -> FloatArray:
        """Return the score of each class for one scaled row."""
        bins = [
            begin + bisect_left(borders, value)
            for begin, borders, value in zip(self._begins, self._borders, row.tolist(), strict=True)
        ]
        # mode="clip" skips the bounds check: a bin is never outside.
        self._ruled_out_by.take(bins, axis=0, out=self._found, mode="clip")
        total: FloatArray = np.add.reduce(self._reached(np.bitwise_or.reduce(self._found, axis=0)), axis=0)
        return total

    def scores_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many scaled rows, bit for bit."""
        bins = np.empty(rows.shape, dtype=np.intp)
        for feature, (begin, borders) in enumerate(zip(self._begins, self._borders, strict=True)):
            bins[:, feature] = begin + np.searchsorted(borders, rows[:, feature], side="left")
        total = np.empty((len(rows), CLASSES))
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            some = bins[first : first + _ROWS_AT_ONCE]
            ruled_out = self._ruled_out_by[some[:, 0]]
            for feature in range(1, some.shape[1]):
                ruled_out |= self._ruled_out_by[some[:, feature]]
            total[first : first + _ROWS_AT_ONCE] = np.add.reduce(self._reached(ruled_out), axis=1)
        return total

    def _reached(self, ruled_out: np.ndarray) -> FloatArray:
        """Return the value of the leftmost leaf left in each tree: (..., trees) to (..., iterations, classes)."""
        leaf = np.bitwise_count(ruled_out & ~(ruled_out + 1))  # the ones below the lowest zero
        values: FloatArray = self._leaves.take(self._first_leaf + leaf, mode="clip")
        return values.reshape(*ruled_out.shape[:-1], -1, CLASSES)


def _bit_sets(
    arrays: ModelArrays, feature_count: int, trees: int, width: int
) -> tuple[list[list[float]], list[int], np.ndarray]:
    """Return each feature's borders in order, the table's row of its lowest bin, and the table: a row per bin.

    A bin's row says of each tree which leaves are ruled out by a value that exceeds so many of the borders.
    """
    thresholds = arrays.thresholds("node_thresholds", None)
    nodes = len(thresholds)
    features = arrays.places("node_features", nodes, end=feature_count)
    of_tree = arrays.places("node_trees", nodes, end=trees)
    left_leaves = _left_leaves(arrays, of_tree, width)

    borders = [np.unique(thresholds[features == feature]) for feature in range(feature_count)]
    ends = np.cumsum([len(each) + 1 for each in borders])
    begins = ends - [len(each) + 1 for each in borders]
    table_bytes = int(ends[-1]) * trees * left_leaves.itemsize
    if table_bytes > LARGEST_TABLE:
        raise ModelError(
            f"the exported trees need {table_bytes} bytes of bit sets, at most {LARGEST_TABLE} are allowed: train with "
            "fewer iterations or bins"
        )
    table = np.zeros((ends[-1], trees), dtype=left_leaves.dtype)
    for feature, (begin, end, ordered) in enumerate(zip(begins, ends, borders, strict=True)):
        asking = features == feature
        exceeded = begin + 1 + np.searchsorted(ordered, thresholds[asking])
        np.bitwise_or.at(table, (exceeded, of_tree[asking]), left_leaves[asking])
        np.bitwise_or.accumulate(table[begin:end], axis=0, out=table[begin:end])
    return [each.tolist() for each in borders], begins.tolist(), table


def _left_leaves(arrays: ModelArrays, of_tree: NDArray[np.intp], width: int) -> np.ndarray:
    """Return the leaves on the left of each node as a set of bits; the last leaf of a tree is on no node's left."""
    first = arrays.places("node_first_leaves", len(of_tree), end=width)
    end = arrays.places("node_end_leaves", len(of_tree), end=width)
    if not _are_trees(of_tree, first, end):
        raise ModelError("the exported trees have nodes that make no tree; restore them or train the model again")
    bits = np.uint32 if width <= 32 else np.uint64
    one = bits(1)
    below_end = np.left_shift(one, end.astype(bits)) - one
    below_first = np.left_shift(one, first.astype(bits)) - one
    between: np.ndarray = below_end & ~below_first
    return between


def _are_trees(of_tree: NDArray[np.intp], first: NDArray[np.intp], end: NDArray[np.intp]) -> bool:
    """Whether the nodes of each tree, in any order, make one binary tree of one leaf more.

    From left to right, each node stands between a leaf and the next, and on its left is the whole of what began where
    it begins; `begun` are the leaves where the nodes to come may begin.
    """
    in_order = np.lexsort((end, of_tree))
    tree, leaves, begun = -1, 0, [0]
    for number, begins, ends in zip(*(each[in_order].tolist() for each in (of_tree, first, end)), strict=True):
        if number != tree:
            tree, leaves, begun = number, 0, [0]
        leaves += 1
        while begun[-1] > begins:
            begun.pop()
        if begun[-1] != begins or ends != leaves:
            return False
        begun.append(ends)
    return True
