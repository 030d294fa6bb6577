"""What every drawing needs: a scale with round ticks, a long line made short, and numbers as SVG wants them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from features.columns import FloatArray, IntArray

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from values to pixels."""

    low: float
    high: float
    at_low: float
    """The pixel of the lowest value."""
    at_high: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        return self.at_low + (value - self.low) / span * (self.at_high - self.at_low) if span else self.at_low

    def ticks(self, most: int) -> tuple[float, ...]:
        """Return at most about so many round values between the ends."""
        span = self.high - self.low
        if span <= 0:
            return (self.low,)
        power = 10.0 ** floor(log10(span / most))
        step = next(each * power for each in _STEPS if each * power >= span / most)
        first = ceil(self.low / step - 1e-9)
        return tuple(step * each for each in range(first, floor(self.high / step + 1e-9) + 1))


def padded(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """Return limits with some space above and below; of a single value, limits around it."""
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air


def thinned(values: IntArray | FloatArray, most: int) -> IntArray:
    """Return the rows of at most about `most` points that draw like all of them: lowest and highest of each stretch."""
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    rows = {0, len(values) - 1}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[first:last]
        rows |= {first + int(part.argmin()), first + int(part.argmax())}
    return np.array(sorted(rows))


def decimals_of(ticks: Sequence[float]) -> int:
    """Return how many decimals it takes to write every tick as what it is."""
    return next((each for each in range(6) if all(abs(round(tick, each) - tick) < 1e-9 for tick in ticks)), 6)


def number(value: float) -> str:
    """Write a pixel as short as it is exact enough."""
    return f"{value:.1f}".removesuffix(".0")


def polyline(points: Iterator[tuple[float, float]]) -> str:
    """Return the path through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
