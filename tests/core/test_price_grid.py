from hypothesis import given
from hypothesis import strategies as st

from core.market import Instrument, Rounding
from core.price_grid import down_to_grid, nearest_on_grid, up_to_grid

PRICES = st.floats(min_value=0.01, max_value=1e8)
TICKS = st.sampled_from((1, 5, 10, 25, 100))


@given(PRICES, TICKS)
def test_a_price_moves_less_than_one_tick_and_to_the_side_asked_for(price, tick):
    down, up, nearest = down_to_grid(price, tick), up_to_grid(price, tick), nearest_on_grid(price, tick)

    assert down % tick == up % tick == nearest % tick == 0
    assert price - tick <= down <= price * (1 + 1e-12) + 1e-9 * tick
    assert price * (1 - 1e-12) - 1e-9 * tick <= up <= price + tick
    assert nearest in {down, up}


@given(st.integers(1, 10**7), TICKS)
def test_a_price_on_the_grid_stays(steps, tick):
    price = steps * tick

    assert down_to_grid(price, tick) == up_to_grid(price, tick) == nearest_on_grid(price, tick) == price


@given(PRICES, TICKS)
def test_an_instrument_rounds_by_these_functions(price, tick):
    share = Instrument(symbol="NSE:SBIN-EQ", token="1", tick=tick)

    assert share.round_price(price, Rounding.DOWN) == down_to_grid(price, tick)
    assert share.round_price(price, Rounding.UP) == up_to_grid(price, tick)
    assert share.round_price(price) == nearest_on_grid(price, tick)


def test_a_rounding_error_of_floats_moves_no_price_by_a_tick():
    assert up_to_grid(0.1 * 3 * 100, 10) == 30
    assert down_to_grid(29.999999999999996, 10) == 30
