"""Planted leaks and clean trainings, counted: how many the checks find, and how often they blame what is clean.

The leaks stand in the tests of `check-strategy`, marked by what they are planted in: features, labels, splits, or the
scaler and what else is fitted. Each is found if its test passes, by stage, column, first row and cause. Prints one JSON
line.
"""

import json
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from runtime.project import ROOT

FOLDER = ROOT / "tests" / "backtest" / "strategy_check"
ARGUMENTS = ("-q", "-p", "no:cacheprovider")
LEAST = 30
"""Leaks, and clean trainings."""


class Count:
    """A plugin of pytest that runs the marked tests alone, and counts them."""

    def __init__(self) -> None:
        self.leaks: dict[str, str] = {}
        """What each is planted in, by the test."""
        self.clean: set[str] = set()
        self.passed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep those with a mark."""
        for item in items:
            mark = item.get_closest_marker("leak")
            if mark is not None:
                self.leaks[item.nodeid] = mark.args[0]
            elif item.get_closest_marker("clean") is not None:
                self.clean.add(item.nodeid)
        items[:] = [item for item in items if item.nodeid in self.clean or item.nodeid in self.leaks]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests passed."""
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


def counted(folder: Path, arguments: tuple[str, ...]) -> Count:
    count = Count()
    with redirect_stdout(sys.stderr):
        pytest.main([*arguments, str(folder)], plugins=[count])
    return count


def main() -> None:
    count = counted(FOLDER, ARGUMENTS)
    found = Counter(stage for test, stage in count.leaks.items() if test in count.passed)
    planted = Counter(count.leaks.values())
    alarms = len(count.clean - count.passed)
    verdict = (
        f"{found.total()} of {planted.total()} leaks found, {alarms} false alarms on {len(count.clean)} clean pipelines"
    )
    result = {
        "benchmark": "leaks",
        "verdict": verdict,
        "planted": dict(sorted(planted.items())),
        "found": dict(sorted(found.items())),
        "clean": len(count.clean),
        "false_alarms": alarms,
        "goal": LEAST,
        "holds": found == planted and planted.total() >= LEAST and not alarms and len(count.clean) >= LEAST,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
