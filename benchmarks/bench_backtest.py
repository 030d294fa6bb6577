"""The backtester against its peers: five years of one-minute candles, the same rules, trades compared one by one.

The event engine runs in turns with backtesting.py, then against nautilus_trader; the fast engine sweeps 100 pairs of
stop and target over a year, as vectorbt does. Each peer has a process and an environment of its own (`make
bench-peers`). Its start, and compiling, are not counted. Seconds are processor time. Prints one JSON line.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from backtest_case import (
    ASSUMPTIONS,
    CHARGES,
    MODE,
    STRATEGY,
    Case,
    made_case,
    net_of,
    rules,
    save_plan,
)
from backtest_market import CANDLES_A_SESSION, SESSIONS_A_YEAR, like_sessions, made_candles
from backtest_sweep import Sweep
from nautilus_causes import causes
from peers import ask
from trade_comparison import compared, is_identical, ours, theirs

from backtest import event_engine, fast_engine
from backtest.result import BacktestResult
from backtest.signal_rows import GivenSignals
from runtime.collection import seldom_collected

YEARS = 5
ROUNDS = 3
STOPS = np.linspace(1.0, 3.0, 10).tolist()
TARGETS = np.linspace(1.0, 6.0, 10).tolist()
ABSENT = {"peer": "absent"}
GOAL_SWEEP_MS = 50.0
LEAST_BACKTESTING = 2.0
LEAST_NAUTILUS = 10.0
LEAST_VECTORBT = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=YEARS, help="of candles, for all but nautilus' netting")
    parser.add_argument("--netting-years", type=int, default=1, help="nautilus is quadratic there: 5 take minutes")
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        calendar = like_sessions(folder)
        candles = made_candles(options.years * SESSIONS_A_YEAR, calendar)
        case = made_case(candles, calendar)
        year, netted = (
            made_case(candles.slice(0, years * SESSIONS_A_YEAR * CANDLES_A_SESSION), calendar)
            for years in (1, options.netting_years)
        )
        figures = event_figures(folder, case)
        figures["nautilus_hedging"] = against_nautilus(folder, case, "hedging")
        figures["nautilus_netting"] = against_nautilus(folder, netted, "netting")
        figures |= sweep_figures(folder, year)
    result = {"benchmark": "backtest", "candles": len(candles), **figures}
    result["holds"] = verdict(figures)
    print(json.dumps(result))
    sys.exit(not result["holds"])


def event_run(case: Case) -> BacktestResult:
    signals = GivenSignals({case.bars.instrument.symbol: case.signals})
    with seldom_collected():  # as the command does
        return event_engine.run([case.bars], STRATEGY, rules(), ASSUMPTIONS, MODE, CHARGES, signals=signals)


def event_figures(folder: Path, case: Case) -> dict[str, Any]:
    """Our engines against each other, and in turns against backtesting.py."""
    plan, trades = folder / "plan.npz", folder / "backtesting.npz"
    save_plan(plan, case)
    seconds, peer_seconds, answer = [], [], None
    for _ in range(ROUNDS):
        took, result = timed(lambda: event_run(case))
        seconds.append(took)
        answer = ask("backtesting", plan, trades)
        if answer is not None:
            peer_seconds.append(answer["processor_s"])
    mine = ours(result)
    fast = fast_engine.run([case.bars], STRATEGY, rules(), ASSUMPTIONS, MODE, CHARGES)
    figures: dict[str, Any] = {
        "trades": len(mine),
        "net_pnl": result.net / 100,
        "charges": result.charges.total / 100,
        "event_s": round(min(seconds), 3),
        "event_candles_per_second": round(len(case.bars) / min(seconds)),
        "engines_agree": fast.trades == result.trades and fast.charges == result.charges,
        "backtesting": ABSENT,
    }
    if answer is not None:
        other = theirs(trades, case.bars)
        pairs, late = compared(mine, other), answer["late_levels"]
        figures["backtesting"] = {
            "processor_s": round(min(peer_seconds), 3),
            "ratio": round(min(peer_seconds) / min(seconds), 2),
            "all_trades_identical": is_identical(mine, other),
            **pairs,
            "net_pnl": net_of(other),
            "late_levels": late,  # it could not be given them with the order: what their bar hit, it does not know
            "unexplained": max(0, max(len(mine), len(other)) - pairs["identical"] - late),
            "goal_ratio": LEAST_BACKTESTING,
        }
    return figures


def against_nautilus(folder: Path, case: Case, counting: str) -> dict[str, Any]:
    """One run of nautilus_trader by one of its two ways to count positions."""
    plan, trades = folder / f"{counting}_plan.npz", folder / f"{counting}.npz"
    save_plan(plan, case)
    answer = ask("nautilus_trader", plan, trades, counting)
    if answer is None:
        return ABSENT
    took, result = min((timed(lambda: event_run(case)) for _ in range(ROUNDS)), key=lambda each: each[0])
    other = theirs(trades, case.bars)
    return {
        "candles": len(case.bars),
        "processor_s": round(answer["processor_s"], 2),
        "ratio": round(answer["processor_s"] / took, 1),
        **compared(ours(result), other),
        "net_pnl": net_of(other),
        "causes": causes(case, result, other),
        "goal_ratio": LEAST_NAUTILUS,
    }


def sweep_figures(folder: Path, case: Case) -> dict[str, Any]:
    """100 combinations on a year: ours one after the other, vectorbt's all at once."""
    sweep = Sweep.of(case)
    pairs = [(stop, target) for stop in STOPS for target in TARGETS]
    sweep.walk(pairs[:1])  # compiles
    took, found = min((timed(lambda: sweep.walk(pairs)) for _ in range(2 * ROUNDS)), key=lambda each: each[0])
    figures: dict[str, Any] = {
        "sweep_ms": round(took * 1_000, 1),
        "sweep_trades": sum(count for count, _ in found),
        "sweep_mean_net": round(float(np.mean([net for _, net in found])) / 100, 2),
        "aim_sweep_ms": GOAL_SWEEP_MS,
        "vectorbt": ABSENT,
    }
    plan = folder / "year.npz"
    save_plan(plan, case)
    answer = ask("vectorbt", plan, json.dumps(STOPS), json.dumps(TARGETS))
    if answer is not None:
        figures["vectorbt"] = {
            "processor_s": round(answer["processor_s"], 3),
            "first_call_s": round(answer["first_call_s"], 1),
            "ratio": round(answer["processor_s"] / took, 1),
            "trades": sum(answer["trades"]),
            "mean_net": round(float(np.mean(answer["net_pnl"])), 2),
            "goal_ratio": LEAST_VECTORBT,
        }
    return figures


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of processor time that some work takes, and what it returns."""
    began = time.process_time()
    done = work()
    return time.process_time() - began, done


def verdict(figures: dict[str, Any]) -> bool:
    """Whether our engines agree, each peer is beaten by its goal, and no trade of backtesting.py is unexplained."""
    peers = [figures[name] for name in ("backtesting", "nautilus_hedging", "nautilus_netting", "vectorbt")]
    return bool(
        figures["engines_agree"]
        and all(each["ratio"] >= each["goal_ratio"] for each in peers if "ratio" in each)
        and figures["backtesting"].get("unexplained", 0) == 0
    )


if __name__ == "__main__":
    main()
