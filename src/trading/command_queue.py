"""What an operator asked for, on its way from a verb to the bot: a small table in a file of its own.

The verb is another process and writes a row; the bot looks for rows about once a second and writes its answer into
them. A row has a key, which the bot records in its event log before it acts and answers: a power cut between the two
makes it obey no command twice. Only the owner of the file may read or write it.
"""

import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import StorageError
from core.events import Command

QUEUE_FILE = "commands.sqlite"
LAYOUT = 2
"""Version of the table; kept in the file's own header. 0 while the file is being made. 1 knew no `exit_only`."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS commands (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    mode TEXT NOT NULL,
    command TEXT NOT NULL CHECK (command IN ('halt', 'exit_only', 'resume', 'flatten')),
    why TEXT NOT NULL,
    is_obeyed INTEGER,
    answer TEXT
) STRICT
"""
_STEPS: dict[int, tuple[str, ...]] = {
    0: (_SCHEMA,),
    1: (
        "ALTER TABLE commands RENAME TO commands_1",
        _SCHEMA,
        "INSERT INTO commands SELECT * FROM commands_1",
        "DROP TABLE commands_1",
    ),
    LAYOUT: (),
}
"""What makes the present table of the one of a layout."""
_BOT_PATIENCE = 0.05
"""Seconds to wait for somebody else's lock: the bot looks again in a second, and prices do not wait."""


class QueueError(StorageError):
    """The command queue cannot be read or written. A verb fails; the bot says so and goes on without it."""


@dataclass(frozen=True, slots=True)
class WaitingCommand:
    """One that nobody has taken yet."""

    key: str
    command: Command
    why: str


@dataclass(frozen=True, slots=True)
class BotAnswer:
    """What the bot made of a command."""

    is_obeyed: bool
    text: str


class CommandQueue:
    """One end of the queue: a verb gives, a bot takes and answers. For one thread. Every call raises `QueueError`."""

    def __init__(self, folder: Path, mode: str = "", patience: float = _BOT_PATIENCE) -> None:
        """`mode` is whom a verb's command is for, empty for any bot on the folder; for a bot it is its own."""
        self._path = folder / QUEUE_FILE
        self._mode = mode
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, ...] = ()

    def give(self, command: Command, why: str) -> str:
        """Write a command down and return its key."""
        key = secrets.token_hex(8)
        with self._naming_the_file():
            self._create()
            self._connect().execute(
                "INSERT INTO commands (key, mode, command, why) VALUES (?, ?, ?, ?)",
                (key, self._mode, command.value, why),
            )
        return key

    def waiting(self) -> list[WaitingCommand]:
        """Return what a bot of this mode has to take, oldest first."""
        with self._naming_the_file():
            if not self._is_there():
                return []
            rows = self._connect().execute(
                "SELECT key, command, why FROM commands WHERE answer IS NULL AND mode IN ('', ?) ORDER BY number",
                (self._mode,),
            )
            return [WaitingCommand(key, Command(command), why) for key, command, why in rows]

    def answer(self, key: str, answer: BotAnswer) -> None:
        """Mark a command as taken; if that fails, it waits still."""
        with self._naming_the_file():
            self._connect().execute(
                "UPDATE commands SET is_obeyed = ?, answer = ? WHERE key = ?", (answer.is_obeyed, answer.text, key)
            )

    def answer_to(self, key: str) -> BotAnswer | None:
        """Return what the bot said to a command, or None while it has not taken it."""
        with self._naming_the_file():
            query = "SELECT is_obeyed, answer FROM commands WHERE key = ? AND answer IS NOT NULL"
            row = self._connect().execute(query, (key,)).fetchone()
        return BotAnswer(bool(row[0]), row[1]) if row else None

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise QueueError(f"command queue {self._path} cannot be used: {error}; repair or remove it") from error

    def _is_there(self) -> bool:
        """Whether there is a table to read: a verb makes the file, and may be making it right now."""
        if not self._path.exists():
            self.close()
            return False
        return self._layout(self._connect()) != 0

    def _create(self) -> None:
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        connection = self._connect()
        layout = self._layout(connection)
        if layout == 0:
            connection.execute("PRAGMA journal_mode=WAL")
        if layout != LAYOUT:
            self._lay_out(connection)

    def _lay_out(self, connection: sqlite3.Connection) -> None:
        """Make the table, or make an older one anew; of several verbs at once only the first finds something to do."""
        connection.execute("BEGIN IMMEDIATE")
        for statement in _STEPS[self._layout(connection)]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={LAYOUT}")
        connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        """Return a connection to the file that stands there now: somebody may have replaced the one we had."""
        facts = self._path.lstat()
        file = facts.st_dev, facts.st_ino, facts.st_mode, facts.st_uid
        if self._connection is None or file != self._file:
            self.close()
            self._check_private(facts)
            self._connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
            self._connection.execute("PRAGMA synchronous=FULL")
            self._file = file
        return self._connection

    def _check_private(self, facts: os.stat_result) -> None:
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            raise QueueError(
                f"command queue {self._path} is not a plain file of user {os.geteuid()} with permissions 0600 (user "
                f"{facts.st_uid}, {stat.S_IMODE(facts.st_mode):04o}), so anybody may have written it; remove it"
            )

    def _layout(self, connection: sqlite3.Connection) -> int:
        layout: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout not in _STEPS:
            raise QueueError(f"command queue {self._path} has layout {layout}, this version reads {LAYOUT}; remove it")
        return layout
