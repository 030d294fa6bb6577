"""Rows by themselves: each defect is found where it was put, and clean candles have none."""

import numpy as np
import pytest

from core.market import Timeframe
from market_data.candles.raw_candles import RawCandles
from market_data.quality.findings import Kind, Weight
from market_data.quality.row_checks import repeats

from .conftest import MONDAY, Judge, Make, changed, found, picked, stacked


def test_clean_candles_are_found_clean(make: Make, judged: Judge) -> None:
    assert judged(make()).findings == ()


def test_a_day_downloaded_twice_is_counted_once_too_often(make: Make, judged: Judge) -> None:
    raw = make()
    judgement = judged(stacked(raw.rows(np.arange(150)), raw.rows(np.arange(75, 375))))
    twice = found(judgement, Kind.EQUAL_DUPLICATES)
    assert twice.rows == 75
    assert len(twice.spots) == 1
    assert found(judgement, Kind.DISORDER).rows == 1
    assert judgement.of_kind(Kind.CONTRADICTIONS) is None


def test_two_versions_of_a_candle_contradict_each_other(make: Make, judged: Judge) -> None:
    raw = make()
    judgement = judged(stacked(raw, changed(picked(raw, 10), "volumes", 0, 7.0)))
    (spot,) = found(judgement, Kind.CONTRADICTIONS).spots
    assert spot.at == raw.starts[10]
    assert judgement.of_kind(Kind.EQUAL_DUPLICATES) is None


def test_a_repeat_of_one_of_two_versions_is_no_honest_repeat(make: Make) -> None:
    raw = make()
    three = stacked(picked(raw, 10), picked(raw, 10), changed(picked(raw, 10), "closes", 0, 801.0))
    repeated, contradicting = repeats(three)
    assert not repeated.any()
    assert contradicting.all()


def test_rows_without_a_number_repeat_each_other(make: Make) -> None:
    hole = changed(picked(make(), 10), "volumes", 0, np.nan)
    repeated, _ = repeats(stacked(hole, hole))
    assert repeated.tolist() == [False, True]


@pytest.mark.parametrize("column", ["closes", "lows"])
@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_what_is_no_price_is_found_and_spoils_no_other_check(
    make: Make, judged: Judge, price: float, column: str
) -> None:
    judgement = judged(changed(make(), column, 40, price))
    assert found(judgement, Kind.NOT_A_PRICE).rows == 1
    assert [each.kind for each in judgement.findings] == [Kind.NOT_A_PRICE]


def test_an_impossible_candle_is_measured(make: Make, judged: Judge) -> None:
    raw = make()
    finding = found(judged(changed(raw, "highs", 40, raw.lows[40] - 3.0)), Kind.IMPOSSIBLE)
    assert finding.rows == 1
    assert finding.largest == pytest.approx(max(raw.opens[40], raw.closes[40]) - raw.lows[40] + 3.0, abs=1e-3)


def test_a_negative_volume_is_no_volume(make: Make, judged: Judge) -> None:
    assert found(judged(changed(make(), "volumes", 5, -1.0)), Kind.BAD_VOLUME).rows == 1


def test_an_index_without_volume_is_told_once_and_is_no_defect(make: Make, judged: Judge) -> None:
    raw = make()
    judgement = judged(RawCandles(*raw.columns[:5], np.zeros(len(raw))))
    assert [each.kind for each in judgement.findings] == [Kind.NO_VOLUME]
    assert Kind.NO_VOLUME.weight is Weight.NOTE


def test_a_source_that_leaves_out_the_opening_trades_is_known_by_its_first_candles(make: Make, judged: Judge) -> None:
    raw = make()
    for first in range(0, 375, 75):
        raw = changed(raw, "volumes", first, 0.0)
    judgement = judged(raw)
    assert found(judgement, Kind.FIRST_WITHOUT_VOLUME).rows == 5
    assert not any(each.is_troubled for each in judgement.days), "it is the source's manner, not the trouble of a day"


def test_a_still_candle_without_volume_was_filled_in(make: Make, judged: Judge) -> None:
    raw = make(timeframe=Timeframe.D)
    for column in ("opens", "highs", "lows", "closes"):
        raw = changed(raw, column, 2, 800.0)
    judgement = judged(changed(raw, "volumes", 2, 0.0), Timeframe.D)
    assert found(judgement, Kind.FROZEN).rows == 1


def test_float_noise_is_told_from_an_adjusted_price(make: Make, judged: Judge) -> None:
    raw = make()
    noise = judged(changed(raw, "closes", 40, raw.closes[40] + 0.0001))
    adjusted = judged(changed(raw, "closes", 40, raw.closes[40] + 0.004))
    assert "float noise" in found(noise, Kind.OFF_PAISA).what
    assert "adjustment" in found(adjusted, Kind.OFF_PAISA).what


def test_a_price_of_whole_paise_in_floats_is_no_noise(make: Make, judged: Judge) -> None:
    raw = make()
    assert judged(changed(raw, "closes", 40, raw.opens[40] + 0.1 + 0.1 + 0.01)).of_kind(Kind.OFF_PAISA) is None


def test_disorder_is_seen_where_the_file_steps_back(make: Make, judged: Judge) -> None:
    raw = make()
    order = np.arange(len(raw))
    order[[20, 21]] = [21, 20]
    finding = found(judged(raw.rows(order)), Kind.DISORDER)
    assert [spot.at for spot in finding.spots] == [raw.starts[20]]
    assert judged(raw.rows(order)).days[0].day == MONDAY
