"""Closed days of ticks in Parquet files, a file a day and symbol, and the move that brings a day there.

The move copies a day into a folder of its own, reads every file back and compares it with what went in, puts the files
into place one by one, and only then has the source forget the day. Ended at any point it is done again from the start:
a file that is in place already is replaced by its equal, because it names the recording it was copied from; one of
another recording of the same day stays, and the new one stands beside it. So no tick is lost and none is there twice.
"""

import glob
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from core.errors import DataError, StorageError
from features.columns import IntArray
from market_data.archive_files import symbol_folder
from market_data.ticks.live_ticks import LiveDay, LiveTicks
from market_data.ticks.tick_files import COLUMNS, About, TickColumns, TickFileWriter, read_about, read_file, verify_file
from runtime.atomic_files import flush_folder

TABLE = "historical_ticks"
_COPIES = ".archiving"
"""Where files are until they are known to be right. Readers of Parquet pass over names with a dot."""

Step = Callable[[str, int], object]
"""Told the name of a step before it is taken, and the ticks copied so far; what it raises ends the move there."""


@dataclass(frozen=True, slots=True)
class ArchivedDay:
    """What a move has brought into the archive."""

    day: date
    symbols: int
    ticks: int
    lost: int
    """Ticks of the day that could not be recorded."""
    bytes: int


class TickArchive:
    """The table `historical_ticks` of an archive. Many may read while one moves days in."""

    def __init__(self, archive: Path) -> None:
        """`archive` is the folder of the whole archive."""
        self._root = archive / TABLE

    def read_ticks(self, symbol: str, day: date) -> TickColumns:
        """Return a symbol's ticks of a day in the order they were heard, all recordings of it one behind the other.

        Raises `DataError` when there are none, and for a file that is damaged.
        """
        parts = [read_file(path, symbol, day) for path in self._files(symbol, day)]
        if not parts:
            raise DataError(
                f"{self._folder(symbol, day)}: no ticks of {symbol} on {day}; was it recorded and archived?"
            )
        if len(parts) == 1:
            return parts[0]
        parts.sort(key=lambda part: int(part.received[0]))
        return TickColumns(
            parts[0].scale, *(np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS)
        )

    def days(self, symbol: str) -> tuple[date, ...]:
        """Return the days of which there are ticks of a symbol, in order."""
        paths = self._root.glob(f"month=*/{glob.escape(symbol_folder(symbol))}/*.parquet")
        return tuple(sorted({date.fromisoformat(path.name[: len("2026-01-06")]) for path in paths}))

    def move_in(self, live: LiveTicks, day: LiveDay, step: Step = lambda _name, _ticks: None) -> ArchivedDay:
        """Move a closed day out of the live ticks into the archive.

        Raises `StorageError` for a disk that refuses, for another move at work, and for a day that is still recorded;
        `DataError` for a copy that is not what went in. Then the source is as it was, and so is every older file.
        """
        with self._alone() as copies:
            files = self._copy(live, day, copies, step)
            for file in files:
                step("verify", day.ticks)
                verify_file(file.path, file.about)
            size = sum(file.path.stat().st_size for file in files)
            for file in files:
                step("put in place", day.ticks)
                self._put_in_place(file)
            step("clear", day.ticks)
            live.clear(day)
        return ArchivedDay(day.day, len(files), day.ticks, day.lost, size)

    def _copy(self, live: LiveTicks, day: LiveDay, copies: Path, step: Step) -> list[TickFileWriter]:
        """Write one file a symbol; what is in memory at once is one sweep of the source."""
        symbols, files, copied = live.symbols(), dict[int, TickFileWriter](), 0
        with ExitStack() as on_failure:
            for rows in live.sweep(day):
                step("copy", copied)
                for number, part in _by_symbol(rows):
                    if number not in files:
                        about = _about(symbols, number, day)
                        files[number] = TickFileWriter(copies / f"{number}.parquet", about)
                        on_failure.callback(files[number].abandon)
                    files[number].add(part)
                copied += len(rows)
            on_failure.pop_all()
        for file in files.values():
            step("seal", copied)
            file.seal()
        if copied != day.ticks or sum(file.about.ticks for file in files.values()) != day.ticks:
            raise DataError(f"{day.day}: {copied} ticks were copied of {day.ticks}; nothing was cleared")
        return list(files.values())

    def _put_in_place(self, file: TickFileWriter) -> None:
        target = self._place_for(file.about)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.path.replace(target)
            flush_folder(target.parent)
        except OSError as error:
            raise StorageError(f"{target} cannot be written: {error.strerror or error}") from error

    def _place_for(self, about: About) -> Path:
        """Return the file of the same recording, or the first free name."""
        folder = self._folder(about.symbol, about.day)
        for path in self._files(about.symbol, about.day):
            if read_about(path).recording == about.recording:
                return path
        number, path = 0, folder / f"{about.day}.parquet"
        while path.exists():
            number += 1
            path = folder / f"{about.day}.{number}.parquet"
        return path

    def _files(self, symbol: str, day: date) -> list[Path]:
        return sorted(self._folder(symbol, day).glob(f"{day}*.parquet"))

    def _folder(self, symbol: str, day: date) -> Path:
        return self._root / f"month={day:%Y-%m}" / symbol_folder(symbol)

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """Give an empty folder for the copies, to one process at a time, and take it away at the end."""
        copies = self._root / _COPIES
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with FileLock(self._root / ".lock", timeout=0):
                shutil.rmtree(copies, ignore_errors=True)  # of a move that was killed
                copies.mkdir()
                try:
                    yield copies
                finally:
                    shutil.rmtree(copies, ignore_errors=True)
        except Timeout:
            raise StorageError(f"{self._root}: ticks are being archived already; wait for its end") from None
        except OSError as error:
            raise StorageError(f"{self._root} cannot be written: {error.strerror or error}") from error


def _by_symbol(rows: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Split ticks by symbol, each part in the order they were heard; the number goes, the other columns stay."""
    order = np.argsort(rows[:, 0], kind="stable")
    numbers, starts = np.unique(rows[order, 0], return_index=True)
    for number, part in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
        yield number, rows[part, 1:]


def _about(symbols: dict[int, tuple[str, int]], number: int, day: LiveDay) -> About:
    if number not in symbols:
        raise DataError(f"ticks of {day.day} name a symbol {number} that is not in the list of symbols")
    symbol, scale = symbols[number]
    return About(symbol=symbol, day=day.day, scale=scale, recording=day.recording, lost=day.lost)
