"""What the rows of a kept backtest say of its record, and the record again from the rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from core.charges import Charges
from core.errors import StorageError
from core.instants import ist_date
from core.market import Side
from core.positions import Trade
from features.columns import CandleColumns
from reporting.metrics import last_of_days
from reporting.packed_arrays import pack, unpack
from reporting.run_record import RunFacts, RunRecord, SymbolCandles
from trading.row_times import time_texts, times

_DATE = len("2026-01-06")
_CURVE_COLUMNS = 3
_CANDLE_COLUMNS = 6


def run_row(record: RunRecord) -> dict[str, Any]:
    """Return the row of the run itself."""
    facts = record.facts
    return {
        "run_id": record.run_id,
        "strategy": facts.strategy,
        "parameters": json.dumps(dict(facts.parameters)),
        "symbols": json.dumps(facts.symbols),
        "timeframe": facts.timeframe,
        "mode": facts.mode,
        "engine": facts.engine,
        "capital_paise": facts.capital,
        "assumptions": json.dumps(dict(facts.assumptions)),
        "config_hash": facts.config_hash,
        "data_hash": facts.data_hash,
        "code_version": facts.code_version,
        "trades": len(record.trades),
        "net_paise": record.net,
        "charges_paise": record.charges.total,
        "charges": json.dumps(asdict(record.charges)),
        "refusals": json.dumps(dict(record.refusals)),
        "notes": json.dumps(record.notes),
        "candles": record.candles,
        "seconds": record.seconds,
        "curve": pack(record.at, record.equity, record.exposure),
        **times("started", facts.started_at),
        **times("first", facts.first),
        **times("last", facts.last),
    }


def trade_rows(record: RunRecord) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of its trades, in the order of their table's columns."""
    run_id, trades = record.run_id, record.trades
    entry_texts, exit_texts = (
        time_texts(np.array(instants, dtype=np.int64))
        for instants in ([each.entry_at for each in trades], [each.exit_at for each in trades])
    )
    for number, (trade, entry_text, exit_text) in enumerate(zip(trades, entry_texts, exit_texts, strict=True), start=1):
        gross = trade.gross
        yield (
            run_id,
            number,
            exit_text[:_DATE],
            trade.symbol,
            trade.side.name,
            trade.quantity,
            trade.entry_at,
            entry_text,
            trade.entry_price,
            trade.entry_value,
            trade.exit_at,
            exit_text,
            trade.exit_price,
            trade.exit_value,
            gross,
            trade.charges,
            gross - trade.charges,
            trade.exit_reason,
            trade.stop,
            trade.target,
            trade.probability,
        )


def day_rows(record: RunRecord) -> Iterator[dict[str, Any]]:
    """Yield a row for each session, as it closed."""
    run_id, before = record.run_id, record.facts.capital
    for step in last_of_days(record.at).tolist():
        at, equity = int(record.at[step]), int(record.equity[step])
        yield {
            "run_id": run_id,
            "day": ist_date(at).isoformat(),
            "equity_paise": equity,
            "profit_paise": equity - before,
            "exposure_paise": int(record.exposure[step]),
            **times("close", at),
        }
        before = equity


def market_rows(record: RunRecord) -> Iterator[dict[str, Any]]:
    """Yield a row for each symbol, with the candles to draw."""
    for place, market in enumerate(record.markets):
        yield {
            "run_id": record.run_id,
            "place": place,
            "symbol": market.symbol,
            "first_close_paise": market.first_close,
            "last_close_paise": market.last_close,
            "drawn": pack(*market.drawn.columns),
        }


def record_of(run: Mapping[str, Any], trades: Sequence[Sequence[Any]], markets: Sequence[Sequence[Any]]) -> RunRecord:
    """Return the record that made these rows. Raises `StorageError` for rows that no record makes."""
    try:
        facts = RunFacts(
            started_at=run["started_at"],
            strategy=run["strategy"],
            parameters=json.loads(run["parameters"]),
            symbols=tuple(json.loads(run["symbols"])),
            timeframe=run["timeframe"],
            mode=run["mode"],
            engine=run["engine"],
            first=run["first_at"],
            last=run["last_at"],
            capital=run["capital_paise"],
            assumptions=json.loads(run["assumptions"]),
            config_hash=run["config_hash"],
            data_hash=run["data_hash"],
            code_version=run["code_version"],
        )
        at, equity, exposure = unpack(run["curve"], _CURVE_COLUMNS)
        record = RunRecord(
            facts=facts,
            trades=tuple(map(_trade_of, trades)),
            at=at,
            equity=equity,
            exposure=exposure,
            charges=Charges(**json.loads(run["charges"])),
            refusals=json.loads(run["refusals"]),
            candles=run["candles"],
            seconds=run["seconds"],
            notes=tuple(json.loads(run["notes"])),
            markets=tuple(map(_market_of, markets)),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(f"run {run['run_id']} was kept in a form unknown here: {error}; run it again") from error
    if record.run_id != run["run_id"] or len(record.trades) != run["trades"]:
        raise StorageError(f"run {run['run_id']} was changed after it was kept; run it again")
    return record


def _trade_of(row: Sequence[Any]) -> Trade:
    symbol, side, quantity, entry_at, entry_value, exit_at, exit_value, reason, charges, stop, target, chance = row
    return Trade(
        symbol=symbol,
        side=Side[side],
        quantity=quantity,
        entry_at=entry_at,
        entry_value=entry_value,
        exit_at=exit_at,
        exit_value=exit_value,
        exit_reason=reason,
        charges=charges,
        stop=stop,
        target=target,
        probability=chance,
    )


def _market_of(row: Sequence[Any]) -> SymbolCandles:
    symbol, first_close, last_close, drawn = row
    return SymbolCandles(symbol, first_close, last_close, CandleColumns(*unpack(drawn, _CANDLE_COLUMNS)))
