"""A full disk stops what needs the disk, in one line, and what was on it before stays whole."""

import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import events
from trading.event_log import SqliteEventLog

FULL = Path("/dev/full")
PATIENCE_SECONDS = 60
ROOM = 100_000
"""Bytes a file may grow to: enough to start, too few for the history of three symbols."""
TRADE = (sys.executable, "-m", "cli", "trade")


def with_little_room() -> None:
    """No file of this program may grow further, as on a disk that is nearly full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


def run_program(*command: str, home: Path, before: Callable[[], None] | None = None, stdout: int = subprocess.PIPE):
    return subprocess.run(
        command,
        cwd=home,
        preexec_fn=before,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.hazard("W1", "W4")
@pytest.mark.usefixtures("signed_in")
def test_an_event_log_that_cannot_grow_stops_the_bot_and_stays_whole(home: Path) -> None:
    ended = run_program(*TRADE, home=home, before=with_little_room)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert re.fullmatch(
        r"fyersbot: event log .*/paper\.sqlite cannot be written: .*; free space or repair it",
        ended.stderr.splitlines()[-1],
    )
    with SqliteEventLog(home / "bot" / "paper.sqlite") as log:
        kept = list(log.read())  # raises when a row is half written
    assert isinstance(kept[0], events.Booted)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.usefixtures("signed_in")
def test_a_text_log_that_cannot_grow_is_told_once_and_stops_nothing(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "live_trading.log").symlink_to(FULL)
    with subprocess.Popen(TRADE, cwd=home, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stderr is not None
            said = []
            for line in running.stderr:
                said.append(line)
                if "Reconciled" in line:
                    running.send_signal(signal.SIGTERM)
            code = running.wait(PATIENCE_SECONDS)
        finally:
            running.kill()
    told = [line for line in said if "cannot be written" in line]
    assert code == 0, said
    assert [path.name for path in (home / "bot").glob("paper.sqlite*")] == ["paper.sqlite"], (
        "a clean end leaves one file"
    )
    assert len(told) == 1
    assert "logs/live_trading.log cannot be written (No space left on device); trading goes on" in told[0]
    assert "Reconciled" in (home / "logs" / "live_trading.jsonl").read_text()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_answer_that_cannot_be_written_is_a_failure(flags: tuple[str, ...], home: Path) -> None:
    with FULL.open("w") as output:
        ended = run_program(*TRADE[:3], "show-config", *flags, home=home, stdout=output.fileno())
    assert ended.returncode == 1
    assert ended.stderr == "fyersbot: the output: the disk is full; make room and run it again\n"
