"""A run's name comes from what was run, and its record keeps what is drawn."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import numpy as np
import pytest

from core.instants import MINUTE, SECOND
from features.columns import CandleColumns
from reporting.run_record import DRAWN_CANDLES, RunRecord, SymbolCandles

from .conftest import SYMBOLS, MakeTrade, candles_of, weekdays


def test_a_run_is_named_after_its_moment_and_its_content(record: RunRecord) -> None:
    assert record.run_id == record.facts.run_id
    assert record.run_id.startswith("20240401-183000-")
    assert len(record.run_id) == len("20240401-183000-") + 8


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": "other"},
        {"parameters": {"fast": 11, "slow": 30}},
        {"symbols": ("NSE:SBIN-EQ",)},
        {"capital": 1},
        {"assumptions": {}},
        {"data_hash": "0"},
        {"code_version": "0.2.0"},
        {"started_at": 1_711_976_401 * SECOND},
    ],
)
def test_another_run_has_another_name(record: RunRecord, change: dict[str, object]) -> None:
    assert replace(record.facts, **change).run_id != record.run_id


def test_the_same_facts_have_the_same_name_in_any_order_and_kind_of_mapping(record: RunRecord) -> None:
    same = replace(record.facts, parameters=MappingProxyType({"slow": 30, "fast": 10}))
    assert same.run_id == record.run_id


def test_a_curve_without_shape_is_refused(record: RunRecord) -> None:
    with pytest.raises(ValueError, match="one of each for a step"):
        replace(record, equity=record.equity[:-1])


def test_the_candles_around_the_newest_trade_are_kept(make_trade: MakeTrade) -> None:
    candles = candles_of(weekdays(10), seed=1)
    entered = int(candles.starts[500])
    kept = SymbolCandles.of(SYMBOLS[0], candles, (make_trade(entry_at=entered, held=5 * MINUTE),))
    assert len(kept.drawn) == DRAWN_CANDLES
    assert kept.drawn.starts[-1] == candles.starts[513]
    assert (kept.first_close, kept.last_close) == (candles.closes[0], candles.closes[-1])


def test_without_a_trade_the_last_candles_are_kept() -> None:
    candles = candles_of(weekdays(10), seed=1)
    assert SymbolCandles.of(SYMBOLS[0], candles, ()).drawn.starts[-1] == candles.starts[-1]


def test_of_few_candles_all_are_kept_wherever_the_trade_was(make_trade: MakeTrade) -> None:
    candles = candles_of([date(2023, 9, 4)], seed=1)
    trades = (make_trade(entry_at=int(candles.starts[2])),)
    kept = SymbolCandles.of(SYMBOLS[0], candles, trades)
    assert len(kept.drawn) == len(candles)


def test_the_market_changes_from_close_to_close() -> None:
    one = np.array([1, 2])
    price = np.array([100, 150])
    kept = SymbolCandles.of("A", CandleColumns(one, price, price, price, price, one), ())
    assert kept.market_change == 0.5


def test_a_symbol_without_candles_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one candle"):
        SymbolCandles.of("A", CandleColumns(*(np.empty(0, dtype=np.int64) for _ in range(6))), ())
