"""Indicators, each in two shapes that give the same bits: over whole columns, and one closed bar at a time.

What TA-Lib has comes from TA-Lib: its function API over columns, its streaming handles live. What must be exact in
whole numbers (money flow, volume by direction, the session's sums) is counted here in integers, so that neither the
order of summation nor the length of the history can change a digit.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from core.instants import minute_of_day
from core.market import Candle
from features.columns import CandleColumns, Column, FloatArray, IntArray
from features.lean_imports import without

with without("pandas", "polars"):  # a third of a second and some 50 MB, to take frames that nobody has here
    import talib
    from talib import abstract, stream

COMPUTED_BY = {"TA-Lib": talib.__version__}
"""Library and release behind the numbers: a model's manifest names it, because another one may count differently."""

Value: TypeAlias = float | tuple[float, ...]
"""An indicator at one bar; a tuple where it has several outputs."""
Values: TypeAlias = FloatArray | tuple[FloatArray, ...]
"""An indicator over columns; NaN in the rows before its first value, and nowhere else."""


class Bar(NamedTuple):
    """One closed candle as the live indicators take it."""

    prices: tuple[float, ...]
    """In the order of `Column`."""
    candle: Candle
    opens_session: bool
    """Whether it is the first candle of a later date than the one before it."""


class Meter(Protocol):
    """An indicator that follows the market: its memory is its own, and constant in size."""

    def update(self, bar: Bar) -> Value | None:
        """Take the next closed bar; return the value there, or None before the first."""
        ...


class Indicator(Protocol):
    """A number, or a few, that each bar has once enough bars came before it."""

    @property
    def lookback(self) -> int:
        """Bars before the first that has a value."""
        ...

    def over(self, columns: CandleColumns) -> Values:
        """Compute it at every candle."""
        ...

    def live(self) -> Meter:
        """Return a fresh meter, to be fed from the same first candle as the columns."""
        ...


@dataclass(frozen=True, slots=True)
class Price:
    """The candle itself."""

    column: Column
    lookback: int = field(default=0, init=False)

    def over(self, columns: CandleColumns) -> Values:
        """Return the column as floats."""
        return columns.prices(self.column)

    def live(self) -> Meter:
        """Return a meter without memory."""
        return _Reading(lambda bar: bar.prices[self.column])


@dataclass(frozen=True, slots=True)
class MinuteOfDay:
    """Minutes since midnight in India at the start of the candle."""

    lookback: int = field(default=0, init=False)

    def over(self, columns: CandleColumns) -> Values:
        """Return the minutes as floats."""
        return columns.minutes().astype(np.float64)

    def live(self) -> Meter:
        """Return a meter without memory."""
        return _Reading(lambda bar: float(minute_of_day(bar.candle.start)))


@dataclass(frozen=True, slots=True)
class Talib:
    """One TA-Lib function on named columns. Formulas: ta-lib.org/functions, by the same name."""

    function: str
    columns: tuple[Column, ...]
    parameters: tuple[int, ...] = ()

    @property
    def lookback(self) -> int:
        """Bars before the first value, as TA-Lib states it."""
        function = _described(self.function)
        names = list(function.parameters)[: len(self.parameters)]
        function.parameters = dict(zip(names, self.parameters, strict=True))
        return int(function.lookback)

    def over(self, columns: CandleColumns) -> Values:
        """Call the function API once."""
        inputs = [columns.prices(each) for each in self.columns]
        if len(columns) <= self.lookback:
            # Some functions raise on short input and some answer NaN: too few rows always mean "no value yet".
            outputs = len(_described(self.function).output_names)
            empty = np.full(len(columns), np.nan)
            return empty if outputs == 1 else (empty,) * outputs
        result: Values = getattr(talib, self.function)(*inputs, *self.parameters)
        return result

    def live(self) -> Meter:
        """Return a meter that opens TA-Lib's handle on the first `lookback` + 1 bars."""
        return _TalibMeter(getattr(stream, self.function), self.columns, self.parameters, self.lookback)


class _Reading:
    """A number read off the bar."""

    __slots__ = ("update",)

    def __init__(self, update: Callable[[Bar], float]) -> None:
        self.update = update


class _TalibMeter:
    """A streaming handle, opened as soon as there are bars enough."""

    __slots__ = ("_handle", "_history", "_lookback", "_open", "_parameters", "_pick")

    def __init__(
        self, open_: Callable[..., Any], columns: Sequence[Column], parameters: Sequence[int], lookback: int
    ) -> None:
        self._open = open_
        self._parameters = parameters
        self._lookback = lookback
        self._pick = picker(columns)
        self._history: list[tuple[float, ...]] = []
        self._handle: Any = None

    def update(self, bar: Bar) -> Value | None:
        """Hand the bar to the handle, or keep it until there are enough to open one."""
        inputs = self._pick(bar.prices)
        if self._handle is not None:
            value: Value = self._handle.update(*inputs)
            return value
        self._history.append(inputs)
        if len(self._history) <= self._lookback:
            return None
        series = [np.array(column) for column in zip(*self._history, strict=True)]
        self._handle = self._open(*series, *self._parameters)
        self._history.clear()
        opened: Value = self._handle.value
        return opened


