"""Killed again and again in the middle of writing: nothing that the process was told to be durable is ever missing.

`KILLS` in the environment raises the number of kills, 40 by default, for a longer run.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from trading.event_log import SqliteEventLog

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).with_name("write_events.py")
KILLS = int(os.environ.get("KILLS", "40"))
KILLS_PER_LOG = 50
LONGEST_LIFE = 0.1
"""Seconds from the first sign of life to the kill."""


def acknowledged_before_a_kill(log: Path, life: float) -> int:
    """Let the program write for a while, kill it, and return the last number that it said."""
    with subprocess.Popen([sys.executable, str(PROGRAM), str(log)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"0\n"
        time.sleep(life)
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read()
    whole, _, _half_a_line = said.rpartition(b"\n")
    return int(whole.rpartition(b"\n")[2] or 0)


@pytest.mark.timeout(300 + 2 * KILLS)
def test_no_acknowledged_event_is_missing_after_any_kill(tmp_path: Path) -> None:
    chance = np.random.default_rng(11)
    for number in range(KILLS):
        if number % KILLS_PER_LOG == 0:
            log, most = tmp_path / f"{number}.sqlite", 0
        acknowledged = acknowledged_before_a_kill(log, chance.uniform(0, LONGEST_LIFE))
        assert acknowledged == 0 or acknowledged > most
        with SqliteEventLog(log) as written:  # raises when the chain is broken
            kept = [event.at for event in written.read()]
        assert kept == list(range(1, len(kept) + 1))
        assert len(kept) >= max(acknowledged, most)
        most = len(kept)
    assert most > 10 * min(KILLS, KILLS_PER_LOG)
