"""`make soak`: the full counts, in pieces of minutes. Stop it whenever you like; started again, it goes on.

Prints progress, keeps `soak.json` and `soak.md` beside this file, and ends with 0 only when everything is done and
nothing went wrong.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BotError, ConfigurationError
from runtime.project import ROOT
from simulation.campaign import Campaign
from simulation.soak import Crashes, Mutants, Part, Seeds, Soak, code_of

FILE = Path(__file__).with_name("soak.json")
NO_TESTS = {4, 5}
"""Exit codes of pytest that say that nothing was run."""


@dataclass(frozen=True, slots=True)
class Tests:
    """Tests that take the number of their cases from the environment."""

    name: str
    goal: int
    piece: int
    """How many cases one run has: all of them, where a run draws the same cases each time."""
    count_by: str
    """Environment variable that takes the number of cases."""
    arguments: tuple[str, ...]

    def advance(self, so_far: dict[str, Any], done: int, count: int) -> None:
        environment = {**os.environ, self.count_by: str(count)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *self.arguments]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode in NO_TESTS:
            raise ConfigurationError(f"{self.name}: pytest found nothing to run: {_last(ended.stdout + ended.stderr)}")
        so_far["runs"] = so_far.get("runs", 0) + 1
        so_far.setdefault("failed", [])
        if ended.returncode:
            so_far["failed"].append(f"after {done:,}, {self.count_by}={count}: {_last(ended.stdout)}")

    def lines(self, so_far: dict[str, Any]) -> list[str]:
        return [f"{so_far['runs']} runs of `pytest {' '.join(self.arguments)}`"]

    def failures(self, so_far: dict[str, Any]) -> list[str]:
        return list(so_far["failed"])


def parts(campaign: Campaign) -> list[Part]:
    fuzz = "tests/trading/test_decoder_fuzz.py::test_damaged_frames_never_raise_and_never_make_an_absurd_price"
    return [
        Mutants(campaign),
        Crashes(50, campaign),
        Tests("frames", 1_000_000, 1_000_000, "FUZZ_FRAMES", (fuzz,)),
        Tests("answers", 100_000, 100_000, "FUZZ_ANSWERS", ("tests/security/test_hostile_answers.py",)),
        Tests(
            "random_walks", 200, 200, "LEAK_SEEDS", ("tests/training/test_leaks.py", "tests/training/test_zero_edge.py")
        ),
        Tests("kill_loop", 1_000, 250, "KILLS", ("tests/process/test_kill_loop.py",)),
        Seeds(100_000, campaign),
    ]


def _last(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else "it said nothing"


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="the report; its text stands beside it")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no piece after so many")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    soak = Soak(options.file, code_of(ROOT, _commit()), parts(Campaign(options.processes, _tell)), _tell)
    try:
        soak.open()
        soak.work(time.monotonic() + options.minutes * 60)
        soak.save()
    except BotError as error:
        raise SystemExit(f"soak: {error}") from None
    left = [*soak.missing(), *soak.failures()]
    print("\n".join(left) or "all done, nothing wrong")
    raise SystemExit(bool(left))


if __name__ == "__main__":
    main()
