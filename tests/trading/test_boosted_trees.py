import numpy as np
import pytest

from core.errors import ModelError
from trading.boosted_trees import BoostedTrees
from trading.model_arrays import ModelArrays


def small(**changes) -> BoostedTrees:
    """One iteration. The first tree asks two things and has the leaves 1, 2, 4; the others ask nothing.

    Is feature 0 above 0? If so it is leaf 4, else: is feature 1 above 5? No is leaf 1, yes leaf 2.
    """
    arrays = {
        "baseline": np.array([0.5, 0.0, -0.5]),
        "leaves": np.array([[[1.0, 2.0, 4.0], [8.0, 0.0, 0.0], [16.0, 0.0, 0.0]]]),
        "node_trees": np.array([0, 0], dtype=np.int32),
        "node_features": np.array([0, 1], dtype=np.int32),
        "node_thresholds": np.array([0.0, 5.0]),
        "node_first_leaves": np.array([0, 0], dtype=np.int32),
        "node_end_leaves": np.array([2, 1], dtype=np.int32),
    }
    return BoostedTrees(ModelArrays({**arrays, **changes}), feature_count=2)


@pytest.mark.parametrize(
    ("row", "leaf"),
    [
        ([0.0, 5.0], 1.0),  # on a threshold is not above it
        ([0.0, 5.1], 2.0),
        ([0.1, 5.0], 4.0),
        ([0.1, 5.1], 4.0),  # a yes that was never asked changes nothing
        ([-1e300, -1e300], 1.0),
        ([1e300, 1e300], 4.0),
    ],
)
def test_a_row_reaches_the_leaf_that_its_answers_lead_to(row, leaf):
    trees = small()

    assert trees.scores(np.array(row)).tolist() == [0.5 + leaf, 8.0, 15.5]
    assert trees.scores_of(np.array([row, row])).tolist() == [[0.5 + leaf, 8.0, 15.5]] * 2


def test_a_threshold_of_infinity_is_never_exceeded():
    assert small(node_thresholds=np.array([np.inf, 5.0])).scores(np.array([1e300, 9.0])).tolist()[0] == 2.5


def test_leaf_values_are_added_to_the_baseline_first_to_last():
    values = np.array([0.1, 1e16, -1e16, 0.3])
    leaves = np.repeat(values, 3).reshape(4, 3, 1)
    nothing = {f"node_{name}": np.array([], dtype=np.int32) for name in ("trees", "features", "first_leaves")}
    trees = small(leaves=leaves, **nothing, node_end_leaves=np.array([], dtype=np.int32), node_thresholds=np.array([]))

    expected = (((0.5 + 0.1) + 1e16) - 1e16) + 0.3
    assert trees.scores(np.zeros(2))[0] == expected
    assert trees.scores_of(np.zeros((3, 2)))[:, 0].tolist() == [expected] * 3


@pytest.mark.parametrize("width", [32, 33, 64])
def test_trees_of_up_to_64_leaves_are_walked_to_either_end(width):
    """A tree that goes right at every yes: leaf k for a value between k - 1 and k."""
    nodes = width - 1
    leaves = np.zeros((1, 3, width))
    leaves[0, 0] = np.arange(width)
    trees = small(
        leaves=leaves,
        baseline=np.zeros(3),
        node_trees=np.zeros(nodes, dtype=np.int32),
        node_features=np.zeros(nodes, dtype=np.int32),
        node_thresholds=np.arange(nodes, dtype=np.float64),
        node_first_leaves=np.arange(nodes, dtype=np.int32),
        node_end_leaves=np.arange(1, nodes + 1, dtype=np.int32),
    )
    rows = np.stack([np.arange(width) - 0.5, np.zeros(width)], axis=1)

    assert [trees.scores(row)[0] for row in rows] == list(range(width))
    assert trees.scores_of(rows)[:, 0].tolist() == list(range(width))


def test_one_answer_does_not_change_the_next():
    trees = small()
    rows = np.random.default_rng(1).normal(0, 8, (200, 2))

    once = [trees.scores(row).tolist() for row in rows]
    assert [trees.scores(row).tolist() for row in rows[::-1]] == once[::-1]
    assert trees.scores_of(rows).tolist() == once


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"leaves": np.zeros((0, 3, 3))}, "0 times 3 of 3 leaves"),
        ({"leaves": np.zeros((1, 3, 65))}, "1 times 3 of 65 leaves, expected at least once and up to 64"),
        ({"leaves": np.zeros((1, 2, 3))}, "array leaves"),
        ({"leaves": np.full((1, 3, 3), np.nan)}, "array leaves"),
        ({"baseline": np.zeros(2)}, "array baseline"),
        ({"node_trees": np.array([0, 3], dtype=np.int32)}, "array node_trees holds a place outside 0 to 2"),
        ({"node_features": np.array([0, 2], dtype=np.int32)}, "array node_features holds a place outside 0 to 1"),
        ({"node_features": np.array([0], dtype=np.int32)}, "array node_features"),
        ({"node_thresholds": np.array([0.0, np.nan])}, "array node_thresholds"),
        ({"node_end_leaves": np.array([3, 1], dtype=np.int32)}, "array node_end_leaves"),
        ({"node_end_leaves": np.array([0, 1], dtype=np.int32)}, "nodes that make no tree"),
        ({"node_end_leaves": np.array([2, 2], dtype=np.int32)}, "nodes that make no tree"),
        ({"node_first_leaves": np.array([1, 1], dtype=np.int32)}, "nodes that make no tree"),
        ({"node_trees": np.array([0, 1], dtype=np.int32)}, "nodes that make no tree"),
        ({"node_first_leaves": np.array([-1, 0], dtype=np.int32)}, "array node_first_leaves"),
    ],
)
def test_arrays_that_are_no_trees_are_refused(change, words):
    with pytest.raises(ModelError, match=words):
        small(**change)


def test_trees_whose_bit_sets_would_fill_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr("trading.boosted_trees.LARGEST_TABLE", 47)

    with pytest.raises(ModelError, match="need 48 bytes of bit sets, at most 47 are allowed"):
        small()
