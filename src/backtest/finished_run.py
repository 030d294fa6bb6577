"""A finished run, and the record of it that is reported and kept."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import SymbolBars
from backtest.result import BacktestResult
from backtest.run_options import EngineName
from core.instants import Instant, ist_date
from core.signals import SignalProvider
from reporting.run_record import RunFacts, RunRecord, SymbolCandles
from runtime.code_version import code_version
from runtime.configuration import show_config
from runtime.settings import Settings
from strategies.base_strategy import parameters_of
from strategies.guarded import Guarded
from trading.strategy_choice import StrategyChoice

_NAMED = 3
"""Files or symbols that a note names, before it only counts them."""


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run with all that a report says of it."""

    settings: Settings
    choice: StrategyChoice
    mode: Mode
    engine: EngineName
    assumptions: FillAssumptions
    symbols: tuple[SymbolBars, ...]
    result: BacktestResult
    started_at: Instant
    seconds: float
    """How long the engine took: features, signals and the walk."""
    notes: tuple[str, ...]
    tick_sessions: int = 0
    """Sessions, over all symbols, in which recorded ticks were watched."""

    @cached_property
    def record(self) -> RunRecord:
        """The run as it is reported and kept."""
        result, facts = self.result, self._facts()
        if self.tick_sessions:
            facts = replace(facts, assumptions={**facts.assumptions, "tick_sessions": self.tick_sessions})
        drawn = (SymbolCandles.of(each.instrument.symbol, each.candles, result.trades) for each in self.symbols)
        return RunRecord(
            facts=facts,
            trades=result.trades,
            at=result.curve.at,
            equity=result.curve.equity,
            exposure=result.curve.exposure,
            charges=result.charges,
            refusals=result.refusals,
            candles=result.candles,
            seconds=self.seconds,
            notes=_gathered([*self.notes, *_holes(self.symbols, self.mode), *_corporate_actions(result)]),
            markets=tuple(drawn),
        )

    def _facts(self) -> RunFacts:
        settings, symbols = self.settings, self.symbols
        return RunFacts(
            started_at=self.started_at,
            strategy=self.choice.provider.name,
            parameters=_parameters(self.choice.provider, settings.strategy.params),
            symbols=tuple(each.instrument.symbol for each in symbols),
            timeframe=settings.timeframe.value,
            mode=self.mode.value,
            engine=self.engine.value,
            first=min(int(each.candles.starts[0]) for each in symbols),
            last=max(int(each.candles.starts[-1]) for each in symbols),
            capital=int(settings.risk.capital * 100),
            assumptions={name: _plain(value) for name, value in asdict(self.assumptions).items()},
            config_hash=_config_hash(settings, self.choice),
            data_hash=_data_hash(symbols),
            code_version=code_version(),
        )


def _parameters(provider: SignalProvider, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a strategy was made with, its own defaults included."""
    strategy = provider.provider if isinstance(provider, Guarded) else provider
    own = {each.name: getattr(strategy, each.name, None) for each in parameters_of(type(strategy))}
    return {name: _plain(value) for name, value in {**own, **given}.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, int | float | str) else str(value)


def _config_hash(settings: Settings, choice: StrategyChoice) -> str:
    """Return the SHA-256 of all that decides besides the candles: settings, the user's own strategy, the model."""
    deciding = show_config(settings), choice.file_sha256, choice.model_sha256
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _data_hash(symbols: Sequence[SymbolBars]) -> str:
    """Return the SHA-256 of the candles that were walked, symbol by symbol and column by column."""
    digest = hashlib.sha256()
    for each in symbols:
        candles = each.candles
        digest.update(f"{each.instrument.symbol} {len(candles)}\n".encode())
        for column in (candles.starts, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes):
            digest.update(column.tobytes())
    return digest.hexdigest()


def _holes(symbols: Sequence[SymbolBars], mode: Mode) -> Iterator[str]:
    """Yield a note on each symbol that lacks candles while its market traded; a pause of the session is no hole."""
    then = "nothing is entered in the candle after one" if mode is Mode.INTRADAY else "entries wait for the next candle"
    for each in symbols:
        sessions = each.sessions
        suspects = np.flatnonzero((np.diff(sessions.days) == 0) & ~sessions.follows[1:]).tolist()
        holes = sum(_traded_between(each, row) for row in suspects)
        if holes:
            yield f"{each.instrument.symbol}: {'a hole' if holes == 1 else f'{holes:,} holes'} inside sessions; {then}"


def _traded_between(bars: SymbolBars, row: int) -> bool:
    """Whether the market traded after a candle had closed and before the next one started."""
    closed_at, following = int(bars.sessions.closed_at[row]), int(bars.candles.starts[row + 1])
    return bars.sessions.calendar[int(bars.sessions.days[row])].trading_time(closed_at, following) > 0


def _corporate_actions(result: BacktestResult) -> Iterator[str]:
    for symbol, at in result.corporate_actions:
        yield f"{symbol}: an unadjusted split or bonus before {ist_date(at)} is suspected; the position was closed"


def _gathered(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the notes, what is said of several files or symbols alike said once."""
    subjects: dict[str, list[str]] = {}
    for note in notes:
        subject, _, words = note.rpartition(": ") if note.count(": ") == 1 else ("", "", note)
        subjects.setdefault(words, []).append(subject)
    return tuple(f"{_named(who)}{words}" for words, who in subjects.items())


def _named(subjects: Sequence[str]) -> str:
    named = ", ".join(subjects[:_NAMED])
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return f"{named}{more}: " if named else ""