@dataclass(frozen=True, slots=True)
class DirectedFlow:
    """What flowed in rising and in falling bars over a period: the raw material of MFI and OBV, in whole numbers.

    With `is_money` a bar's flow is typical price times volume and its direction that of the typical price (MFI);
    without, its flow is the volume and its direction that of the close (OBV). A tie flows nowhere.
    """

    period: int
    is_money: bool

    @property
    def lookback(self) -> int:
        """The first bar has no direction."""
        return self.period

    def over(self, columns: CandleColumns) -> Values:
        """Return the flow of rising and of falling bars; 64-bit sums may wrap, their differences stay exact."""
        keys = columns.typical_sums() if self.is_money else columns.closes
        flows = keys * columns.volumes if self.is_money else columns.volumes
        change = np.diff(keys, prepend=keys[:1])
        rising = _window_sums(np.where(change > 0, flows, 0), self.period)
        falling = _window_sums(np.where(change < 0, flows, 0), self.period)
        return rising, falling

    def live(self) -> Meter:
        """Return a meter that remembers `period` flows."""
        return _FlowMeter(self.period, self.is_money)


class _FlowMeter:
    __slots__ = ("_falling", "_flows", "_is_money", "_key", "_period", "_rising")

    def __init__(self, period: int, is_money: bool) -> None:
        self._period = period
        self._is_money = is_money
        self._key: int | None = None
        self._flows: deque[int] = deque()
        self._rising = 0
        self._falling = 0

    def update(self, bar: Bar) -> Value | None:
        candle = bar.candle
        key = candle.high + candle.low + candle.close if self._is_money else candle.close
        before, self._key = self._key, key
        if before is None:
            return None
        flow = key * candle.volume if self._is_money else candle.volume
        directed = flow if key > before else -flow if key < before else 0
        self._flows.append(directed)
        left = self._flows.popleft() if len(self._flows) > self._period else 0
        self._rising += max(directed, 0) - max(left, 0)
        self._falling += max(-directed, 0) - max(-left, 0)
        return (float(self._rising), float(self._falling)) if len(self._flows) == self._period else None


@dataclass(frozen=True, slots=True)
class SessionSoFar:
    """The session up to and including this bar: first open, the close before it, money flow and volume.

    Money flow is the sum of (high + low + close) times volume, so that the session's VWAP is flow / (3 * volume). The
    first session of a history has no value: nobody knows whether its first candle was the market's first.
    """

    lookback: int = field(default=1, init=False)

    def over(self, columns: CandleColumns) -> Values:
        """Return open, previous close, flow and volume at every candle."""
        rows = len(columns)
        days = columns.days()
        begins = np.zeros(rows, dtype=np.bool_)
        begins[1:] = days[1:] != days[:-1]
        first = np.maximum.accumulate(np.where(begins, np.arange(rows), 0))
        flow = np.cumsum(columns.typical_sums() * columns.volumes)
        volume = np.cumsum(columns.volumes)
        before = first - 1
        parts = columns.opens[first], columns.closes[before], flow - flow[before], volume - volume[before]
        return tuple(np.where(first > 0, part, np.nan) for part in parts)

    def live(self) -> Meter:
        """Return a meter with four numbers of memory."""
        return _SessionMeter()


class _SessionMeter:
    __slots__ = ("_close", "_flow", "_open", "_previous_close", "_volume")

    def __init__(self) -> None:
        self._close = 0
        self._open: int | None = None
        self._previous_close = 0
        self._flow = 0
        self._volume = 0

    def update(self, bar: Bar) -> Value | None:
        candle = bar.candle
        if bar.opens_session:
            self._open, self._previous_close = candle.open, self._close
            self._flow = self._volume = 0
        self._close = candle.close
        if self._open is None:
            return None
        self._flow += (candle.high + candle.low + candle.close) * candle.volume
        self._volume += candle.volume
        return float(self._open), float(self._previous_close), float(self._flow), float(self._volume)


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return a function that takes these places of a sequence as a tuple, also when there is only one."""
    if len(places) == 1:
        only = places[0]
        return lambda values: (values[only],)
    return itemgetter(*places)


def _described(function: str) -> Any:
    """Return TA-Lib's own description of a function."""
    return abstract.Function(function)  # type: ignore[attr-defined]  # missing from TA-Lib's stubs


def _window_sums(flows: IntArray, period: int) -> FloatArray:
    """Sum each window of `period` rows exactly; the first row is in no window."""
    sums = np.full(len(flows), np.nan)
    if len(flows) > period:
        total = np.cumsum(flows)
        sums[period:] = total[period:] - total[:-period]
    return sums
