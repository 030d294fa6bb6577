"""The search itself: ask for a batch, try it, keep it, tell of it, until there are enough."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from backtest.hyperopt.pruning import Hurdles, MedianPruner, Tried
from backtest.hyperopt.search import Search
from backtest.hyperopt.space import Combination
from backtest.hyperopt.trial import Trial

Evaluate: TypeAlias = Callable[[Sequence[Combination], Hurdles | None], list[Tried]]
"""Tries some combinations and returns what they came to, in their order; those behind the hurdles are stopped early."""
Watch: TypeAlias = Callable[[Sequence[Trial]], None]
"""Told all trials so far, after each batch."""


class TrialFile(Protocol):
    """Where trials outlive the process."""

    def trials(self) -> list[Trial]:
        """Return those that are kept, in order."""
        ...

    def keep(self, trials: Sequence[Trial]) -> None:
        """Keep a batch, whole or not at all."""
        ...


class NoFile:
    """Keeps nothing."""

    def trials(self) -> list[Trial]:
        """Return none."""
        return []

    def keep(self, trials: Sequence[Trial]) -> None:
        """Do nothing."""


def searched(
    search: Search,
    evaluate: Evaluate,
    most: int,
    file: TrialFile,
    watch: Watch = lambda _trials: None,
    pruner: MedianPruner | None = None,
) -> list[Trial]:
    """Run up to `most` trials, those of the file included, and return them in order."""
    done = file.trials()
    search.tell(done)
    watch(done)
    while (left := most - len(done)) > 0:
        asked = search.ask(min(search.batch, left))
        if not asked:
            break
        came_to = evaluate(asked, pruner.hurdles(done) if pruner else None)
        numbered = enumerate(zip(asked, came_to, strict=True), start=len(done))
        batch = [Trial(number, combination, *tried) for number, (combination, tried) in numbered]
        file.keep(batch)
        search.tell(batch)
        done += batch
        watch(done)
    return done
