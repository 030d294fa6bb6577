"""The broker's books on disk, so that a killed simulator comes back with the same ones."""

from pathlib import Path
from typing import Protocol


class Ledger(Protocol):
    """Where an exchange writes its batches of changes."""


class FileLedger:
    """One JSON line per batch, synced before the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path


class MemoryLedger:
    """Books that live as long as the process."""
