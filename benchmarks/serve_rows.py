"""Times exported models one row at a time, in a process that opens arrays only, as the live bot does.

Started by `bench_inference` with a folder that holds `rows.npy` and an .npz of each model; prints one JSON object. Of
several passes over the rows the quietest counts: what other programs add is no part of a model.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from trading.model_arrays import ModelArrays
from trading.served_model import ServedModel

WARMING = 300
PASSES = 5


def percentiles(prefix: str, nanoseconds: list[int]) -> dict[str, float]:
    p50, p99 = np.percentile(nanoseconds[WARMING:], [50, 99]) / 1e3
    return {f"{prefix}p50_us": round(p50, 1), f"{prefix}p99_us": round(p99, 1)}


def timed(model: ServedModel, rows: np.ndarray) -> dict[str, float]:
    wall, processor = [], []
    for row in rows:
        began, processor_began = time.perf_counter_ns(), time.thread_time_ns()
        model.probabilities(row)
        processor_ended, ended = time.thread_time_ns(), time.perf_counter_ns()
        wall.append(ended - began)
        processor.append(processor_ended - processor_began)
    return {**percentiles("", wall), **percentiles("processor_", processor)}


def main() -> None:
    folder = Path(sys.argv[1])
    rows = np.load(folder / "rows.npy")
    figures = {}
    for path in sorted(folder.glob("*.npz")):
        model = ServedModel(ModelArrays.read(path.read_bytes()))
        passes = [timed(model, rows) for _ in range(PASSES)]
        figures[path.stem] = min(passes, key=lambda each: each["processor_p99_us"])
    print(json.dumps({"figures": figures, "sklearn_imported": "sklearn" in sys.modules}))


if __name__ == "__main__":
    main()
