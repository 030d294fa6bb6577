"""From a candle to quotes that could have made it.

They start at its open, touch its high and low, end at its close, never leave its range, and their trades add up to its
volume. All that exactly; the rest is a seeded invention.
"""

import numpy as np

from core.instants import MILLISECOND, SECOND
from core.sessions import TradingDay
from features.columns import FloatArray, IntArray
from simulator.day_path import Bars, on_the_clock

_LONGEST_GAP_SECONDS = 2
_WITH_THE_CANDLE = 0.7
"""Probability that a rising candle saw its low first, and a falling one its high."""
_WIGGLE = 0.4
"""Size of the wandering around the straight path, as a share of the candle's range."""


def expand(
    bars: Bars, session: TradingDay, duration: int, tick: int, chance: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    """Return times, prices and traded shares of the quotes of a session's candles, each `duration` nanoseconds long.

    A candle that the close or a pause cuts short ends there; in a pause there are no quotes.
    """
    times, prices, shares = [], [], []
    columns = (bars.start, bars.open, bars.high, bars.low, bars.close, bars.volume)
    for start, open_, high, low, close, volume in zip(*(column.tolist() for column in columns), strict=True):
        seconds = session.trading_time(start, start + duration) // SECOND
        at = _quote_times(seconds, chance)
        times.append(on_the_clock(session, session.trading_time(session.open, start) + at))
        prices.append(_walk(open_, high, low, close, len(at), tick, chance))
        shares.append(chance.multinomial(volume, _shares(len(at), chance)))
    if not times:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    return np.concatenate(times), np.concatenate(prices), np.concatenate(shares)


def _quote_times(seconds: int, chance: np.random.Generator) -> IntArray:
    steps = np.cumsum(chance.integers(1, _LONGEST_GAP_SECONDS + 1, seconds))
    whole = np.concatenate(([0], steps[steps < seconds]))
    times: IntArray = whole * SECOND + chance.integers(0, 1_000, len(whole)) * MILLISECOND
    return times


def _walk(open_: int, high: int, low: int, close: int, count: int, tick: int, chance: np.random.Generator) -> IntArray:
    low_first = chance.random() < (_WITH_THE_CANDLE if close >= open_ else 1 - _WITH_THE_CANDLE)
    first, second = (low, high) if low_first else (high, low)
    turns = np.sort(chance.choice(np.arange(1, count - 1), 2, replace=False))
    corners = np.array([0, *turns, count - 1])
    values = np.array([open_, first, second, close])
    steps = chance.standard_normal(count)
    wander = np.cumsum(steps - steps.mean()) / count**0.5
    wished = np.interp(np.arange(count), corners, values) + _WIGGLE * (high - low) * wander
    path: IntArray = low + np.rint((np.clip(wished, low, high) - low) / tick).astype(np.int64) * tick
    path[corners] = values
    return path


def _shares(count: int, chance: np.random.Generator) -> FloatArray:
    weights: FloatArray = chance.exponential(size=count)
    weights /= weights.sum()
    return weights
