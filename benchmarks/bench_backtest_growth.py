"""What a backtest takes as it grows: time by candles and trades, memory, the whole process, and a second worker.

Everything that is measured whole runs in a process of its own: its processor time and the most memory it ever held are
the operating system's word. Prints one JSON line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from backtest_case import ASSUMPTIONS, CHARGES, MODE, STRATEGY, Case, made_case, rules, save_plan
from backtest_market import CANDLES_A_SESSION, SESSIONS_A_YEAR, like_sessions, made_candles, save_candles
from backtest_settings import save_settings
from backtest_sweep import Pair, Sweep
from peers import command_of, environment

from backtest import event_engine, fast_engine
from backtest.result import BacktestResult
from backtest.signal_rows import GivenSignals
from runtime.collection import seldom_collected

YEARS = (1, 5, 20)
WHOLE_YEARS = 5
MANY_SYMBOLS = 50
ROUNDS = 3
SWEEP = 4_000
"""Combinations that two workers share."""
MOST_GROWTH = 1.25
"""How much longer a candle may take in the longest run than in the shortest."""
GOAL_ONE_MB = 400
GOAL_MANY_MB = 2_000
LEAST_WHOLE = 2.0
LEAST_WORKERS = 1.8
ENGINES = ("event", "fast")
WATCH = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - began
print(json.dumps([usage.ru_utime + usage.ru_stime, wall, round(usage.ru_maxrss / 1024)]))
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command from a small process: Linux counts the most memory of whoever starts it as the command's own."""


