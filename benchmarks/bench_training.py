"""A training of ten recorded symbols, as a user does it: files mended, imported, and trained on by the default recipe.

Nine months of five-minute candles with their defects, of NSE_DATA_DIR; where that is absent, it says so and ends well.
Each step is the program itself in a folder of its own. What counts is the processor time of `fyersbot train` with all
its workers, for other work on the machine stretches only the time by the wall. Prints one JSON line.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ("RELIANCE", "SBIN", "HDFCBANK", "TCS", "INFY", "ICICIBANK", "ITC", "LT", "TATAMOTORS", "NESTLEIND")
FILE = "NSE_{}-EQ_5m.parquet"
CORES = 2
GOAL_S = 300
SHARE_OF_BOTH = 0.9
"""A tenth is left for what one core does alone: reading, labels, the check of every row."""
PROGRAM = (sys.executable, "-m", "cli")


def run(folder: Path, *words: str | Path) -> str:
    """Run the program there and return what it printed."""
    command = [*PROGRAM, *map(str, words)]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


def fill_store(folder: Path, files: list[Path]) -> None:
    """Mend a copy of each file, and import that."""
    run(folder, "coverage", *(word for file in files for word in ("--data", file)), "--fix", "cleaned", "--json")
    for file in files:
        run(folder, "import-data", Path("cleaned") / file.name, "--yes", "--json")


def processor_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="forest", help="as `fyersbot train --model` takes it")
    model = parser.parse_args().model
    files = [Path(os.environ.get("NSE_DATA_DIR", ".")).resolve() / FILE.format(name) for name in NAMES]
    if not all(file.is_file() for file in files):
        print(json.dumps({"benchmark": "training", "skipped": "NSE_DATA_DIR does not lead to the recorded candles"}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill_store(folder, files)
        symbols = ",".join(f"NSE:{each}-EQ" for each in NAMES)
        before, began = processor_seconds(), time.perf_counter()
        words = ("--data", "store", "--symbols", symbols, "--timeframe", "5m", "--model", model, "--jobs", str(CORES))
        told = json.loads(run(folder, "train", *words, "--json"))
        wall, spent = time.perf_counter() - began, processor_seconds() - before
    result = {
        "benchmark": "training",
        "symbols": len(NAMES),
        "estimator": told["estimator"],
        "rows_judged": told["out_of_fold"]["rows"],
        "trades": told["out_of_fold"]["trades"],
        "net_rupees": told["out_of_fold"]["net_rupees"],
        "wall_s": round(wall),
        "processor_s": round(spent),
        "goal_processor_s": round(GOAL_S * CORES * SHARE_OF_BOTH),
        "goal_idle_wall_s": GOAL_S,
        "holds": spent <= GOAL_S * CORES * SHARE_OF_BOTH,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
