"""The promise that everything rests on: batch and live give the same bits, and neither knows the future."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.market import Timeframe
from core.ports import Calendar
from features.batch import compute
from features.columns import CandleColumns
from features.families import FAMILIES
from features.specification import FeatureSpecification
from features.stream import FeatureStream

PARAMETERS = {
    "macd_histogram": (12, 26, 9),
    "sma_spread": (5, 20),
    "ema_spread": (5, 20),
    "return": (3,),
    "obv_slope": (10,),
}


def name_of(family):
    numbers = PARAMETERS.get(family.name, (14,) * len(family.parameters))
    return "_".join((family.name, *(str(each) for each in numbers)))


EVERY = FeatureSpecification.of(name_of(each) for each in FAMILIES.values())


def differences(specification: FeatureSpecification, candles: CandleColumns, calendar: Calendar) -> list[int]:
    """Rows at which the live path does not give exactly what the batch path gives."""
    table = compute(specification, candles)
    stream = FeatureStream(specification, "NSE:SBIN-EQ", Timeframe.M5, calendar)
    wrong = []
    for row, candle in enumerate(candles.candles()):
        live = stream.update(candle)
        if live is None or not table.valid[row]:
            same = live is None and not table.valid[row]
        else:
            same = np.array(live.values).tobytes() == table.values[row].tobytes() and live.atr == table.atr[row]
        if not same:
            wrong.append(row)
    return wrong


@pytest.mark.hazard("M5")
def test_live_rows_equal_batch_rows_bit_for_bit_over_days_flat_spells_and_zero_volume(wild, every_day):
    assert differences(EVERY, wild, every_day) == []
    assert 1_000 < compute(EVERY, wild).valid.sum() < len(wild) - 76


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_each_feature_alone_is_bitwise_equal_live_and_in_batch(family, make_walk, every_day):
    specification = FeatureSpecification.of((name_of(family),))

    assert differences(specification, make_walk(days=12, seed=7), every_day) == []
    assert compute(specification, make_walk(days=12, seed=7)).valid.any()


def test_live_rows_equal_batch_rows_on_a_year_of_a_real_share(every_day):
    folder = os.environ.get("NSE_DATA_DIR")
    if folder is None:
        pytest.skip("NSE_DATA_DIR is not set: no recorded market data here")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(Path(folder) / "NSE_SBIN-EQ_5m_fyers.parquet").to_pydict()
    by_start = {round(at.timestamp()) * 10**9: row for row, at in enumerate(table["timestamp"])}
    rows = [by_start[start] for start in sorted(by_start)]
    prices = [np.array([round(table[name][row] * 100) for row in rows]) for name in ("open", "high", "low", "close")]
    volumes = np.array([table["volume"][row] for row in rows])
    candles = CandleColumns(np.array(sorted(by_start)), *prices, volumes)

    assert differences(FeatureSpecification.default(), candles, every_day) == []


@pytest.mark.parametrize("per_day", [1, 2, 7, 375])
def test_parity_holds_for_any_length_of_session(per_day, make_walk, every_day):
    candles = make_walk(days=1_500 // per_day, per_day=per_day, minutes=1, seed=3)

    assert differences(EVERY, candles, every_day) == []


@pytest.mark.parametrize("rows", [0, 1, 2, 13, 14, 15, 33, 34, 49, 50, 75, 76])
def test_histories_shorter_than_the_warm_up_give_no_row_and_no_error(rows, make_walk, every_day):
    assert differences(EVERY, make_walk(days=2).slice(0, rows), every_day) == []


def test_a_prefix_of_the_candles_gives_the_same_rows(wild):
    whole = compute(EVERY, wild)

    for rows in (100, 637, 641, 1_500, 2_999):
        part = compute(EVERY, wild.slice(0, rows))
        assert part.valid.tobytes() == whole.valid[:rows].tobytes()
        assert part.values[part.valid].tobytes() == whole.values[:rows][part.valid].tobytes()


@pytest.mark.hazard("M5")
def test_shuffling_the_future_changes_nothing_before_it(wild):
    cut = 1_400
    order = np.random.default_rng(5).permutation(np.arange(cut, len(wild)))
    order = np.concatenate([np.arange(cut), order])
    prices = [each[order] for each in (wild.opens, wild.highs, wild.lows, wild.closes, wild.volumes)]
    whole, shuffled = compute(EVERY, wild), compute(EVERY, CandleColumns(wild.starts, *prices))

    assert whole.valid[:cut].tobytes() == shuffled.valid[:cut].tobytes()
    assert whole.values[:cut][whole.valid[:cut]].tobytes() == shuffled.values[:cut][whole.valid[:cut]].tobytes()
    assert whole.values[cut:].tobytes() != shuffled.values[cut:].tobytes()


def test_features_do_not_change_with_the_scale_of_prices(wild):
    """Four decimals instead of two: the same market in other units gives the same features, but for rounding."""
    fine = CandleColumns(
        wild.starts, *(each * 100 for each in (wild.opens, wild.highs, wild.lows, wild.closes)), wild.volumes
    )
    coarse, scaled = compute(EVERY, wild), compute(EVERY, fine)

    assert coarse.valid.tolist() == scaled.valid.tolist()
    np.testing.assert_allclose(scaled.values[scaled.valid], coarse.values[coarse.valid], rtol=1e-7, atol=1e-9)
