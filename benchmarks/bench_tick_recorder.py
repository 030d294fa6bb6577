"""What recording costs whoever trades, and whether the recorder keeps up: 20,000 ticks a second, none lost.

The ticks of a feed with 50 symbols come at a steady pace, 400 frames of 50 a second. Timed is what recording adds to
the feed's thread, market time included, while the recorder's own thread writes the file beside it; then the file is
counted. Last, nothing can be written and 400,000 ticks come at once: how much memory that takes. Prints one JSON line;
`--seconds 60` is the run of record.
"""

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from datetime import date
from datetime import time as day_time
from pathlib import Path

from core.instants import instant_at
from core.market import Tick
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_recorder import MOST_WAITING, SqliteTickRecorder
from runtime.clock import MarketClock

SYMBOLS = [f"NSE:SHARE{number}-EQ" for number in range(50)]
SCALES = dict.fromkeys(SYMBOLS, 2)
A_SECOND = 20_000
AT_ONCE = 50
"""Ticks of one frame: all symbols."""
DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, day_time(9, 15))
GOAL_P99_US = 5.0
GOAL_MEGABYTES = 100


def tick_of(number: int) -> Tick:
    price = 100_000 + (number * 7919 % 181 - 90) * 5
    return Tick(SYMBOLS[number % 50], OPEN + number // A_SECOND * 10**9, price, price - 5, price + 5, number)


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def measure_pace(path: Path, seconds: float) -> dict[str, float]:
    """Record at the pace of record; return what it cost and what became of the ticks."""
    clock = MarketClock(OPEN)
    recorder = SqliteTickRecorder(path, DAY, SCALES)
    take, now = recorder.take, clock.now
    costs: list[int] = []
    most_waiting, least_free = 0, resident_megabytes()
    begin = time.perf_counter()
    for number in range(0, int(seconds * A_SECOND), AT_ONCE):
        ticks = [tick_of(number + each) for each in range(AT_ONCE)]
        now()  # as the feed does at each frame, to know when it was heard
        for tick in ticks:
            before = time.perf_counter_ns()
            take(tick, now())
            costs.append(time.perf_counter_ns() - before)
        if number % A_SECOND == 0:
            most_waiting = max(most_waiting, recorder.counts.waiting)
        time.sleep(max(0.0, begin + (number + AT_ONCE) / A_SECOND - time.perf_counter()))
    took = time.perf_counter() - begin
    grown = resident_megabytes() - least_free - len(costs) * 40 / 1e6  # the list of costs itself
    recorder.close()
    with LiveTicks(path) as live:
        [day] = live.days()
    return {
        "ticks": len(costs),
        "per_second": round(len(costs) / took),
        "in_file": day.ticks,
        "lost": recorder.counts.lost + len(costs) - day.ticks,
        "hand_over_p50_us": round(statistics.median(costs) / 1e3, 2),
        "hand_over_p99_us": round(sorted(costs)[int(len(costs) * 0.99)] / 1e3, 2),
        "hand_over_max_ms": round(max(costs) / 1e6, 2),
        "most_waiting": most_waiting,
        "grown_mb": round(grown),
        "bytes_per_tick": round(path.stat().st_size / len(costs), 1),
    }


def measure_stuck(path: Path) -> dict[str, float]:
    """Record while nothing can be written; return the memory that it takes."""
    recorder = SqliteTickRecorder(path, DAY, SCALES, no_room=lambda: "full")
    gc.collect()
    before = resident_megabytes()
    for number in range(4 * MOST_WAITING):
        recorder.take(tick_of(number), OPEN + number)
        if number == MOST_WAITING:
            time.sleep(1.0)  # for the thread to take its batch out, the worst that can be
    grown = resident_megabytes() - before
    counts = recorder.counts
    recorder.close()
    return {"stuck_mb": round(grown), "stuck_kept": counts.waiting, "stuck_lost": counts.lost}


def main() -> None:
    """Measure both, the pace first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long ticks come")
    seconds = parser.parse_args().seconds
    gc.collect()
    gc.freeze()  # as the bot does once its day is built
    with tempfile.TemporaryDirectory() as folder:
        pace = measure_pace(Path(folder) / "pace.sqlite", seconds)
        stuck = measure_stuck(Path(folder) / "stuck.sqlite")
    is_bounded = max(pace["grown_mb"], stuck["stuck_mb"]) < GOAL_MEGABYTES
    result = {
        "benchmark": "tick_recorder",
        "symbols": len(SYMBOLS),
        "seconds": seconds,
        **pace,
        **stuck,
        "goal_hand_over_p99_us": GOAL_P99_US,
        "goal_mb": GOAL_MEGABYTES,
        "holds": not pace["lost"] and pace["hand_over_p99_us"] < GOAL_P99_US and is_bounded,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
