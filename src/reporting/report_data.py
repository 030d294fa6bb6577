"""A run for programs: facts, figures, groups and trades as plain data, money in paise and times in nanoseconds."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.positions import Trade
from reporting.analysis import Analysis
from reporting.breakdowns import TradeGroup
from reporting.monte_carlo import PERCENTILES, MonteCarlo
from reporting.summary import summary


def report_data(analysis: Analysis, *, with_trades: bool = False) -> dict[str, Any]:
    """Return all of a report. What cannot be said is None; there is no NaN and no infinity."""
    record, facts = analysis.record, analysis.record.facts
    data = {
        "run_id": record.run_id,
        "strategy": facts.strategy,
        "parameters": dict(facts.parameters),
        "symbols": list(facts.symbols),
        "timeframe": facts.timeframe,
        "mode": facts.mode,
        "engine": facts.engine,
        "trades": len(record.trades),
        "net_pnl": record.net,
        "charges": record.charges.total,
        "charge_parts": asdict(record.charges),
        "candles": record.candles,
        "seconds": record.seconds,
        "capital": facts.capital,
        "assumptions": dict(facts.assumptions),
        "config_hash": facts.config_hash,
        "data_hash": facts.data_hash,
        "code_version": facts.code_version,
        "notes": list(record.notes),
        "refusals": dict(record.refusals),
        "summary": {figure.label: figure.value for section in summary(analysis) for figure in section.figures},
        "groups": {each.value: _groups(groups) for each, groups in analysis.groups.items()},
        "monte_carlo": [_drawn(each) for each in analysis.monte_carlo],
    }
    return data | {"trade_list": [_trade(each) for each in record.trades]} if with_trades else data


def _groups(groups: Sequence[TradeGroup]) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            "trades": group.statistics.trades,
            "wins": group.statistics.wins,
            "losses": group.statistics.losses,
            "net": group.statistics.net,
            "charges": group.statistics.charges,
            "profit_factor": group.statistics.profit_factor,
            "holding": group.statistics.holding,
        }
        for group in groups
    ]


def _drawn(drawn: MonteCarlo) -> dict[str, Any]:
    return {
        "resampling": drawn.resampling.value,
        "runs": drawn.runs,
        "profit": dict(zip(map(str, PERCENTILES), drawn.profit, strict=True)),
        "drawdown": dict(zip(map(str, PERCENTILES), drawn.drawdown, strict=True)),
        "chance_of_loss": drawn.chance_of_loss,
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return asdict(trade) | {"side": trade.side.name, "gross": trade.gross, "net": trade.net}
