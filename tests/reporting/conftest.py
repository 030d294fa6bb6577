"""Runs to report on: made by a seed, or by hand where a figure is worked out on paper."""

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta

import numpy as np
import pytest

from core.charges import Charges
from core.instants import MINUTE, instant_at
from core.market import Side
from core.positions import Trade
from features.columns import CandleColumns
from reporting.run_record import RunFacts, RunRecord, SymbolCandles

CAPITAL = 1_000_000_00
FIRST_DAY = date(2023, 9, 4)
"""A Monday."""
SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
BARS = 75
REASONS = ("stop_loss", "target", "square_off", "trailing_stop")

MakeTrade = Callable[..., Trade]
MakeRecord = Callable[..., RunRecord]


def weekdays(number: int) -> list[date]:
    days = (FIRST_DAY + timedelta(days=offset) for offset in range(2 * number + 7))
    return [day for day in days if day.weekday() < 5][:number]


def trade_of(
    net: int = 100_00,
    *,
    charges: int = 0,
    symbol: str = SYMBOLS[0],
    side: Side = Side.BUY,
    entry_at: int = instant_at(FIRST_DAY, time(10, 0)),
    held: int = 30 * MINUTE,
    quantity: int = 10,
    price: int = 600_00,
    reason: str = "target",
) -> Trade:
    """A trade that made `net` paise after charges."""
    entry_value = price * quantity
    return Trade(
        symbol=symbol,
        side=side,
        quantity=quantity,
        entry_at=entry_at,
        entry_value=entry_value,
        exit_at=entry_at + held,
        exit_value=entry_value + side.value * (net + charges),
        exit_reason=reason,
        charges=charges,
        stop=price - side.value * 6_00,
        target=price + side.value * 12_00,
        probability=0.6,
    )


def candles_of(days: Sequence[date], seed: int) -> CandleColumns:
    """Five-minute candles of whole sessions."""
    chance = np.random.default_rng(seed)
    starts = np.array([instant_at(day, time(9, 15)) + bar * 5 * MINUTE for day in days for bar in range(BARS)])
    closes = 600_00 + 5 * np.cumsum(chance.integers(-20, 21, len(starts)))
    opens = np.concatenate(([600_00], closes[:-1]))
    reach = 5 * chance.integers(0, 12, (2, len(starts)))
    highs, lows = np.maximum(opens, closes) + reach[0], np.minimum(opens, closes) - reach[1]
    return CandleColumns(starts, opens, highs, lows, closes, chance.integers(100, 10_000, len(starts)))


def record_of(
    *, days: int = 60, seed: int = 1, trades: int = 160, capital: int = CAPITAL, **facts: object
) -> RunRecord:
    """A run of five-minute candles of two shares, with trades at random."""
    chance = np.random.default_rng(seed)
    dates = weekdays(days)
    markets = {symbol: candles_of(dates, seed + place) for place, symbol in enumerate(SYMBOLS)}
    made = [_random_trade(chance, markets) for _ in range(trades)] if days else []
    made.sort(key=lambda trade: trade.exit_at)
    at = markets[SYMBOLS[0]].starts + 5 * MINUTE
    equity = capital + np.array([sum(trade.net for trade in made if trade.exit_at <= moment) for moment in at.tolist()])
    held = [sum(t.entry_value for t in made if t.entry_at <= moment < t.exit_at) for moment in at.tolist()]
    given = {
        "started_at": instant_at(date(2024, 4, 1), time(18, 30)),
        "strategy": "simple_ma_crossover",
        "parameters": {"fast": 10, "slow": 30},
        "symbols": SYMBOLS,
        "timeframe": "5m",
        "mode": "intraday",
        "engine": "event",
        "first": int(markets[SYMBOLS[0]].starts[0]),
        "last": int(markets[SYMBOLS[0]].starts[-1]),
        "capital": capital,
        "assumptions": {"entry": "limit", "spread_ticks": 1},
        "config_hash": "c0ffee" * 10,
        "data_hash": "da7a" * 16,
        "code_version": "0.1.0",
    }
    paid = sum(trade.charges for trade in made)
    return RunRecord(
        facts=RunFacts(**(given | facts)),
        trades=tuple(made),
        at=at,
        equity=equity.astype(np.int64),
        exposure=np.array(held, dtype=np.int64),
        charges=Charges(brokerage=paid // 2, stt=paid - paid // 2),
        refusals={"NOT_FILLED": 7, "MAX_POSITIONS": 3},
        candles=len(SYMBOLS) * len(at),
        seconds=0.5,
        notes=("no charge rates before 2023-04-01 are known; those of that date are used",),
        markets=tuple(SymbolCandles.of(symbol, each, tuple(made)) for symbol, each in markets.items()),
    )


def _random_trade(chance: np.random.Generator, markets: dict[str, CandleColumns]) -> Trade:
    symbol = SYMBOLS[int(chance.integers(len(SYMBOLS)))]
    candles = markets[symbol]
    day = int(chance.integers(len(candles) // BARS)) * BARS
    entry = day + int(chance.integers(3, 50))
    leaves = entry + int(chance.integers(1, 20))
    side = Side.BUY if chance.random() < 0.6 else Side.SELL
    price, out = int(candles.opens[entry]), int(candles.closes[leaves])
    quantity = 100
    return Trade(
        symbol=symbol,
        side=side,
        quantity=quantity,
        entry_at=int(candles.starts[entry]),
        entry_value=price * quantity,
        exit_at=int(candles.starts[leaves]),
        exit_value=out * quantity,
        exit_reason=REASONS[int(chance.integers(len(REASONS)))],
        charges=40_00,
        stop=price - side.value * 3_00,
        target=price + side.value * 6_00,
        probability=0.6,
    )


@pytest.fixture(scope="session")
def make_trade() -> MakeTrade:
    return trade_of


@pytest.fixture(scope="session")
def make_record() -> MakeRecord:
    return record_of


@pytest.fixture(scope="session")
def record() -> RunRecord:
    return record_of()
