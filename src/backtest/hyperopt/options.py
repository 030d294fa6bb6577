"""What `fyersbot hyperopt` and `fyersbot walk-forward` may be told, and what each word of it means."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backtest.hyperopt.evaluation import provider_of
from backtest.hyperopt.figures import Conditions, Objective
from backtest.hyperopt.folds import Scheme, Windows
from backtest.hyperopt.ground import Ground
from backtest.hyperopt.pruning import PARTS, MedianPruner
from backtest.hyperopt.search import GridSearch, Search
from backtest.hyperopt.space import Space
from backtest.hyperopt.space_options import parts_of, space_of
from backtest.hyperopt.tpe_search import TpeSearch
from backtest.hyperopt.trial import Judge
from backtest.hyperopt.workers import cores
from backtest.run_options import Wish, names_in, params_of
from core.errors import ConfigurationError
from strategies.catalogue import parameters_named

_METHODS = ("tpe", "grid")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWish:
    """What the command line asks of a search."""

    run: Wish = field(default_factory=Wish)
    spaces: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    method: str = "tpe"
    trials: int = 100
    """Of `tpe`; a grid has as many as it has."""
    objectives: tuple[str, ...] = ()
    min_trades: int = 1
    max_drawdown: float = 1.0
    prune: bool = False
    seed: int = 1
    workers: int | None = None
    """None: the settings'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A search that is ready to begin."""

    method: str
    space: Space
    judge: Judge
    trials: int
    """Of `tpe`."""
    pruner: MedianPruner | None
    """None: every trial runs to its end."""
    seed: int
    workers: int
    backend: str

    @property
    def decides(self) -> dict[str, Any]:
        """Everything here that a trial depends on, as plain values."""
        conditions = self.judge.conditions
        return {
            "method": self.method,
            "seed": self.seed,
            "space": [each.written for each in self.space.dimensions],
            "objectives": [each.value for each in self.judge.objectives],
            "min_trades": conditions.min_trades,
            "max_drawdown": conditions.max_drawdown,
            "prune": self.pruner is not None,
        }

    def search(self, ground: Ground) -> Search:
        """Return a search that has not begun. Raises `ConfigurationError` for one that cannot be made."""
        if self.pruner and len(ground.sessions) < PARTS:
            raise ConfigurationError(
                f"--prune: {len(ground.sessions)} sessions cannot be told in {PARTS} parts; give more history, or "
                "--no-prune"
            )
        if self.method == "tpe":
            return TpeSearch(self.space, self.judge, self.seed)
        return GridSearch(self.space, lambda each: provider_of(ground, each) is not None)

    def total(self, search: Search) -> int:
        """Return how many trials a search of this plan has."""
        return len(search) if isinstance(search, GridSearch) else self.trials


def plan_of(wish: SearchWish, ground: Ground) -> Plan:
    """Read what is asked for. Raises `ConfigurationError` that names the option, its value and what it takes."""
    if wish.method not in _METHODS:
        raise ConfigurationError(f"--method {wish.method}: must be {' or '.join(_METHODS)}")
    if wish.trials < 1:
        raise ConfigurationError(f"--trials {wish.trials}: give 1 or more")
    if not 0 < wish.max_drawdown <= 1:
        raise ConfigurationError(f"--max-drawdown {wish.max_drawdown:g}: give a share of the peak, as 0.2 for 20 %")
    objectives, settings = objectives_of(wish.objectives), ground.settings
    declared = parameters_named(settings.strategy.name, settings.strategy.folder)
    space = space_of(declared, params_of(wish.run.params), parts_of(wish.spaces), wish.ranges, settings)
    workers = settings.optimise.workers if wish.workers is None else wish.workers
    return Plan(
        method=wish.method,
        space=space,
        judge=Judge(objectives, Conditions(wish.min_trades, wish.max_drawdown)),
        trials=wish.trials,
        pruner=pruner_of(wish.method, objectives) if wish.prune else None,
        seed=wish.seed,
        workers=workers or cores(),
        backend=settings.optimise.backend,
    )


def objectives_of(written: Sequence[str]) -> tuple[Objective, ...]:
    """Read `sharpe,drawdown`; nothing means `sharpe`. Raises `ConfigurationError`."""
    names, known = names_in(written), {each.value: each for each in Objective}
    for name in names:
        if name not in known:
            raise ConfigurationError(f"--objective {name}: must be of {', '.join(known)}")
    return tuple(known[name] for name in names) or (Objective.SHARPE,)


def pruner_of(method: str, objectives: Sequence[Objective]) -> MedianPruner:
    """Return what stops trials early. Raises `ConfigurationError` for a search in which none can be stopped."""
    if method != "tpe":
        raise ConfigurationError(f"--prune: a {method} tries each of its combinations whole; search with --method tpe")
    if len(objectives) > 1:
        names = ", ".join(each.value for each in objectives)
        raise ConfigurationError(
            f"--prune: of several objectives ({names}) a trial that is behind by one may be ahead by another; give one "
            "--objective, or --no-prune"
        )
    return MedianPruner(objectives[0])


def windows_of(scheme: str, training: int, test: int, purge: int, embargo: int) -> Windows:
    """Read the lengths of a walk-forward, in sessions. Raises `ConfigurationError` for an unknown scheme."""
    known = {each.value: each for each in Scheme}
    if scheme not in known:
        raise ConfigurationError(f"--scheme {scheme}: must be {' or '.join(known)}")
    return Windows(scheme=known[scheme], training=training, test=test, purge=purge, embargo=embargo)
