"""A log that nobody writes any more is one file, whoever read it last."""

from pathlib import Path

import pytest

from core import events
from core.errors import StorageError
from trading.event_log import SqliteEventLog, put_at_rest
from trading.event_log_reader import EventLogReader


def event(at: int) -> events.CommandGiven:
    return events.CommandGiven(at=at, command=events.Command.HALT, why="lunch")


def beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.glob(f"{path.name}-*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log whose last reader, who may not write, outlived its writer."""
    path = tmp_path / "paper.sqlite"
    reader = EventLogReader(path)
    with SqliteEventLog(path) as log:
        log.append([event(1)])
        reader.name()
    reader.close()
    return path


def test_what_a_reader_left_beside_the_log_is_taken_in(path: Path) -> None:
    assert beside(path) == ["paper.sqlite-shm", "paper.sqlite-wal"]
    put_at_rest(path)
    assert beside(path) == []
    with SqliteEventLog(path) as log:
        assert list(log.read()) == [event(1)]


def test_while_somebody_reads_the_file_is_whole_and_what_stands_beside_it_is_empty(path: Path, tmp_path: Path) -> None:
    reader = EventLogReader(path)
    reader.name()
    put_at_rest(path)
    assert (tmp_path / "paper.sqlite-wal").stat().st_size == 0
    copy = tmp_path / "copy" / "paper.sqlite"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    with SqliteEventLog(copy) as log:
        assert list(log.read()) == [event(1)]
    reader.close()


def test_no_log_is_made_where_there_was_none(tmp_path: Path) -> None:
    put_at_rest(tmp_path / "paper.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_log_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "paper.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match=r"paper\.sqlite cannot be brought into one file: .*; its -wal file is part"):
        put_at_rest(path)
