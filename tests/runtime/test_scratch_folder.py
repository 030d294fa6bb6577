import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.scratch_folder import scratch_folder

HOLDS_ONE_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from runtime.scratch_folder import scratch_folder
with scratch_folder("rows-", Path(sys.argv[1])) as folder:
    (folder / "big").write_bytes(b"rows")
    print(folder, flush=True)
    time.sleep(600)
"""


def folders(where):
    return sorted(each.name for each in where.iterdir())


def test_a_folder_is_there_while_it_is_used_and_gone_afterwards(tmp_path):
    with scratch_folder("rows-", tmp_path) as folder:
        (folder / "big").write_bytes(b"rows")
        assert folders(tmp_path) == [folder.name]
        assert folder.name.startswith("rows-")

    assert folders(tmp_path) == []


def test_two_at_once_leave_each_other_alone(tmp_path):
    with scratch_folder("rows-", tmp_path) as one, scratch_folder("rows-", tmp_path) as other:
        assert folders(tmp_path) == sorted([one.name, other.name])


def test_what_a_killed_run_left_goes_with_the_next_and_nothing_else_does(tmp_path):
    other = tmp_path / "rows-of-mine"
    other.mkdir()
    command = [sys.executable, "-c", HOLDS_ONE_UNTIL_KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | _path()) as run:
        left = Path(run.stdout.readline().strip())
        with scratch_folder("rows-", tmp_path):
            assert left.exists()  # it is in use
        run.kill()
    assert left.exists()

    with scratch_folder("rows-", tmp_path) as folder:
        assert folders(tmp_path) == sorted([other.name, folder.name])


def test_no_room_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError), scratch_folder("rows-", tmp_path / "absent"):
        pass


def _path():
    return {"PYTHONPATH": os.pathsep.join(sys.path)}
