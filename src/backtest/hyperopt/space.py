"""What is searched: a value for each of some parameters, from a list or between two ends."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from core.errors import ConfigurationError

Combination: TypeAlias = Mapping[str, Any]
"""One value for each parameter, by name: plain for the strategy's own, `exits.stop_atr` as in the settings else."""

LARGEST_GRID = 100_000


@dataclass(frozen=True, slots=True)
class Dimension:
    """One parameter of the search."""

    name: str
    values: Sequence[Any] = ()
    """All there are; empty: any number from `low` to `high`."""
    low: float = 0.0
    high: float = 0.0
    is_ordered: bool = True
    """Whether neighbours among the values are alike: so for numbers, not for words."""

    def __str__(self) -> str:
        if not self.values:
            return f"{self.name} {self.low:g} to {self.high:g}"
        if self.is_ordered and len(self.values) > 3:
            return f"{self.name} {self.values[0]:g} to {self.values[-1]:g} ({len(self.values)} values)"
        return f"{self.name} {', '.join(map(str, self.values))}"

    @property
    def written(self) -> str:
        """The dimension as `--range` takes it: `fast=3..15`, `slow=20..120:5`, `exits.stop_atr=1.0,2.5`."""
        if isinstance(self.values, range) and len(self.values) > 1:
            step = f":{self.values.step}" if self.values.step != 1 else ""
            return f"{self.name}={self.values[0]}..{self.values[-1]}{step}"
        return f"{self.name}={','.join(map(str, self.values)) or f'{self.low}..{self.high}'}"


@dataclass(frozen=True, slots=True)
class Space:
    """All parameters of the search."""

    dimensions: tuple[Dimension, ...]

    def size(self) -> int:
        """Return how many combinations there are. Raises `ConfigurationError` for a parameter without steps."""
        for each in self.dimensions:
            if not each.values:
                raise ConfigurationError(
                    f"{each.name}: a grid needs steps; give --range {each.name}={each.low:g}..{each.high:g}:STEP, or "
                    "search with --method tpe"
                )
        return math.prod(len(each.values) for each in self.dimensions)

    def grid(self) -> Iterator[Combination]:
        """Yield every combination; the last parameter changes fastest. Raises `ConfigurationError` for too many."""
        size = self.size()
        if size > LARGEST_GRID:
            widest = max(self.dimensions, key=lambda each: len(each.values))
            raise ConfigurationError(
                f"the grid has {size:,} combinations, of which at most {LARGEST_GRID:,} are run; narrow {widest.name} "
                f"({len(widest.values):,} values) with --range, or search with --method tpe"
            )
        names = [each.name for each in self.dimensions]
        for values in itertools.product(*(each.values for each in self.dimensions)):
            yield dict(zip(names, values, strict=True))


def stepped(name: str, low: float, high: float, step: float) -> Dimension:
    """Return the values from `low` to `high` in steps, floats without the dust of adding up."""
    if isinstance(low, int) and isinstance(high, int) and float(step).is_integer():
        return Dimension(name, range(low, high + 1, int(step)))
    count = math.floor((high - low) / step + 1e-9) + 1
    return Dimension(name, tuple(round(low + place * step, 10) for place in range(count)))
