"""`fyersbot walk-forward`: would choosing the best again and again have paid in the sessions that came after?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from rich.console import Console

from backtest.assumptions import Mode
from backtest.candle_sources import Range
from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.figures import Figures
from backtest.hyperopt.folds import Fold, Windows, folds_of
from backtest.hyperopt.ground import Ground, ground_of
from backtest.hyperopt.joined_run import joined_record
from backtest.hyperopt.loop import NoFile, searched
from backtest.hyperopt.luck import Luck, luck_of
from backtest.hyperopt.options import Plan, SearchWish, plan_of
from backtest.hyperopt.search_progress import showing
from backtest.hyperopt.trial import Trial
from backtest.hyperopt.workers import evaluating
from backtest.result import BacktestResult
from core.errors import ConfigurationError
from core.instants import DAY
from reporting.metrics import ratio
from reporting.run_record import RunRecord
from reporting.run_store import keep_run


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One fold with what was chosen in it and what that brought."""

    fold: Fold
    trials: int
    best: Trial | None
    """None where no trial kept the conditions: then the test is sat out."""
    luck: Luck | None
    test: Figures | None
    result: BacktestResult
    """Of the test. Sessions that are sat out are sessions without profit: the joined run counts them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkedForward:
    """A finished walk-forward."""

    ground: Ground
    plan: Plan
    windows: Windows
    steps: Sequence[Step]
    record: RunRecord
    """All tests as one run, as it was kept."""
    seconds: float

    @property
    def trials(self) -> int:
        """How many were tried, over all folds."""
        return sum(step.trials for step in self.steps)

    @property
    def efficiency(self) -> float | None:
        """Mean daily return in the tests over that of the chosen ones in training (Pardo 2008, chapter 11).

        1 is as good as in training; None where training brought nothing.
        """
        chosen = [(step.best.figures, step.test) for step in self.steps if step.best and step.best.figures]
        if not chosen:
            return None
        inside = np.concatenate([training.returns for training, _ in chosen])
        outside = np.concatenate([test.returns for _, test in chosen if test is not None])
        return ratio(float(outside.mean()), float(inside.mean())) if inside.mean() > 0 else None


def walk_forward(
    wish: SearchWish, windows: Windows, purge: int | None, config: Path | None, console: Console
) -> WalkedForward:
    """Choose and trade fold by fold, and keep the tests as one run.

    `purge` None purges the longest holding. Raises as `run_hyperopt` does, and `ConfigurationError` for windows that
    do not fit; nothing is kept then.
    """
    ground = ground_of(wish.run, config)
    plan, sessions, began = plan_of(wish, ground), ground.sessions, perf_counter()
    folds_of(sessions, windows)  # refuses what is wrong with the lengths before they are used
    windows = replace(windows, purge=longest_holding(ground, windows) if purge is None else purge)
    steps = [_step(ground, plan, fold, console) for fold in folds_of(sessions, windows)]
    if not any(step.best for step in steps):
        raise ConfigurationError("no fold has a trial that keeps the conditions; loosen them, or give wider ranges")
    seconds = perf_counter() - began
    chosen = {str(step.fold.test.first): dict(step.best.combination) for step in steps if step.best}
    how = {"walk_forward": windows.scheme.value, "training": windows.training, "test": windows.test, "chosen": chosen}
    tested = ground.within(Range(first=steps[0].fold.test.first))
    record = joined_record(tested, [step.result for step in steps], how, seconds)
    keep_run(ground.settings.paths.state, record)
    return WalkedForward(ground=ground, plan=plan, windows=windows, steps=steps, record=record, seconds=seconds)


def longest_holding(ground: Ground, windows: Windows) -> int:
    """Return how many sessions the settings' own parameters hold at most in the first training; 0 within the day.

    A calendar day counts as a session, which errs on the side of caution.
    """
    if ground.mode is Mode.INTRADAY:
        return 0
    training = ground.within(Range(last=ground.sessions[windows.training - 1]))
    figures = Evaluator(training).figures({})
    return -(-figures.longest_holding // DAY) if figures else 0


def _step(ground: Ground, plan: Plan, fold: Fold, console: Console) -> Step:
    training = ground.within(fold.training)
    search = plan.search(training)
    total = plan.total(search)
    with (
        evaluating(training, plan.workers, plan.backend) as evaluate,
        showing(console, plan.judge, total, f"fold {fold.number}") as watch,
    ):
        trials = searched(search, evaluate, total, NoFile(), watch, plan.pruner)
    best, test = plan.judge.best(trials), Evaluator(ground.within(fold.test))
    if best is None:
        return Step(fold=fold, trials=len(trials), best=None, luck=None, test=None, result=test.idle())
    return Step(
        fold=fold,
        trials=len(trials),
        best=best,
        luck=luck_of(best, trials),
        test=test.figures(best.combination),
        result=test.result(best.combination),
    )
