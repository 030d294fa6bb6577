"""From scikit-learn's histogram gradient boosting to the arrays of `trading.boosted_trees`."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.errors import ModelError
from trading.boosted_trees import MOST_LEAVES


@dataclass(slots=True, eq=False)
class _Nodes:
    """The questions of all trees, and what each answer with yes rules out."""

    trees: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    first_leaves: list[int] = field(default_factory=list)
    end_leaves: list[int] = field(default_factory=list)

    def add_tree(self, number: int, nodes: Any) -> list[float]:
        """Take a tree's questions; return the values of its leaves from left to right."""
        values: list[float] = []
        self._walk(number, nodes, 0, values)
        return values

    def _walk(self, number: int, nodes: Any, place: int, values: list[float]) -> None:
        node = nodes[place]
        if node["is_leaf"]:
            values.append(float(node["value"]))
            return
        if node["is_categorical"]:
            raise ModelError(f"feature {int(node['feature_idx'])} is a category: only numbers can be exported")
        first = len(values)
        self._walk(number, nodes, int(node["left"]), values)
        self.trees.append(number)
        self.features.append(int(node["feature_idx"]))
        self.thresholds.append(float(node["num_threshold"]))
        self.first_leaves.append(first)
        self.end_leaves.append(len(values))
        self._walk(number, nodes, int(node["right"]), values)


def export(model: Any) -> dict[str, np.ndarray]:
    """Return a fitted `HistGradientBoostingClassifier` of three classes as arrays.

    Raises `ModelError` for trees with too many leaves, and for features that are categories. Which way a missing value
    goes is left out: rows are complete.
    """
    fitted = [tree for iteration in model._predictors for tree in iteration]
    width = max(tree.get_n_leaf_nodes() for tree in fitted)
    if width > MOST_LEAVES:
        raise ModelError(f"trees of {width} leaves: at most {MOST_LEAVES} can be exported; lower max_leaf_nodes")
    nodes = _Nodes()
    leaves = [nodes.add_tree(number, tree.nodes) for number, tree in enumerate(fitted)]
    padded = np.zeros((len(leaves), width))
    for number, values in enumerate(leaves):
        padded[number, : len(values)] = values
    baseline = np.ravel(model._baseline_prediction)
    return {
        "baseline": baseline.astype(np.float64),
        "leaves": padded.reshape(-1, len(baseline), width),
        "node_trees": np.array(nodes.trees, dtype=np.int32),
        "node_features": np.array(nodes.features, dtype=np.int32),
        "node_thresholds": np.array(nodes.thresholds, dtype=np.float64),
        "node_first_leaves": np.array(nodes.first_leaves, dtype=np.int32),
        "node_end_leaves": np.array(nodes.end_leaves, dtype=np.int32),
    }
