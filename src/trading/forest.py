"""A random forest as plain arrays: the live process scores a row without importing what trained it.

Each tree is padded to a complete binary tree, so that the walk needs no branches and no child pointers: all trees take
one step per level together, and node i's children are 2i and 2i + 1. Where a tree ends early the padding compares with
infinity and walks left, down to a copy of the leaf. The arithmetic is scikit-learn's, in its order (round the scaled
row to 32 bits, compare with 64-bit thresholds, add trees first to last), so that scores are equal to the last bit.
"""

from itertools import pairwise

import numpy as np

from core.errors import ModelError
from features.columns import FloatArray
from trading.forest_walk import compiled_walk
from trading.model_arrays import CLASSES, ModelArrays

DEEPEST = 12
"""Padding doubles with each level: 200 trees of depth 12 hold 40 MB."""
_ROUNDING = 1e-9


class Forest:
    """Trees, ready to score; a score is a class's mean share in the leaves, already a probability."""

    def __init__(self, arrays: ModelArrays, feature_count: int) -> None:
        """Take the arrays that `training.forest_export` wrote.

        `leaves` has the shape trees, 2^depth, classes; `features` and `thresholds` list the nodes level by level and
        within a level tree by tree. Raises `ModelError` for arrays that are no forest.
        """
        leaves = arrays.floats("leaves", None, None, CLASSES)
        trees, width, _ = leaves.shape
        depth = width.bit_length() - 1
        if not (trees and 1 <= depth <= DEEPEST and width == 2**depth):
            raise ModelError(
                f"the exported forest has {trees} trees of {width} leaves, expected at least one of a power of 2 up to "
                f"{2**DEEPEST}; restore it or train the model again"
            )
        if not ((leaves >= 0).all() and (np.abs(leaves.sum(axis=2) - 1) <= _ROUNDING).all()):
            raise ModelError(
                "a leaf of the exported forest has shares that do not add up to 1; restore it or train the model again"
            )
        nodes = trees * (width - 1)
        features = arrays.places("features", nodes, end=feature_count)
        thresholds = arrays.thresholds("thresholds", nodes)
        cuts = [trees * (2**level - 1) for level in range(depth + 1)]
        self._levels = [(features[start:end].copy(), thresholds[start:end].copy()) for start, end in pairwise(cuts)]
        self._nodes = features, thresholds
        self._leaves = leaves.reshape(trees * width, CLASSES)
        self._depth = depth
        self._trees = trees
        self._roots = np.arange(trees)
        self._node = np.empty(trees, dtype=np.intp)
        self._feature = np.empty(trees, dtype=np.intp)
        self._value = np.empty(trees)
        self._threshold = np.empty(trees)
        self._goes_right = np.empty(trees, dtype=np.bool_)

    def scores(self, row: FloatArray) -> FloatArray:
        """Return the score of each class for one scaled row."""
        values = _rounded(row)
        node = self._node
        node[:] = self._roots
        for features, thresholds in self._levels:
            # mode="clip" skips the bounds check: the arrays were checked when they were opened.
            features.take(node, out=self._feature, mode="clip")
            values.take(self._feature, out=self._value, mode="clip")
            thresholds.take(node, out=self._threshold, mode="clip")
            np.greater(self._value, self._threshold, out=self._goes_right)
            node += node
            node += self._goes_right
        reached = self._leaves.take(node, axis=0, mode="clip")
        total: FloatArray = np.add.reduce(reached, axis=0) / self._trees
        return total

    def scores_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many scaled rows, bit for bit."""
        values = np.ascontiguousarray(_rounded(rows))
        total: FloatArray = compiled_walk()(values, *self._nodes, self._leaves, self._trees, self._depth) / self._trees
        return total


def _rounded(scaled: FloatArray) -> FloatArray:
    return scaled.astype(np.float32).astype(np.float64)
