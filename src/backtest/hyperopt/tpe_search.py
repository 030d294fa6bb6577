"""Tries where earlier trials were good: Optuna's tree-structured Parzen estimator (Bergstra and others, 2011).

Optuna only proposes. Trials are kept in a file of ours (`backtest.hyperopt.trial_file`): a batch at a time, with the
daily returns that the probability of overfitting is made from. Each batch has a seed of its own, made from the
search's and its place, so that a search that goes on after a kill proposes what it would have proposed.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backtest.hyperopt.space import Combination, Dimension, Space
from backtest.hyperopt.trial import Judge, Trial
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial as Proposal

_STARTUP = 20
"""Trials at random before the estimator has something to go by."""
_SEEDS_APART = 1_000_003


class TpeSearch:
    """Proposes by what it was told, the same for the same seed."""

    batch = 10

    def __init__(self, space: Space, judge: Judge, seed: int) -> None:
        """Open a study in memory. Raises `ConfigurationError` where Optuna is not installed."""
        try:
            import optuna  # noqa: PLC0415 - an extra, and a second to import
        except ImportError:
            raise ConfigurationError(
                "--method tpe: Optuna is not installed; `pip install 'optuna>=5,<6'`, or use --method grid"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna, self._judge, self._seed = optuna, judge, seed
        self._dimensions = {each.name: each for each in space.dimensions}
        self._distributions = {each.name: self._distribution(each) for each in space.dimensions}
        self._study = optuna.create_study(directions=["maximize"] * len(judge.objectives))
        self._open: list[Proposal] = []
        self._told = 0

    def ask(self, count: int) -> list[Combination]:
        """Return the next combinations."""
        seed = (self._seed * _SEEDS_APART + self._told) % 2**32
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP)
        self._open = [self._study.ask(self._distributions) for _ in range(count)]
        return [self._combination(proposal.params) for proposal in self._open]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn from trials; those that were not asked for are an earlier run's."""
        self._told += len(trials)
        for proposal, trial in itertools.zip_longest(self._open, trials):
            if trial.is_pruned:
                self._tell_of_a_part(proposal, trial)
                continue
            values, constraints = self._worth(trial)
            if proposal is None:
                self._study.add_trial(self._earlier(trial, values=values, constraints=constraints))
                continue
            for name, excess in constraints.items():
                proposal.set_constraint(name, excess)
            self._study.tell(proposal, values)
        self._open = []

    def _tell_of_a_part(self, proposal: "Proposal | None", trial: Trial) -> None:
        """Let the estimator rank a trial that was stopped: below all that ran, the later it was stopped the higher."""
        told = {part: worth for part, worth in enumerate(trial.told) if worth is not None}
        pruned = self._optuna.trial.TrialState.PRUNED
        if proposal is None:
            self._study.add_trial(self._earlier(trial, state=pruned, intermediate_values=told))
            return
        for part, worth in told.items():
            proposal.report(worth, part)
        self._study.tell(proposal, state=pruned)

    def _worth(self, trial: Trial) -> tuple[list[float], dict[str, float]]:
        """Return the values of a trial, and by how much it misses what makes it count at all."""
        figures = trial.figures
        if figures is None:
            return [0.0] * len(self._judge.objectives), {"is_impossible": 1e9}
        values = [each.of(figures) for each in self._judge.objectives]
        unknown = float(sum(value is None for value in values))
        return [value or 0.0 for value in values], {"is_unknown": unknown, **self._judge.conditions.excess(figures)}

    def _earlier(self, trial: Trial, **came_to: Any) -> Any:
        return self._optuna.trial.create_trial(
            params={name: self._inward(name, value) for name, value in trial.combination.items()},
            distributions=self._distributions,
            **came_to,
        )

    def _distribution(self, dimension: Dimension) -> "BaseDistribution":
        """Return how Optuna draws: a place among ordered values, a word, or any number between two."""
        distributions: Any = self._optuna.distributions  # its constructors have no types
        drawn: BaseDistribution
        if not dimension.values:
            drawn = distributions.FloatDistribution(dimension.low, dimension.high)
        elif dimension.is_ordered:
            drawn = distributions.IntDistribution(0, len(dimension.values) - 1)
        else:
            drawn = distributions.CategoricalDistribution(tuple(dimension.values))
        return drawn

    def _combination(self, drawn: Mapping[str, Any]) -> Combination:
        return {
            name: each.values[drawn[name]] if each.values and each.is_ordered else drawn[name]
            for name, each in self._dimensions.items()
        }

    def _inward(self, name: str, value: Any) -> Any:
        """Return what Optuna drew for a value."""
        dimension = self._dimensions[name]
        return list(dimension.values).index(value) if dimension.values and dimension.is_ordered else value
