"""Candles for the tests of the store: as many every day, all of one price."""

from datetime import time

import numpy as np

from core.instants import MINUTE, instant_at
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.candles.candle_store import Series
from market_data.days import Days

SERIES = Series("NSE:SBIN-EQ", Timeframe.M1)
PER_DAY = 100


def candles(days: Days, price: int) -> CandleColumns:
    starts = np.concatenate(
        [instant_at(day, time(9, 15)) + np.arange(PER_DAY, dtype=np.int64) * MINUTE for day in days]
    )
    flat = np.full(len(starts), price, dtype=np.int64)
    return CandleColumns(starts, flat, flat, flat, flat, flat)
