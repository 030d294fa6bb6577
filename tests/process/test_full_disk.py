"""A real disk runs full under the writer: nothing goes out that it does not have, and the next start can write."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("fill_disk.py")
RECORDING = Path(__file__).with_name("fill_disk_with_ticks.py")
ON_A_SMALL_DISK = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
MOUNT = 'mount -t tmpfs -o size=4m small "$1"'


def can_mount(folder: Path) -> bool:
    try:
        tried = subprocess.run([*ON_A_SMALL_DISK, MOUNT, "sh", str(folder)], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def run_on_a_small_disk(folder: Path, program: Path) -> str:
    """Run a program on a disk of four megabytes; return what it said at its good end."""
    if not can_mount(folder):
        pytest.skip("this system lets nobody mount a disk of their own")
    command = [*ON_A_SMALL_DISK, f'{MOUNT} && exec "$2" "$3" "$1"', "sh", str(folder), sys.executable, str(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert list(folder.iterdir()) == []  # it was another disk
    return ended.stdout


@pytest.mark.hazard("W4", "W1")
def test_a_disk_that_runs_full_sends_nothing_more_and_leaves_room_for_the_next_start(tmp_path: Path) -> None:
    assert int(run_on_a_small_disk(tmp_path, PROGRAM).split()[0]) > 100


def test_a_disk_that_runs_full_costs_ticks_that_are_counted_and_a_day_is_archived_when_there_is_room(
    tmp_path: Path,
) -> None:
    assert int(run_on_a_small_disk(tmp_path, RECORDING).split()[0]) > 5_000
