"""From scikit-learn's random forest to the padded arrays of `trading.forest`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import ModelError
from features.columns import FloatArray, IntArray
from trading.forest import DEEPEST


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One binary tree as parallel arrays over its nodes, the root first; a leaf is a node without children."""

    left: IntArray
    right: IntArray
    features: IntArray
    thresholds: FloatArray
    probabilities: FloatArray
    """Of each class, at each node."""

    def depth(self) -> int:
        """Steps from the root to the deepest leaf."""
        depth, nodes = 0, np.zeros(1, dtype=np.int64)
        while (inner := nodes[self.left[nodes] >= 0]).size:
            nodes = np.concatenate([self.left[inner], self.right[inner]])
            depth += 1
        return depth

    def step(self, nodes: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
        """Return feature, threshold and both children of each node; a leaf is its own child and never goes right."""
        is_leaf = self.left[nodes] < 0
        features = np.where(is_leaf, 0, self.features[nodes])
        thresholds = np.where(is_leaf, np.inf, self.thresholds[nodes])
        left = np.where(is_leaf, nodes, self.left[nodes])
        right = np.where(is_leaf, nodes, self.right[nodes])
        return features, thresholds, np.stack([left, right], axis=1).ravel()


def export(forest: Any) -> dict[str, np.ndarray]:
    """Return a fitted `RandomForestClassifier` as arrays. Raises `ModelError` for trees too deep to be padded."""
    fitted = [each.tree_ for each in forest.estimators_]
    return flatten(
        [
            Tree(each.children_left, each.children_right, each.feature, each.threshold, each.value[:, 0, :])
            for each in fitted
        ]
    )


def flatten(trees: Sequence[Tree]) -> dict[str, np.ndarray]:
    """Pad trees to one depth, level by level. Raises `ModelError` for trees that are too deep."""
    depth = max(1, *(tree.depth() for tree in trees))
    if depth > DEEPEST:
        raise ModelError(f"trees of depth {depth}: at most {DEEPEST} can be exported; lower max_depth")
    features: list[IntArray] = []
    thresholds: list[FloatArray] = []
    nodes = np.zeros((len(trees), 1), dtype=np.int64)
    for _ in range(depth):
        level = [tree.step(row) for tree, row in zip(trees, nodes, strict=True)]
        features += [each[0] for each in level]
        thresholds += [each[1] for each in level]
        nodes = np.array([each[2] for each in level])
    leaves = [tree.probabilities[row] for tree, row in zip(trees, nodes, strict=True)]
    return {
        "features": np.concatenate(features).astype(np.int32),
        "thresholds": np.concatenate(thresholds),
        "leaves": np.stack(leaves),
    }
