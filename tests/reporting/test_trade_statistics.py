"""Statistics of a few trades, worked out on paper."""

from math import sqrt

import pytest

from core.instants import MINUTE
from core.market import Side
from reporting.trade_columns import TradeColumns
from reporting.trade_statistics import trade_statistics

from .conftest import MakeTrade


def test_some_trades_come_to_what_paper_says(make_trade: MakeTrade) -> None:
    nets = (300, -100, 200, 0, -100, -200)
    found = trade_statistics(
        TradeColumns.of([make_trade(net, charges=10, held=(row + 1) * MINUTE) for row, net in enumerate(nets)])
    )
    assert (found.trades, found.wins, found.losses) == (6, 2, 3)
    assert (found.net, found.gross, found.charges) == (100, 160, 60)
    assert (found.profit, found.loss, found.best, found.worst) == (500, -400, 300, -200)
    assert found.win_rate == pytest.approx(1 / 3)
    assert found.profit_factor == 1.25
    assert found.expectancy == pytest.approx(100 / 6)
    assert (found.mean_win, found.mean_loss) == (250, pytest.approx(-400 / 3))
    assert found.payoff_ratio == pytest.approx(1.875)
    assert found.expectancy_ratio == pytest.approx((100 / 6) / (400 / 3))
    assert (found.holding, found.holding_winners, found.holding_losers) == (210 * 10**9, 2 * MINUTE, 13 * MINUTE // 3)
    assert (found.consecutive_wins, found.consecutive_losses) == (1, 2)


def test_the_system_quality_number_is_the_mean_over_its_error(make_trade: MakeTrade) -> None:
    found = trade_statistics(TradeColumns.of([make_trade(net) for net in (100, 200, 300, 400)]))
    deviation = sqrt((150**2 + 50**2 + 50**2 + 150**2) / 3)
    assert found.system_quality == pytest.approx(sqrt(4) * 250 / deviation)


def test_without_a_trade_nothing_is_said() -> None:
    found = trade_statistics(TradeColumns.of([]))
    assert (found.trades, found.net) == (0, 0)
    assert (found.win_rate, found.profit_factor, found.expectancy, found.expectancy_ratio) == (None,) * 4
    assert (found.payoff_ratio, found.system_quality, found.best, found.holding) == (None,) * 4


def test_without_a_loser_there_is_no_profit_factor(make_trade: MakeTrade) -> None:
    found = trade_statistics(TradeColumns.of([make_trade(100), make_trade(100)]))
    assert (found.profit_factor, found.payoff_ratio, found.system_quality) == (None, None, None)


def test_with_losers_only_the_profit_factor_is_nothing(make_trade: MakeTrade) -> None:
    found = trade_statistics(TradeColumns.of([make_trade(-100), make_trade(-200)]))
    assert (found.profit_factor, found.win_rate, found.payoff_ratio) == (0.0, 0.0, None)
    assert found.expectancy_ratio == -1.0


def test_both_sides_are_counted(make_trade: MakeTrade) -> None:
    found = trade_statistics(TradeColumns.of([make_trade(side=Side.SELL), make_trade(), make_trade()]))
    assert (found.trades, found.longs) == (3, 2)
