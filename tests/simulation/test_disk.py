"""The log that outlives the process: whole appends or none, and a crash exactly where it is wanted."""

import pytest

from core import events
from core.errors import StorageError
from simulation.disk import ProcessKilledError, SimulatedDisk
from simulation.fates import Fates
from simulation.plan import Crash, Fault, FaultKind, Plan

FIRST, SECOND_ONE = (events.BooksFailed(at=at, why="no") for at in (1, 2))


def disk(*faults, crash=None, path=None, kept=lambda _events, _bodies: None):
    return SimulatedDisk(Fates(Plan(1, faults=faults)), crash, kept, path)


def test_what_was_appended_is_read_again_and_told():
    told = []
    log = disk(kept=lambda step, bodies: told.append((step, bodies)))
    log.append([FIRST, SECOND_ONE])
    assert list(log.read()) == [FIRST, SECOND_ONE]
    assert told == [([FIRST, SECOND_ONE], ['[1,"no",false]', '[2,"no",false]'])]


def test_a_crash_before_a_write_keeps_nothing_of_it():
    log = disk(crash=Crash(2, before=True))
    log.append([FIRST])
    with pytest.raises(ProcessKilledError):
        log.append([SECOND_ONE])
    assert list(log.read()) == [FIRST]


def test_a_crash_after_a_write_keeps_all_of_it():
    log = disk(crash=Crash(2, before=False))
    log.append([FIRST])
    with pytest.raises(ProcessKilledError):
        log.append([SECOND_ONE])
    assert list(log.read()) == [FIRST, SECOND_ONE]


def test_a_full_disk_keeps_nothing_and_has_room_again_later():
    log = disk(Fault(FaultKind.DISK_FULL, 1))
    with pytest.raises(StorageError):
        log.append([FIRST])
    log.append([SECOND_ONE])
    assert list(log.read()) == [SECOND_ONE]


def test_a_file_survives_the_process_and_has_the_digest_of_memory(tmp_path):
    in_memory, in_file = disk(), disk(path=tmp_path / "log.sqlite")
    for log in (in_memory, in_file):
        log.append([FIRST])
        log.close()
        log.append([SECOND_ONE])
        log.verify()
    assert list(in_file.read()) == [FIRST, SECOND_ONE]
    assert in_file.digest == in_memory.digest
