"""Five-minute candles of a market whose edge is known to the rupee: none at all, or a drift that the gap foretells."""

from datetime import date, time, timedelta

import numpy as np

from core.instants import MINUTE, instant_at
from features.columns import CandleColumns
from training.dataset import History

SYMBOL = "NSE:SBIN-EQ"
FIRST = date(2025, 1, 6)
BARS, STEP = 75, 5 * MINUTE
PRICE, MOVE, GAP = 80_000, 120, 640
"""Of the beginning, and deviations of a candle and of a night, in units: 800 rupees, 0.15 % and 0.8 %."""


def walked_history(seed: int, sessions: int, drift: float = 0.0) -> History:
    """Draw a Brownian walk; where it opens above the close before it drifts up all day, by so many units a candle.

    Where it opens below it drifts down. Extremes follow the law of a Brownian bridge, so that a level is touched as
    often as on the path itself, and leaving at one neither earns nor costs anything on average.
    """
    chance = np.random.default_rng(seed)
    gaps = GAP * chance.standard_normal(sessions)
    moves = (drift * np.sign(gaps)[:, None] + MOVE * chance.standard_normal((sessions, BARS))).ravel()
    ends = PRICE + np.cumsum(moves) + np.repeat(np.cumsum(gaps), BARS)
    begins = ends - moves
    reach = np.sqrt(moves**2 - 2 * MOVE**2 * np.log(1 - chance.random((2, len(moves)))))
    opens, closes = np.rint(begins).astype(np.int64), np.rint(ends).astype(np.int64)
    middle = begins + ends
    return History(
        SYMBOL,
        5,
        CandleColumns(
            starts=_starts(sessions),
            opens=opens,
            highs=np.maximum(np.rint((middle + reach[0]) / 2).astype(np.int64), np.maximum(opens, closes)),
            lows=np.minimum(np.rint((middle - reach[1]) / 2).astype(np.int64), np.minimum(opens, closes)),
            closes=closes,
            volumes=chance.integers(1_000, 50_000, len(moves)),
        ),
    )


def drift_after(history: History, closed_at: np.ndarray, drift: float) -> np.ndarray:
    """Return the drift of the session of some rows, in units a candle."""
    candles = history.candles
    rows = np.searchsorted(candles.starts, closed_at) - 1
    first = rows // BARS * BARS
    before = candles.closes[np.maximum(first - 1, 0)]
    known: np.ndarray = drift * np.sign(candles.opens[first] - before)
    return known


def _starts(sessions: int) -> np.ndarray:
    weekdays = (day for number in range(2 * sessions) if (day := FIRST + timedelta(number)).weekday() < 5)
    opens_at = [instant_at(day, time(9, 15)) for day, _ in zip(weekdays, range(sessions), strict=False)]
    starts: np.ndarray = (np.array(opens_at)[:, None] + np.arange(BARS) * STEP).ravel()
    return starts
