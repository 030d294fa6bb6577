"""How the labels are shared out among none, long and short, and how far that moves from training to test.

A model that only learned how frequent the classes were looks good until they change; this shows when they did.
"""

from dataclasses import dataclass

import numpy as np

from core.signals import Direction
from features.columns import IntArray


@dataclass(frozen=True, slots=True)
class ClassBalance:
    """Rows of each class."""

    none: int
    long: int
    short: int

    @classmethod
    def of(cls, directions: IntArray) -> "ClassBalance":
        """Count labels: `Direction` values."""
        none, long, short = np.bincount(directions, minlength=len(Direction)).tolist()
        return cls(none, long, short)

    @property
    def rows(self) -> int:
        """All of them."""
        return self.none + self.long + self.short

    @property
    def shares(self) -> tuple[float, float, float]:
        """Share of none, long and short; 0 where there is no row."""
        rows = max(1, self.rows)
        return self.none / rows, self.long / rows, self.short / rows

    def drift(self, later: "ClassBalance") -> float:
        """Return the share of rows that would have to change class to give the later balance.

        It is the total variation distance: half the sum of the absolute differences of the shares, 0 to 1.
        """
        pairs = zip(self.shares, later.shares, strict=True)
        return sum(abs(mine - theirs) for mine, theirs in pairs) / 2
