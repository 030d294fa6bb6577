"""Where a bot, or a rehearsal, has left what it did: its event log, its tick tapes, and the archive beside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from core.errors import ConfigurationError
from runtime.settings import Mode, Settings
from trading.event_log import Row, SqliteEventLog
from trading.rehearsal_plan import BOT
from trading.replay import Start, starts_of
from trading.state_files import log_path, tape_folder
from trading.tick_tape import Seen, read_tape, tape_path, written_position


class Recording(NamedTuple):
    """What the log of a bot holds, and of it the starts of one day."""

    rows: list[Row]
    starts: list[Start]
    """In order, at least one."""
    head: str
    """Hash of the newest row, in hex."""


@dataclass(frozen=True, slots=True)
class RecordedBot:
    """One bot in one mode."""

    state: Path
    """Its state folder."""
    mode: Mode
    archive: Path
    """Where the official candles of its market would be."""
    is_rehearsal: bool = False

    @classmethod
    def named(cls, settings: Settings, *, run: Path | None, state: Path | None, mode: str | None) -> "RecordedBot":
        """Find it by what was typed. Raises `ConfigurationError`."""
        if run is not None:
            if state is not None or mode is not None:
                raise ConfigurationError("--run names a rehearsal, --state and --mode a bot: give one or the other")
            return cls(run / BOT, Mode.LIVE, run / "archive", is_rehearsal=True)  # its market is not the real one
        try:
            chosen = Mode(mode) if mode else settings.mode
        except ValueError:
            raise ConfigurationError(f"--mode {mode}: give paper or live") from None
        return cls(state or settings.paths.state, chosen, settings.paths.archive)

    def read(self, day: date | None) -> Recording:
        """Read the whole log for a day, or for the newest one.

        Raises `ConfigurationError` for a day that was not recorded, `StorageError` for a damaged log.
        """
        with self._log() as log:
            rows, head = list(log.rows()), log.head
        return Recording(rows, self._some(starts_of(rows, day), day), head)

    def starts(self, day: date | None) -> list[Start]:
        """Return the same starts without the rows of other days, which may be years. Raises the same."""
        with self._log() as log:
            return self._some(starts_of(log.rows(), day), day)

    def ticks(self, day: date) -> Iterator[Seen] | None:
        """Return the ticks of a day's tape; None where there is none."""
        tape = tape_path(self.tapes, day)
        return read_tape(tape) if written_position(tape) else None

    @contextmanager
    def _log(self) -> Iterator[SqliteEventLog]:
        if not self._path.exists():
            raise ConfigurationError(
                f"there is no event log {self._path}; name a run with --run, or a bot's folder with --state"
            )
        with SqliteEventLog(self._path) as log:
            log.verify()
            yield log

    def _some(self, starts: list[Start], day: date | None) -> list[Start]:
        if not starts:
            raise ConfigurationError(f"{self._path} holds no session{f' of {day}' if day else ''}")
        return starts

    @property
    def tapes(self) -> Path:
        """The folder of its tick tapes."""
        return tape_folder(self.state, self.mode)

    @property
    def _path(self) -> Path:
        return log_path(self.state, self.mode)
