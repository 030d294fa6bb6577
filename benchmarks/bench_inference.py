"""One row of 24 features to three probabilities, by every kind of model: the served form against scikit-learn.

The forest has 200 trees of depth 8, the boosted trees 200 iterations of three classes. Every model passes the export
gate first. Prints one JSON line: percentiles in microseconds, how many times as long scikit-learn's `predict_proba`
takes for one row, and whether the process that served had imported scikit-learn. Goal and ratio are in processor time,
which other programs disturb less.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from core.signals import Direction
from trading.model_arrays import ModelArrays
from trading.served_model import ServedModel
from training.calibration import CalibrationMethod, calibrated, scores
from training.export_gate import require_equal
from training.model_export import export

SERVE = Path(__file__).with_name("serve_rows.py")
ROWS, FEATURES = 6_000, 24
FITTED = 4_000
"""Rows that the models learn from; the calibration learns from the others."""
SKLEARN_ROWS = 100
LARGEST_P99_US = 100


def fitted(rows: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Fit a model of each kind, and calibrate the slowest."""
    known, held_back = slice(0, FITTED), slice(FITTED, ROWS)
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


def sklearn_median_us(model: Any, scaler: StandardScaler, rows: np.ndarray) -> float:
    elapsed = []
    for row in rows[:SKLEARN_ROWS]:
        began = time.process_time_ns()
        model.predict_proba(scaler.transform(row.reshape(1, -1)))
        elapsed.append(time.process_time_ns() - began)
    return float(np.median(elapsed)) / 1e3


def main() -> None:
    chance = np.random.default_rng(7)
    rows = chance.normal(size=(ROWS, FEATURES))
    noise = chance.normal(size=(2, ROWS))
    labels = (rows[:, 0] + noise[0] > 0).astype(int) + (rows[:, 1] * rows[:, 2] + noise[1] > 0.8)
    scaler = StandardScaler().fit(rows)
    models = fitted(scaler.transform(rows), labels)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "rows.npy", rows)
        for kind, model in models.items():
            path = folder / f"{kind}.npz"
            np.savez(path, allow_pickle=False, **export(model, scaler))
            expected = model.predict_proba(scaler.transform(rows))
            require_equal(ServedModel(ModelArrays.read(path.read_bytes())), rows, expected, tuple(Direction), 0.5)
        done = subprocess.run([sys.executable, SERVE, folder], capture_output=True, text=True, check=True)
    served = json.loads(done.stdout)
    for kind, figures in served["figures"].items():
        figures["sklearn_us"] = round(sklearn_median_us(models[kind], scaler, rows))
        figures["ratio"] = round(figures["sklearn_us"] / figures["processor_p50_us"])
    fast = all(figures["processor_p99_us"] < LARGEST_P99_US for figures in served["figures"].values())
    result = {
        "benchmark": "inference",
        "features": FEATURES,
        **served["figures"],
        "sklearn_imported": served["sklearn_imported"],
        "goal_processor_p99_us": LARGEST_P99_US,
        "holds": fast and not served["sklearn_imported"],
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
