"""A day of ticks on its way from the live file to the archive, and one symbol's day out of it.

The day has 50 symbols that move like shares: small steps, volumes that grow, whole exchange seconds. Timed are the
whole move (copy, read back and compare, put in place, clear) in processor time, because the disk and other work are
shared, with the wall's time beside it; the most memory that the process ever had; and the reading of one symbol.
Prints one JSON line; `--ticks 20000000` is the run of record, the goals grow with the ticks.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from datetime import time as day_time
from pathlib import Path

import numpy as np

from core.instants import SECOND, instant_at
from market_data.ticks.live_ticks import Heard, LiveTicks
from market_data.ticks.tick_archive import TickArchive

SYMBOLS = [f"NSE:SHARE{number}-EQ" for number in range(50)]
SCALES = dict.fromkeys(SYMBOLS, 2)
DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, day_time(9, 15))
SESSION = 22_500
"""Seconds."""
BATCH = 10_000
GOAL_SECONDS_PER_MILLION = 3.0
GOAL_MEGABYTES = 1_000
GOAL_READ_MS = 50.0


def batches(ticks: int) -> Iterator[list[Heard]]:
    """Yield a day's ticks as the recorder commits them."""
    chance = np.random.default_rng(7)
    prices, volumes = np.full(50, 100_000), np.zeros(50, dtype=np.int64)
    gap = SESSION * SECOND // ticks
    for start in range(0, ticks, BATCH):
        count = min(BATCH, ticks - start)
        which = chance.integers(0, 50, count)
        steps, traded = chance.integers(-2, 3, count) * 5, chance.integers(0, 200, count)
        rows = []
        for place, (number, step, shares) in enumerate(
            zip(which.tolist(), steps.tolist(), traded.tolist(), strict=True)
        ):
            received = OPEN + (start + place) * gap
            prices[number] = price = max(int(prices[number]) + step, 50_000)
            volumes[number] = volume = int(volumes[number]) + shares
            rows.append((received, SYMBOLS[number], received // SECOND * SECOND, price, price - 5, price + 5, volume))
        yield rows


def main() -> None:
    """Record a day at once, archive it, read a symbol."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=1_000_000, help="ticks of the day")
    ticks = parser.parse_args().ticks
    with tempfile.TemporaryDirectory() as folder:
        archive = TickArchive(Path(folder) / "archive")
        with LiveTicks(Path(folder) / "live.sqlite") as live:
            for batch in batches(ticks):
                live.append(DAY, batch, SCALES)
            size = (Path(folder) / "live.sqlite").stat().st_size
            wall, processor = time.perf_counter(), time.process_time()
            [day] = live.days()
            done = archive.move_in(live, day)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
        reads = []
        for symbol in SYMBOLS[:20]:
            begin = time.perf_counter()
            count = len(archive.read_ticks(symbol, DAY))
            reads.append((time.perf_counter() - begin) * 1e3)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    per_million = processor / (ticks / 1e6)
    read_ms = statistics.median(reads)
    result = {
        "benchmark": "tick_archive",
        "ticks": done.ticks,
        "symbols": done.symbols,
        "processor_s": round(processor, 2),
        "wall_s": round(wall, 2),
        "processor_s_per_million": round(per_million, 2),
        "most_mb": round(megabytes),
        "bytes_per_tick": round(done.bytes / done.ticks, 2),
        "live_bytes_per_tick": round(size / done.ticks, 1),
        "read_symbol_ms": round(read_ms, 1),
        "read_ticks": count,
        "goal_processor_s_per_million": GOAL_SECONDS_PER_MILLION,
        "goal_mb": GOAL_MEGABYTES,
        "goal_read_ms": GOAL_READ_MS,
        "holds": per_million < GOAL_SECONDS_PER_MILLION and megabytes < GOAL_MEGABYTES and read_ms < GOAL_READ_MS,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
