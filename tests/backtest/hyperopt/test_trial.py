"""Which trial is the best: objectives, conditions, ties and the front."""

from backtest.hyperopt.figures import Conditions, Objective
from backtest.hyperopt.trial import Judge, State, Trial

SHARPE = Judge((Objective.SHARPE,), Conditions())


def test_the_best_has_most_of_the_objective_and_of_equals_the_first_wins(make_figures) -> None:
    trials = [Trial(n, {"n": n}, make_figures(sharpe=worth)) for n, worth in enumerate((1.0, 2.0, 2.0, -1.0))]
    assert SHARPE.best(trials).number == 1


def test_what_is_impossible_unknown_stopped_or_breaks_a_condition_never_wins(make_figures) -> None:
    judge = Judge((Objective.SHARPE,), Conditions(min_trades=10, max_drawdown=0.1))
    trials = [
        Trial(0, {}, None),
        Trial(1, {}, make_figures(sharpe=None)),
        Trial(2, {}, make_figures(sharpe=9.0, trades=9)),
        Trial(3, {}, make_figures(sharpe=9.0, drawdown=0.11)),
        Trial(4, {}, make_figures(sharpe=9.0), (9.0,), is_pruned=True),
        Trial(5, {}, make_figures(sharpe=-5.0, trades=10, drawdown=0.1)),
    ]
    assert judge.best(trials).number == 5
    assert judge.best(trials[:5]) is None
    assert [trial.state for trial in trials[:2]] == [State.IMPOSSIBLE, State.RAN]
    assert trials[4].state is State.PRUNED


def test_the_front_has_those_that_no_other_beats_by_everything(make_figures) -> None:
    judge = Judge((Objective.PROFIT, Objective.DRAWDOWN), Conditions())
    pairs = ((0.1, 0.05), (0.2, 0.10), (0.15, 0.12), (0.05, 0.01), (0.1, 0.05))
    trials = [Trial(n, {}, make_figures(total_return=gain, drawdown=fall)) for n, (gain, fall) in enumerate(pairs)]
    assert [trial.number for trial in judge.front(trials)] == [1, 0, 3]


def test_every_objective_says_something_of_figures(make_figures) -> None:
    figures = make_figures()
    worth = {each.value: each.of(figures) for each in Objective}
    assert worth == {
        "sharpe": 1.0,
        "sortino": 1.5,
        "calmar": 2.0,
        "profit": 0.1,
        "drawdown": -0.05,
        "profit_less_drawdown": 0.05,
    }
