"""A finished run, and the record of it that is reported and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backtest.assumptions import Mode
from backtest.bar_ticks import BarTicks
from backtest.bars import SymbolBars
from backtest.notes import corporate_action_notes, said_once
from backtest.result import BacktestResult
from backtest.run_facts import StrategyHashes, facts_of, plain, with_ticks
from backtest.run_options import EngineName
from core.instants import Instant
from core.signals import SignalProvider
from reporting.run_record import RunFacts, RunRecord, SymbolCandles
from runtime.settings import Settings
from strategies.base_strategy import parameters_of
from strategies.guarded import Guarded
from trading.strategy_choice import StrategyChoice


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run with all that a report says of it."""

    settings: Settings
    choice: StrategyChoice
    mode: Mode
    engine: EngineName
    symbols: tuple[SymbolBars, ...]
    result: BacktestResult
    started_at: Instant
    seconds: float
    """How long the engine took: features, signals and the walk."""
    notes: tuple[str, ...]
    ticks: tuple[BarTicks, ...] = ()
    """Recorded ticks of each symbol; empty for a run that watched none."""

    @cached_property
    def record(self) -> RunRecord:
        """The run as it is reported and kept."""
        result = self.result
        drawn = (SymbolCandles.of(each.instrument.symbol, each.candles, result.trades) for each in self.symbols)
        return RunRecord(
            facts=with_ticks(self._facts(), self.ticks),
            trades=result.trades,
            at=result.curve.at,
            equity=result.curve.equity,
            exposure=result.curve.exposure,
            charges=result.charges,
            refusals=result.refusals,
            candles=result.candles,
            seconds=self.seconds,
            notes=said_once([*self.notes, *corporate_action_notes(result.corporate_actions)]),
            markets=tuple(drawn),
        )

    def _facts(self) -> RunFacts:
        choice = self.choice
        return facts_of(
            self.settings,
            {each.instrument.symbol: each.candles for each in self.symbols},
            self.mode,
            self.engine,
            _parameters(choice.provider, self.settings.strategy.params),
            StrategyHashes.of(choice),
            self.started_at,
        )


def _parameters(provider: SignalProvider, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a strategy was made with, its own defaults included."""
    strategy = provider.provider if isinstance(provider, Guarded) else provider
    own = {each.name: getattr(strategy, each.name, None) for each in parameters_of(type(strategy))}
    return {name: plain(value) for name, value in {**own, **given}.items() if value is not None}
