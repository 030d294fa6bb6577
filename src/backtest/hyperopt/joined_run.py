"""Several runs, one after another in time, as one: trades in a row, and each curve on top of what went before."""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from backtest.hyperopt.ground import Ground
from backtest.result import BacktestResult
from core.charges import Charges
from features.columns import CandleColumns
from reporting.run_record import RunFacts, RunRecord, SymbolCandles
from runtime.clock import clock_of
from runtime.settings import Settings


def joined_record(
    ground: Ground, results: Sequence[BacktestResult], parameters: Mapping[str, Any], seconds: float
) -> RunRecord:
    """Return one record of results in order of time, each of which began with the whole capital and nothing held.

    `ground` is what they walked, from the first of them to the last; `seconds` is how long that took.
    """
    trades = tuple(trade for result in results for trade in result.trades)
    at = np.concatenate([result.curve.at for result in results])
    refusals: Counter[str] = Counter()
    for result in results:
        refusals.update(result.refusals)
    capital = ground.rules.capital
    return RunRecord(
        facts=_facts_of(ground, parameters),
        trades=trades,
        at=at,
        equity=_stacked(capital, results),
        exposure=np.concatenate([result.curve.exposure for result in results]),
        charges=_summed(results),
        refusals=dict(refusals),
        candles=sum(result.candles for result in results),
        seconds=seconds,
        notes=ground.notes,
        markets=tuple(SymbolCandles.of(symbol, candles, trades) for symbol, candles in _walked(ground)),
    )


def _facts_of(ground: Ground, parameters: Mapping[str, Any]) -> RunFacts:
    settings, walked = ground.settings, _walked(ground)
    return RunFacts(
        started_at=clock_of(settings.clock).now(),
        strategy=settings.strategy.name,
        parameters=parameters,
        symbols=tuple(symbol for symbol, _ in walked),
        timeframe=settings.timeframe.value,
        mode=ground.mode.value,
        engine="fast",
        first=min(int(candles.starts[0]) for _, candles in walked),
        last=max(int(candles.starts[-1]) for _, candles in walked),
        capital=ground.rules.capital,
        assumptions={**dataclasses.asdict(ground.assumptions), "entry": ground.assumptions.entry.value},
        config_hash=_hash_of(settings),
        data_hash=ground.data_hash,
        code_version=_code_version(),
    )


def _walked(ground: Ground) -> list[tuple[str, CandleColumns]]:
    """Return each symbol with its candles, without those that only warm up."""
    return [(each.instrument.symbol, each.candles.slice(each.first, len(each.candles))) for each in ground.stretches]


def _stacked(capital: int, results: Sequence[BacktestResult]) -> np.ndarray:
    gains = [result.curve.equity - capital for result in results]
    before = np.cumsum([0, *(int(each[-1]) for each in gains)])
    return np.concatenate([capital + lifted + each for lifted, each in zip(before.tolist(), gains, strict=False)])


def _summed(results: Sequence[BacktestResult]) -> Charges:
    parts = [field.name for field in dataclasses.fields(Charges)]
    return Charges(**{name: sum(getattr(result.charges, name) for result in results) for name in parts})


def _hash_of(settings: Settings) -> str:
    return hashlib.sha256(json.dumps(settings.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def _code_version() -> str:
    try:
        return version("fyersbot")
    except PackageNotFoundError:  # run from the sources
        return ""
