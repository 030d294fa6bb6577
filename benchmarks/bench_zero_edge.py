"""Seeded markets without an edge and with a known one, through the whole training: what is found, and how large.

Each market goes from candles to trades as `fyersbot train` goes: features, labels, folds, calibration, threshold. On
random walks the chosen threshold must trade almost never, and what it earns must not lie above 0 by two deviations of
its mean; a planted edge must be found in 95 of 100 markets, and its rupees a trade lie within the interval of what was
earned. The markets and the limits stand in `tests/training/test_zero_edge.py`, which this runs. Prints one JSON line.
"""

import argparse
import json
import os
import sys
from contextlib import redirect_stdout

import pytest

from runtime.project import ROOT

TESTS = ROOT / "tests" / "training" / "test_zero_edge.py"
SEEDS = 20


class Figures:
    """A plugin of pytest that keeps what the tests tell."""

    def __init__(self) -> None:
        self.told: dict[str, object] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test told."""
        if report.when == "call":
            self.told.update(report.user_properties)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="markets of each kind")
    options, _ = parser.parse_known_args()
    os.environ["LEAK_SEEDS"] = str(options.seeds)
    figures = Figures()
    with redirect_stdout(sys.stderr):
        ended = pytest.main(["-q", "-p", "no:cacheprovider", "-o", "timeout=0", str(TESTS)], plugins=[figures])
    result = {"benchmark": "zero_edge", **figures.told, "holds": ended == pytest.ExitCode.OK}
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
