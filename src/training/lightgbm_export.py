"""From LightGBM's boosted trees to the arrays of `trading.boosted_trees`, without importing LightGBM."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.errors import ModelError
from training.boosted_trees_export import Node, Split, flatten, require_narrow

ZERO = float(np.float32(1e-35))
"""LightGBM takes what is no farther from 0 for 0 (`kZeroThreshold`), and never splits in between."""


def export(model: Any) -> dict[str, np.ndarray]:
    """Return a fitted `LGBMClassifier` as arrays. LightGBM adds its baseline to the leaves of the first trees.

    Raises `ModelError` for trees with too many leaves, and for questions other than whether a number is at most a
    threshold.
    """
    told = model.booster_.dump_model()
    trees = told["tree_info"]
    require_narrow(max(each["num_leaves"] for each in trees), "num_leaves")
    return flatten([_node(each["tree_structure"]) for each in trees], np.zeros(told["num_class"]))


def _node(node: Mapping[str, Any]) -> Node:
    if "split_feature" not in node:
        return float(node["leaf_value"])
    if node["decision_type"] != "<=" or node["missing_type"] != "None":
        raise ModelError(
            f"feature {node['split_feature']} is a category, or was missing in some rows: only numbers can be exported"
        )
    left, right = _node(node["left_child"]), _node(node["right_child"])
    return Split(int(node["split_feature"]), _threshold(float(node["threshold"])), left, right)


def _threshold(value: float) -> float:
    """Return what a value must not exceed to go left: the lower end of what is taken for 0 goes right, as 0 does."""
    return float(np.nextafter(value, -np.inf)) if value == -ZERO else value
