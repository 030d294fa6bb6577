"""What a model must beat to be worth anything: doing nothing, plain rules, and itself with its labels shuffled.

All are counted on the same rows, by the same trades and charges. A model that earns no more than one whose labels were
shuffled has found nothing in the features, however much it earns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import ConfigurationError
from core.market import Timeframe
from core.ports import Calendar
from core.signals import Direction, SignalProvider
from features.batch import compute
from features.columns import IntArray
from features.specification import FeatureSpecification
from strategies.base_strategy import BatchSignals
from training import threshold
from training.dataset import Dataset, History, closes
from training.evaluation import Evaluation, evaluations
from training.folds import Fold
from training.out_of_fold import Candidate
from training.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Baseline:
    """What something earned on the rows that the model was judged by; in units, after spread and charges."""

    name: str
    trades: int
    net: int


ALWAYS_NONE = Baseline("always none", 0, 0)
SHUFFLED_SEEDS = (101, 102, 103, 104, 105)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The model among its baselines."""

    model: Baseline
    baselines: tuple[Baseline, ...]

    @property
    def beats_baselines(self) -> bool:
        """Whether it earned more than each of them."""
        return all(self.model.net > each.net for each in self.baselines)

    @property
    def best_baseline(self) -> Baseline:
        """The one that earned most, which is the one to beat."""
        return max(self.baselines, key=lambda each: each.net)

    @property
    def words(self) -> str:
        """The verdict in one line, with the figures that decide it."""
        best = self.best_baseline
        mine = f"{self.model.net / 100:,.2f} rupees in {self.model.trades} trades"
        theirs = f"{best.net / 100:,.2f} in {best.trades} of the best baseline, {best.name}"
        return f"{'beats' if self.beats_baselines else 'does not beat'} its baselines: {mine}, {theirs}"


def verdict(evaluation: Evaluation, baselines: Sequence[Baseline]) -> Verdict:
    """Compare a model with baselines and with doing nothing, which is always one."""
    model = Baseline(evaluation.candidate.estimator.kind, evaluation.trades, evaluation.net)
    return Verdict(model, (ALWAYS_NONE, *baselines))


def shuffled_baselines(
    dataset: Dataset,
    folds: Sequence[Fold],
    candidate: Candidate,
    *,
    seeds: Sequence[int] = SHUFFLED_SEEDS,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[Baseline, ...]:
    """Walk the same candidate through the same folds, each time with the labels of its training parts shuffled."""
    candidates = [replace(candidate, shuffled_by=seed) for seed in seeds]
    walked = evaluations(dataset, folds, candidates, jobs=jobs, progress=progress)
    return tuple(
        Baseline(f"labels shuffled, seed {seed}", each.trades, each.net)
        for seed, each in zip(seeds, walked, strict=True)
    )


def rule_baseline(name: str, dataset: Dataset, rows: IntArray, directions: IntArray) -> Baseline:
    """Trade what a rule wants (`rule_directions`) on the rows that a model was judged by (`Evaluation.rows`)."""
    sure = np.eye(len(Direction))[directions[rows]]
    taken = threshold.take(dataset.outcomes_at(rows), sure, 0.5)
    return Baseline(name, len(taken.rows), int(taken.net.sum()))


def rule_directions(
    dataset: Dataset,
    histories: Iterable[History],
    strategy: SignalProvider,
    timeframe: Timeframe,
    calendar: Calendar,
) -> IntArray:
    """Return what a rule strategy wants after each row of a dataset that was built from the same histories.

    Raises `ConfigurationError` for a strategy without a fast face (`signals`).
    """
    if not isinstance(strategy, BatchSignals):
        raise ConfigurationError(
            f"{strategy.name} has no signals(), and a baseline is asked about whole histories at once; take another"
        )
    specification = FeatureSpecification.of(strategy.needs.features)
    wanted = np.zeros(len(dataset), dtype=np.int64)
    for place, history in enumerate(histories):
        candles = history.candles
        signals = strategy.signals(compute(specification, candles), candles, history.symbol)
        rows = np.flatnonzero(dataset.symbols == place)
        ends = closes(candles, timeframe, calendar)
        in_order = np.argsort(ends, kind="stable")  # candles of a date without trading have no close: they come first
        at = in_order[np.searchsorted(ends, dataset.closed_at[rows], sorter=in_order)]
        wanted[rows] = signals.directions[at]
    return wanted
