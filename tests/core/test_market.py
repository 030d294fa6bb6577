from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instants import DAY, MINUTE
from core.market import Candle, Instrument, Rounding, Side, Tick, Timeframe

TICKS = st.sampled_from([1, 5, 10, 50, 100, 500])


def share(tick: int) -> Instrument:
    return Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=tick)


@pytest.mark.parametrize(
    ("timeframe", "minutes", "resolution"),
    [
        (Timeframe.M1, 1, "1"),
        (Timeframe.M3, 3, "3"),
        (Timeframe.M5, 5, "5"),
        (Timeframe.M15, 15, "15"),
        (Timeframe.M60, 60, "60"),
        (Timeframe.D, 1440, "D"),
    ],
)
def test_a_timeframe_knows_its_length_and_the_brokers_word(timeframe: Timeframe, minutes: int, resolution: str) -> None:
    assert (timeframe.minutes, timeframe.duration, timeframe.resolution) == (minutes, minutes * MINUTE, resolution)


def test_a_day_is_the_longest_timeframe() -> None:
    assert Timeframe("D").duration == DAY


def test_each_side_is_closed_by_the_other() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_only_an_index_cannot_be_traded(sbin: Instrument) -> None:
    assert not sbin.is_index
    assert replace(sbin, symbol="NSE:NIFTY50-INDEX").is_index


def test_rupees_and_units_are_told_apart_by_the_scale(sbin: Instrument) -> None:
    assert sbin.units(812.35) == 81_235
    assert sbin.rupees(81_235) == 812.35
    currency = replace(sbin, scale=4)
    assert currency.units(83.2575) == 832_575
    assert currency.rupees(832_575) == 83.2575


@given(st.integers(1, 10**9))
def test_every_price_survives_the_way_to_rupees_and_back(units: int) -> None:
    assert share(5).units(share(5).rupees(units)) == units


@pytest.mark.parametrize(
    ("units", "down", "nearest", "up"),
    [(81_237.4, 81_235, 81_235, 81_240), (81_238.0, 81_235, 81_240, 81_240), (81_235.0, 81_235, 81_235, 81_235)],
)
def test_a_price_goes_to_the_grid_in_the_direction_asked_for(
    sbin: Instrument, units: float, down: int, nearest: int, up: int
) -> None:
    assert sbin.round_price(units, Rounding.DOWN) == down
    assert sbin.round_price(units) == nearest
    assert sbin.round_price(units, Rounding.UP) == up


@pytest.mark.hazard("S14")
@given(units=st.floats(0.01, 1e8), tick=TICKS)
def test_rounding_stays_on_the_grid_and_within_one_tick(units: float, tick: int) -> None:
    down, nearest, up = (
        share(tick).round_price(units, rounding) for rounding in (Rounding.DOWN, Rounding.NEAREST, Rounding.UP)
    )

    assert down % tick == nearest % tick == up % tick == 0
    assert down in (nearest, up - tick, up)
    assert down <= units + 1e-6
    assert up >= units - 1e-6
    assert abs(nearest - units) <= tick / 2 + 1e-6


@given(steps=st.integers(1, 10**7), tick=TICKS, rounding=st.sampled_from(Rounding))
def test_a_price_on_the_grid_is_never_moved(steps: int, tick: int, rounding: Rounding) -> None:
    assert share(tick).round_price(float(steps * tick), rounding) == steps * tick


def test_a_price_is_brought_into_todays_band(sbin: Instrument) -> None:
    assert sbin.clamp(90_000) == 88_000
    assert sbin.clamp(70_000) == 72_000
    assert sbin.clamp(80_000) == 80_000
    assert replace(sbin, lower_band=None, upper_band=None).clamp(1) == 1


@pytest.mark.parametrize(
    ("open_", "high", "low", "close", "volume"),
    [
        (100, 99, 98, 99, 1),
        (100, 101, 100, 99, 1),
        (100, 101, 0, 100, 1),
        (100, 101, 99, 102, 1),
        (100, 101, 99, 100, -1),
    ],
)
def test_a_bar_that_no_market_can_make_is_refused(open_: int, high: int, low: int, close: int, volume: int) -> None:
    with pytest.raises(ValueError, match="impossible candle"):
        Candle(0, open_, high, low, close, volume)


def test_a_bar_without_movement_or_trade_is_a_bar() -> None:
    assert Candle(0, 100, 100, 100, 100, 0).high == 100


def test_a_tick_names_its_fields_in_wire_order() -> None:
    assert Tick("NSE:SBIN-EQ", 1, 100, 99, 101, 7)._asdict() == {
        "symbol": "NSE:SBIN-EQ", "at": 1, "ltp": 100, "bid": 99, "ask": 101, "volume": 7,
    }  # fmt: skip
