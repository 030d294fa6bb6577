"""Somebody edits what the bot wrote down: whichever byte is turned, the row is named and nothing is read past it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core import events
from core.errors import StorageError
from core.events import Command
from core.instants import SECOND
from trading.event_log import SqliteEventLog

ROWS = 6
COLUMNS = ("at", "kind", "body", "hash")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "paper.sqlite"
    with SqliteEventLog(path) as log:
        for number in range(ROWS):
            log.append([events.CommandGiven(at=number * SECOND + 1, command=Command.HALT, why=f"look {number}")])
    return path


def change(file: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(statement, values)


def cells(file: Path) -> Iterator[tuple[int, str, object]]:
    with closing(sqlite3.connect(file)) as connection:
        for row in connection.execute("SELECT seq, at, kind, body, hash FROM events ORDER BY seq").fetchall():
            yield from ((row[0], column, value) for column, value in zip(COLUMNS, row[1:], strict=True))


def turned(value: object, place: int, bit: int) -> object:
    """The value with one bit turned."""
    match value:
        case int():
            return value ^ (1 << bit)
        case bytes():
            return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]
        case str():
            raw = value.encode()
            return (raw[:place] + bytes([raw[place] ^ (1 << (bit % 7))]) + raw[place + 1 :]).decode("ascii")
    raise TypeError(value)


@pytest.mark.hazard("W5")
def test_whichever_byte_of_a_row_is_turned_the_row_is_named(file: Path) -> None:
    chance = np.random.default_rng(2_026)
    tried = 0
    for number, column, value in list(cells(file)):
        size = 1 if isinstance(value, int) else len(value)
        for place in range(size):
            spoilt = turned(value, place, int(chance.integers(0, 8)))
            change(file, f"UPDATE events SET {column} = ? WHERE seq = ?", spoilt, number)
            with SqliteEventLog(file) as log, pytest.raises(StorageError, match=f"row {number} was altered"):
                list(log.read())
            change(file, f"UPDATE events SET {column} = ? WHERE seq = ?", value, number)
            tried += 1
    assert tried > 400
    with SqliteEventLog(file) as log:
        assert len(list(log.read())) == ROWS


@pytest.mark.hazard("W5")
@pytest.mark.parametrize("number", [1, 3, ROWS - 1])
def test_a_row_that_was_taken_out_doubled_or_moved_is_noticed(file: Path, number: int) -> None:
    statements = (
        f"DELETE FROM events WHERE seq = {number}",
        f"UPDATE events SET seq = {ROWS + 5} WHERE seq = {number}",
        f"INSERT INTO events SELECT {ROWS + 1}, at, kind, body, hash, tape FROM events WHERE seq = {number}",
    )
    original = file.read_bytes()
    for statement in statements:
        change(file, statement)
        with SqliteEventLog(file) as log, pytest.raises(StorageError, match=r"row \d+ was altered or is missing"):
            list(log.read())
        for path in file.parent.iterdir():
            path.unlink()
        file.write_bytes(original)


@pytest.mark.hazard("X8")
def test_words_of_a_broker_or_an_operator_are_data_in_the_log(file: Path) -> None:
    words = ["'); DROP TABLE events; --", '"; DELETE FROM events; --', "x' OR '1'='1", "\x00", "a\0b", "\u2028", "%s"]
    with SqliteEventLog(file) as log:
        log.append([events.CommandGiven(at=1, command=Command.HALT, why=word, key=word) for word in words])
        happened = list(log.read())
    assert [event.why for event in happened[ROWS:]] == words
