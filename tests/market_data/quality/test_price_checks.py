"""Prices against each other: a spike comes back, a split stays, and a glued series jumps between its candles."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.market import Timeframe
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days
from market_data.quality.findings import Kind
from market_data.quality.price_checks import named_ratio, robust_deviation

from .conftest import Judge, Make, changed, found

PRICES = ("opens", "highs", "lows", "closes")
MONTHS = Days(date(2025, 4, 1), date(2025, 7, 31))


def multiplied(raw: RawCandles, begin: int, end: int | None, factor: float) -> RawCandles:
    """The candles with some of them at another level."""
    columns = {name: getattr(raw, name).copy() for name in PRICES}
    for values in columns.values():
        values[begin:end] = np.round(values[begin:end] * factor, 2)
    return replace(raw, **columns)


def test_the_robust_deviation_is_the_standard_deviation_of_a_normal_sample_and_ignores_its_outliers() -> None:
    values = np.random.default_rng(3).normal(0, 2.0, 20_000)
    assert robust_deviation(values) == pytest.approx(2.0, rel=0.03)
    values[:100] = 1e6
    assert robust_deviation(values) == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize(("column", "factor"), [("highs", 1.04), ("lows", 0.96)])
def test_a_price_that_stands_alone_is_a_spike(make: Make, judged: Judge, column: str, factor: float) -> None:
    raw = make()
    finding = found(judged(changed(raw, column, 100, round(raw.closes[100] * factor, 2))), Kind.SPIKE)
    assert [spot.at for spot in finding.spots] == [raw.starts[100]]


def test_a_wick_too_small_to_harm_is_no_spike_however_quiet_the_market(make: Make, judged: Judge) -> None:
    still = replace(make(), **{name: np.full(375, 800.0) for name in PRICES})
    assert judged(changed(still, "highs", 100, 806.0)).of_kind(Kind.SPIKE) is None
    assert found(judged(changed(still, "highs", 100, 809.0)), Kind.SPIKE).rows == 1


def test_a_price_that_moves_and_stays_is_the_market(make: Make, judged: Judge) -> None:
    raw = make()
    moved = changed(multiplied(raw, 101, 150, 1.04), "highs", 100, round(raw.closes[100] * 1.04, 2))
    assert judged(moved).of_kind(Kind.SPIKE) is None


def test_a_wild_session_has_a_scale_of_its_own(make: Make, judged: Judge) -> None:
    raw = make()
    closes = raw.closes.copy()
    closes[75:150] = np.round(800 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, 75))), 2)
    opens = np.concatenate([[800.0], closes[:-1]])
    spread = np.where((np.arange(len(raw)) >= 75) & (np.arange(len(raw)) < 150), 5.0, 0.25)
    highs, lows = np.maximum(opens, closes) + spread, np.minimum(opens, closes) - spread
    wild = replace(raw, opens=opens, closes=closes, highs=highs, lows=lows)
    assert judged(changed(wild, "highs", 100, round(wild.closes[100] * 1.04, 2))).of_kind(Kind.SPIKE) is None


@pytest.mark.parametrize(("factor", "name"), [(0.5, "near 1:2"), (0.2, "near 1:5"), (0.1, "near 1:10")])
@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.D])
def test_a_split_nobody_adjusted_for_is_named(
    make: Make, judged: Judge, timeframe: Timeframe, factor: float, name: str
) -> None:
    raw = make(MONTHS, timeframe)
    middle = 25 * 40 if timeframe is Timeframe.M15 else 40
    finding = found(judged(multiplied(raw, middle, None, factor), timeframe), Kind.CORPORATE_ACTION)
    assert [spot.at for spot in finding.spots] == [raw.starts[middle]]
    assert name in finding.spots[0].what
    assert finding.largest == pytest.approx(factor, rel=0.02)


def test_a_fall_to_the_price_band_is_a_large_gap_and_no_split(make: Make, judged: Judge) -> None:
    judgement = judged(multiplied(make(MONTHS, Timeframe.D), 40, None, 0.8), Timeframe.D)
    assert found(judgement, Kind.OVERNIGHT_GAP).rows == 1
    assert judgement.of_kind(Kind.CORPORATE_ACTION) is None


def test_an_open_that_the_day_takes_back_is_out_of_line(make: Make, judged: Judge) -> None:
    raw = make(MONTHS, Timeframe.D)
    open_, row = round(raw.opens[40] * 1.3, 2), 40
    judgement = judged(changed(changed(raw, "opens", row, open_), "highs", row, open_), Timeframe.D)
    assert [spot.at for spot in found(judgement, Kind.LONELY_OPEN).spots] == [raw.starts[row]]
    assert judgement.of_kind(Kind.CORPORATE_ACTION) is None


def test_a_daily_close_that_the_next_day_takes_back_is_a_spike_and_no_split(make: Make, judged: Judge) -> None:
    judgement = judged(multiplied(make(MONTHS, Timeframe.D), 40, 41, 1.5), Timeframe.D)
    assert found(judgement, Kind.SPIKE).rows == 1
    assert judgement.of_kind(Kind.CORPORATE_ACTION) is None


def test_a_series_of_changing_instruments_is_told_and_its_jumps_are_no_splits(make: Make, judged: Judge) -> None:
    raw = make()
    for begin, factor in ((30, 1.6), (110, 0.4), (200, 2.5)):
        raw = multiplied(raw, begin, None, factor)
    judgement = judged(raw)
    assert found(judgement, Kind.SPLICED).rows == 3
    assert [each.kind for each in judgement.findings] == [Kind.SPLICED]


def test_a_ratio_near_no_fraction_is_given_no_name() -> None:
    assert named_ratio(0.953) == "no usual fraction"
    assert named_ratio(1.98) == "near 2:1"


@pytest.mark.parametrize(("timeframe", "fewest"), [(Timeframe.M5, 20), (Timeframe.D, 5)])
def test_a_price_that_stands_still_for_long_is_a_doubt(
    make: Make, judged: Judge, timeframe: Timeframe, fewest: int
) -> None:
    raw = make(MONTHS, timeframe)

    def still(length: int) -> RawCandles:
        columns = {name: getattr(raw, name).copy() for name in PRICES}
        for values in columns.values():
            values[10 : 10 + length] = raw.closes[9]
        return replace(raw, **columns)

    (spot,) = found(judged(still(fewest), timeframe), Kind.STUCK).spots
    assert (spot.at, spot.rows) == (raw.starts[10], fewest)
    assert judged(still(fewest - 1), timeframe).of_kind(Kind.STUCK) is None


def test_a_price_that_stands_still_to_the_end_is_seen_too(make: Make, judged: Judge) -> None:
    still = replace(make(), **{name: np.full(375, 800.0) for name in PRICES})
    assert found(judged(still), Kind.STUCK).rows == 375
