"""Compiled code is made by one process at a time and read by the others."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import Timeout

import runtime.compiled
from runtime.compiled import compiled


def doubled(number: int) -> int:
    return 2 * number


class Turn:
    """A lock at which something happens before it is had."""

    meanwhile: Callable[[], object]

    def __init__(self, path: Path) -> None:
        self.path = path

    def acquire(self, timeout: float) -> None:
        happens, Turn.meanwhile = Turn.meanwhile, lambda: None
        happens()

    def release(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(runtime.compiled, "FileLock", Turn)


def test_who_waits_while_another_compiles_reads_what_that_one_kept() -> None:
    mine, others = (compiled(doubled, [Path(__file__)]) for _ in range(2))
    Turn.meanwhile = lambda: others(1)

    assert mine(2) == 4

    assert others.stats.cache_misses
    assert mine.stats.cache_hits
    assert not mine.stats.cache_misses


def test_one_that_was_stopped_while_it_compiled_keeps_nobody_waiting() -> None:
    def timed_out() -> None:
        raise Timeout("compiling.lock")

    Turn.meanwhile = timed_out

    assert compiled(doubled, [Path(__file__)])(2) == 4


def says(program: Path) -> list[str]:
    """What a process of its own prints, in words."""
    return subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stdout.split()


def test_what_allocates_nothing_is_read_without_what_compiling_needs_and_more_is_compiled_afterwards(
    tmp_path: Path,
) -> None:
    program = tmp_path / "doubling.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from runtime.compiled import compiled\n"
        "def doubled(number):\n"
        "    return 2 * number\n"
        "function = compiled(doubled, [Path(__file__)], allocates=False)\n"
        "print(function(2), 'numba.np.arrayobj' in sys.modules)\n"
        "if function.stats.cache_hits:\n"
        "    print(function(0.25))\n"
    )

    assert says(program) == ["4", "True"]
    assert says(program) == ["4", "False", "0.5"]


def test_what_allocates_is_read_and_run_by_another_process_too(tmp_path: Path) -> None:
    program = tmp_path / "counting.py"
    program.write_text(
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from runtime.compiled import compiled\n"
        "def counted(numbers):\n"
        "    return numbers + np.arange(len(numbers))\n"
        "function = compiled(counted, [Path(__file__)])\n"
        "print(function(np.ones(100_000)).sum(), len(function.stats.cache_hits))\n"
    )

    assert says(program) == ["5000050000.0", "0"]
    assert says(program) == ["5000050000.0", "1"]
