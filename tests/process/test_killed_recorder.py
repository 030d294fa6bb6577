"""A recorder that is killed loses the batch that was not committed yet: at most the last second, and nothing before."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.instants import SECOND
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive

PROGRAM = Path(__file__).with_name("record_ticks.py")


def taken_before_a_kill(path: Path, life: float) -> list[tuple[int, int]]:
    """Let the program record for a while and kill it; return the numbers it said, and when, in nanoseconds."""
    with subprocess.Popen([sys.executable, str(PROGRAM), str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(life)
        process.send_signal(signal.SIGKILL)
        said = first + process.stdout.read()
    whole = said.decode().rpartition("\n")[0].splitlines()
    return [(int(number), int(at)) for number, at in (line.split() for line in whole)]


@pytest.mark.parametrize("life", [1.6, 2.1, 3.05])
def test_after_a_kill_at_most_the_last_second_is_missing_and_what_is_there_is_archived(
    tmp_path: Path, life: float
) -> None:
    path = tmp_path / "live.sqlite"
    said = taken_before_a_kill(path, life)
    with LiveTicks(path) as live:
        [day] = live.days()
        assert [int(row[-1]) for part in live.sweep(day) for row in part] == list(range(1, day.ticks + 1))
        TickArchive(tmp_path / "archive").move_in(live, day)
    last = said[-1][1]
    missing = [at for number, at in said if number > day.ticks]
    assert not missing or last - missing[0] <= SECOND, f"{day.ticks} of {said[-1][0]} ticks were kept"
    kept = [TickArchive(tmp_path / "archive").read_ticks(symbol, day.day) for symbol in ("NSE:SBIN-EQ", "NSE:INFY-EQ")]
    assert sum(len(ticks) for ticks in kept) == day.ticks
