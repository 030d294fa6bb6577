"""What `fyersbot backtest` may be told, and what each word of it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from backtest.assumptions import EntryFill, FillAssumptions, Mode
from core.errors import ConfigurationError
from core.market import Timeframe
from runtime.settings import BacktestSettings

Choice = TypeVar("Choice", bound=Enum)


class EngineName(Enum):
    """Which engine walks the candles; both give the same trades."""

    EVENT = "event"
    FAST = "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for; None means: as the settings, or the data, have it."""

    strategy: str | None = None
    params: tuple[str, ...] = ()
    """Each `key=value`."""
    symbols: tuple[str, ...] = ()
    timeframe: str | None = None
    timerange: str | None = None
    mode: str | None = None
    capital: float | None = None
    """In rupees."""
    data: Path | None = None
    """A file, or a folder of files; None: the store."""
    engine: str = "event"
    allow_holes: bool = False
    """Whether candles of which many are missing are traded all the same."""
    ticks: bool = False
    """Whether to watch recorded ticks inside the candles, where there are any."""


def names_in(written: Sequence[str]) -> tuple[str, ...]:
    """Read names between commas, in one word or several; one that is there twice counts once."""
    return tuple(dict.fromkeys(name for each in written for part in each.split(",") if (name := part.strip())))


def params_of(written: Sequence[str]) -> Mapping[str, Any]:
    """Read parameters of a strategy, each `key=value`, values as YAML has them. Raises `ConfigurationError`."""
    params: dict[str, Any] = {}
    for each in written:
        key, _, value = (part.strip() for part in each.partition("="))
        try:
            params[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            params[key] = None
        if not key or params[key] is None:
            raise ConfigurationError(f"--param {each}: give it as key=value, for example fast=9")
    return params


def mode_of(written: str | None, timeframe: Timeframe) -> Mode:
    """Return the mode; none given: daily candles are traded over night. Raises `ConfigurationError`."""
    if written is None:
        return Mode.POSITIONAL if timeframe is Timeframe.D else Mode.INTRADAY
    mode = _choice("mode", written, Mode)
    if mode is Mode.INTRADAY and timeframe is Timeframe.D:
        raise ConfigurationError("--mode intraday: a daily candle has no inside to trade in; give positional")
    return mode


def engine_of(written: str, *, watches_ticks: bool = False) -> EngineName:
    """Return the engine of a name. Raises `ConfigurationError`, also for one that cannot watch ticks and should."""
    engine = _choice("engine", written, EngineName)
    if watches_ticks and engine is not EngineName.EVENT:
        raise ConfigurationError(f"--ticks: the {engine.value} engine knows candles only; take --engine event")
    return engine


def assumptions_of(settings: BacktestSettings) -> FillAssumptions:
    """Return what the settings assume of fills."""
    return FillAssumptions(
        entry=EntryFill(settings.entry),
        spread_ticks=settings.spread_ticks,
        slippage_ticks=settings.slippage_ticks,
        slippage_share=settings.slippage_share,
        volume_share=settings.volume_share,
    )


def _choice(name: str, written: str, kind: type[Choice]) -> Choice:
    try:
        return kind(written)
    except ValueError:
        known = " or ".join(each.value for each in kind)
        raise ConfigurationError(f"--{name} {written}: must be {known}") from None
