"""A trial is a backtest: its figures are those that a report of the same run shows."""

import numpy as np
import pytest

from backtest import event_engine
from backtest.assumptions import Mode
from backtest.bars import SymbolBars
from backtest.candle_sources import Range
from backtest.hyperopt import evaluation
from backtest.hyperopt.evaluation import Evaluator, provider_of, rules_with
from backtest.hyperopt.holdout import split_at
from backtest.layout import signals_of
from core.errors import ConfigurationError
from features.batch import compute
from features.specification import FeatureSpecification
from reporting.metrics import curve_metrics

TRIED = {"fast": 4, "slow": 11, "exits.stop_atr": 1.25, "exits.trail_atr": 1.5, "sizing.risk_fraction": 0.001}


@pytest.mark.parametrize("mode", list(Mode))
def test_figures_are_those_of_the_event_engine_and_of_the_report(make_ground, mode) -> None:
    ground = make_ground(seeds=(1, 2), mode=mode)
    provider = provider_of(ground, TRIED)
    bars = [
        SymbolBars(
            each.instrument,
            each.candles,
            each.sessions,
            compute(FeatureSpecification.of(provider.needs.features), each.candles),
        )
        for each in ground.stretches
    ]
    rules = rules_with(ground.rules, TRIED)
    assert (rules.stop_atr, rules.trail_atr, rules.sizing.risk_ppm) == (1.25, 1.5, 1_000)
    whole = event_engine.run(bars, provider, rules, ground.assumptions, mode, ground.charges)
    metrics = curve_metrics(rules.capital, whole.curve.at, whole.curve.equity, whole.curve.exposure)

    found = Evaluator(ground).figures(TRIED)

    assert found.trades == len(whole.trades) > 10
    assert (found.net, found.charges) == (whole.net, sum(trade.charges for trade in whole.trades))
    assert (found.sharpe, found.sortino, found.calmar) == (metrics.sharpe, metrics.sortino, metrics.calmar)
    assert (found.drawdown, found.total_return) == (metrics.drawdown.share, metrics.total_return)
    assert found.longest_holding == max(trade.exit_at - trade.entry_at for trade in whole.trades)
    assert len(found.returns) == metrics.sessions == 24
    assert Evaluator(ground).result(TRIED).trades == whole.trades


def test_a_refused_combination_is_impossible_and_the_kept_features_change_nothing(make_ground) -> None:
    evaluator = Evaluator(make_ground())
    assert evaluator.figures({"fast": 9, "slow": 9}) is None
    first = evaluator.figures({"fast": 4, "slow": 11})
    evaluator.figures({"fast": 5, "slow": 20})
    again = evaluator.figures({"fast": 4, "slow": 11})
    assert np.array_equal(first.returns, again.returns)


def test_a_strategy_is_asked_once_for_all_exits_and_sizes(make_ground, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(evaluation, "signals_of", lambda *given: asked.append(given) or signals_of(*given))
    evaluator = Evaluator(make_ground())

    stops = [{"fast": 4, "slow": 11, "exits.stop_atr": stop} for stop in (0.5, 2.0)]
    tight, wide = (evaluator.figures(each) for each in stops)
    assert len(asked) == 1
    assert tight.net != wide.net
    evaluator.figures({"fast": 5, "slow": 11})
    assert len(asked) == 2
    assert evaluator.figures(stops[0]).net == tight.net == Evaluator(make_ground()).figures(stops[0]).net


def test_days_of_a_ground_are_cut_with_the_candles_before_them_kept_to_warm_up(make_ground) -> None:
    ground = make_ground(seeds=(1, 2))
    sessions = ground.sessions
    later = ground.within(Range(first=sessions[10], last=sessions[19]))

    assert later.sessions == sessions[10:20]
    assert [len(each.candles) - each.first for each in later.stretches] == [750, 750]
    assert all(each.first == 750 for each in later.stretches)
    assert Evaluator(later).figures({}).trades > 0
    assert later.stretches[0].sessions.close_before.all()


def test_the_hold_out_is_never_in_what_is_searched(make_ground) -> None:
    ground = make_ground()
    split = split_at(ground, 0.25)
    assert split.searched.sessions + split.kept_back.sessions == ground.sessions
    assert len(split.kept_back.sessions) == 6
    assert int(split.searched.stretches[0].candles.starts[-1]) < int(split.kept_back.stretches[0].sessions.closed_at[0])
    assert split_at(ground, 0.0).kept_back is None


@pytest.mark.parametrize("share", [-0.1, 0.01, 0.95, 1.5, float("nan"), float("inf")])
def test_a_hold_out_leaves_something_on_either_side(make_ground, share) -> None:
    with pytest.raises(ConfigurationError, match=f"--holdout-share {share:g} of 24 sessions"):
        split_at(make_ground(), share)
