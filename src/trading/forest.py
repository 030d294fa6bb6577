"""A random forest as plain arrays: the live process classifies a row without importing what trained it.

Each tree is padded to a complete binary tree, so that the walk needs no branches and no child pointers: all trees take
one step per level together, and node i's children are 2i and 2i + 1. Where a tree ends early the padding compares with
infinity and walks left, down to a copy of the leaf. The arithmetic is scikit-learn's, in its order (scale in 64 bits,
round to 32, compare with 64-bit thresholds, add trees first to last), so that probabilities are equal to the last bit.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from core.errors import ModelError
from features.columns import FloatArray
from trading.forest_walk import compiled_walk

FORMAT = 1
DEEPEST = 12
"""Padding doubles with each level: 200 trees of depth 12 hold 40 MB."""


class Forest:
    """Scaler and trees, ready to classify. Not for use by several threads at once."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take the arrays that `training.forest_export` wrote. Raises `ModelError` for arrays that are no forest."""
        try:
            self._mean, self._scale = (_typed(arrays[name], np.float64) for name in ("mean", "scale"))
            thresholds, self._leaves = (_typed(arrays[name], np.float64) for name in ("thresholds", "leaves"))
            features = _typed(arrays["features"], np.int32)
            trees, depth = (int(each) for each in arrays["shape"])
            layout = int(arrays["format"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the exported forest lacks or misshapes an array ({error}); train the model again"
            ) from error
        if layout != FORMAT:
            raise ModelError(
                f"the exported forest has format {layout}, this program reads {FORMAT}; train the model again"
            )
        if not _is_sound(trees, depth, features, thresholds, self._leaves, self._mean, self._scale):
            raise ModelError("the exported forest's arrays do not fit each other; train the model again")
        cuts = [trees * (2**level - 1) for level in range(depth + 1)]
        places = features.astype(np.intp)
        self._levels = [(places[start:end].copy(), thresholds[start:end].copy()) for start, end in pairwise(cuts)]
        self._nodes = places, thresholds
        self._depth = depth
        self._trees = trees
        self._roots = np.arange(trees)
        self._node = np.empty(trees, dtype=np.intp)
        self._feature = np.empty(trees, dtype=np.intp)
        self._value = np.empty(trees)
        self._threshold = np.empty(trees)
        self._goes_right = np.empty(trees, dtype=np.bool_)

    @property
    def feature_count(self) -> int:
        """Features in a row."""
        return len(self._mean)

    def probabilities(self, row: FloatArray) -> FloatArray:
        """Return the probability of each class for one row of raw features."""
        scaled = ((row - self._mean) / self._scale).astype(np.float32).astype(np.float64)
        node = self._node
        node[:] = self._roots
        for features, thresholds in self._levels:
            # mode="clip" skips the bounds check: the arrays were checked when they were opened.
            features.take(node, out=self._feature, mode="clip")
            scaled.take(self._feature, out=self._value, mode="clip")
            thresholds.take(node, out=self._threshold, mode="clip")
            np.greater(self._value, self._threshold, out=self._goes_right)
            node += node
            node += self._goes_right
        reached = self._leaves.take(node, axis=0, mode="clip")
        total: FloatArray = np.add.reduce(reached, axis=0) / self._trees
        return total

    def probabilities_of(self, rows: FloatArray) -> FloatArray:
        """Return the same for many rows of raw features, bit for bit."""
        scaled = ((rows - self._mean) / self._scale).astype(np.float32).astype(np.float64)
        scaled = np.ascontiguousarray(scaled)
        total: FloatArray = compiled_walk()(scaled, *self._nodes, self._leaves, self._trees, self._depth) / self._trees
        return total


def _is_sound(
    trees: int,
    depth: int,
    features: np.ndarray,
    thresholds: FloatArray,
    leaves: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
) -> bool:
    if not (trees >= 1 and 1 <= depth <= DEEPEST and mean.ndim == 1 and mean.shape == scale.shape):
        return False
    nodes = trees * (2**depth - 1)
    shapes_fit = features.shape == thresholds.shape == (nodes,) and leaves.shape == (trees * 2**depth, 3)
    return bool(
        shapes_fit
        and ((features >= 0) & (features < len(mean))).all()
        and not np.isnan(thresholds).any()
        and np.isfinite(leaves).all()
        and np.isfinite(mean).all()
        and np.isfinite(scale).all()
        and (scale > 0).all()
    )


def _typed(values: object, kind: type[np.generic]) -> np.ndarray:
    if not isinstance(values, np.ndarray) or values.dtype != kind:
        found = getattr(values, "dtype", type(values).__name__)
        raise ValueError(f"{found} instead of {kind.__name__}")
    return values
