"""A whole training of 50 symbols and five years of five-minute candles from the store, by the most memory it ever held.

The candles are invented: a seeded walk over the sessions of NSE. The model is small, because its size does not matter
here: the rows do, which are the same for any. What is measured is a process of its own that does nothing but train,
from the store to the written bundle; the peak is the operating system's word and counts the pages of the mapped rows,
too. Prints one JSON line.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from core.market import Timeframe
from features.columns import CandleColumns, IntArray, ist_days
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from market_data.quality.session_grid import SessionGrid
from trading.bundle import parse_manifest
from trading.model_versions import MANIFEST
from training.estimators import Forest
from training.folds import WalkForward
from training.out_of_fold import Candidate
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

SYMBOLS = 50
FIRST_YEAR, YEARS = 2020, 5
GOAL_MB = 2_500
"""Rows of 24 features in 64 bits are 0.8 GB; labels, times and money of each are a third of that, and a fit reads as
much again, in 32 bits."""
RECIPE = Recipe(
    candidates=(Candidate(Forest(trees=2, depth=4)),),
    walk=WalkForward(folds=2),
    shuffled_seeds=(),
)


def made_candles(starts: IntArray, seed: int) -> CandleColumns:
    """Walk over the candles of all sessions, with gaps between them."""
    chance = np.random.default_rng(seed)
    rows = len(starts)
    is_first = np.diff(ist_days(starts), prepend=0) != 0
    gaps = np.where(is_first, chance.normal(0, 0.006, rows), 0.0)
    moves = chance.normal(0, 0.0015, rows)
    closes = 60_000 * np.exp(np.cumsum(gaps + moves))
    opens = closes * np.exp(-moves)
    over, under = np.exp(np.abs(chance.normal(0, 0.0007, (2, rows))))
    highs, lows = np.maximum(opens, closes) * over, np.minimum(opens, closes) / under
    on_tick = [np.rint(each / 5).astype(np.int64) * 5 for each in (opens, highs, lows, closes)]
    return CandleColumns(starts, *on_tick, chance.integers(100, 90_000, rows))


def write_store(archive: Path, names: list[str], days: Days) -> int:
    """Write the candles of every symbol; return how many."""
    starts = SessionGrid(NseCalendar(), days, Timeframe.M5).starts
    store = ParquetCandleStore(archive)
    for seed, name in enumerate(names):
        store.put(Series(name, Timeframe.M5), days, made_candles(starts, seed))
    return len(starts) * len(names)


def train(folder: Path, names: list[str], jobs: int) -> None:
    """Train and print what it took."""
    options = TrainingOptions(models=folder / "models", store=folder, symbols=tuple(names), recipe=RECIPE, jobs=jobs)
    bundle = train_model(options, NseCalendar(), progress=said)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    spent = os.times()
    rows = parse_manifest(bundle / MANIFEST).training.rows
    print(json.dumps({"rows": rows, "peak_mb": round(peak), "processor_s": round(spent.user + spent.system)}))


def said(stage: str, done: float) -> None:
    sys.stderr.write(f"{done:4.0%} {stage}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=SYMBOLS, help="fewer for a quick look")
    parser.add_argument("--years", type=int, default=YEARS)
    parser.add_argument("--trains-in", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = [f"NSE:SHARE{number:02}-EQ" for number in range(arguments.symbols)]
    if arguments.trains_in:
        train(arguments.trains_in, names, 1)
        return
    days = Days(date(FIRST_YEAR, 1, 1), date(FIRST_YEAR + arguments.years - 1, 12, 31))
    with tempfile.TemporaryDirectory() as folder:
        candles = write_store(Path(folder), names, days)
        began = time.perf_counter()
        ran = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--trains-in", folder],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        wall = time.perf_counter() - began
    told = json.loads(ran.stdout)
    result = {
        "benchmark": "training_memory",
        "symbols": arguments.symbols,
        "years": arguments.years,
        "candles": candles,
        **told,
        "rows_mb": round(told["rows"] * 24 * 8 / 2**20),
        "wall_s": round(wall),
        "goal_mb": GOAL_MB,
        "holds": told["peak_mb"] <= GOAL_MB,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
