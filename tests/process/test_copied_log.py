"""A log that is copied while it is written: the copy is whole, goes on, and has all that was acknowledged."""

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.events import Command, CommandGiven
from trading.event_log import SqliteEventLog

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).with_name("write_events.py")
ENOUGH = 200
"""Events that are written before the copy is made."""


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A log that a process writes to all the while, and a number that it has acknowledged."""
    log = tmp_path / "live.sqlite"
    with subprocess.Popen([sys.executable, str(PROGRAM), str(log)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = 0
        while said < ENOUGH:
            said = int(process.stdout.readline())
        yield log, said
        process.kill()


def back_up(log: Path, copy: Path) -> None:
    """Copy as the runbook says."""
    with closing(sqlite3.connect(log)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def numbers(log: Path) -> list[int]:
    with SqliteEventLog(log) as opened:
        opened.verify()
        return [event.at for event in opened.read()]


@pytest.mark.hazard("W9")
def test_a_copy_of_a_running_log_has_all_that_was_acknowledged_and_goes_on(
    written: tuple[Path, int], tmp_path: Path
) -> None:
    log, acknowledged = written
    copy = tmp_path / "copy.sqlite"
    back_up(log, copy)
    kept = numbers(copy)
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= acknowledged

    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(copy, restored / "live.sqlite")
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(restored / "live.sqlite")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) <= len(kept):
            time.sleep(0)
        process.kill()
    assert numbers(restored / "live.sqlite")[: len(kept)] == kept


@pytest.mark.hazard("W9")
def test_a_plain_copy_without_the_second_file_is_short_of_the_newest_events(tmp_path: Path) -> None:
    plain, whole = tmp_path / "plain.sqlite", tmp_path / "whole.sqlite"
    with SqliteEventLog(tmp_path / "live.sqlite") as log:
        log.append([CommandGiven(at=number, command=Command.HALT, why="") for number in (1, 2, 3)])
        shutil.copy(tmp_path / "live.sqlite", plain)
        back_up(tmp_path / "live.sqlite", whole)
    assert numbers(plain) == []
    assert numbers(whole) == [1, 2, 3]
