"""A block of statements that SQLite keeps whole, or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool = True) -> Iterator[None]:
    """Commit what the block does; take all of it back when it raises. Raises `sqlite3.Error`."""
    if writes:
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection.execute("BEGIN DEFERRED")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:  # a full disk may have ended it already
            connection.execute("ROLLBACK")
