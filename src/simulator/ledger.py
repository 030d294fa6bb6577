"""The broker's books on disk, so that a killed simulator comes back with the same ones.

One JSON line per batch, appended and synced before the exchange answers. A line that was cut short by a kill never
happened: its answer was never given either.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from core.errors import StorageError
from core.instants import Instant
from core.market import Side
from core.orders import OrderStatus, OrderType, Validity
from simulator.account import DayOpened, Fact
from simulator.books import ExchangeOrder, HoldingRow, OrderChanged, PositionChanged, PositionRow, Trade, Traded

_ENUMS: dict[str, type[Enum]] = {"side": Side, "type": OrderType, "validity": Validity, "status": OrderStatus}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call changed, and the market time the exchange had then reached."""

    at: Instant
    facts: tuple[Fact, ...]


class Ledger(Protocol):
    """Where an exchange writes its batches; what it reads back is what it wrote, whole batches in order."""

    def read(self) -> list[Batch]:
        """Everything written so far. Raises `StorageError` for a file that is not a ledger."""
        ...

    def append(self, batch: Batch) -> None:
        """Add a batch; it is safe when this returns. Raises `StorageError`."""
        ...

    def close(self) -> None:
        """Let go of the file; appending later raises `StorageError`. Safe to call twice."""
        ...


class MemoryLedger:
    """Books that live as long as the process; for tests and the fault simulation."""

    def __init__(self) -> None:
        self._batches: list[Batch] = []
        self._closed = False

    def read(self) -> list[Batch]:
        """Everything written so far."""
        return list(self._batches)

    def append(self, batch: Batch) -> None:
        """Add a batch."""
        if self._closed:
            raise StorageError("the ledger in memory is closed: open another")
        self._batches.append(batch)

    def close(self) -> None:
        """Refuse further batches."""
        self._closed = True


class FileLedger:
    """Books in a file of JSON lines. One process at a time may own it."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, and cut off a last line that a kill left unfinished. Raises `StorageError`."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)
            self._cut_unfinished_line()
            _sync_directory(path.parent)
        except OSError as error:
            raise StorageError(f"cannot open the simulator's books {path}: {error.strerror}") from error

    def read(self) -> list[Batch]:
        """Everything written so far."""
        lines = self._path.read_bytes().splitlines()
        return [self._batch(number, line) for number, line in enumerate(lines, start=1)]

    def append(self, batch: Batch) -> None:
        """Add a batch and sync it to the disk."""
        facts = [{"kind": type(fact).__name__, **asdict(fact)} for fact in batch.facts]
        line = json.dumps({"at": batch.at, "facts": facts}, default=_plain, separators=(",", ":"))
        try:
            self._file.write(line.encode() + b"\n")
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            self._file.close()  # what is half written must stay the last line, which the next opening cuts off
            raise StorageError(
                f"cannot write the simulator's books {self._path}: {error}; make room, restart"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cut_unfinished_line(self) -> None:
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)

    def _batch(self, number: int, line: bytes) -> Batch:
        try:
            row = json.loads(line)
            return Batch(at=row["at"], facts=tuple(_fact(fact) for fact in row["facts"]))
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(
                f"{self._path} line {number} is not a batch of the simulator's books ({error}): move the file away"
            ) from error


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} does not belong in a ledger")


def _fact(row: dict[str, Any]) -> Fact:
    match row["kind"]:
        case "OrderChanged":
            return OrderChanged(ExchangeOrder(**_typed(row["order"])))
        case "Traded":
            return Traded(Trade(**_typed(row["trade"])))
        case "PositionChanged":
            return PositionChanged(PositionRow(**row["row"]))
        case "DayOpened":
            return DayOpened(
                day=date.fromisoformat(row["day"]),
                cash=row["cash"],
                holdings=tuple(HoldingRow(**holding) for holding in row["holdings"]),
                positions=tuple(PositionRow(**position) for position in row["positions"]),
            )
        case kind:
            raise ValueError(f"no fact of kind {kind!r}")


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _ENUMS[name](value) if name in _ENUMS else value for name, value in row.items()}


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
