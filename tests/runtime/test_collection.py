"""While a run goes on Python looks for cycles seldom, and afterwards as before."""

import gc

import pytest

from runtime.collection import seldom_collected


def test_collections_are_seldom_within_the_block_and_as_before_after_it() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold()[0] > 100 * before[0]

    assert gc.get_threshold() == before


def test_they_are_as_before_after_a_failure_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), seldom_collected():
        raise KeyError

    assert gc.get_threshold() == before
