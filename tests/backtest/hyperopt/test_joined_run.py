"""Tests joined to one run: no profit is lost between them, and none counted twice."""

import numpy as np

from backtest.assumptions import Mode
from backtest.candle_sources import Range
from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.folds import Scheme, Windows
from backtest.hyperopt.joined_run import joined_record
from backtest.hyperopt.walk_forward import longest_holding
from core.instants import DAY
from reporting.analysis import analyse
from runtime.code_version import code_version

WINDOWS = Windows(scheme=Scheme.ROLLING, training=12, test=4, purge=0, embargo=0)


def test_curve_trades_and_charges_are_those_of_the_parts_in_a_row(make_ground) -> None:
    ground = make_ground(seeds=(1, 2))
    days = ground.sessions
    spans = [Range(first=days[0], last=days[9]), Range(first=days[10], last=days[23])]
    parts = [
        Evaluator(ground.within(span)).result(chosen)
        for span, chosen in zip(spans, ({"fast": 3}, {"fast": 5, "slow": 13}), strict=True)
    ]
    record = joined_record(ground, parts, {"chosen": "two"}, 0.5)

    capital = ground.rules.capital
    assert record.trades == parts[0].trades + parts[1].trades
    assert int(record.equity[-1]) == capital + record.net == capital + parts[0].net + parts[1].net
    assert (np.diff(record.at) > 0).all()
    assert record.charges.total == sum(trade.charges for trade in record.trades)
    assert record.candles == 2 * 24 * 75
    assert (record.facts.first, record.facts.capital) == (int(ground.stretches[0].candles.starts[0]), capital)
    assert record.facts.code_version == code_version()
    assert analyse(record, runs=0).curve.sessions == 24


def test_sessions_that_are_sat_out_are_sessions_without_profit(make_ground) -> None:
    ground = make_ground()
    days = ground.sessions
    spans = [Range(first=days[0], last=days[9]), Range(first=days[10], last=days[23])]
    idle, traded = Evaluator(ground.within(spans[0])).idle(), Evaluator(ground.within(spans[1])).result({})
    record = joined_record(ground, [idle, traded], {}, 0.5)

    assert idle.trades == ()
    assert record.trades == traded.trades
    assert set(record.equity[: 10 * 75].tolist()) == {ground.rules.capital}
    assert analyse(record, runs=0).curve.sessions == 24


def test_within_the_day_nothing_is_purged_and_over_night_the_longest_holding_is(make_ground) -> None:
    assert longest_holding(make_ground(), WINDOWS) == 0
    ground = make_ground(mode=Mode.POSITIONAL)
    days = ground.sessions
    trades = Evaluator(ground.within(Range(last=days[11]))).result({}).trades
    longest = max(trade.exit_at - trade.entry_at for trade in trades)
    assert longest_holding(ground, WINDOWS) == -(-longest // DAY) > 0
