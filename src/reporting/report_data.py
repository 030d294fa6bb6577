"""A run for programs: facts, figures, groups and trades as plain data, money in rupees and times in nanoseconds."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.instants import ist_date
from core.positions import Trade
from reporting.analysis import Analysis
from reporting.breakdowns import TradeGroup
from reporting.figures import rupees_of
from reporting.monte_carlo import PERCENTILES, MonteCarlo
from reporting.summary import summary

_MONEY_OF_A_TRADE = ("entry_value", "exit_value", "charges", "stop", "target", "gross", "net")


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
        "first": ist_date(facts.first).isoformat(),
        "last": ist_date(facts.last).isoformat(),
        "trades": len(record.trades),
        "net_pnl": rupees_of(record.net),
        "charges": rupees_of(record.charges.total),
        "charge_parts": {name: rupees_of(part) for name, part in asdict(record.charges).items()},
        "candles": record.candles,
        "seconds": record.seconds,
        "capital": rupees_of(facts.capital),
        "assumptions": dict(facts.assumptions),
        "config_hash": facts.config_hash,
        "data_hash": facts.data_hash,
        "code_version": facts.code_version,
        "notes": list(record.notes),
        "refusals": dict(record.refusals),
        "summary": {figure.label: figure.data for section in summary(analysis) for figure in section.figures},
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
            "net": rupees_of(group.statistics.net),
            "charges": rupees_of(group.statistics.charges),
            "profit_factor": group.statistics.profit_factor,
            "holding": group.statistics.holding,
        }
        for group in groups
    ]


def _drawn(drawn: MonteCarlo) -> dict[str, Any]:
    return {
        "resampling": drawn.resampling.value,
        "runs": drawn.runs,
        "profit": dict(zip(map(str, PERCENTILES), map(rupees_of, drawn.profit), strict=True)),
        "drawdown": dict(zip(map(str, PERCENTILES), drawn.drawdown, strict=True)),
        "chance_of_loss": drawn.chance_of_loss,
    }


def _trade(trade: Trade) -> dict[str, Any]:
    money = {name: rupees_of(getattr(trade, name)) for name in _MONEY_OF_A_TRADE}
    return asdict(trade) | money | {"side": trade.side.name}
