"""One row of 24 features to three probabilities, by every kind of model: the served form against scikit-learn.

The rows are a year of one-minute candles. The forest has 200 trees of depth 8, the boosted trees 200 iterations of
three classes. Every model passes the export gate on every row first, and rows of another likeliest class than
scikit-learn's are counted. Prints one JSON line: percentiles in microseconds, how many times as long scikit-learn's
`predict_proba` takes for one row, and whether the process that served had imported scikit-learn. Goal and ratio are in
processor time, which other programs disturb less.
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from core.market import Timeframe
from core.signals import Direction
from features.batch import compute
from features.specification import FeatureSpecification
from market_data.calendar import NseCalendar
from trading.model_arrays import ModelArrays
from trading.served_model import ServedModel
from training.calibration import CalibrationMethod, calibrated, scores
from training.export_gate import require_equal
from training.model_export import export
from training.sources import generated

SERVE = Path(__file__).with_name("serve_rows.py")
YEAR = date(2025, 1, 1), date(2025, 12, 31)
FITTED, HELD_BACK = 4_000, 2_000
"""Rows that the models learn from, and those after them that the calibration learns from."""
TIMED = 5_000
SKLEARN_ROWS = 100
LARGEST_P99_US = 100


def fitted(rows: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Fit a model of each kind, and calibrate the slowest."""
    known, held_back = slice(0, FITTED), slice(FITTED, FITTED + HELD_BACK)
    models = {
        "forest": RandomForestClassifier(200, max_depth=8, n_jobs=1, random_state=1),
        "boosted_trees": HistGradientBoostingClassifier(max_iter=200, early_stopping=False, random_state=1),
        "linear_model": LogisticRegression(),
    }
    for model in models.values():
        model.fit(rows[known], labels[known])
    boosted = models["boosted_trees"]
    read = scores(boosted, rows[held_back])
    models["boosted_trees_isotonic"] = calibrated(boosted, read, labels[held_back], CalibrationMethod.ISOTONIC)
    return models


def history() -> np.ndarray:
    """Return every row of a year."""
    [made] = generated(("NSE:SBIN-EQ",), Timeframe.M1, *YEAR, 9, NseCalendar())
    table = compute(FeatureSpecification.default(), made.candles)
    rows: np.ndarray = table.values[table.valid]
    return rows


def mismatches(model: Any, scaler: StandardScaler, path: Path, rows: np.ndarray) -> int:
    """Count the rows of another likeliest class. Raises `ModelError` for a model that does not pass the gate."""
    served, expected = ServedModel(ModelArrays.read(path.read_bytes())), model.predict_proba(scaler.transform(rows))
    require_equal(served, rows, expected, tuple(Direction), 0.5)
    return int((served.probabilities_of(rows).argmax(axis=1) != expected.argmax(axis=1)).sum())


def sklearn_median_us(model: Any, scaler: StandardScaler, rows: np.ndarray) -> float:
    elapsed = []
    for row in rows[:SKLEARN_ROWS]:
        began = time.process_time_ns()
        model.predict_proba(scaler.transform(row.reshape(1, -1)))
        elapsed.append(time.process_time_ns() - began)
    return float(np.median(elapsed)) / 1e3


def main() -> None:
    chance, rows = np.random.default_rng(7), history()
    scaler = StandardScaler().fit(rows)
    scaled, noise = scaler.transform(rows), chance.normal(size=(2, len(rows)))
    labels = (scaled[:, 0] + noise[0] > 0).astype(int) + (scaled[:, 1] * scaled[:, 2] + noise[1] > 0.8)
    models = fitted(scaled, labels)
    with tempfile.TemporaryDirectory() as name:
        folder, differing = Path(name), 0
        np.save(folder / "rows.npy", rows[:TIMED])
        for kind, model in models.items():
            path = folder / f"{kind}.npz"
            np.savez(path, allow_pickle=False, **export(model, scaler))
            differing += mismatches(model, scaler, path, rows)
        done = subprocess.run([sys.executable, SERVE, folder], capture_output=True, text=True, check=True)
    served = json.loads(done.stdout)
    for kind, figures in served["figures"].items():
        figures["sklearn_us"] = round(sklearn_median_us(models[kind], scaler, rows))
        figures["ratio"] = round(figures["sklearn_us"] / figures["processor_p50_us"])
    fast = all(figures["processor_p99_us"] < LARGEST_P99_US for figures in served["figures"].values())
    result = {
        "benchmark": "inference",
        "features": rows.shape[1],
        "rows": len(rows),
        "other_classes": differing,
        **served["figures"],
        "sklearn_imported": served["sklearn_imported"],
        "goal_processor_p99_us": LARGEST_P99_US,
        "holds": fast and not differing and not served["sklearn_imported"],
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