class Spent(NamedTuple):
    """What a finished process has taken."""

    processor_s: float
    wall_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, nargs="*", default=YEARS, help="lengths whose time is compared")
    parser.add_argument("--whole-years", type=int, default=WHOLE_YEARS, help="candles of the whole process")
    parser.add_argument("--symbols", type=int, default=MANY_SYMBOLS, help="of the run on many symbols")
    parser.add_argument("--many", choices=ENGINES, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.many:
        run_many(options.symbols, options.many)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        growth = growth_figures(folder, options.years)
        whole = whole_figures(folder, options.whole_years)
        many = {engine: many_symbols(options.symbols, engine) for engine in ENGINES}
        workers = workers_figures(folder)
    result = {
        "benchmark": "backtest_growth",
        "growth": growth,
        "whole_process": whole,
        "many_symbols": {"symbols": options.symbols, **{engine: each.peak_mb for engine, each in many.items()}},
        "workers": workers,
        "goal_growth": MOST_GROWTH,
        "goal_one_mb": GOAL_ONE_MB,
        "goal_many_mb": GOAL_MANY_MB,
    }
    result["holds"] = bool(
        all(each["growth"] <= MOST_GROWTH for each in growth.values())
        and whole["event_mb"] <= GOAL_ONE_MB
        and whole["fast_mb"] <= GOAL_ONE_MB
        and whole.get("ratio", LEAST_WHOLE) >= LEAST_WHOLE
        and all(each.peak_mb < GOAL_MANY_MB for each in many.values())
        and workers["same_answers"]
        and workers["ratio"] >= LEAST_WORKERS
    )
    print(json.dumps(result))
    sys.exit(not result["holds"])


def growth_figures(folder: Path, lengths: list[int]) -> dict[str, Any]:
    """Seconds by years of one market; `growth` is that of the time for a candle, longest run against shortest."""
    calendar = like_sessions(folder)
    candles = made_candles(max(lengths) * SESSIONS_A_YEAR, calendar)
    figures: dict[str, Any] = {engine: {"years": {}} for engine in ENGINES}
    for years in sorted(lengths):
        case = made_case(candles.slice(0, years * SESSIONS_A_YEAR * CANDLES_A_SESSION), calendar)
        for engine in ENGINES:
            figures[engine]["years"][str(years)] = timed(case, engine)
    for figure in figures.values():
        by_length = [each["us_per_candle"] for each in figure["years"].values()]
        figure["growth"] = round(by_length[-1] / by_length[0], 2)
    return figures


def timed(case: Case, engine: str) -> dict[str, Any]:
    """The best of some runs, the first not counted: it compiles."""
    took = []
    for _ in range(ROUNDS + 1):
        with seldom_collected():  # as the command does
            began = time.process_time()
            trades = len(walked([case], engine).trades)
            took.append(time.process_time() - began)
    seconds = min(took[1:])
    return {
        "candles": len(case.bars),
        "trades": trades,
        "seconds": round(seconds, 4),
        "us_per_candle": round(seconds / len(case.bars) * 1e6, 3),
    }


def walked(cases: list[Case], engine: str) -> BacktestResult:
    """Trade some symbols in one account by one of our engines."""
    given = [each.bars for each in cases], STRATEGY, rules(), ASSUMPTIONS, MODE, CHARGES
    if engine == "fast":
        return fast_engine.run(*given)
    signals = {each.bars.instrument.symbol: each.signals for each in cases}
    return event_engine.run(*given, signals=GivenSignals(signals))


def whole_figures(folder: Path, years: int) -> dict[str, Any]:
    """From the command to the text report on a file, against a whole process of backtesting.py, in turns."""
    calendar = like_sessions(folder)
    data, plan, config = folder / "NSE_SBIN-EQ_1m.parquet", folder / "plan.npz", save_settings(folder)
    candles = made_candles(years * SESSIONS_A_YEAR, calendar)
    save_candles(data, candles)
    save_plan(plan, made_case(candles, calendar))
    command = [sys.executable, "-m", "cli", "backtest", "--strategy", STRATEGY.name, "--mode", MODE.value]
    command += ["--config", str(config), "--data", str(data), "--engine"]
    spent_in([*command, "fast"])  # compiles, and fills the folder of compiled code
    peer = command_of("backtesting", plan)
    fast, others = [], []
    for _ in range(ROUNDS):
        fast.append(spent_in([*command, "fast"]))
        if peer is not None:
            others.append(spent_in(peer, environment()))
    event, best = spent_in([*command, "event"]), min(fast)
    figures: dict[str, Any] = {
        "years": years,
        "fast_s": round(best.processor_s, 2),
        "fast_wall_s": round(best.wall_s, 2),
        "fast_mb": best.peak_mb,
        "event_s": round(event.processor_s, 2),
        "event_mb": event.peak_mb,
        "backtesting": "absent",
    }
    if others:
        other = min(others)
        figures["backtesting"] = {name: round(each, 2) for name, each in other._asdict().items()}
        figures |= {"ratio": round(other.processor_s / best.processor_s, 2), "goal_ratio": LEAST_WHOLE}
        figures["wall_ratio"] = round(other.wall_s / best.wall_s, 2)
    return figures


def many_symbols(symbols: int, engine: str) -> Spent:
    """What a year of many symbols in one account takes in a process of its own."""
    return spent_in([sys.executable, __file__, "--symbols", str(symbols), "--many", engine])


def run_many(symbols: int, engine: str) -> None:
    """The inside of that process."""
    with tempfile.TemporaryDirectory() as scratch:
        calendar = like_sessions(Path(scratch))
        cases = [
            made_case(made_candles(SESSIONS_A_YEAR, calendar, seed), calendar, f"NSE:SHARE{seed}-EQ")
            for seed in range(symbols)
        ]
    walked(cases, engine)


def workers_figures(folder: Path) -> dict[str, Any]:
    """A sweep over a year by one worker and by two, in turns, the best of some rounds; wall time.

    `two_apart` is what two processes get done in the time of one when each walks all pairs: no more can be had.
    """
    calendar = like_sessions(folder)
    sweep = Sweep.of(made_case(made_candles(SESSIONS_A_YEAR, calendar), calendar))
    stops = np.linspace(1.0, 3.0, SWEEP // 10)
    pairs = [(float(stop), target) for stop in stops for target in np.linspace(1.0, 6.0, 10).tolist()]
    shares = {"one": [pairs], "two": [pairs[0::2], pairs[1::2]], "apart": [pairs, pairs]}
    rounds = [{name: shared(sweep, parts) for name, parts in shares.items()} for _ in range(ROUNDS)]
    one, two, apart = (min(each[name][0] for each in rounds) for name in shares)
    return {
        "combinations": len(pairs),
        "one_s": round(one, 3),
        "two_s": round(two, 3),
        "ratio": round(one / two, 2),
        "two_apart": round(2 * one / apart, 2),
        "same_answers": rounds[0]["one"][1] == rounds[0]["two"][1],
        "goal_ratio": LEAST_WORKERS,
    }


def shared(sweep: Sweep, parts: Sequence[Sequence[Pair]]) -> tuple[float, list[int]]:
    """Seconds that a worker for each part takes, all of them warm, and the profits that they find, sorted."""
    from joblib import Parallel, delayed  # noqa: PLC0415 - its workers import this file again

    with Parallel(n_jobs=len(parts), backend="loky") as parallel:
        parallel(delayed(swept)(sweep, part[:1]) for part in parts)
        began = time.perf_counter()
        nets = parallel(delayed(swept)(sweep, part) for part in parts)
        took = time.perf_counter() - began
    return took, sorted(net for part in nets for net in part)


def swept(sweep: Sweep, pairs: Sequence[Pair]) -> list[int]:
    """Net profit of each pair, in paise."""
    return [net for _, net in sweep.walk(pairs)]


def spent_in(command: list[str], variables: dict[str, str] | None = None) -> Spent:
    """Run a process to its end and return what it has taken, children included. Raises when it fails."""
    watched = [sys.executable, "-c", WATCH, *command]
    ended = subprocess.run(watched, env=variables, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(command)}: ended with {ended.returncode}")
    return Spent(*json.loads(ended.stdout))


if __name__ == "__main__":
    main()
