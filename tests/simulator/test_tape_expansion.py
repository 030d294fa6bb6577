from datetime import date, time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instants import HOUR, MINUTE, instant_at
from core.sessions import TradingDay
from simulator.day_path import Bars
from simulator.tape_expansion import expand

DAY = date(2023, 6, 1)
OPEN = instant_at(DAY, time(9, 15))
SESSION = TradingDay(
    date=DAY,
    open=OPEN,
    close=OPEN + HOUR,
    no_entry_after=OPEN + 30 * MINUTE,
    square_off=OPEN + 40 * MINUTE,
    flat_by=OPEN + 45 * MINUTE,
)
TICK = 5


@st.composite
def candles(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    low = draw(st.integers(1, 20_000))
    span = draw(st.integers(0, 200))
    open_, close = (low + draw(st.integers(0, span)) for _ in range(2))
    volume = draw(st.integers(0, 2_000_000))
    return open_ * TICK, (low + span) * TICK, low * TICK, close * TICK, volume


def bars(rows: list[tuple[int, int, int, int, int]], minutes: int) -> Bars:
    columns = np.array(rows, dtype=np.int64).T
    start = OPEN + np.arange(len(rows), dtype=np.int64) * minutes * MINUTE
    return Bars(start, *columns)


@given(rows=st.lists(candles(), min_size=1, max_size=12), seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_quotes_respect_every_candle_exactly(rows: list[tuple[int, int, int, int, int]], seed: int) -> None:
    at, price, shares = expand(bars(rows, 5), SESSION, 5 * MINUTE, TICK, np.random.default_rng(seed))
    assert (np.diff(at) > 0).all()
    assert not (price % TICK).any()
    for number, (open_, high, low, close, volume) in enumerate(rows):
        start = OPEN + number * 5 * MINUTE
        inside = (at >= start) & (at < start + 5 * MINUTE)
        path = price[inside]
        assert (path[0], path.max(), path.min(), path[-1], shares[inside].sum()) == (open_, high, low, close, volume)
        assert (shares[inside] >= 0).all()


def test_a_quote_comes_every_second_or_two() -> None:
    at, _, _ = expand(bars([(100, 120, 90, 110, 50)], 5), SESSION, 5 * MINUTE, TICK, np.random.default_rng(1))
    assert 150 <= len(at) <= 300
    assert at[0] < OPEN + 1_000_000_000


def test_a_candle_that_the_close_cuts_short_ends_with_the_session() -> None:
    rows = bars([(100, 120, 90, 110, 50)], 5)
    at, _, shares = expand(rows, SESSION, 4 * HOUR, TICK, np.random.default_rng(1))
    assert SESSION.close - 3_000_000_000 < at[-1] < SESSION.close
    assert shares.sum() == 50


def test_the_order_of_the_extremes_is_seeded_and_not_always_the_same() -> None:
    lows_first = 0
    for seed in range(100):
        _, price, _ = expand(bars([(100, 120, 80, 110, 50)], 5), SESSION, 5 * MINUTE, TICK, np.random.default_rng(seed))
        lows_first += int(price.argmin() < price.argmax())
    assert 55 < lows_first < 85


def test_no_candles_make_no_quotes() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    empty = Bars(nothing, nothing, nothing, nothing, nothing, nothing)
    at, price, shares = expand(empty, SESSION, 5 * MINUTE, TICK, np.random.default_rng(1))
    assert len(at) == len(price) == len(shares) == 0
