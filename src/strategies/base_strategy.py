"""What a strategy may declare beyond `core.signals.SignalProvider`: the range of its parameters, and a fast face.

A declared range is what `list-strategies` shows, what a wrong value in the configuration is refused by, and what an
optimiser searches. The fast face answers for a whole history at once what `on_data` answers candle by candle.
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from features.batch import FeatureTable
from features.columns import CandleColumns, FloatArray

Value = TypeVar("Value", int, float, str, bool)
DirectionArray: TypeAlias = NDArray[np.int8]

_KEY = "strategies.parameter"
_NOT_PARAMETERS = frozenset({"name", "predictor"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number, or word, that a strategy may be given under `strategy.params`."""

    name: str
    type: type | None
    """None where the strategy leaves it open."""
    default: Any = None
    is_required: bool = False
    """Whether there is no default."""
    low: float | None = None
    """Least value, itself allowed; None for no bound. `high` is the same for the greatest."""
    high: float | None = None
    step: float | None = None
    """What an optimiser moves it by; not a condition on a value that a person gives."""
    choices: tuple[Any, ...] = ()
    """The only values there are; empty for all between the bounds."""
    unit: str = ""

    @property
    def limits(self) -> str:
        """The bounds or choices in words; empty for none."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        unit = f" {self.unit}" if self.unit else ""
        match self.low, self.high:
            case None, None:
                return ""
            case low, None:
                return f"{low} or more{unit}"
            case None, high:
                return f"{high} or less{unit}"
            case low, high:
                return f"{low} to {high}{unit}"

    def check(self, value: Any) -> None:
        """Raise `ConfigurationError` with value, limits and remedy for a value outside; NaN is outside of any."""
        if self.choices:
            is_inside = value in self.choices
        else:
            is_inside = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        if not is_inside:
            raise ConfigurationError(
                f"strategy.params.{self.name}: {value} is out of range; give {self.limits} (default {self.default})"
            )


def parameter(
    default: Value,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: Sequence[Value] = (),
    unit: str = "",
) -> Value:
    """Declare a field of a strategy that is a dataclass: its default and its bounds.

    Raises `ValueError` for a default outside its own bounds.
    """
    facts = Parameter("default", type(default), default, False, low, high, step, tuple(choices), unit)
    try:
        facts.check(default)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return dataclasses.field(default=default, metadata={_KEY: facts})


def parameters_of(factory: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return what a strategy can be given, in order; of one that declares no ranges, its constructor's arguments.

    A function `make(params)` checks its parameters itself and so has none here.
    """
    if inspect.isfunction(factory):
        return ()
    declared = _declared(factory)
    given = inspect.signature(factory).parameters
    return tuple(
        declared.get(name) or _undeclared(name, each.default)
        for name, each in given.items()
        if name not in _NOT_PARAMETERS
    )


def check_parameters(strategy: Any) -> None:
    """Check each declared parameter of a strategy; for its `__post_init__`. Raises `ConfigurationError`."""
    for name, each in _declared(type(strategy)).items():
        each.check(getattr(strategy, name))


@dataclass(frozen=True, slots=True, eq=False)
class SignalColumns:
    """What a strategy wants after every candle of a history."""

    directions: DirectionArray
    """`Direction` values; 0 where it wants nothing, has no opinion, or there are no two rows to look at."""
    probabilities: FloatArray
    """Confidence in the direction, 0 to 1. Read only where there is one."""


@runtime_checkable
class BatchSignals(Protocol):
    """A strategy's fast face, for sweeps; optional. `fyersbot check-strategy` holds it to the answers of `on_data`."""

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        """Answer for every candle what `on_data` would: the candle and the one before it both have a row.

        An entry may depend on its own and earlier rows only. `table` and `candles` are shared and must not be changed.
        """
        ...


def _declared(factory: Callable[..., Any]) -> Mapping[str, Parameter]:
    if not dataclasses.is_dataclass(factory):
        return {}
    return {
        each.name: dataclasses.replace(each.metadata[_KEY], name=each.name)
        for each in dataclasses.fields(factory)
        if _KEY in each.metadata
    }


def _undeclared(name: str, default: Any) -> Parameter:
    if default is inspect.Parameter.empty:
        return Parameter(name, None, is_required=True)
    return Parameter(name, None if default is None else type(default), default)
