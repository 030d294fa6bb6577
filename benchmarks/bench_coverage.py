"""Five years of one-minute candles, with some defects among them, read from a file and judged.

Prints one JSON line: the best of three runs each. The calendar's library is opened before.
"""

import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.market import Timeframe
from market_data.calendar import NseCalendar
from market_data.candles.candle_files import read_raw
from market_data.candles.candle_store import Series
from market_data.days import Days
from market_data.quality.findings import Weight
from market_data.quality.judgement import judge
from market_data.quality.session_grid import SessionGrid

DAYS = Days(date(2020, 1, 1), date(2024, 12, 31))
GOAL_S = 5.0
RUNS = 3
REPEATED = slice(10_000, 10_375)
HOLE = slice(200_000, 203_000)


def write_candles(path: Path, calendar: NseCalendar) -> int:
    """Write a walk over every minute of five years with a day twice, a hole and some impossible candles."""
    chance = np.random.default_rng(11)
    starts = SessionGrid(calendar, DAYS, Timeframe.M1).starts
    closes = np.round(1_000 * np.exp(np.cumsum(chance.normal(0, 0.0003, len(starts)))), 2)
    opens = np.concatenate([[1_000.0], closes[:-1]])
    highs, lows = np.maximum(opens, closes) + 0.2, np.minimum(opens, closes) - 0.2
    highs[::50_000] -= 5
    columns = [starts // 1_000_000, opens, highs, lows, closes, chance.integers(1, 50_000, len(starts))]
    rows = np.delete(np.concatenate([np.arange(len(starts)), np.arange(len(starts))[REPEATED]]), HOLE)
    names = ("timestamp", "open", "high", "low", "close", "volume")
    arrays = [pa.array(column[rows]) for column in columns]
    arrays[0] = arrays[0].cast(pa.timestamp("ms", tz="Asia/Kolkata"))
    pq.write_table(pa.table(dict(zip(names, arrays, strict=True))), path)
    return len(rows)


def main() -> None:
    calendar = NseCalendar()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "NSE_SBIN-EQ_1m.parquet"
        rows = write_candles(path, calendar)
        reading, judging = [], []
        for _ in range(RUNS):
            began = time.perf_counter()
            raw = read_raw(path)
            read = time.perf_counter()
            judgement = judge(raw, Series("NSE:SBIN-EQ", Timeframe.M1), "benchmark", calendar)
            reading.append(read - began)
            judging.append(time.perf_counter() - read)
    seconds = min(reading) + min(judging)
    result = {
        "benchmark": "coverage",
        "rows": rows,
        "sessions": judgement.sessions,
        "read_s": round(min(reading), 3),
        "judge_s": round(min(judging), 3),
        "defects": [each.kind.value for each in judgement.of_weight(Weight.DEFECT)],
        "goal_s": GOAL_S,
        "holds": seconds < GOAL_S and len(judgement.of_weight(Weight.DEFECT)) == 5,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
