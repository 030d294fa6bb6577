"""What every shelf of snapshots must do, run on each of them; and what only a file can suffer."""

import sqlite3
from dataclasses import replace

import pytest

from core import events
from core.errors import StorageError
from core.events import SafetyLevel
from core.fold import apply
from core.state import BotState
from trading.event_log import MemoryEventLog, SqliteEventLog
from trading.state_snapshots import (
    GENERATIONS,
    MemorySnapshots,
    Snapshot,
    Snapshots,
    SqliteSnapshots,
    take_snapshot,
)


def snapshot(seq: int) -> Snapshot:
    """A snapshot of a log of so many events."""
    state, log = BotState(), MemoryEventLog()
    for number in range(seq):
        event = events.LevelChanged(at=number, level=SafetyLevel.NO_ENTRY, why=f"reason {number}")
        apply(state, event)
        log.append([event])
    return take_snapshot(state, log)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log.sqlite"
    SqliteEventLog(path).close()
    return path


@pytest.fixture(params=["memory", "sqlite"])
def shelf(request, path) -> Snapshots:
    shelf = MemorySnapshots() if request.param == "memory" else SqliteSnapshots(path)
    yield shelf
    shelf.close()


def test_a_new_shelf_is_empty(shelf):
    assert list(shelf.newest_first()) == []


def test_a_snapshot_comes_back_as_it_was(shelf):
    shelf.save(snapshot(3))
    assert list(shelf.newest_first()) == [snapshot(3)]


def test_the_newest_two_are_kept_and_the_newest_comes_first(shelf):
    for seq in (1, 2, 5, 9):
        shelf.save(snapshot(seq))
    assert GENERATIONS == 2
    assert [kept.seq for kept in shelf.newest_first()] == [9, 5]


def test_the_newest_is_the_last_one_saved_even_when_the_log_was_longer_before(shelf):
    for seq in (8, 9, 3):
        shelf.save(snapshot(seq))
    assert [kept.seq for kept in shelf.newest_first()] == [3, 9]


def test_a_shelf_does_not_judge(shelf):
    lie = replace(snapshot(3), seq=7)
    shelf.save(lie)
    assert list(shelf.newest_first()) == [lie]


def test_closing_twice_is_allowed(shelf):
    shelf.close()
    shelf.close()


def test_a_file_that_is_opened_again_has_what_it_had(path):
    SqliteSnapshots(path).save(snapshot(2))
    shelf = SqliteSnapshots(path)
    assert list(shelf.newest_first()) == [snapshot(2)]
    shelf.close()


def test_a_snapshot_that_cannot_be_written_leaves_what_was_there(path):
    shelf = SqliteSnapshots(path)
    shelf.save(snapshot(1))
    pages = shelf._connection.execute("PRAGMA page_count").fetchone()[0]
    shelf._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError, match=f"snapshot in {path} cannot be written: .*full"):
        shelf.save(replace(snapshot(2), body="x" * 100_000))
    assert list(shelf.newest_first()) == [snapshot(1)]
    shelf._connection.execute("PRAGMA max_page_count=1000000")
    shelf.save(snapshot(2))
    assert [kept.seq for kept in shelf.newest_first()] == [2, 1]
    shelf.close()


def test_a_file_that_another_writer_holds_costs_a_tenth_of_a_second_and_no_more(path):
    shelf = SqliteSnapshots(path)
    assert shelf._connection.execute("PRAGMA busy_timeout").fetchone()[0] == 100
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        shelf.save(snapshot(1))
    other.execute("ROLLBACK")
    other.close()
    shelf.save(snapshot(1))
    assert len(shelf.newest_first()) == 1
    shelf.close()


def test_a_reader_in_a_transaction_does_not_stop_a_snapshot(path):
    shelf = SqliteSnapshots(path)
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    shelf.save(snapshot(1))
    assert len(shelf.newest_first()) == 1
    reader.execute("COMMIT")
    reader.close()
    shelf.close()


def test_a_table_of_another_shape_is_an_error_in_words(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE snapshots (seq INTEGER)")
    connection.close()
    shelf = SqliteSnapshots(path)
    with pytest.raises(StorageError, match=f"snapshots in {path} cannot be read"):
        shelf.newest_first()
    with pytest.raises(StorageError, match=f"snapshot in {path} cannot be written"):
        shelf.save(snapshot(1))
    shelf.close()


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path):
    path = tmp_path / "log.sqlite"
    path.write_text("not a database, but long enough to be looked at " * 20)
    with pytest.raises(StorageError, match=f"snapshots in {path} cannot be opened"):
        SqliteSnapshots(path)
