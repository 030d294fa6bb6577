"""Five years of one-minute candles out of the store into arrays, against SQLite and pandas, in one run.

Both hold the same candles of the generated market and are read in turns, so that what else the machine does slows
both. The best of the rounds counts, in processor time of this thread.
"""

import json
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from core.instants import DAY
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import Series, joined_candles
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from training.sources import generated

YEARS = 5
ROUNDS = 15
LEAST_RATIO = 20
GOAL_BYTES = 8.0
SERIES = Series("NSE:SBIN-EQ", Timeframe.M1)
FIRST, LAST = date(2021, 1, 1), date(2021, 12, 31)
COLUMNS = ("start", "open", "high", "low", "close", "volume")


def made_candles() -> CandleColumns:
    """A year of the generated market, again and again: the same days of the week, 52 weeks later."""
    [history] = generated((SERIES.symbol,), SERIES.timeframe, FIRST, LAST, 9, NseCalendar())
    year = history.candles
    later = [year.starts + number * 364 * DAY for number in range(YEARS)]
    whole_weeks = year.starts < year.starts[0] + 363 * DAY
    parts = [CandleColumns(*(each[whole_weeks] for each in (starts, *year.columns[1:]))) for starts in later]
    return joined_candles(parts)


def best_ms(*works: Callable[[], object]) -> list[float]:
    """Milliseconds of processor time of each work, the best of the rounds; one after the other in every round."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for place, work in enumerate(works):
            began = time.thread_time()
            work()
            best[place] = min(best[place], (time.thread_time() - began) * 1_000)
    return best


def main() -> None:
    candles = made_candles()
    days = Days(FIRST, FIRST + timedelta(days=int(candles.days()[-1] - candles.days()[0]) + 7))
    month = Days(days.last - timedelta(days=37), days.last)
    folder = Path(tempfile.mkdtemp())
    try:
        store = ParquetCandleStore(folder)
        write_ms = once_ms(lambda: store.put(SERIES, days, candles))
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
        database = sqlite3.connect(folder / "candles.sqlite")
        database.execute(f"CREATE TABLE candles ({COLUMNS[0]} INTEGER PRIMARY KEY, {', '.join(COLUMNS[1:])})")
        rows = zip(*(column.tolist() for column in candles.columns), strict=True)
        database.executemany("INSERT INTO candles VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.commit()

        def theirs() -> list[np.ndarray]:
            frame = pd.read_sql("SELECT * FROM candles ORDER BY start", database)
            return [frame[name].to_numpy() for name in COLUMNS]

        read = store.read(SERIES, days)
        assert all(np.array_equal(*pair) for pair in zip(read.columns, candles.columns, strict=True))
        assert all(np.array_equal(*pair) for pair in zip(theirs(), candles.columns, strict=True))
        sqlite_ms, ours_ms, month_ms, list_ms = best_ms(
            theirs, lambda: store.read(SERIES, days), lambda: store.read(SERIES, month), store.holdings
        )
        database.close()
    finally:
        shutil.rmtree(folder)
    result = {
        "benchmark": "candle_store",
        "candles": len(candles),
        "ratio": round(sqlite_ms / ours_ms, 1),
        "sqlite_ms": round(sqlite_ms, 1),
        "ours_ms": round(ours_ms, 1),
        "last_month_ms": round(month_ms, 2),
        "list_ms": round(list_ms, 2),
        "write_ms": round(write_ms),
        "bytes_per_candle": round(size / len(candles), 2),
        "goal_ratio": LEAST_RATIO,
        "goal_bytes": GOAL_BYTES,
        "holds": bool(sqlite_ms / ours_ms >= LEAST_RATIO and size / len(candles) <= GOAL_BYTES),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


def once_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    main()
