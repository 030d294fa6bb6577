"""Which combination is tried next. A search is asked for a batch and told what came of it before it is asked again.

Batches have a size of the search's own, never one that follows from the number of workers: so one worker and many
try the same combinations in the same order.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

from backtest.hyperopt.space import Combination, Space
from backtest.hyperopt.trial import Trial
from core.errors import ConfigurationError


class Search(Protocol):
    """Proposes combinations."""

    @property
    def batch(self) -> int:
        """How many are asked for at once."""
        ...

    def ask(self, count: int) -> list[Combination]:
        """Return the next combinations, fewer when there are no more."""
        ...

    def tell(self, trials: Sequence[Trial]) -> None:
        """Take note of what came of those that were asked for, or of an earlier run's."""
        ...


class GridSearch:
    """Tries every combination that the strategy takes, in order."""

    batch = 256

    def __init__(self, space: Space, is_possible: Callable[[Combination], bool]) -> None:
        """Lay the grid out. Raises `ConfigurationError` for one that is too large or of which nothing is possible."""
        self._combinations = [each for each in space.grid() if is_possible(each)]
        self._told = 0
        if not self._combinations:
            raise ConfigurationError("the strategy refuses every combination of the grid; give other ranges by --range")

    def __len__(self) -> int:
        return len(self._combinations)

    def ask(self, count: int) -> list[Combination]:
        """Return the next combinations, fewer when there are no more."""
        return list(itertools.islice(self._combinations, self._told, self._told + count))

    def tell(self, trials: Sequence[Trial]) -> None:
        """Continue after them."""
        self._told += len(trials)
