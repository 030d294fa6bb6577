"""Trades drawn again: repeatable, and right where the answer is known."""

from collections.abc import Sequence

import numpy as np
import pytest

from core.positions import Trade
from reporting.monte_carlo import PERCENTILES, Resampling, monte_carlo
from reporting.run_record import RunRecord
from reporting.trade_columns import TradeColumns

from .conftest import CAPITAL, MakeTrade


def nets_of(trades: Sequence[Trade]) -> np.ndarray:
    return TradeColumns.of(trades).net


@pytest.mark.parametrize("way", Resampling)
def test_the_same_seed_gives_the_same_figures(way: Resampling, record: RunRecord) -> None:
    first, again, other = (
        monte_carlo(nets_of(record.trades), CAPITAL, way, np.random.default_rng(seed), runs=50) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_another_order_changes_the_drawdown_and_never_the_profit(record: RunRecord) -> None:
    found = monte_carlo(nets_of(record.trades), CAPITAL, Resampling.RESHUFFLE, np.random.default_rng(1), runs=200)
    assert found is not None
    assert set(found.profit) == {record.net}
    assert found.drawdown[0] < found.drawdown[-1]


def test_the_bootstrap_lies_around_what_was(record: RunRecord) -> None:
    found = monte_carlo(nets_of(record.trades), CAPITAL, Resampling.BOOTSTRAP, np.random.default_rng(1), runs=2_000)
    assert found is not None
    nets = [trade.net for trade in record.trades]
    error = float(np.std(nets) * np.sqrt(len(nets)))
    low, *_, high = found.profit
    assert found.profit[2] == pytest.approx(record.net, abs=0.1 * error)
    assert (high - low) == pytest.approx(2 * 1.645 * error, rel=0.1)  # normal, by the central limit theorem
    assert list(found.drawdown) == sorted(found.drawdown)


def test_the_drawdown_of_two_trades_is_known_in_both_orders(make_trade: MakeTrade) -> None:
    trades = [make_trade(100), make_trade(-100)]
    found = monte_carlo(nets_of(trades), 1_000, Resampling.RESHUFFLE, np.random.default_rng(1), runs=500)
    assert found is not None
    assert (found.drawdown[0], found.drawdown[-1]) == (pytest.approx(100 / 1100), pytest.approx(0.1))
    assert found.chance_of_loss == 0.0


def test_losing_trades_lose_in_every_run(make_trade: MakeTrade) -> None:
    trades = [make_trade(-100), make_trade(-200)]
    found = monte_carlo(nets_of(trades), CAPITAL, Resampling.BOOTSTRAP, np.random.default_rng(1), runs=20)
    assert found is not None
    assert found.chance_of_loss == 1.0
    assert len(found.profit) == len(PERCENTILES)


def test_one_trade_is_not_drawn_again(make_trade: MakeTrade) -> None:
    assert monte_carlo(nets_of([make_trade()]), CAPITAL, Resampling.BOOTSTRAP, np.random.default_rng(1)) is None
