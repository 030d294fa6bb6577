"""Random candles with the defects of real ones, and an account to trade them with, for what compares the engines."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import numpy as np

from core.instants import DAY, MINUTE, instant_at
from core.market import Timeframe
from core.orders import Product
from core.rules import TradingRules
from core.sessions import TradingDay
from core.sizing import SizingMethod, SizingRule
from features.columns import CandleColumns
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG

CHARGES = ChargeTable.load(CONFIG / "charges.yaml")
FIRST_DAY = date(2024, 9, 24)
"""A week before the charges change."""


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


def random_candles(days: int, reach: int, seed: int) -> CandleColumns:
    """Walk in steps of up to `reach` ticks a bar: holes, gaps over night, bars without volume, splits, locked bars."""
    chance = np.random.default_rng(seed)
    rows = days * 75
    opening = instant_at(FIRST_DAY, time(9, 15))
    starts = np.array([opening + day * DAY + bar * 5 * MINUTE for day in range(days) for bar in range(75)])
    opens, closes = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    steps = chance.integers(-reach, reach + 1, rows)
    close = close_of_session = 60_000
    for row in range(rows):
        gap = 0
        if row and row % 75 == 0:
            close_of_session = close
            gap = int(chance.integers(-300, 301)) * 5
            if chance.random() < 0.1:
                gap = -(close // 2) // 5 * 5
        opens[row] = max(500, close + gap)
        closes[row] = close = max(500, opens[row] + 5 * int(steps[row]))
        if chance.random() < 0.01:
            opens[row] = closes[row] = close = close_of_session * int(chance.choice([95, 98, 102, 105])) // 500 * 5
    extra = chance.integers(0, reach, (2, rows)) * 5
    extra[:, opens == closes] = 0
    volumes = chance.integers(0, 5_000, rows) * (chance.random(rows) > 0.1)
    columns = (
        starts,
        opens,
        np.maximum(opens, closes) + extra[0],
        np.minimum(opens, closes) - extra[1],
        closes,
        volumes,
    )
    is_there = chance.random(rows) > 0.01
    return CandleColumns(*(each[is_there] for each in columns))


def account(**changes: Any) -> TradingRules:
    """Rs 5 lakh, a risk of 0.25 % a trade, a stop at 1.5 and a target at 3 average true ranges."""
    plain = TradingRules(
        timeframe=Timeframe.M5,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.RISK, quantity=10, capital_ppm=200_000, risk_ppm=2_500, max_order_value=25_000_000
        ),
        charges=CHARGES.rates_on(FIRST_DAY, Product.INTRADAY).rates,
        stop_atr=1.5,
        target_atr=3.0,
        limit_offset=0.005,
        price_buffer=0.002,
        capital=50_000_000,
        max_loss=1_000_000,
        max_positions=3,
        max_order_value=25_000_000,
        max_orders_per_day=200,
        max_price_age=MINUTE,
        entry_timeout=1,
        stop_patience=1,
        verify_after=1,
        protect_within=1,
        books_busy=1,
        books_idle=1,
        transit=1,
    )
    return replace(plain, **changes)
