"""While a run goes on Python looks for cycles seldom, and afterwards as before."""

import gc
from collections.abc import Iterator

import pytest

from runtime.collection import seldom_collected


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


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


def test_what_piled_up_is_not_searched_at_the_end() -> None:
    searched: list[str] = []
    gc.callbacks.append(lambda phase, _: searched.append(phase))
    try:
        with seldom_collected():
            piled_up = [[] for _ in range(50_000)]
        after = [[] for _ in range(100)]
    finally:
        gc.callbacks.pop()

    assert (len(piled_up), len(after), searched) == (50_000, 100, [])
