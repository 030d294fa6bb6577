"""Features of a whole history: 24 of ours in batch against about as many of `ta`, on the same candles in one process.

Prints one JSON line: the ratio of the best of three runs each, and the seconds behind it.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date

import pandas as pd
from bench_decision import naive_features

from core.market import Timeframe
from features.batch import compute
from features.specification import FeatureSpecification
from market_data.calendar import NseCalendar
from training.sources import generated

RUNS = 3
LEAST_RATIO = 50


def seconds(work: Callable[[], object]) -> float:
    elapsed = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        elapsed.append(time.perf_counter() - began)
    return min(elapsed)


def main() -> None:
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    [history] = generated(("NSE:SBIN-EQ",), Timeframe.M1, first, last, 9, NseCalendar())
    candles, specification = history.candles, FeatureSpecification.default()
    prices = {"open": candles.opens, "high": candles.highs, "low": candles.lows, "close": candles.closes}
    frame = pd.DataFrame({"start": candles.starts, **prices, "volume": candles.volumes}).astype(float)
    theirs, ours = seconds(lambda: naive_features(frame)), seconds(lambda: compute(specification, candles))
    result = {
        "benchmark": "features",
        "candles": len(candles),
        "ratio": round(theirs / ours),
        "ta_seconds": round(theirs, 3),
        "ours_seconds": round(ours, 4),
        "candles_per_second": round(len(candles) / ours),
        "holds": bool(theirs / ours >= LEAST_RATIO),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
