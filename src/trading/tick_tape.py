"""The tick tape: exactly what the core saw of the market, in that order, so that a recorded day can be decided again.

Ticks are far too many for the event log, and nearly all of them decide nothing. They are packed where the writer takes
them, and handed to the operating system before each commit to the log, whose rows say how far the tape was: the tape
never lags behind a decision, however the process ends. It is not forced to the disk, so a power cut may cost its end.

One file per day, `<mode>.ticks/<date>.tape`, of records of equal size, the header first:

    kind (2 bytes), symbol number (2), six numbers (8 each), checksum (4); little endian

A TICK has the instant it was taken, the exchange's time, last price, bid, ask and volume. A NAME gives a symbol its
number, anew in each process. A LOST stands for a record that a power cut took. Each checksum covers all records before
it, so that any altered byte shows at its record; that a whole end is missing, only the log can tell.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol

from core.errors import InvariantError, StorageError
from core.instants import Instant
from core.market import Tick

_CONTENT = struct.Struct("<HH6q")
_CHECKSUM = 4
RECORD = _CONTENT.size + _CHECKSUM
"""Bytes of one record."""
_TICK, _NAME, _LOST = 1, 2, 3
_HEADER = b"FYERSBOT TICKS 1".ljust(_CONTENT.size)
_LONGEST_NAME = _CONTENT.size - 4
_READ_AT_ONCE = 4_096 * RECORD
_REMEDY = "restore it from a copy; what it held cannot be replayed"


class Seen(NamedTuple):
    """One tick as the kernel saw it."""

    position: int
    """The tape's position after it."""
    now: Instant
    """When the writer took it out of the inbox."""
    tick: Tick


class TickTape(Protocol):
    """Where the writer notes the ticks of one day. For one thread."""

    @property
    def position(self) -> int:
        """Records noted so far, written or not; the rows of the event log carry it."""
        ...

    def note(self, tick: Tick, now: Instant) -> None:
        """Take a tick down, without waiting for anything."""
        ...

    def write(self) -> None:
        """Hand what was noted to the operating system. Raises `StorageError`; what it took stays taken."""
        ...

    def go_on(self, day: date | None, position: int) -> None:
        """Go on after a restart: the log's newest row belongs to a day and was written at a position on its tape.

        Where the tape is shorter, its end was lost, and the positions are filled up.
        """
        ...

    def seen(self, after: int = 0) -> Iterator[Seen]:
        """Yield the written ticks behind a position. Raises `StorageError` that names the first record altered."""
        ...

    def close(self) -> None:
        """Write the rest and release the file. Safe to call twice."""
        ...


class MemoryTickTape:
    """The twin for tests and simulation."""

    def __init__(self) -> None:
        self._seen: list[tuple[Instant, Tick]] = []

    @property
    def position(self) -> int:
        """Ticks noted so far."""
        return len(self._seen)

    def note(self, tick: Tick, now: Instant) -> None:
        """Keep a tick for as long as the process lives."""
        self._seen.append((now, tick))

    def write(self) -> None:
        """Nothing to write to."""

    def go_on(self, day: date | None, position: int) -> None:
        """Nothing is lost where nothing is written."""

    def seen(self, after: int = 0) -> Iterator[Seen]:
        """Yield the ticks behind a position."""
        for position, (now, tick) in enumerate(self._seen[after:], start=after + 1):
            yield Seen(position, now, tick)

    def close(self) -> None:
        """Nothing to release."""


