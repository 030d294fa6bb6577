"""The catalogue of features: what each name means, and from which indicators it is made.

A name is a family and its whole-number parameters, `ema_gap_21`. Every feature is scale-free: a ratio, a multiple of
the average true range or a bounded oscillator, so that one model serves a share at 60 rupees and one at 6,000.

A formula uses only `+ - * /`, which give the same bits on Python floats and on NumPy columns. Its guard is the
denominator: where that is not above zero (no price moved, nothing traded) the feature has no value and its row does
not exist. No filler stands in for it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from core.errors import ConfigurationError
from features.columns import Column
from features.indicators import DirectedFlow, Indicator, MinuteOfDay, Price, SessionSoFar, Talib

MINUTES_IN_DAY = 1440.0

_CLOSE = (Column.CLOSE,)
_VOLUME = (Column.VOLUME,)
_BARS = (Column.HIGH, Column.LOW, Column.CLOSE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one feature is made of indicators; `formula` and `guard` take their values in this order."""

    indicators: tuple[Indicator, ...]
    formula: Callable[..., Any]
    guard: Callable[..., Any] | None = None
    """The feature has a value only where this is above zero."""


Build: TypeAlias = Callable[..., Recipe]


@dataclass(frozen=True, slots=True)
class Family:
    """Features that differ in their parameters only."""

    name: str
    parameters: Mapping[str, int]
    """Name of each parameter and the least value it may have."""
    meaning: str
    build: Build
    revision: int
    """Counts changes of the formula, so that a model trained on the old one is refused."""

    @property
    def pattern(self) -> str:
        """How names of this family look: `sma_spread_<fast>_<slow>`."""
        return "_".join((self.name, *(f"<{each}>" for each in self.parameters)))


FAMILIES: dict[str, Family] = {}
"""All families by name."""

LONGEST_PERIOD = 500

LOOK_AHEAD = {
    "kst": "its warm-up rows are filled with the mean of the whole series",
    "ichimoku": "its visual spans are shifted and filled from the whole series",
    "trix": "its shift is filled with the mean of the whole series",
    "dpo": "its shift is filled with the mean of the whole series",
    "vortex": "its first rows are filled with the mean of the whole series",
}
"""Indicators of the `ta` library that know the future, and how."""


def recipe_of(family: Family, parameters: tuple[int, ...], name: str) -> Recipe:
    """Build a feature. Raises `ConfigurationError` that names the feature, the parameter and its limits."""
    if len(parameters) != len(family.parameters):
        raise ConfigurationError(f"feature {name!r}: write it {family.pattern}, for {family.meaning}")
    for (parameter, least), value in zip(family.parameters.items(), parameters, strict=True):
        if not least <= value <= LONGEST_PERIOD:
            raise ConfigurationError(f"feature {name!r}: {parameter} {value} must be {least} to {LONGEST_PERIOD}")
    if family.parameters.keys() >= {"fast", "slow"} and parameters[0] >= parameters[1]:
        raise ConfigurationError(f"feature {name!r}: fast {parameters[0]} must be below slow {parameters[1]}")
    return family.build(*parameters)


def atr(period: int) -> Indicator:
    """Return Wilder's average true range, in units."""
    return Talib("ATR", _BARS, (period,))


def _family(revision: int = 1, **least: int) -> Callable[[Build], Build]:
    """Enter a builder in the catalogue; `least` gives the lowest value of each of its parameters."""

    def enter(build: Build) -> Build:
        meaning = inspect.cleandoc(build.__doc__ or "").splitlines()[0].rstrip(".")
        name = build.__name__.rstrip("_")
        FAMILIES[name] = Family(name, least, meaning, build, revision)
        return build

    return enter


@_family(period=1)
def return_(period: int) -> Recipe:
    """Close over the close `period` candles ago, minus 1."""
    return Recipe((Talib("ROCP", _CLOSE, (period,)),), lambda change: change)


@_family(period=2)
def sma_gap(period: int) -> Recipe:
    """Close over its simple moving average, minus 1."""
    return Recipe((Price(Column.CLOSE), Talib("SMA", _CLOSE, (period,))), lambda close, mean: close / mean - 1.0)


@_family(period=2)
def ema_gap(period: int) -> Recipe:
    """Close over its exponential moving average, minus 1."""
    return Recipe((Price(Column.CLOSE), Talib("EMA", _CLOSE, (period,))), lambda close, mean: close / mean - 1.0)


@_family(fast=2, slow=3)
def sma_spread(fast: int, slow: int) -> Recipe:
    """Fast over slow simple moving average, minus 1."""
    means = Talib("SMA", _CLOSE, (fast,)), Talib("SMA", _CLOSE, (slow,))
    return Recipe(means, lambda quick, sluggish: quick / sluggish - 1.0)


@_family(fast=2, slow=3)
def ema_spread(fast: int, slow: int) -> Recipe:
    """Fast over slow exponential moving average, minus 1."""
    means = Talib("EMA", _CLOSE, (fast,)), Talib("EMA", _CLOSE, (slow,))
    return Recipe(means, lambda quick, sluggish: quick / sluggish - 1.0)


@_family(fast=2, slow=3, signal=2)
def macd_histogram(fast: int, slow: int, signal: int) -> Recipe:
    """MACD less its signal line, in average true ranges over the slow period."""
    macd = Talib("MACD", _CLOSE, (fast, slow, signal))
    return Recipe((macd, atr(slow)), lambda lines, reach: lines[2] / reach, lambda _, reach: reach)


