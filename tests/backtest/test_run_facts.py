"""What a run was made of tells it from a run on other data: other candles, and other ticks."""

import numpy as np

from backtest.assumptions import Mode
from backtest.bar_ticks import BarTicks
from backtest.bars import packed
from backtest.run_facts import StrategyHashes, facts_of, with_ticks
from backtest.run_options import EngineName
from reporting.run_record import RunFacts
from runtime.settings import Settings

from .conftest import SYMBOL, bars_of

FLAT = (10_000, 10_010, 9_990, 10_000)


def facts() -> RunFacts:
    candles = {SYMBOL: bars_of([[FLAT] * 4]).candles}
    return facts_of(Settings(), candles, Mode.INTRADAY, EngineName.EVENT, {}, StrategyHashes("", ""), started_at=0)


def seen(*moments: tuple[int, int]) -> BarTicks:
    """Ticks, as time and price, of one bar."""
    at, prices = np.array(moments, dtype=np.int64).reshape(-1, 2).T
    place = np.array([0], dtype=np.int64)
    return BarTicks(place, place + len(at), packed(at), packed(prices), sessions=min(len(at), 1))


def test_ticks_that_were_watched_are_part_of_the_hash_of_the_data() -> None:
    once, again = (with_ticks(facts(), [seen((1, 10_000), (2, 10_005))]) for _ in range(2))
    others = [
        facts(),
        with_ticks(facts(), [seen((1, 10_000), (2, 10_010))]),
        with_ticks(facts(), [seen((1, 10_000), (3, 10_005))]),
        with_ticks(facts(), [seen((1, 10_000)), seen((2, 10_005))]),
    ]

    assert once.data_hash == again.data_hash
    assert len({once.data_hash, *(each.data_hash for each in others)}) == 5


def test_a_run_that_found_no_ticks_walked_candles_alone() -> None:
    assert with_ticks(facts(), [seen(), seen()]) == facts()
