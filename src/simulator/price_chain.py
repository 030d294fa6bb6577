"""Daily backbone of a generated price: for every date where the session starts and ends, without playing any session.

One row per calendar date from a fixed origin, drawn in one go from (seed, symbol), so that any day can be made alone
and still joins the day before it. Levels are logarithms around the listing's price. A day's move is its gap, its noise
and its planted trends; `generator` bridges the same noise and lays the same trends over the seconds, and so ends where
the backbone says. Weekdays that the calendar closes move too: the next session's gap then holds their move.
"""

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from core.errors import DataError
from features.columns import FloatArray, IntArray

ORIGIN = date(2015, 1, 5)
"""First date a generated market knows: a Monday."""
HORIZON = date(2041, 1, 6)
_DAYS = HORIZON.toordinal() - ORIGIN.toordinal()
_SATURDAY = 5

SESSION_MINUTES = 375
"""A regular session. Shorter ones play the same day faster."""
_GRID = SESSION_MINUTES * 60
"""Steps of the profile: the seconds of a regular session."""
_STEPS = np.linspace(0.0, 1.0, _GRID + 1)

GAP_SHARE = 0.45
"""Standard deviation of the opening gap as a share of the session's noise."""
PULL = 0.01
"""Share of the distance to the listing's price that each opening gap takes back, so that prices stay in their class."""
LARGEST_MOVE = 0.06
"""Largest daily move of the backbone: even after two closed weekdays the price is inside its band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedEdge:
    """What there is to learn in a generated market. `NO_EDGE` is the market without it.

    The session is cut into regimes of random length. A regime is calm or a trend of random sign; a trend adds the same
    fraction of the minute's volatility to every minute, so that recent momentum tells its sign, and lifts the volume.
    Regimes end without notice and say nothing about the next one.
    """

    drift: float = 0.20
    """Drift per minute in a trend, as a fraction of that minute's standard deviation."""
    calm: float = 0.45
    """Probability that a regime is calm."""
    shortest_minutes: float = 45.0
    longest_minutes: float = 120.0
    volume_lift: float = 1.25
    """Factor on the volume while a trend runs."""


NO_EDGE = PlantedEdge(drift=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """One day of the chain, logarithms relative to the listing's price."""

    start: float
    end: float
    volatility: float
    """Standard deviation of the session's noise."""
    noise: float
    """Sum of the session's noise: the bridge ends here."""
    bounds: FloatArray
    """Ends of the regimes as shares of the session, the last at 1."""
    signs: IntArray
    """Sign of each regime's trend; 0 is calm."""

    def trend(self, elapsed: FloatArray, edge: PlantedEdge) -> FloatArray:
        """Sum of the planted drift at shares of the session."""
        scale = edge.drift * self.volatility * SESSION_MINUTES**0.5
        drifts: FloatArray = scale * _trend(elapsed, self.bounds, self.signs)
        return drifts

    def trending(self, elapsed: FloatArray) -> IntArray:
        """Sign of the regime that runs at shares of the session."""
        return self.signs[np.minimum(np.searchsorted(self.bounds, elapsed), len(self.signs) - 1)]


def volatility_profile(elapsed: FloatArray) -> FloatArray:
    """Relative volatility over the session, U-shaped; the shape of SBIN's five-minute ranges in 2022-23."""
    return 0.8 + 2.2 * np.exp(-elapsed / 0.03) + 0.7 * np.exp(-elapsed / 0.15) + 0.35 * np.exp((elapsed - 1) / 0.12)


_PROFILE = volatility_profile(_STEPS)
_SCALE = float(np.sqrt(np.mean(_PROFILE**2)))
_ELAPSED_VOLATILITY = np.concatenate(([0.0], np.cumsum((_PROFILE[1:] + _PROFILE[:-1]) / 2))) / _GRID / _SCALE


def _trend(elapsed: FloatArray, bounds: FloatArray, signs: IntArray) -> FloatArray:
    at_bounds = np.interp(bounds, _STEPS, _ELAPSED_VOLATILITY)
    at_starts = np.concatenate(([0.0], at_bounds[:-1]))
    before = np.concatenate(([0.0], np.cumsum(signs * (at_bounds - at_starts))))
    place = np.minimum(np.searchsorted(bounds, elapsed), len(signs) - 1)
    return before[place] + signs[place] * (np.interp(elapsed, _STEPS, _ELAPSED_VOLATILITY) - at_starts[place])


class PriceChain:
    """The backbone of one symbol, all dates."""

    def __init__(self, symbol: str, seed: int, daily_volatility: float, edge: PlantedEdge) -> None:
        chance = np.random.default_rng((seed, zlib.crc32(symbol.encode()), 0))
        count = int(SESSION_MINUTES // edge.shortest_minutes) + 1
        draws = chance.standard_normal((_DAYS, 3))
        lengths = chance.uniform(edge.shortest_minutes, edge.longest_minutes, (_DAYS, count))
        kinds = chance.random((_DAYS, count))
        self._bounds = np.minimum(np.cumsum(lengths, axis=1) / SESSION_MINUTES, 1.0)
        self._bounds[:, -1] = 1.0
        self._signs = np.where(kinds < edge.calm, 0, np.where(kinds < (1 + edge.calm) / 2, 1, -1)).astype(np.int64)
        self._volatility = daily_volatility * np.exp(0.25 * draws[:, 0])
        gap = GAP_SHARE * self._volatility * draws[:, 1]
        trend = self._day_trends() * edge.drift * self._volatility * SESSION_MINUTES**0.5
        move = np.clip(gap + trend + self._volatility * draws[:, 2], -LARGEST_MOVE, LARGEST_MOVE)
        self._noise = move - gap - trend
        self._start, self._end = self._levels(gap, move)

    def day(self, day: date) -> Backbone:
        """One day of the chain. Raises `DataError` outside the years that are generated."""
        row = self._row(day)
        last = int(np.searchsorted(self._bounds[row], 1.0)) + 1
        return Backbone(
            start=float(self._start[row]),
            end=float(self._end[row]),
            volatility=float(self._volatility[row]),
            noise=float(self._noise[row]),
            bounds=self._bounds[row, :last],
            signs=self._signs[row, :last],
        )

    def end(self, day: date) -> float:
        """Level at the end of a day."""
        return float(self._end[self._row(day)])

    def _row(self, day: date) -> int:
        row = day.toordinal() - ORIGIN.toordinal()
        if not 0 <= row < _DAYS:
            raise DataError(f"no generated market on {day}: it runs from {ORIGIN} to {HORIZON}")
        return row

    def _day_trends(self) -> FloatArray:
        at_bounds = np.interp(self._bounds, _STEPS, _ELAPSED_VOLATILITY)
        trends: FloatArray = np.sum(self._signs * np.diff(at_bounds, axis=1, prepend=0.0), axis=1)
        return trends

    def _levels(self, gap: FloatArray, move: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Chain the days: a weekend's session starts from Friday's end, and leaves no trace in Monday's."""
        start, end = np.empty(_DAYS), np.empty(_DAYS)
        level = 0.0
        for row, (day_gap, day_move) in enumerate(zip(gap.tolist(), move.tolist(), strict=True)):
            pulled = level * (1 - PULL)
            start[row], end[row] = pulled + day_gap, pulled + day_move
            if row % 7 < _SATURDAY:
                level = pulled + day_move
        return start, end
