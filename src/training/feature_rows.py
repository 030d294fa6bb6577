"""Rows of features on their way from symbols, one after the other, into one order of time.

Fifty symbols of five years are 0.9 GB: as parts and as a whole beside each other they would be twice that. So the parts
wait in a file, and the whole lies in another if there is a folder for it. All processes then read the same pages.
"""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from core.errors import StorageError, one_line
from features.columns import FloatArray, IntArray


class FeatureRows:
    """Takes the rows of each symbol and gives back all of them in another order. A context: it leaves no file."""

    def __init__(self, features: int, folder: Path | None) -> None:
        """Expect so many features in a row; without a `folder` the result lies in memory."""
        self._features = features
        self._folder = folder
        self._counts: list[int] = []
        self._parts: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> "FeatureRows":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._parts.close()

    def __len__(self) -> int:
        return sum(self._counts)

    def add(self, rows: FloatArray) -> None:
        """Take the rows of the next symbol. Raises `StorageError` when the disk refuses."""
        try:
            self._parts.write(np.ascontiguousarray(rows).data)
            self._parts.flush()
        except OSError as error:
            raise StorageError(_refused(error)) from error
        self._counts.append(len(rows))

    def in_order(self, order: IntArray) -> FloatArray:
        """Return all rows, `order[0]` first, which counts them as they came. Raises `StorageError`."""
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        whole, first = self._empty(), 0
        self._parts.seek(0)
        for count in self._counts:
            part = np.fromfile(self._parts, count=count * self._features).reshape(count, self._features)
            whole[places[first : first + count]] = part
            first += count
        return whole

    def _empty(self) -> FloatArray:
        shape = len(self), self._features
        if self._folder is None:
            return np.empty(shape)
        try:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                # Room for all of it now: a page of a mapped file for which there is none later ends the process.
                os.posix_fallocate(file.fileno(), 0, max(1, shape[0] * shape[1] * np.dtype(np.float64).itemsize))
        except OSError as error:
            raise StorageError(_refused(error)) from error
        return np.asarray(np.memmap(file.name, np.float64, "r+", shape=shape))


def _refused(error: OSError) -> str:
    return (
        f"{tempfile.gettempdir()}: no room for the rows to learn from ({one_line(error)}); set TMPDIR to a larger one"
    )
