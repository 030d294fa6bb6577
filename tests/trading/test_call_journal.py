"""What must outlive a process: the calls it made, whole, in a folder that others use too."""

import resource
import subprocess
import sys
import threading
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from core.instants import DAY, SECOND, instant_at
from runtime.settings import RateSettings
from trading.call_journal import Call, CallJournal
from trading.rate_budget import Lane, RateBudget

FRIDAY = date(2026, 11, 20)
MORNING = instant_at(FRIDAY, time(9, 15))
FILE = "calls-2026-11-20.log"


def calls(folder: Path, day: date = FRIDAY) -> list[Call]:
    return list(CallJournal(folder).calls(day))


def test_calls_come_back_as_they_were_made(tmp_path: Path) -> None:
    made = [Call(MORNING + number, number % 3 == 0) for number in range(100)]
    journal = CallJournal(tmp_path)
    for call in made:
        journal.add(call)
    assert calls(tmp_path) == made


def test_a_day_nobody_called_on_is_empty(tmp_path: Path) -> None:
    assert calls(tmp_path) == []


@pytest.mark.hazard("S9")
def test_calls_outlive_a_process_that_is_killed_at_once(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from trading.call_journal import Call, CallJournal;"
        f"CallJournal(Path(sys.argv[1])).add(Call({MORNING}, True)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert ended.returncode < 0
    assert calls(tmp_path) == [Call(MORNING, True)]


@pytest.mark.parametrize("written", range(21))
def test_a_record_cut_short_spoils_neither_those_before_nor_those_after(tmp_path: Path, written: int) -> None:
    CallJournal(tmp_path).add(Call(MORNING, True))
    with (tmp_path / FILE).open("ab") as file:
        file.write((b"\n%do" % (MORNING + 1))[:written])
    CallJournal(tmp_path).add(Call(MORNING + 2, False))
    whole = [Call(MORNING + 1, True)] if written == 21 else []
    assert calls(tmp_path) == [Call(MORNING, True), *whole, Call(MORNING + 2, False)]


def test_rubbish_and_calls_of_another_day_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x00\xff\n12o\n\n%dr\n%dx" % (MORNING + DAY, MORNING))
    CallJournal(tmp_path).add(Call(MORNING, False))
    assert calls(tmp_path) == [Call(MORNING, False)]


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    def write(offset: int) -> None:
        journal = CallJournal(tmp_path)
        for number in range(2_000):
            journal.add(Call(MORNING + 2 * number + offset, bool(offset)))

    threads = [threading.Thread(target=write, args=(offset,)) for offset in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls(tmp_path)) == [Call(MORNING + number, bool(number % 2)) for number in range(4_000)]


def test_only_today_and_yesterday_are_kept(tmp_path: Path) -> None:
    journal = CallJournal(tmp_path)
    for days in range(5):
        journal.add(Call(MORNING + days * DAY, False))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls-2026-11-23.log", "calls-2026-11-24.log"]
    assert calls(tmp_path, FRIDAY + timedelta(days=4)) == [Call(MORNING + 4 * DAY, False)]


def test_a_disk_that_fails_is_told_once_and_does_not_stop_an_exit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).mkdir()
    budget = RateBudget(RateSettings(), CallJournal(tmp_path))
    assert [budget.reserve(Lane.EXIT, True, MORNING) for _ in range(3)] == [0.0] * 3
    assert budget.reserve(Lane.EXIT, True, MORNING + SECOND) == 0
    (told,) = caplog.records
    assert told.message.startswith(
        f"the journal of calls in {tmp_path} cannot be used (Is a directory); trading goes on, but after a restart"
    )


def test_a_disk_that_fills_up_in_the_middle_of_a_record_is_told_and_the_next_one_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = CallJournal(tmp_path)
    journal.add(Call(MORNING, True))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / FILE).stat().st_size + 5, limits[1]))
    try:
        journal.add(Call(MORNING + 1, True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.add(Call(MORNING + 2, True))
    assert "cannot be used (no space left)" in caplog.text
    assert calls(tmp_path) == [Call(MORNING, True), Call(MORNING + 2, True)]
