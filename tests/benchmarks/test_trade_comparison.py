"""Trades are the same when time, side and both prices are; everything else is counted as what it is."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from features.columns import CandleColumns

MINUTE = 60 * 10**9


@pytest.fixture
def comparison() -> ModuleType:
    return import_module("trade_comparison")


@pytest.fixture
def trades(comparison: ModuleType) -> Any:
    columns = ([10, 20, 30], [15, 25, 35], [1, -1, 1], [100, 105, 110], [105, 100, 120])
    return comparison.Trades(*(np.array(column) for column in columns))


def changed(trades: Any, name: str, row: int, value: int) -> Any:
    column = getattr(trades, name).copy()
    column[row] = value
    return replace(trades, **{name: column})


def test_equal_trades_are_identical(comparison: ModuleType, trades: Any) -> None:
    assert comparison.is_identical(trades, trades)
    assert comparison.compared(trades, trades)["identical"] == 3


@pytest.mark.parametrize("name", ["entry_at", "exit_at", "sides", "entry_prices", "exit_prices"])
def test_any_other_column_is_a_difference(comparison: ModuleType, trades: Any, name: str) -> None:
    other = changed(trades, name, 1, 7)
    assert not comparison.is_identical(trades, other)
    assert comparison.compared(trades, other)["identical"] == 2


def test_a_trade_that_one_of_both_lacks_is_counted_on_its_side(comparison: ModuleType, trades: Any) -> None:
    other = changed(changed(trades, "entry_at", 1, 21), "exit_prices", 2, 115)
    assert comparison.compared(trades, other) == {
        "trades": 3,
        "identical": 1,
        "other_entry_price": 0,
        "other_exit": 1,
        "only_ours": 1,
        "only_theirs": 1,
    }


def test_a_peers_exit_is_dated_by_the_start_of_its_bar_when_it_fills_at_the_open(
    comparison: ModuleType, tmp_path: Path
) -> None:
    starts = np.arange(3) * MINUTE
    prices = np.array([10_000, 10_100, 10_200])
    candles = CandleColumns(starts, prices, prices + 50, prices - 50, prices, np.ones(3, dtype=np.int64))
    bars = SimpleNamespace(candles=candles, sessions=SimpleNamespace(closed_at=starts + MINUTE))
    np.savez(
        tmp_path / "trades.npz",
        entry_row=[0, 1],
        exit_row=[1, 2],
        side=[1.0, -1.0],
        entry_price=[100.0, 101.0],
        exit_price=[101.0, 102.5],
    )
    found = comparison.theirs(tmp_path / "trades.npz", bars)
    assert found.exit_at.tolist() == [MINUTE, 3 * MINUTE]
    assert found.exit_prices.tolist() == [10_100, 10_250]
