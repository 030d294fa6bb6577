"""How our candles compare with the official ones: counted from events alone, and never twice."""

import pytest

from core import events
from core.candle_quality import CandleQuality, PriceDifference
from core.fold import apply
from core.instants import MINUTE
from core.market import Candle
from core.state import BotState

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


def candle(start: int = 0, close: int = 100, volume: int = 1_000) -> Candle:
    return Candle(start, 100, max(110, close), min(90, close), close, volume)


def built(ours: Candle, symbol: str = SBIN, late: int = 0) -> events.CandleBuilt:
    return events.CandleBuilt(at=1, symbol=symbol, candle=ours, tick=5, ticks=9, late=late)


def official(*candles: Candle, symbol: str = SBIN) -> events.HistoryArrived:
    return events.HistoryArrived(at=2, symbol=symbol, candles=candles, due=candles[-1].start)


def heard(*happened: events.Event) -> CandleQuality:
    quality = CandleQuality()
    for event in happened:
        quality.hear(event)
    return quality


def test_an_equal_candle_is_identical():
    quality = heard(built(candle(), late=3), official(candle()))
    assert (quality.built, quality.compared, quality.identical, quality.within_tick, quality.late) == (1, 1, 1, 1, 3)
    assert (quality.worst, quality.median_volume_difference, quality.worst_volume_difference) == (None, 0.0, 0.0)


@pytest.mark.parametrize(("close", "within"), [(105, 1), (106, 0)])
def test_a_price_that_is_off_by_no_more_than_a_tick_is_told_apart(close, within):
    quality = heard(built(candle(MINUTE, close)), official(candle(MINUTE)))
    assert (quality.identical, quality.within_tick) == (0, within)
    assert quality.worst == PriceDifference(symbol=SBIN, start=MINUTE, units=close - 100)


def test_the_worst_price_is_that_of_the_candle_furthest_off():
    pairs = [(SBIN, 0, 103), (INFY, MINUTE, 109), (SBIN, 2 * MINUTE, 104)]
    happened = []
    for symbol, start, close in pairs:
        happened += [built(candle(start, close), symbol), official(candle(start), symbol=symbol)]
    assert heard(*happened).worst == PriceDifference(symbol=INFY, start=MINUTE, units=9)


def test_volume_is_compared_by_its_median_and_its_worst():
    happened = []
    for number, volume in enumerate((1_000, 999, 990, 0, 5_000)):
        happened += [built(candle(number, volume=volume)), official(candle(number))]
    quality = heard(*happened)
    assert (quality.median_volume_difference, quality.worst_volume_difference) == (0.01, 1.0)


def test_an_index_has_no_volume_to_differ_in():
    assert heard(built(candle(volume=0)), official(candle(volume=0))).worst_volume_difference == 0.0


def test_no_candle_is_compared_twice_nor_with_another_one_or_symbol():
    quality = heard(
        built(candle(MINUTE)),
        official(candle(0)),
        official(candle(MINUTE), symbol=INFY),
        official(candle(0), candle(MINUTE)),
        official(candle(MINUTE)),
    )
    assert quality.compared == 1


def test_a_candle_whose_official_one_never_came_is_not_compared():
    quality = heard(built(candle(0)), built(candle(MINUTE)), official(candle(0)), official(candle(MINUTE)))
    assert (quality.built, quality.compared) == (2, 1)


def test_the_state_counts_them_and_begins_anew_with_a_day(day):
    state = BotState()
    apply(state, events.DayBegan(at=1, day=day))
    for event in (built(candle()), official(candle())):
        apply(state, event)
    apply(state, events.CandleDoubted(at=3, symbol=SBIN, start=MINUTE, why="a gap"))
    assert (state.candles.compared, state.candles.doubted) == (1, 1)
    apply(state, events.DayBegan(at=4, day=day))
    assert state.candles.compared == 1
    state.day = None
    apply(state, events.DayBegan(at=5, day=day))
    assert state.candles == CandleQuality()
