"""Chance that can be asked for by name: the n-th throw of a stream is a function of seed, name and n alone.

No stream knows how often another was asked, so a run in which one thing is left out draws everything else the same.
"""

import zlib
from functools import cache

_MASK = (1 << 64) - 1
_UNIT = 1.0 / (1 << 53)


@cache
def _named(name: str) -> int:
    return zlib.crc32(name.encode()) * 0x9E3779B97F4A7C15 & _MASK


def stream(seed: int, name: str) -> int:
    """Return where a stream begins."""
    return seed * 0xD1342543DE82EF95 + _named(name)


def draw(seed: int, name: str, n: int) -> float:
    """Return the n-th number of a stream, at least 0 and below 1."""
    return draw_from(stream(seed, name), n)


def draw_from(start: int, n: int) -> float:
    """Return the n-th number of the stream that begins there (SplitMix64, Steele et al. 2014)."""
    bits = (start + n * 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((bits ^ (bits >> 31)) >> 11) * _UNIT


class Dice:
    """One stream, thrown in order."""

    __slots__ = ("_start", "_thrown")

    def __init__(self, seed: int, name: str) -> None:
        self._start = stream(seed, name)
        self._thrown = 0

    def throw(self) -> float:
        """The next number, at least 0 and below 1."""
        self._thrown += 1
        return draw_from(self._start, self._thrown)

    def between(self, low: float, high: float) -> float:
        """The next number from a range."""
        return low + (high - low) * self.throw()

    def whole(self, low: int, high: int) -> int:
        """The next whole number from a range, both ends included."""
        return low + int(self.throw() * (high - low + 1))
