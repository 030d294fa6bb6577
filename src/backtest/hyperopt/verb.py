"""`fyersbot hyperopt`: from what was asked for to the best combination, and what it is worth after so many tries."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from rich.console import Console

from backtest.hyperopt.best_run import best_record
from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.figures import Figures
from backtest.hyperopt.ground import Ground, ground_of
from backtest.hyperopt.holdout import Split, split_at
from backtest.hyperopt.loop import NoFile, TrialFile, searched
from backtest.hyperopt.luck import Luck, luck_of
from backtest.hyperopt.options import Plan, SearchWish, plan_of
from backtest.hyperopt.search_progress import showing
from backtest.hyperopt.trial import Trial
from backtest.hyperopt.trial_file import SqliteTrialFile
from backtest.hyperopt.workers import evaluating
from core.errors import ConfigurationError
from reporting.run_record import RunRecord
from reporting.run_store import keep_run
from runtime.code_version import code_version


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """A search with all that a report says of it."""

    plan: Plan
    split: Split
    trials: Sequence[Trial]
    best: Trial
    front: Sequence[Trial]
    """With several objectives: the trials that no other beats by all of them."""
    luck: Luck
    kept_back: Figures | None
    """What the best came to in the sessions that were kept back."""
    record: RunRecord
    """The best as a run, as it was kept."""
    notes: tuple[str, ...]
    """What a reader has to know of all sessions, those kept back too."""
    seconds: float


def run_hyperopt(
    wish: SearchWish, holdout: float, storage: Path | None, config: Path | None, console: Console, *, resume: bool
) -> Finished:
    """Search the best combination, and keep it as a run.

    Raises `ConfigurationError`, `DataError` and `ModelError` for what cannot be run, `StrategyError` for a strategy
    that fails on the way, `StorageError` for a file of trials that cannot be used. No run is kept then.
    """
    if resume and storage is None:
        raise ConfigurationError("--resume: name the file to go on with by --storage")
    ground = ground_of(wish.run, config)
    split, plan = split_at(ground, holdout), plan_of(wish, ground)
    search, began = plan.search(split.searched), perf_counter()
    total = plan.total(search)
    with (
        _file_of(storage, plan, split.searched, resume=resume) as file,
        evaluating(split.searched, plan.workers, plan.backend) as evaluate,
        showing(console, plan.judge, total) as watch,
    ):
        trials = searched(search, evaluate, total, file, watch, plan.pruner)
    best = plan.judge.best(trials)
    if best is None:
        raise ConfigurationError(_nothing_left(plan, trials))
    luck, seconds = luck_of(best, trials), perf_counter() - began
    record = best_record(ground, split, plan.judge, best, luck, seconds)
    keep_run(ground.settings.paths.state, record)
    return Finished(
        plan=plan,
        split=split,
        trials=trials,
        best=best,
        front=plan.judge.front(trials) if len(plan.judge.objectives) > 1 else (),
        luck=luck,
        kept_back=Evaluator(split.kept_back).figures(best.combination) if split.kept_back else None,
        record=record,
        notes=ground.notes,
        seconds=seconds,
    )


@contextmanager
def _file_of(storage: Path | None, plan: Plan, ground: Ground, *, resume: bool) -> Iterator[TrialFile]:
    if storage is None:
        yield NoFile()
        return
    settings = ground.settings
    # What only says where things are, and how many work on it, decides nothing.
    decisive = settings.model_dump(mode="json", include={"timeframe", "sizing", "exits", "risk", "backtest"})
    decides = {
        **plan.decides,
        **decisive,
        "strategy": settings.strategy.name,
        "parameters": dict(settings.strategy.params),
        "strategy's files": ground.strategy_hashes,
        "mode": ground.mode.value,
        "data": ground.data_hash,
        "charges": ground.charges_hash,
        "version of the code": code_version(),
    }
    with closing(SqliteTrialFile(storage, decides, resume=resume)) as file:
        yield file


def _nothing_left(plan: Plan, trials: Sequence[Trial]) -> str:
    conditions = plan.judge.conditions
    most = max((trial.figures.trades for trial in trials if trial.figures is not None), default=0)
    return (
        f"none of {len(trials)} trials can be judged: wanted are {conditions.min_trades} trades or more (the most were "
        f"{most}), a drawdown of {conditions.max_drawdown:.0%} at most and a {plan.judge.objectives[0].value}; loosen "
        "them, or give wider ranges"
    )
