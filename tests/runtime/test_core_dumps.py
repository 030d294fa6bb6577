import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DIE = "import os, resource\n{before}\n{forbid}\nprint(resource.getrlimit(resource.RLIMIT_CORE), flush=True)\nos.abort()"
FORBID = "from runtime.core_dumps import forbid_core_dumps\nforbid_core_dumps()"
AS_MUCH_AS_ALLOWED = (
    "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]\nresource.setrlimit(resource.RLIMIT_CORE, (hard, hard))"
)
NONE = "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))"


def die(folder: Path, before: str, forbid: str = FORBID) -> tuple[str, list[Path]]:
    """Let a process die of an abort; return what it said of its limit, and the dumps that it left."""
    program = DIE.format(before=before, forbid=forbid)
    ended = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGABRT, ended.stderr
    return ended.stdout.strip(), list(folder.iterdir())


@pytest.mark.hazard("X12")
def test_a_process_that_aborts_leaves_no_dump_and_none_goes_to_a_program(tmp_path: Path) -> None:
    assert die(tmp_path, AS_MUCH_AS_ALLOWED) == ("(1, 1)", [])


def test_a_stricter_limit_that_the_service_manager_set_stays(tmp_path: Path) -> None:
    assert die(tmp_path, NONE) == ("(0, 0)", [])


def test_the_look_for_dumps_would_find_one(tmp_path: Path) -> None:
    if Path("/proc/sys/kernel/core_pattern").read_text().strip() not in {"core", "core.%p"}:
        pytest.skip("dumps of this machine do not go into the folder of the process")
    if 0 <= resource.getrlimit(resource.RLIMIT_CORE)[1] <= 1:
        pytest.skip("this process may leave no dump, and so none that it starts may")
    _, left = die(tmp_path, AS_MUCH_AS_ALLOWED, forbid="")
    assert [path.name.startswith("core") for path in left] == [True]
