"""A file about a process is information: what the kernel does not confirm is not believed, and nobody is killed."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from trading import engine_pid
from trading.engine_pid import PID_FILE, EngineProcess, remove_engine, running_engine, stopped_engine, write_engine

pytestmark = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system has no /proc")

HOLD = """
import sys
from pathlib import Path
from filelock import FileLock
from trading.engine_pid import write_engine
folder = Path(sys.argv[1])
with FileLock(folder / "bot.lock"):
    write_engine(folder)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "bot.lock"


@pytest.fixture
def other_bot(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the lock and has written the file."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def forge(folder: Path, **changes: object) -> None:
    facts = json.loads((folder / PID_FILE).read_text())
    (folder / PID_FILE).write_text(json.dumps(facts | changes))


def test_a_bot_that_a_signal_has_stopped_is_found_until_it_goes_on(
    tmp_path: Path, lock: Path, other_bot: "subprocess.Popen[str]"
) -> None:
    assert stopped_engine(tmp_path, lock) == 0
    other_bot.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, other_bot.pid, os.WSTOPPED | os.WNOWAIT)
    assert stopped_engine(tmp_path, lock) == other_bot.pid
    other_bot.send_signal(signal.SIGCONT)
    os.waitid(os.P_PID, other_bot.pid, os.WCONTINUED | os.WNOWAIT)
    assert stopped_engine(tmp_path, lock) == 0


def test_the_file_names_this_process_its_start_and_the_machines_and_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_engine(tmp_path)
    finally:
        os.umask(before)
    facts = json.loads((tmp_path / PID_FILE).read_text())
    assert facts["pid"] == os.getpid()
    assert facts["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert f" {facts['started_ticks']} " in Path("/proc/self/stat").read_text()
    assert stat.S_IMODE((tmp_path / PID_FILE).stat().st_mode) == 0o600


@pytest.mark.hazard("R2")
def test_a_link_laid_at_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("untouched")
    (tmp_path / PID_FILE).symlink_to(precious)
    write_engine(tmp_path)
    assert precious.read_text() == "untouched"
    assert not (tmp_path / PID_FILE).is_symlink()


def test_who_holds_the_lock_and_wrote_the_file_is_named(
    other_bot: "subprocess.Popen[str]", tmp_path: Path, lock: Path
) -> None:
    engine = running_engine(tmp_path, lock)
    assert engine is not None
    assert engine.pid == other_bot.pid
    assert 0 <= engine.since - EngineProcess.this_one().since < 3_600 * 10**9  # it is younger than these tests


@pytest.mark.parametrize("changes", [{"started_ticks": 1}, {"boot_id": "another start"}, {"boot_id": ""}])
@pytest.mark.hazard("R2")
def test_a_number_that_was_another_process_before_is_not_believed(
    changes: dict[str, object], other_bot: "subprocess.Popen[str]", tmp_path: Path, lock: Path
) -> None:
    forge(tmp_path, **changes)
    assert running_engine(tmp_path, lock) is None


@pytest.mark.hazard("R2")
def test_a_file_forged_with_true_facts_of_a_process_that_holds_no_lock_is_not_believed(
    other_bot: "subprocess.Popen[str]", tmp_path: Path, lock: Path
) -> None:
    forge(tmp_path, pid=1, started_ticks=engine_pid._started_ticks(1))
    assert running_engine(tmp_path, lock) is None
    write_engine(tmp_path)  # names these tests, which live and hold no lock
    assert running_engine(tmp_path, lock) is None
    assert other_bot.poll() is None


@pytest.mark.hazard("R2")
@pytest.mark.parametrize(
    "content",
    ["", "1", "[]", "{}", "\x00\xff", '{"pid": 1}', '{"pid": "1", "started_ticks": 0, "boot_id": ""}', "[" * 100_000]
    + [json.dumps({"pid": pid, "started_ticks": 0, "boot_id": ""}) for pid in (0, -1, True, 1.5, 10**400)],
)
def test_a_file_that_we_would_not_have_written_says_nothing(content: str, tmp_path: Path, lock: Path) -> None:
    lock.touch()
    (tmp_path / PID_FILE).write_text(content)
    (tmp_path / PID_FILE).chmod(0o600)
    assert running_engine(tmp_path, lock) is None


@pytest.mark.hazard("R2")
def test_a_file_that_others_can_write_or_that_is_a_link_says_nothing(
    other_bot: "subprocess.Popen[str]", tmp_path: Path, lock: Path
) -> None:
    (tmp_path / PID_FILE).chmod(0o666)
    assert running_engine(tmp_path, lock) is None
    (tmp_path / PID_FILE).chmod(0o600)
    (tmp_path / PID_FILE).rename(tmp_path / "elsewhere")
    (tmp_path / PID_FILE).symlink_to(tmp_path / "elsewhere")
    assert running_engine(tmp_path, lock) is None


@pytest.mark.hazard("R1", "R2")
def test_who_was_killed_is_not_running_and_its_lock_is_free_at_once(
    other_bot: "subprocess.Popen[str]", tmp_path: Path, lock: Path
) -> None:
    other_bot.send_signal(signal.SIGKILL)
    other_bot.wait()
    assert running_engine(tmp_path, lock) is None
    with FileLock(lock, timeout=0):
        engine = write_engine(tmp_path)  # over the file that the dead one left
        assert running_engine(tmp_path, lock) == engine


def test_only_the_file_of_ones_own_is_taken_away(tmp_path: Path) -> None:
    engine = write_engine(tmp_path)
    forge(tmp_path, pid=engine.pid + 1)
    remove_engine(tmp_path, engine)
    assert (tmp_path / PID_FILE).exists()
    remove_engine(tmp_path, write_engine(tmp_path))
    assert not (tmp_path / PID_FILE).exists()


def test_where_the_kernel_tells_nothing_the_file_is_written_all_the_same_and_nobody_is_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lock: Path
) -> None:
    monkeypatch.setattr(engine_pid, "_PROC", tmp_path / "no-proc")
    monkeypatch.setattr(engine_pid, "_BOOT_ID", tmp_path / "no-proc" / "boot_id")
    assert write_engine(tmp_path) == EngineProcess(pid=os.getpid(), started_ticks=0, boot_id="")
    with FileLock(lock):
        assert running_engine(tmp_path, lock) is None


def test_a_process_may_be_called_anything() -> None:
    command = [sys.executable, "-c", "import sys; open('/proc/self/comm', 'w').write(') S (1'); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert engine_pid._started_ticks(process.pid) == engine_pid._started_ticks(process.pid)
        assert engine_pid._started_ticks(process.pid) > engine_pid._started_ticks(1)
        process.communicate()
