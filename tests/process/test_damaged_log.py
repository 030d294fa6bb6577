"""A disk that returns something else than was written: the start is refused, or nothing that counts has changed."""

import shutil
import sqlite3
import threading
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from core import events
from core.errors import StorageError
from core.events import Command
from trading.event_log import SqliteEventLog

FLIPS = 200
EVENTS = 200


def event(number: int) -> events.CommandGiven:
    return events.CommandGiven(at=number, command=Command.HALT, why=f"number {number} " + "x" * (number * 37 % 700))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log as a power cut leaves it: a part in the file, a part in the file beside it."""
    folder = tmp_path_factory.mktemp("written")
    with SqliteEventLog(folder / "paper.sqlite") as log:
        for number in range(EVENTS):
            log.append([event(number)])
            if number == EVENTS // 2:
                with sqlite3.connect(folder / "paper.sqlite") as other:
                    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                other.close()
        shutil.copytree(folder, folder / "cut")
    return folder / "cut"


def read(folder: Path) -> list[events.Event]:
    with SqliteEventLog(folder / "paper.sqlite") as log:
        return list(log.read())


def outcome_of_reading(folder: Path) -> tuple[list[events.Event], str]:
    """The events, or none and the complaint."""
    try:
        return read(folder), ""
    except StorageError as error:
        return [], str(error)


@pytest.mark.hazard("W3")
def test_what_a_power_cut_leaves_is_whole(written: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    assert (copy / "paper.sqlite-wal").stat().st_size > 0
    assert read(copy) == [event(number) for number in range(EVENTS)]


@pytest.mark.hazard("W5")
def test_a_bit_that_flips_is_refused_in_one_line_or_changes_nothing(written: Path, tmp_path: Path) -> None:
    """Only the end may be missing: SQLite takes a damaged end of its journal for one that was not written whole."""
    chance, refused, shorter = np.random.default_rng(3), 0, 0
    for number in range(FLIPS):
        copy = shutil.copytree(written, tmp_path / str(number))
        victim = copy / ("paper.sqlite-wal" if number % 2 else "paper.sqlite")
        content = bytearray(victim.read_bytes())
        content[chance.integers(len(content))] ^= 1 << int(chance.integers(8))
        victim.write_bytes(content)
        found, complaint = outcome_of_reading(copy)
        if complaint:
            refused += 1
            assert str(copy / "paper.sqlite") in complaint
            assert "\n" not in complaint
        else:
            shorter += len(found) < EVENTS
            assert found == [event(each) for each in range(len(found))]
            assert len(found) == EVENTS or victim.name.endswith("-wal")
            assert len(found) > EVENTS // 2
        shutil.rmtree(copy)
    assert refused > FLIPS // 10
    assert shorter > FLIPS // 10


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.999])
@pytest.mark.parametrize("name", ["paper.sqlite", "paper.sqlite-wal"])
@pytest.mark.hazard("W5")
def test_a_file_that_was_cut_off_is_refused_or_ends_earlier(
    name: str, share: float, written: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: int(len(content) * share)])
    found, complaint = outcome_of_reading(copy)
    assert found == [event(each) for each in range(len(found))]
    assert not complaint or str(copy / "paper.sqlite") in complaint


@pytest.mark.e2e
@pytest.mark.hazard("W2")
def test_a_reader_that_holds_on_for_ten_seconds_stops_no_write(tmp_path: Path) -> None:
    path = tmp_path / "paper.sqlite"
    holding, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        seen = reader.execute("SELECT count(*) FROM events").fetchone()
        holding.set()
        let_go.wait(10)
        assert reader.execute("SELECT count(*) FROM events").fetchone() == seen
        reader.close()

    with SqliteEventLog(path) as log:
        log.append([event(0)])
        thread = threading.Thread(target=hold)
        thread.start()
        assert holding.wait(10)
        held_since, number = monotonic(), 0
        while monotonic() - held_since < 10:
            number += 1
            log.append([event(number)])  # raises when it waits for longer than the busy time
        let_go.set()
        thread.join()
        assert len(list(log.read())) == number + 1


@pytest.mark.hazard("W2")
def test_a_writer_beside_ours_is_waited_for_and_then_refused(tmp_path: Path) -> None:
    path = tmp_path / "paper.sqlite"
    with SqliteEventLog(path) as log:
        log.append([event(0)])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="cannot be written: database is locked"):
            log.append([event(1)])
        other.execute("ROLLBACK")
        log.append([event(1)])
        other.close()
        assert list(log.read()) == [event(0), event(1)]
