"""Candles of a whole market or chain in one table: thousands of contracts, a handful of rows each, judged as one.

An exchange writes a row for every contract that is listed, also for one that nobody traded: its open, high and low are
0 beside a close that was reckoned. Read as candles, such rows are the worst there are.
"""

from collections.abc import Iterator

import numpy as np

from features.columns import BoolArray
from market_data.days import Days
from market_data.quality.findings import Finding, Kind
from market_data.quality.judgement import Judgement, Subject, judgement_of
from market_data.quality.row_checks import check_values, day_spots
from market_data.quality.session_checks import check_sessions
from market_data.quality.session_grid import SessionGrid
from market_data.quality.tick_table import ContractCandles
from market_data.trading_hours import TradingHours


def judge_contracts(rows: ContractCandles, subject: Subject, source: str, hours: TradingHours, days: Days) -> Judgement:
    """Judge rows that all lie on the days; there must be one. Sessions are those of the table, not of each contract."""
    raw = rows.candles
    grid = SessionGrid(hours, days, rows.timeframe)
    untraded = (raw.opens == 0) & (raw.highs == 0) & (raw.lows == 0) & (raw.closes > 0)
    findings = (
        *check_sessions(raw, grid, None),
        *_untraded(rows, untraded),
        *_repeated(rows),
        *check_values(raw.rows(~untraded)),
    )
    return judgement_of(subject, source, raw.starts, raw.starts, grid, findings)


def _untraded(rows: ContractCandles, mask: BoolArray) -> Iterator[Finding]:
    if mask.any():
        what = (
            f"{mask.sum()} rows ({mask.mean():.0%}) of contracts without a trade: open, high and low are 0 beside a "
            "close, which are no candles"
        )
        yield Finding(kind=Kind.UNTRADED, spots=day_spots(rows.candles.starts[mask]), what=what)


def _repeated(rows: ContractCandles) -> Iterator[Finding]:
    """Find contracts that have two rows of one time."""
    keys = np.stack([rows.owners, rows.candles.starts], axis=1)
    _, firsts = np.unique(keys, axis=0, return_index=True)
    repeated = np.ones(len(keys), dtype=np.bool_)
    repeated[firsts] = False
    if repeated.any():
        what = f"{repeated.sum()} rows of a contract and a time that are there already"
        yield Finding(kind=Kind.CONTRADICTIONS, spots=day_spots(rows.candles.starts[repeated]), what=what)
