from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market import Instrument, Side, Tick
from core.pricing import marketable_limit, stop_limit, stop_trigger

FREE = Instrument(symbol="NSE:SBIN-EQ", token="1", tick=5)


def quote(ltp: int, bid: int = 0, ask: int = 0) -> Tick:
    return Tick("NSE:SBIN-EQ", 0, ltp, bid, ask, 0)


def test_a_buy_goes_beyond_the_ask_and_a_sale_below_the_bid(sbin):
    assert marketable_limit(Side.BUY, quote(80_000, 79_950, 80_050), 0.002, sbin) == 80_215
    assert marketable_limit(Side.SELL, quote(80_000, 79_950, 80_050), 0.002, sbin) == 79_790


def test_without_a_quote_the_last_price_is_the_touch(sbin):
    assert marketable_limit(Side.BUY, quote(80_000), 0.002, sbin) == 80_160
    assert marketable_limit(Side.SELL, quote(80_000), 0.002, sbin) == 79_840


def test_a_stale_quote_inside_the_last_price_is_not_trusted(sbin):
    assert marketable_limit(Side.BUY, quote(80_000, 79_000, 79_005), 0.002, sbin) == 80_160
    assert marketable_limit(Side.SELL, quote(80_000, 80_995, 81_000), 0.002, sbin) == 79_840


@pytest.mark.hazard("S17")
def test_the_band_is_the_end(sbin):
    assert marketable_limit(Side.BUY, quote(87_990), 0.01, sbin) == 88_000
    assert marketable_limit(Side.SELL, quote(72_010), 0.01, sbin) == 72_000


def test_a_price_of_a_few_ticks_does_not_round_to_nothing():
    assert marketable_limit(Side.SELL, quote(5), 0.02, FREE) == 5
    assert stop_trigger(Side.SELL, -200, FREE) == 10


@pytest.mark.hazard("S14")
@given(
    st.sampled_from(Side),
    st.integers(1, 200_000),
    st.floats(0, 0.05),
    st.sampled_from([1, 5, 10, 25, 100]),
)
def test_a_marketable_limit_lies_on_the_grid_and_never_gives_less_than_the_buffer(side, steps, buffer, tick):
    instrument = replace(FREE, tick=tick)
    ltp = steps * tick
    price = marketable_limit(side, quote(ltp), buffer, instrument)
    assert price > 0
    assert price % tick == 0
    reach = side.value * (price - ltp)
    assert reach >= ltp * buffer - 1e-3 or price == tick
    assert reach < ltp * buffer + tick


@given(st.sampled_from(Side), st.integers(10, 200_000), st.floats(0.0001, 0.05))
def test_a_stops_limit_lies_beyond_its_trigger(side, steps, offset):
    trigger = steps * 5
    limit = stop_limit(side, trigger, offset, FREE)
    assert limit % 5 == 0
    assert side.value * (limit - trigger) >= 5


@pytest.mark.parametrize(
    ("side", "trigger", "expected"),
    [(Side.SELL, 71_000, 72_005), (Side.SELL, 79_600, 79_600), (Side.BUY, 90_000, 87_995), (Side.BUY, 80_400, 80_400)],
)
def test_a_trigger_leaves_room_for_its_limit_inside_the_band(sbin, side, trigger, expected):
    found = stop_trigger(side, trigger, sbin)
    assert found == expected
    limit = stop_limit(side, found, 0.005, sbin)
    assert sbin.clamp(limit) == limit
    assert side.value * (limit - found) > 0


def test_without_a_band_a_buy_trigger_is_free():
    assert stop_trigger(Side.BUY, 1_000_000, FREE) == 1_000_000