class FileTickTape:
    """The tape of a real bot: one file of a day, one writer."""

    def __init__(self, folder: Path, day: date) -> None:
        """Open or create the tape of a day; a torn end is cut off. Raises `StorageError` naming the file."""
        self.path = tape_path(folder, day)
        self._day = day
        self._numbers: dict[str, int] = {}
        self._waiting = bytearray()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
            try:
                self._position, self._checksum = self._find_end()
                self.write()
            except BaseException:
                os.close(self._file)
                raise
        except OSError as error:
            raise StorageError(f"tick tape {self.path} cannot be opened: {error.strerror}") from error

    @property
    def position(self) -> int:
        """Records noted so far, written or not."""
        return self._position

    def note(self, tick: Tick, now: Instant) -> None:
        """Pack a tick. Raises `InvariantError` for one that no gate may have let through."""
        symbol, at, ltp, bid, ask, volume = tick
        number = self._numbers.get(symbol)
        if number is None:
            number = self._name(symbol)
        try:
            content = _CONTENT.pack(_TICK, number, now, at, ltp, bid, ask, volume)
        except struct.error as error:
            raise InvariantError(f"{tick} does not fit on the tick tape: {error}") from error
        self._checksum = checksum = zlib.crc32(content, self._checksum)
        self._waiting += content + checksum.to_bytes(_CHECKSUM, "little")
        self._position += 1

    def write(self) -> None:
        """Hand what was noted to the operating system. Raises `StorageError`; what it took stays taken."""
        waiting = self._waiting
        while waiting:
            try:
                written = os.write(self._file, waiting)
            except OSError as error:
                raise StorageError(
                    f"tick tape {self.path} cannot be written: {error.strerror}; free space or repair it"
                ) from error
            del waiting[:written]

    def go_on(self, day: date | None, position: int) -> None:
        """Fill up with LOST what the log has seen of this day and the tape has not."""
        if day == self._day:
            while self._position < position:
                self._add(_CONTENT.pack(_LOST, 0, 0, 0, 0, 0, 0, 0))
            self.write()

    def seen(self, after: int = 0) -> Iterator[Seen]:
        """Yield the written ticks behind a position."""
        return read_tape(self.path, after)

    def close(self) -> None:
        """Write the rest and release the file."""
        if self._file < 0:
            return
        try:
            self.write()
        finally:
            os.close(self._file)
            self._file = -1

    def _name(self, symbol: str) -> int:
        name = symbol.encode()
        if len(name) > _LONGEST_NAME:
            raise InvariantError(f"symbol {symbol!r} does not fit on the tick tape: {_LONGEST_NAME} bytes are the most")
        number = self._numbers[symbol] = len(self._numbers)
        self._add(struct.pack(f"<HH{_LONGEST_NAME}s", _NAME, number, name))
        return number

    def _add(self, content: bytes) -> None:
        self._checksum = zlib.crc32(content, self._checksum)
        self._waiting += content + self._checksum.to_bytes(_CHECKSUM, "little")
        self._position += 1

    def _find_end(self) -> tuple[int, int]:
        """Cut what is torn and return position and checksum of the last whole record, the header's for a new tape.

        A power cut may leave a torn record, and behind it whole ones of zeros.
        """
        records = os.fstat(self._file).st_size // RECORD
        header = os.pread(self._file, RECORD, 0)
        if not any(header):
            records = 0
        elif records and header != _sealed(_HEADER, 0):
            raise StorageError(f"tick tape {self.path}: record 0 was altered, or this is no tape; move it away")
        while records > 1:
            before, last = (os.pread(self._file, RECORD, (records - back) * RECORD) for back in (2, 1))
            if last == _sealed(last[:-_CHECKSUM], _checksum_of(before)):
                break
            records -= 1
        os.ftruncate(self._file, records * RECORD)
        if not records:
            self._waiting += _sealed(_HEADER, 0)
            return 0, zlib.crc32(_HEADER)
        return records - 1, _checksum_of(os.pread(self._file, RECORD, (records - 1) * RECORD))


def tape_path(folder: Path, day: date) -> Path:
    """Return where the tape of a day lies."""
    return folder / f"{day}.tape"


def written_position(path: Path) -> int:
    """Return the position that a tape on disk has reached; 0 where there is none."""
    return max(0, path.stat().st_size // RECORD - 1) if path.exists() else 0


def read_tape(path: Path, after: int = 0) -> Iterator[Seen]:
    """Yield the ticks behind a position, checking every record from the first on. A torn last record is left out.

    Raises `StorageError` that names the first record that was altered or lost, or what cannot be read at all.
    """
    symbols: dict[int, str] = {}
    for position, content in _records(path):
        kind, number, now, *values = _CONTENT.unpack(content)
        if kind == _NAME:
            symbols[number] = content[4:].rstrip(b"\0").decode()
        elif position > after:
            if kind == _LOST:
                raise StorageError(f"tick tape {path}: record {position} was lost in a power cut; {_REMEDY}")
            yield Seen(position, now, Tick(symbols[number], *values))


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield position and content of every whole record behind the header."""
    position, checksum = 0, 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_READ_AT_ONCE):
                for start in range(0, len(chunk) - RECORD + 1, RECORD):
                    content = chunk[start : start + _CONTENT.size]
                    checksum = zlib.crc32(content, checksum)
                    stored = chunk[start + _CONTENT.size : start + RECORD]
                    if checksum.to_bytes(_CHECKSUM, "little") != stored or (not position and content != _HEADER):
                        raise StorageError(f"tick tape {path}: record {position} was altered; {_REMEDY}")
                    if position:
                        yield position, content
                    position += 1
                if len(chunk) < _READ_AT_ONCE:
                    return  # whatever the bot writes meanwhile is not asked for
    except OSError as error:
        raise StorageError(f"tick tape {path} cannot be read: {error.strerror}") from error


def _sealed(content: bytes, before: int) -> bytes:
    return content + zlib.crc32(content, before).to_bytes(_CHECKSUM, "little")


def _checksum_of(record: bytes) -> int:
    return int.from_bytes(record[-_CHECKSUM:], "little")
