"""A trial that is told in parts comes to what it comes to whole, and one that falls behind is asked no further."""

from pathlib import Path

import numpy as np
import pytest

from backtest.assumptions import Mode
from backtest.candle_sources import Range
from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.figures import Objective
from backtest.hyperopt.pruning import PARTS, Hurdles, MedianPruner
from backtest.hyperopt.trial import Trial
from strategies.guarded import Guarded

NOTHING = Hurdles(Objective.PROFIT, (-np.inf,) * (PARTS - 1))
TRIED = {"fast": 4, "slow": 11}
ONE_BY_ONE = """
from dataclasses import dataclass

from strategies.base_strategy import parameter
from strategies.simple_ma_crossover import SimpleMaCrossover


@dataclass(frozen=True)
class Plain:
    fast: int = parameter(3, low=2, high=50)
    slow: int = parameter(8, low=3, high=90)
    name: str = "plain"

    @property
    def needs(self):
        return SimpleMaCrossover(self.fast, self.slow).needs

    def on_data(self, now, before):
        return SimpleMaCrossover(self.fast, self.slow).on_data(now, before)
"""


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, object]:
    """A strategy that can only be asked candle by candle."""
    (tmp_path / "plain.py").write_text(ONE_BY_ONE)
    return {"name": "plain", "folder": str(tmp_path)}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("is_asked_at_once", [True, False])
def test_told_in_parts_a_trial_comes_to_what_it_comes_to_whole(make_ground, plain, mode, is_asked_at_once) -> None:
    ground = make_ground(seeds=(1, 2), mode=mode, **({} if is_asked_at_once else plain))
    whole, told = Evaluator(ground).tried(TRIED), Evaluator(ground).tried(TRIED, NOTHING)

    assert (told.figures.net, told.figures.trades) == (whole.figures.net, whole.figures.trades)
    assert told.figures.returns.tobytes() == whole.figures.returns.tobytes()
    closes = np.cumprod(1 + whole.figures.returns)
    assert told.told == pytest.approx([closes[last] - 1 for last in (5, 11, 17)])
    assert (whole.told, told.is_pruned, whole.is_pruned) == ((), False, False)


def test_what_is_told_within_the_day_is_the_figure_of_a_run_over_those_sessions(make_ground) -> None:
    ground = make_ground()
    told = Evaluator(ground).tried(TRIED, Hurdles(Objective.SHARPE, NOTHING.least)).told

    ends = [ground.sessions[last] for last in (5, 11, 17)]
    runs = [Evaluator(ground.within(Range(last=end))).figures(TRIED) for end in ends]
    assert list(told) == [run.sharpe for run in runs]


@pytest.mark.parametrize("part", range(PARTS - 1))
def test_one_that_falls_behind_is_asked_about_no_later_session(make_ground, plain, monkeypatch, part) -> None:
    days, on_data = set(), Guarded.on_data

    def counted(self, now, before):
        days.add(now.candle.start // (24 * 3_600 * 10**9))
        return on_data(self, now, before)

    monkeypatch.setattr(Guarded, "on_data", counted)
    least = tuple(np.inf if number == part else -np.inf for number in range(PARTS - 1))
    stopped = Evaluator(make_ground(**plain)).tried(TRIED, Hurdles(Objective.PROFIT, least))

    assert stopped.is_pruned
    assert len(stopped.told) == part + 1
    assert len(days) == len(stopped.figures.returns) == 6 * (part + 1)
    assert stopped.figures.total_return == stopped.told[-1]


def test_one_that_cannot_be_judged_yet_goes_on(make_ground) -> None:
    never = {"fast": 49, "slow": 90, "sizing.risk_fraction": 1e-9}
    tried = Evaluator(make_ground()).tried(never, Hurdles(Objective.SHARPE, (np.inf,) * (PARTS - 1)))

    assert tried.told == (None,) * (PARTS - 1)
    assert not tried.is_pruned


def test_the_rule_is_the_one_of_optuna(make_figures) -> None:
    optuna = pytest.importorskip("optuna")
    chance = np.random.default_rng(5)
    theirs, study = optuna.pruners.MedianPruner(n_startup_trials=20), optuna.create_study(direction="maximize")
    trials, stopped = [], 0
    for number in range(60):
        hurdles = MedianPruner(Objective.SHARPE).hurdles(trials)
        told = tuple(chance.normal(size=PARTS - 1).tolist())
        for part, worth in enumerate(told):
            now = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, intermediate_values={part: worth})
            assert hurdles.stop(part, worth) == theirs.prune(study, now)
            stopped += hurdles.stop(part, worth)
        is_pruned = bool(number % 3 == 0)
        trials.append(Trial(number, {}, make_figures(), told[: 1 if is_pruned else PARTS], is_pruned=is_pruned))
        if not is_pruned:
            values = dict(enumerate(told))
            study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=values))
    assert 20 < stopped < 120


def test_trials_that_could_not_be_judged_set_no_hurdle(make_figures) -> None:
    trials = [Trial(number, {}, make_figures(), (None, None, float(number))) for number in range(5)]
    assert MedianPruner(Objective.SHARPE, startup=5).hurdles(trials).least == (-np.inf, -np.inf, 2.0)
    assert MedianPruner(Objective.SHARPE, startup=6).hurdles(trials).least == NOTHING.least
