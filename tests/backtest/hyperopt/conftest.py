"""A ground to search on: random candles in whole sessions, prepared without files."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import numpy as np
import pytest

from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import session_rows
from backtest.hyperopt.figures import Figures
from backtest.hyperopt.ground import Ground, Stretch
from backtest.hyperopt.model_scores import ModelScores
from backtest.run_facts import StrategyHashes
from core.instants import DAY, MINUTE, instant_at
from core.market import Instrument, Timeframe
from core.orders import Product
from core.sessions import TradingDay
from features.columns import CandleColumns
from runtime.charge_rates import ChargeTable
from runtime.clock import clock_of
from runtime.configuration import load_settings
from runtime.project import CONFIG
from trading.trading_rules import rules_of

FIRST_DAY = date(2024, 10, 7)

MakeGround = Callable[..., Ground]
MakeFigures = Callable[..., Figures]


class EveryDay:
    """A calendar on which each date is a regular NSE session."""

    def trading_day(self, day: date) -> TradingDay:
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )


def candles_of(days: int, seed: int) -> CandleColumns:
    chance = np.random.default_rng(seed)
    opening = instant_at(FIRST_DAY, time(9, 15))
    starts = np.array([opening + day * DAY + bar * 5 * MINUTE for day in range(days) for bar in range(75)])
    closes = 60_000 + 5 * np.cumsum(chance.integers(-40, 41, len(starts)))
    opens = np.concatenate(([60_000], closes[:-1]))
    reach = 5 * chance.integers(0, 20, (2, len(starts)))
    highs, lows = np.maximum(opens, closes) + reach[0], np.minimum(opens, closes) - reach[1]
    return CandleColumns(starts, opens, highs, lows, closes, chance.integers(1_000, 90_000, len(starts)))


def ground_of(
    *,
    days: int = 24,
    seeds: tuple[int, ...] = (1,),
    mode: Mode = Mode.INTRADAY,
    model: ModelScores | None = None,
    **strategy: Any,
) -> Ground:
    chosen = {"name": "simple_ma_crossover", "params": {"fast": 3, "slow": 8}} | strategy
    settings = load_settings(overrides={"strategy": chosen, "timeframe": "5m"}, environ={})
    charges = ChargeTable.load(CONFIG / "charges.yaml")
    rates = charges.rates_on(FIRST_DAY, Product.INTRADAY).rates
    stretches = []
    for place, seed in enumerate(seeds):
        candles = candles_of(days, seed)
        symbol = f"NSE:SHARE{place}-EQ"
        sessions = session_rows(symbol, candles, Timeframe.M5, EveryDay())
        stretches.append(Stretch(Instrument(symbol=symbol, token="10100000000001", tick=5), candles, 0, sessions))
    return Ground(
        settings=settings,
        stretches=tuple(stretches),
        rules=rules_of(settings, rates, clock_of(settings.clock), mode.product),
        assumptions=FillAssumptions(),
        mode=mode,
        charges=charges,
        model=model,
        strategy_hashes=StrategyHashes("", ""),
    )


def figures_of(**changes: Any) -> Figures:
    plain: dict[str, Any] = {
        "trades": 10,
        "net": 1_000,
        "charges": 100,
        "win_rate": 0.5,
        "total_return": 0.1,
        "drawdown": 0.05,
        "sharpe": 1.0,
        "sortino": 1.5,
        "calmar": 2.0,
        "longest_holding": 0,
        "returns": np.zeros(4),
    }
    return Figures(**(plain | changes))


@pytest.fixture
def make_ground() -> MakeGround:
    return ground_of


@pytest.fixture
def make_figures() -> MakeFigures:
    return figures_of
