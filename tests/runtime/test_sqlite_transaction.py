"""A transaction is kept whole, or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from runtime.sqlite_transaction import transaction


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute("CREATE TABLE numbers (number INTEGER NOT NULL) STRICT")
        yield opened


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM numbers")]


def insert(connection: sqlite3.Connection, *values: int | None) -> None:
    with transaction(connection):
        for value in values:
            connection.execute("INSERT INTO numbers VALUES (?)", (value,))


def test_what_a_block_did_is_kept_when_it_ends_well(connection: sqlite3.Connection) -> None:
    insert(connection, 1)
    assert numbers(connection) == [1]
    assert not connection.in_transaction


def test_nothing_is_kept_of_a_block_that_raises_and_the_next_one_can_begin(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert(connection, 1, None)
    assert numbers(connection) == []
    insert(connection, 2)
    with transaction(connection, writes=False):
        assert numbers(connection) == [2]
