"""The number of trials counts against the best of them."""

from math import sqrt

import numpy as np
import pytest

from backtest.hyperopt.luck import luck_of
from backtest.hyperopt.trial import Trial
from reporting.metrics import SESSIONS_A_YEAR
from reporting.overfitting import (
    deflated_sharpe,
    expected_best_sharpe,
    moments,
    probability_of_overfitting,
    variance_of_trials,
)


def trials_of(make_figures, number: int, sessions: int = 100) -> list[Trial]:
    chance = np.random.default_rng(5)
    return [Trial(n, {}, make_figures(returns=chance.normal(0, 0.01, sessions))) for n in range(number)]


def test_every_trial_that_ran_is_counted(make_figures) -> None:
    trials = [*trials_of(make_figures, 30), Trial(30, {}, None)]
    best = max(trials[:30], key=lambda trial: moments(trial.figures.returns).sharpe)
    luck = luck_of(best, trials)
    sharpes = [moments(trial.figures.returns).sharpe for trial in trials[:30]]
    variance = variance_of_trials(sharpes, 100)
    assert luck.trials == 30
    assert luck.deflated_sharpe == deflated_sharpe(moments(best.figures.returns), 30, variance)
    table = np.column_stack([trial.figures.returns for trial in trials[:30]])
    assert luck.overfitting == probability_of_overfitting(table, 16).probability


def test_one_that_was_stopped_early_counts_but_says_nothing_of_overfitting(make_figures) -> None:
    whole = trials_of(make_figures, 30)
    stopped = [
        Trial(30 + number, {}, each.figures, (0.0,), is_pruned=True)
        for number, each in enumerate(trials_of(make_figures, 10, sessions=25))
    ]
    alone, all_of_them = luck_of(whole[0], whole), luck_of(whole[0], whole + stopped)

    assert (alone.trials, all_of_them.trials) == (30, 40)
    assert all_of_them.expected_best > alone.expected_best
    assert all_of_them.deflated_sharpe < alone.deflated_sharpe
    assert all_of_them.overfitting == alone.overfitting


def test_the_more_are_tried_the_less_the_same_best_is_worth(make_figures) -> None:
    trials = trials_of(make_figures, 200)
    best = max(trials[:10], key=lambda trial: moments(trial.figures.returns).sharpe)
    few, many = luck_of(best, trials[:10]), luck_of(best, trials)
    assert few.expected_best < many.expected_best
    assert few.deflated_sharpe > many.deflated_sharpe


@pytest.mark.parametrize(("number", "sessions"), [(1, 100), (5, 12)])
def test_of_too_little_nothing_is_said(make_figures, number: int, sessions: int) -> None:
    trials = trials_of(make_figures, number, sessions)
    assert luck_of(trials[0], trials).overfitting is None


def test_trials_that_hardly_differ_take_nothing_of_the_luck_away(make_figures) -> None:
    """Of trials that never trade, or trade all the same, the best stands out from what chance alone gives."""
    traded, idle = trials_of(make_figures, 1)[0], Trial(1, {}, make_figures(returns=np.zeros(100), sharpe=None))
    same = Trial(1, {}, traded.figures)
    by_chance = expected_best_sharpe(3, 1 / 100) * sqrt(SESSIONS_A_YEAR)

    for others in ([idle, idle], [same, same]):
        luck = luck_of(traded, [traded, *others])
        assert (luck.trials, luck.expected_best) == (3, by_chance)
        assert luck.deflated_sharpe < luck_of(traded, [traded]).deflated_sharpe


def test_a_best_that_never_traded_has_no_luck(make_figures) -> None:
    idle = Trial(0, {}, make_figures(returns=np.zeros(100), sharpe=None))
    luck = luck_of(idle, [idle, *trials_of(make_figures, 2)])
    assert (luck.trials, luck.expected_best, luck.deflated_sharpe) == (3, None, None)


def test_a_single_trial_was_no_choice(make_figures) -> None:
    [alone] = trials_of(make_figures, 1)
    luck = luck_of(alone, [alone])
    assert (luck.expected_best, luck.deflated_sharpe) == (0.0, deflated_sharpe(moments(alone.figures.returns), 1, 0.0))
