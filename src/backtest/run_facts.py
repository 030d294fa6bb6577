"""What a run was made of, by which it can be told from others and made again: parameters, hashes, versions."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from backtest.assumptions import Mode
from backtest.bar_ticks import BarTicks
from backtest.run_options import EngineName, assumptions_of
from core.instants import Instant
from features.columns import CandleColumns
from reporting.run_record import RunFacts
from runtime.code_version import code_version
from runtime.configuration import show_config
from runtime.settings import Settings
from trading.strategy_choice import StrategyChoice


class StrategyHashes(NamedTuple):
    """SHA-256 of what a strategy is made of; empty where there is none."""

    file: str
    """Of a user's own strategy file."""
    model: str
    """Of the model's manifest."""

    @classmethod
    def of(cls, choice: StrategyChoice) -> "StrategyHashes":
        """Return those of a strategy that was chosen."""
        return cls(choice.file_sha256, choice.model_sha256)


def facts_of(
    settings: Settings,
    candles: Mapping[str, CandleColumns],
    mode: Mode,
    engine: EngineName,
    parameters: Mapping[str, Any],
    strategy: StrategyHashes,
    started_at: Instant,
) -> RunFacts:
    """Return the facts of a run; `candles` are those that were walked, by symbol, without those that only warm up."""
    return RunFacts(
        started_at=started_at,
        strategy=settings.strategy.name,
        parameters=parameters,
        symbols=tuple(candles),
        timeframe=settings.timeframe.value,
        mode=mode.value,
        engine=engine.value,
        first=min(int(each.starts[0]) for each in candles.values()),
        last=max(int(each.starts[-1]) for each in candles.values()),
        capital=int(settings.risk.capital * 100),
        assumptions={name: plain(value) for name, value in asdict(assumptions_of(settings.backtest)).items()},
        config_hash=_config_hash(settings, strategy),
        data_hash=_data_hash(candles),
        code_version=code_version(),
    )


def with_ticks(facts: RunFacts, ticks: Sequence[BarTicks]) -> RunFacts:
    """Return the facts of a run that watched these ticks too, if there were any: in how many sessions, and a hash."""
    sessions = sum(each.sessions for each in ticks)
    if not sessions:
        return facts
    return replace(
        facts,
        assumptions={**facts.assumptions, "tick_sessions": sessions},
        data_hash=_hash_with_ticks(facts.data_hash, ticks),
    )


def plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, int | float | str) else str(value)


def _config_hash(settings: Settings, strategy: StrategyHashes) -> str:
    """Return the SHA-256 of all that decides besides the candles."""
    deciding = show_config(settings), *strategy
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _data_hash(candles: Mapping[str, CandleColumns]) -> str:
    """Return the SHA-256 of the candles, symbol by symbol and column by column."""
    digest = hashlib.sha256()
    for symbol, each in candles.items():
        digest.update(f"{symbol} {len(each)}\n".encode())
        for column in each.columns:
            digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()


def _hash_with_ticks(candles: str, ticks: Sequence[BarTicks]) -> str:
    """Return the SHA-256 of the hash of the candles and of the ticks, symbol by symbol and column by column."""
    digest = hashlib.sha256(candles.encode())
    for each in ticks:
        digest.update(f" {len(each.at)}\n".encode())
        digest.update(each.at.tobytes())
        digest.update(each.prices.tobytes())
    return digest.hexdigest()
