"""A finished run and what is told of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import SymbolBars
from backtest.result import BacktestResult
from backtest.run_options import EngineName
from core.instants import ist_date
from runtime.settings import Settings
from trading.strategy_choice import StrategyChoice


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
    seconds: float
    """How long the engine took: features, signals and the walk."""
    notes: tuple[str, ...]

    @cached_property
    def data(self) -> dict[str, Any]:
        """The run for programs; money in rupees."""
        result, settings = self.result, self.settings
        return {
            "strategy": self.choice.provider.name,
            "params": dict(settings.strategy.params),
            "engine": self.engine.value,
            "mode": self.mode.value,
            "symbols": [each.instrument.symbol for each in self.symbols],
            "timeframe": settings.timeframe.value,
            "first": ist_date(min(int(each.candles.starts[0]) for each in self.symbols)).isoformat(),
            "last": ist_date(max(int(each.candles.starts[-1]) for each in self.symbols)).isoformat(),
            "capital": float(settings.risk.capital),
            "trades": len(result.trades),
            "net_pnl": result.net / 100,
            "charges": result.charges.total / 100,
            "candles": result.candles,
            "seconds": round(self.seconds, 3),
            "refusals": dict(result.refusals),
            "corporate_actions": [[symbol, ist_date(at).isoformat()] for symbol, at in result.corporate_actions],
            "notes": list(self.notes),
        }

    @property
    def lines(self) -> list[str]:
        """The run for people."""
        data, result = self.data, self.result
        won = sum(trade.net > 0 for trade in result.trades)
        refused = ", ".join(f"{code} {count}" for code, count in sorted(result.refusals.items())) or "none"
        actions = (f"{symbol}: unadjusted split or bonus before {day}" for symbol, day in data["corporate_actions"])
        return [
            f"{data['strategy']} on {', '.join(data['symbols'])}, {data['timeframe']}, {data['mode']}",
            f"{data['first']} to {data['last']}: {data['candles']:,} candles in {data['seconds']:.2f} s",
            f"trades {data['trades']:,}, of which {won:,} won",
            f"net profit {data['net_pnl']:,.2f} rupees after charges of {data['charges']:,.2f}",
            f"entries refused: {refused}",
            f"fills: {_told(self.assumptions)} (docs/backtest-assumptions.md)",
            *actions,
            *self.notes,
        ]


def _told(fills: FillAssumptions) -> str:
    volume = f"{fills.volume_share:g} of the volume" if fills.volume_share else "any volume"
    slippage = f"slippage {fills.slippage_ticks} ticks and {fills.slippage_share:g} of the price"
    return f"entry {fills.entry.value}, spread {fills.spread_ticks} ticks, {slippage}, {volume}"
