"""How long the bot takes from its start to being ready, and how much memory it holds, with 50 symbols and a model.

The bot is a real process against a real simulator at the wall's speed, in an open market. Ready means that the books
were read and agreed: from there on positions are managed. Entries also wait for history, which the call budget spreads
over 50 symbols; that time is told beside it. Prints one JSON line.
"""

import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from datetime import time as day_time
from pathlib import Path

from core.instants import instant_at
from market_data.calendar import NseCalendar
from runtime.project import ROOT
from simulator.options import Endpoints, SimulatorOptions
from simulator.server import running_simulator
from trading.rehearsal import bot_environment, sign_in
from trading.rehearsal_plan import Rehearsal
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

SYMBOLS = tuple(f"NSE:SHARE{number}-EQ" for number in range(50))
ROUNDS = 5
TEN = instant_at(date(2026, 1, 6), day_time(10, 0))
READING_SECONDS = 30.0
"""Wall seconds of ticks before memory is read."""
GOAL_SECONDS, GOAL_MEGABYTES = 5.0, 300


def silent(_stage: str, _done: float) -> None:
    """Show no progress."""


class Run:
    """One start of the bot on a state folder of its own."""

    def __init__(self, folder: Path, model: Path, endpoints: Endpoints) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        plan = Rehearsal(folder=folder, clock_start=TEN, market_close=TEN, speed=1.0)
        environment = {
            **bot_environment(plan, endpoints.to_json()),
            "FYERSBOT__MODEL__PATH": str(model),
            "FYERSBOT__PATHS__LOGS": str(folder / "logs"),
        }
        sign_in(environment)
        self.began = time.perf_counter()
        with (folder / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "run_live_bot.py"), "--mode", "live"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def seconds_until_ready(self) -> float:
        """Wait for the line that says so."""
        while "Reconciled" not in (said := (self.folder / "said").read_text()):
            if self.process.poll() is not None:
                sys.exit(f"the bot ended before it was ready: {said}")
            time.sleep(0.005)
        return time.perf_counter() - self.began

    def seconds_until_history(self) -> float:
        """Wait until the history of every symbol has arrived."""
        count = "SELECT count(DISTINCT json_extract(body, '$[1]')) FROM events WHERE kind = 'HistoryArrived'"
        while True:
            with sqlite3.connect(f"file:{self.folder}/bot/live.sqlite?mode=ro", uri=True) as log:
                if log.execute(count).fetchone()[0] == len(SYMBOLS):
                    return time.perf_counter() - self.began
            time.sleep(0.05)

    def megabytes(self) -> tuple[float, float]:
        """Resident memory now, and the most it ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        now, most = (int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, most

    def end(self) -> None:
        """Stop it in good order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        calendar = NseCalendar(cache=Path("data/cache"))
        model = train_model(
            TrainingOptions(models=Path("models"), recipe=Recipe.quick(trees=200, depth=8)), calendar, progress=silent
        )
        ready = []
        options = SimulatorOptions(symbols=SYMBOLS, clock_start=TEN, seed=7)
        with running_simulator(options, calendar) as simulator:
            for number in range(ROUNDS):
                run = Run(Path(work, str(number)), model.resolve(), simulator.endpoints)
                ready.append(run.seconds_until_ready())
                if number < ROUNDS - 1:
                    run.end()
            history = run.seconds_until_history()
            time.sleep(READING_SECONDS)
            now, most = run.megabytes()
            run.end()
    result = {
        "benchmark": "start_and_memory",
        "symbols": len(SYMBOLS),
        "starts": ROUNDS,
        "ready_s": round(statistics.median(ready), 2),
        "ready_worst_s": round(max(ready), 2),
        "history_s": round(history, 2),
        "resident_mb": round(now),
        "resident_most_mb": round(most),
        "goal_ready_s": GOAL_SECONDS,
        "goal_resident_mb": GOAL_MEGABYTES,
        "holds": max(ready) < GOAL_SECONDS and most < GOAL_MEGABYTES,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
