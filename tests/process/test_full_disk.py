"""A real disk runs full in mid-session: nothing goes out that it does not have, and a start can write again."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("fill_disk.py")
ON_A_SMALL_DISK = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
MOUNT = 'mount -t tmpfs -o size=4m small "$1"'


def can_mount(folder: Path) -> bool:
    try:
        tried = subprocess.run([*ON_A_SMALL_DISK, MOUNT, "sh", str(folder)], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def test_a_disk_that_runs_full_sends_nothing_more_and_leaves_room_for_the_next_start(tmp_path: Path) -> None:
    if not can_mount(tmp_path):
        pytest.skip("this system lets nobody mount a disk of their own")
    command = [*ON_A_SMALL_DISK, f'{MOUNT} && exec "$2" "$3" "$1"', "sh", str(tmp_path), sys.executable, str(PROGRAM)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout.split()[0]) > 100
    assert list(tmp_path.iterdir()) == []  # it was another disk
