"""A rehearsal as a program of its own: the fastest day, a day that is missed, and ends that nobody asked for."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from core.instants import Instant
from trading.bot_lock import LOCK_FILE
from trading.event_log import SqliteEventLog
from trading.rehearsal_plan import FASTEST, PLAN, resumed_run

from .conftest import DAY, PATIENCE_SECONDS, moment

pytestmark = pytest.mark.e2e

RUN = Path("data/runs") / f"{DAY}-001"
DEMO = (sys.executable, "-m", "cli", "demo")


@pytest.fixture(autouse=True)
def _a_plain_rule(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__STRATEGY__NAME", "simple_ma_crossover")
    monkeypatch.setenv("FYERSBOT__STRATEGY__PARAMS", '{"fast": 2, "slow": 4}')


def test_the_highest_speed_trades_the_whole_day(home: Path) -> None:
    ended = subprocess.run(
        [*DEMO, "--speed", str(FASTEST), "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    summary = json.loads(ended.stdout)
    assert (summary["date"], summary["mode"], summary["rehearsal"]) == (str(DAY), "live", True)
    assert summary["flat"]
    assert summary["trades"] >= 1
    assert "SIGN_IN_NEEDED" not in ended.stderr
    with SqliteEventLog(RUN / "bot" / "live.sqlite") as log:
        assert next(iter(log.read())).at < moment("09:15"), "it was up before the open"
    assert_decides_to_itself()


def assert_decides_to_itself() -> None:
    """What is recorded of the run gives the recorded decisions again."""
    command = [sys.executable, "-m", "cli", "replay", "--run", str(RUN), "--verify"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("verified: ")


def test_a_session_that_is_missed_ends_in_one_line_and_not_in_the_next_day(home: Path) -> None:
    folder = home / "late"
    folder.mkdir()
    plan = {"clock_start": moment("15:29"), "market_close": moment("15:30"), "speed": 360.0, "seed": 7}
    (folder / PLAN).write_text(json.dumps({**plan, "tape": None, "config": None}))
    ended = subprocess.run(
        [*DEMO, "--resume", str(folder), "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["date"] is None
    assert ended.stderr.splitlines()[-1] == (
        "fyersbot: no session was traded: the bot was not up before the close at 2026-01-06 15:30:00; "
        "start a new run, with a lower --speed"
    )


def wait_until_ended(lock: Path) -> None:
    """Wait until no process holds a lock: the kernel takes it from the dead."""
    with FileLock(lock, timeout=PATIENCE_SECONDS):
        pass


def wait_for_line(words: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    log = Path("logs/live_trading.log")
    while not (log.exists() and words in log.read_text()):
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no log"
        time.sleep(0.1)


@pytest.fixture
def terminal() -> Iterator[None]:
    """Let SIGHUP mean what it means at a terminal, also where the tests themselves run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_rehearsal_that_is_ended_and_it_can_be_gone_on_with(
    number: signal.Signals, home: Path
) -> None:
    with subprocess.Popen([*DEMO, "--speed", "120"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as demo:
        try:
            wait_for_line("Reconciled")
            demo.send_signal(number)
            _, said = demo.communicate(timeout=PATIENCE_SECONDS)
        finally:
            demo.kill()
    wait_until_ended(RUN / "bot" / LOCK_FILE)
    wait_until_ended(RUN / "broker" / "simulator.lock")
    was_killed = number is signal.SIGKILL
    assert demo.returncode == (-number if was_killed else 0), said
    why = "who started it has gone" if was_killed else number.name
    assert f"Command stop: {why}" in Path("logs/live_trading.log").read_text()
    assert resumed_run(RUN, as_json=False).clock_start >= last_event_at(RUN)
    assert_decides_to_itself()


def last_event_at(run: Path) -> Instant:
    with SqliteEventLog(run / "bot" / "live.sqlite") as log:
        return list(log.read())[-1].at


def test_a_rehearsal_that_is_ended_before_its_bot_is_there_leaves_no_simulator(home: Path) -> None:
    with subprocess.Popen([*DEMO, "--speed", "120"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (RUN / "broker" / "market_time.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        demo.kill()
    wait_until_ended(RUN / "broker" / "simulator.lock")
