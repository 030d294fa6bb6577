"""From boosted trees to the arrays of `trading.boosted_trees`: scikit-learn's here, other libraries' by `flatten`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from core.errors import ModelError
from trading.boosted_trees import MOST_LEAVES


@dataclass(frozen=True, slots=True)
class Split:
    """A question of a tree: rows whose value is at most the threshold go left."""

    feature: int
    threshold: float
    left: "Node"
    right: "Node"


Node: TypeAlias = Split | float
"""A tree by its root; a leaf is its value."""


@dataclass(slots=True, eq=False)
class _Nodes:
    """The questions of all trees, and what each answer with yes rules out."""

    trees: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    first_leaves: list[int] = field(default_factory=list)
    end_leaves: list[int] = field(default_factory=list)

    def add_tree(self, number: int, root: Node) -> list[float]:
        """Take a tree's questions; return the values of its leaves from left to right."""
        values: list[float] = []
        self._walk(number, root, values)
        return values

    def _walk(self, number: int, node: Node, values: list[float]) -> None:
        if not isinstance(node, Split):
            values.append(node)
            return
        first = len(values)
        self._walk(number, node.left, values)
        self.trees.append(number)
        self.features.append(node.feature)
        self.thresholds.append(node.threshold)
        self.first_leaves.append(first)
        self.end_leaves.append(len(values))
        self._walk(number, node.right, values)


def export(model: Any) -> dict[str, np.ndarray]:
    """Return a fitted `HistGradientBoostingClassifier` of three classes as arrays.

    Raises `ModelError` for trees with too many leaves, and for features that are categories. Which way a missing value
    goes is left out: rows are complete.
    """
    fitted = [tree for iteration in model._predictors for tree in iteration]
    require_narrow(max(tree.get_n_leaf_nodes() for tree in fitted), "max_leaf_nodes")
    return flatten([_node(tree.nodes, 0) for tree in fitted], np.ravel(model._baseline_prediction))


def require_narrow(width: int, setting: str) -> None:
    """Raise `ModelError` for trees of more leaves than can be served; `setting` is what to lower."""
    if width > MOST_LEAVES:
        raise ModelError(f"trees of {width} leaves: at most {MOST_LEAVES} can be exported; lower {setting}")


def flatten(trees: Sequence[Node], baseline: np.ndarray) -> dict[str, np.ndarray]:
    """Return trees as arrays: of each iteration one for each class, in that order.

    `baseline` is what the score of each class begins with; to it the leaves, log-odds, are added first to last.
    """
    nodes = _Nodes()
    leaves = [nodes.add_tree(number, root) for number, root in enumerate(trees)]
    padded = np.zeros((len(leaves), max(len(values) for values in leaves)))
    for number, values in enumerate(leaves):
        padded[number, : len(values)] = values
    return {
        "baseline": baseline.astype(np.float64),
        "leaves": padded.reshape(-1, len(baseline), padded.shape[1]),
        "node_trees": np.array(nodes.trees, dtype=np.int32),
        "node_features": np.array(nodes.features, dtype=np.int32),
        "node_thresholds": np.array(nodes.thresholds, dtype=np.float64),
        "node_first_leaves": np.array(nodes.first_leaves, dtype=np.int32),
        "node_end_leaves": np.array(nodes.end_leaves, dtype=np.int32),
    }


def _node(nodes: Any, place: int) -> Node:
    node = nodes[place]
    if node["is_leaf"]:
        return float(node["value"])
    if node["is_categorical"]:
        raise ModelError(f"feature {int(node['feature_idx'])} is a category: only numbers can be exported")
    left, right = _node(nodes, int(node["left"])), _node(nodes, int(node["right"]))
    return Split(int(node["feature_idx"]), float(node["num_threshold"]), left, right)
