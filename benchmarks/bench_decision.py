"""Closed candle in memory to `Signal`: 24 features and a forest of 200 trees, ours against the usual way.

The usual way keeps 500 candles as dictionaries, makes a data frame of them at each close, computes the indicators with
`ta` and asks scikit-learn's scaler and forest (`n_jobs=1`). Both ways use the same trained bundle and see the same
candles, in turns, in one process. Prints one JSON line: the ratio of medians, and our percentiles in microseconds.
"""

import json
import sys
import tempfile
import time
from collections import deque
from datetime import date
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import ta

from core.market import Candle, Timeframe
from core.ports import Calendar
from core.signals import Direction, FeatureRow, Signal
from features.stream import FeatureStream
from market_data.calendar import NseCalendar
from strategies.model import ModelStrategy
from trading.bundle import MODEL, SCALER
from trading.inference_engine import InferenceEngine
from training.progress import silent
from training.recipe import Recipe
from training.sources import generated
from training.train import TrainingOptions, train_model

WINDOW = 500
ROUND = 500
"""Candles between two turns of the usual way."""
NAIVE_PER_ROUND = 5
LEAST_RATIO = 300
LARGEST_P99_US = 200


def naive_features(frame: pd.DataFrame) -> pd.DataFrame:
    """The usual indicators, as every tutorial computes them."""
    high, low, close, volume = frame["high"], frame["low"], frame["close"], frame["volume"]
    macd = ta.trend.MACD(close)
    bands = ta.volatility.BollingerBands(close, 20, 2)
    directional = ta.trend.ADXIndicator(high, low, close, 14)
    atr = ta.volatility.AverageTrueRange(high, low, close, 14).average_true_range()
    columns = {f"roc_{n}": ta.momentum.ROCIndicator(close, n).roc() for n in (1, 3, 12)}
    columns |= {f"ema_{n}": close / ta.trend.EMAIndicator(close, n).ema_indicator() for n in (9, 21)}
    columns |= {
        "sma_50": close / ta.trend.SMAIndicator(close, 50).sma_indicator(),
        "macd": macd.macd_diff() / atr,
        "rsi": ta.momentum.RSIIndicator(close, 14).rsi(),
        "adx": directional.adx(),
        "directional": directional.adx_pos() - directional.adx_neg(),
        "atr": atr / close,
        "band_place": bands.bollinger_pband(),
        "band_width": bands.bollinger_wband(),
        "stochastic": ta.momentum.StochasticOscillator(high, low, close, 14).stoch(),
        "slope": close.diff(14) / atr,
        "cci": ta.trend.CCIIndicator(high, low, close, 20).cci(),
        "mfi": ta.volume.MFIIndicator(high, low, close, volume, 14).money_flow_index(),
        "obv": ta.volume.OnBalanceVolumeIndicator(close, volume).on_balance_volume().diff(10),
        "volume": (volume - volume.rolling(20).mean()) / volume.rolling(20).std(),
        "vwap": close / ta.volume.VolumeWeightedAveragePrice(high, low, close, volume).volume_weighted_average_price(),
        "open_gap": close / frame["open"].iloc[0],
        "overnight": frame["open"] / close.shift(),
        "body": (close - frame["open"]) / atr,
        "time": frame["start"] / 1e18,
    }
    return pd.DataFrame(columns)


class Naive:
    """The usual way, with all it keeps between two candles."""

    def __init__(self, folder: Path) -> None:
        self.model, self.scaler = joblib.load(folder / MODEL), joblib.load(folder / SCALER)
        self.window: deque[dict[str, float]] = deque(maxlen=WINDOW)

    def take(self, candle: Candle) -> None:
        names = ("start", "open", "high", "low", "close", "volume")
        self.window.append({name: float(getattr(candle, name)) for name in names})

    def decide(self) -> int:
        row = naive_features(pd.DataFrame(self.window)).iloc[[-1]].to_numpy()
        return int(self.model.predict_proba(self.scaler.transform(row))[0].argmax())


class Ours:
    """The live path: stream, engine, strategy."""

    def __init__(self, folder: Path, calendar: Calendar) -> None:
        engine = InferenceEngine.open(folder)
        self.stream = FeatureStream(engine.specification, "NSE:SBIN-EQ", Timeframe.M5, calendar)
        self.strategy = ModelStrategy(engine, threshold=engine.threshold)
        self.before: FeatureRow | None = None

    def decide(self, candle: Candle) -> Signal | None:
        row, before = self.stream.update(candle), self.before
        self.before = row
        return None if row is None or before is None else self.strategy.on_data(row, before)


def measure(folder: Path, candles: tuple[Candle, ...], calendar: Calendar) -> tuple[list[int], list[int], int]:
    """Time both ways in turns: a round of ours over a stretch of candles, then the usual way at its last ones."""
    naive, ours = Naive(folder), Ours(folder, calendar)
    for candle in candles[:WINDOW]:
        naive.take(candle)
        ours.decide(candle)
    naive_ns, ours_ns, acted = [], [], 0
    clock = time.perf_counter_ns
    for first in range(WINDOW, len(candles), ROUND):
        for candle in candles[first : first + ROUND]:
            naive.take(candle)
            began = clock()
            signal = ours.decide(candle)
            ours_ns.append(clock() - began)
            acted += signal is not None and signal.direction is not Direction.NONE
        for _ in range(NAIVE_PER_ROUND):
            began = clock()
            naive.decide()
            naive_ns.append(clock() - began)
    return naive_ns, ours_ns, acted


def main() -> None:
    calendar = NseCalendar()
    with tempfile.TemporaryDirectory() as models:
        folder = train_model(
            TrainingOptions(models=Path(models), recipe=Recipe.quick(trees=200, depth=8)), calendar, progress=silent
        )
        [history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 7, 1), date(2025, 10, 31), 9, calendar)
        naive_ns, ours_ns, acted = measure(folder, history.candles.candles(), calendar)
    if not acted:
        sys.exit("the model never acted: the comparison is void")
    median, p99 = np.percentile(ours_ns, [50, 99]) / 1e3
    naive_median = float(np.median(naive_ns)) / 1e3
    result = {
        "benchmark": "decision",
        "features": 24,
        "trees": 200,
        "ratio": round(naive_median / median),
        "naive_us": round(naive_median),
        "ours_us": round(median, 1),
        "ours_p99_us": round(p99, 1),
        "decisions": len(ours_ns),
        "acted": acted,
        "holds": bool(naive_median / median >= LEAST_RATIO and p99 < LARGEST_P99_US),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
