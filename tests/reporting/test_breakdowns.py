"""Trades told apart: no trade is lost, and times are Indian."""

from collections.abc import Sequence
from datetime import date, time

import pytest

from core.instants import DAY, MINUTE, instant_at
from core.market import Side
from core.positions import Trade
from reporting.breakdowns import Dimension, TradeGroup, breakdown
from reporting.run_record import RunRecord
from reporting.trade_columns import TradeColumns

from .conftest import MakeTrade


def groups_of(trades: Sequence[Trade], dimension: Dimension) -> tuple[TradeGroup, ...]:
    return breakdown(trades, TradeColumns.of(trades), dimension)


@pytest.mark.parametrize("dimension", Dimension)
def test_groups_come_to_the_whole(dimension: Dimension, record: RunRecord) -> None:
    groups = groups_of(record.trades, dimension)
    assert sum(group.statistics.trades for group in groups) == len(record.trades)
    assert sum(group.statistics.net for group in groups) == record.net
    assert len({group.name for group in groups}) == len(groups) > 1


def test_hours_weekdays_and_months_are_indian_and_in_their_order(make_trade: MakeTrade) -> None:
    friday, monday = date(2023, 9, 29), date(2023, 10, 2)
    trades = [
        make_trade(entry_at=instant_at(friday, time(15, 0)), held=DAY * 3),
        make_trade(entry_at=instant_at(monday, time(9, 20)), held=MINUTE),
    ]
    assert [each.name for each in groups_of(trades, Dimension.HOUR)] == ["09:00", "15:00"]
    assert [each.name for each in groups_of(trades, Dimension.WEEKDAY)] == ["Monday", "Friday"]
    assert [each.name for each in groups_of(trades, Dimension.MONTH)] == ["2023-10"]


def test_the_most_profitable_symbol_stands_on_top(make_trade: MakeTrade) -> None:
    trades = [make_trade(-5, symbol="A"), make_trade(7, symbol="B"), make_trade(1, symbol="C", side=Side.SELL)]
    assert [each.name for each in groups_of(trades, Dimension.SYMBOL)] == ["B", "C", "A"]
    assert [each.name for each in groups_of(trades, Dimension.SIDE)] == ["long", "short"]


def test_without_trades_there_are_no_groups() -> None:
    assert groups_of([], Dimension.SYMBOL) == ()