@_family(period=2)
def rsi(period: int) -> Recipe:
    """Relative strength index, 0 to 100; none where the close has not moved in the period."""
    closes = Talib("MINMAX", _CLOSE, (period + 1,))
    return Recipe(
        (Talib("RSI", _CLOSE, (period,)), closes),
        lambda strength, _: strength,
        lambda _, extremes: extremes[1] - extremes[0],
    )


@_family(period=2)
def adx(period: int) -> Recipe:
    """Average directional index, 0 to 100; none where there is no directional movement."""
    lines = tuple(Talib(name, _BARS, (period,)) for name in ("ADX", "PLUS_DI", "MINUS_DI"))
    return Recipe(lines, lambda strength, _up, _down: strength, lambda _, up, down: up + down)


@_family(period=2)
def directional(period: int) -> Recipe:
    """Up less down directional movement over their sum, -1 to 1."""
    lines = Talib("PLUS_DI", _BARS, (period,)), Talib("MINUS_DI", _BARS, (period,))
    return Recipe(lines, lambda up, down: (up - down) / (up + down), lambda up, down: up + down)


@_family(period=2)
def atr_ratio(period: int) -> Recipe:
    """Average true range over close."""
    return Recipe((atr(period), Price(Column.CLOSE)), lambda reach, close: reach / close)


@_family(period=2)
def zscore(period: int) -> Recipe:
    """Close less its mean, in standard deviations: the place within Bollinger bands."""
    parts = Price(Column.CLOSE), Talib("SMA", _CLOSE, (period,)), Talib("STDDEV", _CLOSE, (period,))
    return Recipe(parts, lambda close, mean, spread: (close - mean) / spread, lambda _close, _mean, spread: spread)


@_family(period=2)
def volatility(period: int) -> Recipe:
    """Standard deviation of close over its mean: the width of Bollinger bands."""
    parts = Talib("STDDEV", _CLOSE, (period,)), Talib("SMA", _CLOSE, (period,))
    return Recipe(parts, lambda spread, mean: spread / mean)


@_family(period=2)
def stochastic(period: int) -> Recipe:
    """Close within the range of the period, 0 at the low to 1 at the high."""
    parts = Price(Column.CLOSE), Talib("MIN", (Column.LOW,), (period,)), Talib("MAX", (Column.HIGH,), (period,))
    return Recipe(parts, lambda close, low, high: (close - low) / (high - low), lambda _, low, high: high - low)


@_family(period=2)
def slope(period: int) -> Recipe:
    """Slope of the regression line through the closes, in average true ranges per candle."""
    parts = Talib("LINEARREG_SLOPE", _CLOSE, (period,)), atr(period)
    return Recipe(parts, lambda rise, reach: rise / reach, lambda _, reach: reach)


@_family(period=2)
def cci(period: int) -> Recipe:
    """Commodity channel index; none where the typical price has not moved in the period."""
    typical = Talib("MINMAX", (Column.TYPICAL,), (period,))
    return Recipe(
        (Talib("CCI", _BARS, (period,)), typical),
        lambda channel, _: channel,
        lambda _, extremes: extremes[1] - extremes[0],
    )


@_family(period=1)
def mfi(period: int) -> Recipe:
    """Money flow index, 0 to 100, in whole numbers; none where no money flowed either way."""
    flow = DirectedFlow(period, is_money=True)
    return Recipe((flow,), lambda each: 100.0 * each[0] / (each[0] + each[1]), lambda each: each[0] + each[1])


@_family(period=1)
def obv_slope(period: int) -> Recipe:
    """Change of on-balance volume over the volume of the period, -1 to 1."""
    parts = DirectedFlow(period, is_money=False), Talib("SUM", _VOLUME, (period,))
    return Recipe(parts, lambda each, total: (each[0] - each[1]) / total, lambda _, total: total)


@_family(period=2)
def volume_zscore(period: int) -> Recipe:
    """Volume less its mean, in standard deviations."""
    parts = Price(Column.VOLUME), Talib("SMA", _VOLUME, (period,)), Talib("STDDEV", _VOLUME, (period,))
    return Recipe(parts, lambda volume, mean, spread: (volume - mean) / spread, lambda _volume, _mean, spread: spread)


@_family(period=2)
def body(period: int) -> Recipe:
    """Close less open of the candle, in average true ranges."""
    parts = Price(Column.OPEN), Price(Column.CLOSE), atr(period)
    return Recipe(parts, lambda open_, close, reach: (close - open_) / reach, lambda _open, _close, reach: reach)


@_family(period=2)
def true_range(period: int) -> Recipe:
    """True range of the candle, in average true ranges."""
    return Recipe((Talib("TRANGE", _BARS), atr(period)), lambda now, reach: now / reach, lambda _, reach: reach)


@_family()
def vwap_gap() -> Recipe:
    """Close over the session's volume-weighted average price, minus 1."""
    return Recipe(
        (Price(Column.CLOSE), SessionSoFar()),
        lambda close, session: 3.0 * close * session[3] / session[2] - 1.0,
        lambda _, session: session[2],
    )


@_family()
def open_gap() -> Recipe:
    """Close over the session's first open, minus 1."""
    return Recipe((Price(Column.CLOSE), SessionSoFar()), lambda close, session: close / session[0] - 1.0)


@_family()
def overnight_gap() -> Recipe:
    """The session's first open over the close of the session before, minus 1."""
    return Recipe((SessionSoFar(),), lambda session: session[0] / session[1] - 1.0)


@_family()
def time_of_day() -> Recipe:
    """Time in India at the start of the candle, as a share of the day."""
    return Recipe((MinuteOfDay(),), lambda minute: minute / MINUTES_IN_DAY)
