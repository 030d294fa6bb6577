"""The whole of an honest training in one call: try, judge, compare, and only then fit the model to trade with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import ConfigurationError
from features.columns import IntArray
from training.baselines import SHUFFLED_SEEDS, Verdict, rule_baseline, shuffled_baselines, verdict
from training.class_balance import ClassBalance
from training.dataset import Dataset
from training.estimators import Forest, require_learnable
from training.evaluation import Evaluation, Finished, FoldResult, best_of, evaluate, finish
from training.folds import WalkForward
from training.importance import Importance, permutation_importance
from training.model_card import ModelCard
from training.out_of_fold import Candidate
from training.progress import Progress, part_of, silent
from training.trials import Trials, count_trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train. The defaults take minutes for a year of a few symbols; see `quick` for seconds."""

    candidates: tuple[Candidate, ...] = (Candidate(Forest()),)
    walk: WalkForward = field(default_factory=WalkForward)
    shuffled_seeds: tuple[int, ...] = SHUFFLED_SEEDS
    """A baseline for each: the chosen candidate with its labels shuffled by this seed."""
    earlier_trials: int = 0
    """Candidates tried on this data elsewhere, of which no record is kept."""

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for nothing to try, and for less than no former trial."""
        if not self.candidates or self.earlier_trials < 0:
            raise ConfigurationError(
                f"{len(self.candidates)} candidates, {self.earlier_trials} earlier trials: give at least one "
                "candidate, and earlier trials from 0"
            )

    @classmethod
    def quick(cls, *, trees: int = 40, depth: int = 6, folds: int = 3, seed: int = 7) -> "Recipe":
        """Return the same with a smaller forest and fewer folds and baselines: for a demonstration, or to try things.

        What it tells is as honest, and less sure.
        """
        forest = Candidate(Forest(trees=trees, depth=depth), seed=seed)
        return cls(candidates=(forest,), walk=WalkForward(folds=folds), shuffled_seeds=SHUFFLED_SEEDS[:2])


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What came of it."""

    finished: Finished
    best: Evaluation
    evaluations: tuple[Evaluation, ...]
    """Of all candidates, the best among them."""
    verdict: Verdict
    trials: Trials
    importance: tuple[Importance, ...]
    balance: ClassBalance

    def card(self, name: str, facts: Mapping[str, str], notes: Sequence[str] = ()) -> ModelCard:
        """Return the model card; `facts` say what it was trained on, `notes` what is to be known of those candles."""
        return ModelCard(
            name=name,
            facts=facts,
            notes=notes,
            balance=self.balance,
            evaluation=self.best,
            candidates=self.evaluations,
            chosen=self.finished.chosen,
            verdict=self.verdict,
            trials=self.trials,
            importance=self.importance,
        )

    def figures(self) -> dict[str, dict[str, float]]:
        """Return figures for the manifest, money in rupees: of each fold (the first is not traded), of the others."""
        folds = {f"fold {number}": _figures(each) for number, each in enumerate(self.best.folds, start=1)}
        judged = {
            "rows": len(self.best.rows),
            "trades": self.best.trades,
            "net_rupees": self.best.net / 100,
            "best_baseline_rupees": self.verdict.best_baseline.net / 100,
            "candidates": self.trials.number,
        }
        if self.trials.deflated is not None:
            judged["deflated_sharpe"] = round(self.trials.deflated, 6)
        return {**folds, "all judged": judged}


def follow(
    recipe: Recipe,
    dataset: Dataset,
    names: Sequence[str],
    rules: Mapping[str, IntArray] | None = None,
    *,
    former: Sequence[float | None] = (),
    jobs: int = 1,
    progress: Progress = silent,
) -> Trained:
    """Train by a recipe.

    `dataset` is in order of time, `names` are those of its features, `rules` hold what rule strategies want after each
    row (`training.baselines.rule_directions`), `former` the Sharpe ratios of other ways to train that were tried on
    this data before. The result does not depend on `jobs`. Raises `DataError` for rows that cannot be learned from.
    """
    folds = recipe.walk.split(dataset.closed_at, dataset.resolved_at)
    for each in folds:
        require_learnable(dataset.features, dataset.directions[each.train], names, each.train)
    tried, by_luck = len(recipe.candidates), len(recipe.shuffled_seeds)
    walks = tried + by_luck + 1  # each takes about as long; the last is importance and the fit on every row
    first, second = tried / walks, (tried + by_luck) / walks
    evaluations = evaluate(dataset, folds, recipe.candidates, jobs=jobs, progress=part_of(progress, 0.0, first))
    best = best_of(evaluations)
    by_rule = [rule_baseline(name, dataset, best.rows, wanted) for name, wanted in (rules or {}).items()]
    by_chance = shuffled_baselines(
        dataset,
        folds,
        best.candidate,
        seeds=recipe.shuffled_seeds,
        jobs=jobs,
        progress=part_of(progress, first, second),
    )
    progress("importance of the features", second)
    importance = permutation_importance(dataset, best, names, jobs=jobs)
    progress("fitting on every row", (1 + second) / 2)
    trained = Trained(
        finished=finish(dataset, best, jobs),
        best=best,
        evaluations=evaluations,
        verdict=verdict(best, (*by_rule, *by_chance)),
        trials=count_trials(best, evaluations, recipe.earlier_trials, former),
        importance=importance,
        balance=ClassBalance.of(dataset.directions),
    )
    progress("fitting on every row", 1.0)
    return trained


def _figures(result: FoldResult) -> dict[str, float]:
    return {
        "rows_to_fit": len(result.fit.fold.train),
        "rows": len(result.labels),
        "log_loss": round(result.after.log_loss, 6),
        "brier": round(result.after.brier, 6),
        "accuracy": round(result.after.accuracy, 6),
        "threshold": result.threshold,
        "trades": len(result.taken.rows),
        "net_rupees": result.net / 100,
    }
