"""One combination that was tried, and which of many is the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from backtest.hyperopt.figures import Conditions, Figures, Objective
from backtest.hyperopt.space import Combination


class State(Enum):
    """How a trial ended."""

    RAN = "ran"
    PRUNED = "pruned"
    """It fell behind the others and was stopped: its figures are those of the sessions until then."""
    IMPOSSIBLE = "impossible"
    """The strategy refuses the combination, as a fast average longer than the slow one."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A combination with what it came to."""

    number: int
    """From 0, in the order in which they were asked for."""
    combination: Combination
    figures: Figures | None
    """None for an impossible one."""
    told: tuple[float | None, ...] = ()
    """What it was worth after each part of the sessions, where it was told in parts."""
    is_pruned: bool = False

    @property
    def state(self) -> State:
        """How it ended."""
        if self.figures is None:
            return State.IMPOSSIBLE
        return State.PRUNED if self.is_pruned else State.RAN


@dataclass(frozen=True, slots=True)
class Judge:
    """What makes one trial better than another."""

    objectives: tuple[Objective, ...]
    conditions: Conditions

    def values(self, trial: Trial) -> tuple[float, ...] | None:
        """Return the trial's worth by each objective; None for one that must not win."""
        figures = trial.figures
        if figures is None or trial.is_pruned or not self.conditions.are_kept(figures):
            return None
        values = [each.of(figures) for each in self.objectives]
        known = tuple(value for value in values if value is not None)
        return known if len(known) == len(values) else None

    def text(self, values: Sequence[float]) -> str:
        """Write a trial's worth by each objective: `sharpe 1.204, drawdown -0.031`."""
        return ", ".join(f"{each.value} {value:.3f}" for each, value in zip(self.objectives, values, strict=True))

    def best(self, trials: Sequence[Trial]) -> Trial | None:
        """Return the best by the first objective, of equals the best by the next, then the first tried."""
        worth = [(values, -trial.number, trial) for trial in trials if (values := self.values(trial)) is not None]
        return max(worth, key=lambda each: each[:2])[2] if worth else None

    def front(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials that no other beats by every objective (Pareto), the best by the first one leading."""
        worth = [(values, trial) for trial in trials if (values := self.values(trial)) is not None]
        worth.sort(key=lambda each: (tuple(-value for value in each[0]), each[1].number))
        front: list[tuple[tuple[float, ...], Trial]] = []
        for values, trial in worth:
            if not any(all(theirs >= mine for theirs, mine in zip(other, values, strict=True)) for other, _ in front):
                front.append((values, trial))
        return [trial for _, trial in front]
