"""A cleaned copy of a file, and a list of everything that was changed. The file itself is never touched.

What has one honest reading is mended: a row that is there twice with the same values, rows in the wrong order, rows
outside the hours of a session, rows that stand still on a day without one. What has two is left, and judged again in
the copy: versions that differ, impossible candles, spikes, and whole days that the calendar does not know of.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import DataError, StorageError
from core.instants import ist_text
from features.columns import IntArray
from market_data.candles.candle_files import ProvenFile, read_proven
from market_data.candles.candle_table import write_rows
from market_data.candles.raw_candles import RawCandles
from market_data.days import days_of
from market_data.quality.findings import Finding, Weight
from market_data.quality.judgement import judge
from market_data.quality.row_checks import is_flat, repeats
from market_data.quality.session_grid import Place, SessionGrid
from market_data.trading_hours import HoursOf
from runtime.atomic_files import open_atomically, write_text

CHANGES = ".changes.csv"
"""What the name of a list of changes ends in."""
_COLUMNS = ("file", "row", "time", "what", "before", "after")
_OUTSIDE = {
    Place.BEFORE_OPEN: "dropped: before the open",
    Place.CLOSING_BAR: "dropped: starts at the close",
    Place.AFTER_CLOSE: "dropped: after the close",
    Place.IN_BREAK: "dropped: in the break of a session",
}
_REPEATED = "dropped: there already with the same values"
_STILL = "dropped: stands still on a day without session"
_MOVED = "moved: stood behind a later row"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one row of the file."""

    row: int
    """Place in the file, counted from 0."""
    time: str
    what: str
    before: str
    """The row's prices and volume, or where it stood."""
    after: str = ""
    """Where it stands in the copy; empty for a row that is not there any more."""


@dataclass(frozen=True, slots=True, eq=False)
class Mending:
    """Rows to keep, in their new order, and what that changes."""

    kept: IntArray
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedFile:
    """What was written."""

    source: Path
    copy: Path
    change_list: Path
    rows: int
    kept: int
    counts: dict[str, int]
    """Changes by what they are."""
    left: tuple[Finding, ...]
    """Defects and doubts that are still in the copy."""


def mend(raw: RawCandles, grid: SessionGrid) -> Mending:
    """Decide which rows stay, and in which order."""
    places = grid.places(raw.starts)
    repeated, _ = repeats(raw)
    why: dict[int, str] = dict.fromkeys(np.flatnonzero(repeated).tolist(), _REPEATED)
    still = (places == Place.NO_SESSION) & is_flat(raw)
    for mask, what in [(still, _STILL), *((places == place, text) for place, text in _OUTSIDE.items())]:
        why |= dict.fromkeys(np.flatnonzero(mask).tolist(), what)
    stays = np.ones(len(raw), dtype=np.bool_)
    stays[list(why)] = False
    rows = np.flatnonzero(stays)
    kept = np.asarray(rows[np.argsort(raw.starts[rows], kind="stable")], dtype=np.int64)
    dropped = [Change(row, ist_text(int(raw.starts[row])), what, _values(raw, row)) for row, what in why.items()]
    return Mending(kept, tuple(sorted([*dropped, *_moved(raw.starts, rows, kept)], key=lambda change: change.row)))


def clean_files(paths: Sequence[Path], folder: Path, hours_of: HoursOf) -> tuple[CleanedFile, ...]:
    """Write a cleaned copy of each file and its list of changes into a folder.

    Raises `DataError` before anything is written when one of them exists, cannot be read or would be empty, and
    `StorageError` when the disk refuses; then the files before it are there, whole.
    """
    targets = [folder / path.name for path in paths]
    for target, number in Counter([*map(change_list_of, targets), *targets]).items():
        if number > 1:
            raise DataError(f"{number} files are called {target.name}: clean them into different folders")
    for target in targets:
        for file in (target, change_list_of(target)):
            if file.exists():
                raise DataError(f"{file} is there already; nothing is overwritten: name another folder")
    mended = [_mended(path, hours_of) for path in paths]
    return tuple(
        _written(file, target, mending, hours_of) for target, (file, mending) in zip(targets, mended, strict=True)
    )


def change_list_of(copy: Path) -> Path:
    """Return where the changes of a copy are listed."""
    return copy.with_name(f"{copy.stem}{CHANGES}")


def _moved(starts: IntArray, rows: IntArray, kept: IntArray) -> list[Change]:
    """Return the rows that stand behind a later one, among those that stay."""
    latest = np.maximum.accumulate(starts[rows]) if len(rows) else starts[rows]
    late = rows[starts[rows] < latest]
    place_of = np.empty(len(starts), dtype=np.int64)
    place_of[kept] = np.arange(len(kept))
    return [
        Change(row, ist_text(int(starts[row])), _MOVED, f"row {row}", f"row {int(place_of[row])}")
        for row in late.tolist()
    ]


def _values(raw: RawCandles, row: int) -> str:
    return " ".join(f"{float(column[row]):.10g}" for column in raw.columns[1:])


def _mended(path: Path, hours_of: HoursOf) -> tuple[ProvenFile, Mending]:
    file = read_proven(path)
    hours = hours_of(file.series.symbol)
    mending = mend(file.candles, SessionGrid(hours, days_of(file.candles.starts), file.series.timeframe))
    if not len(mending.kept):
        raise DataError(f"{path}: no row lies in a session, so nothing would be left; is its time zone right?")
    return file, mending


def _written(source: ProvenFile, target: Path, mending: Mending, hours_of: HoursOf) -> CleanedFile:
    """Write the list first: a copy is never there without it."""
    path = source.table.path
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    table.writerows((path.name, each.row, each.time, each.what, each.before, each.after) for each in mending.changes)
    write_text(change_list_of(target), text.getvalue())
    try:
        with open_atomically(target) as file:
            write_rows(source.table, mending.kept, file)
    except StorageError:
        change_list_of(target).unlink(missing_ok=True)  # else it would stand in the way of the next try
        raise
    again = judge(source.candles.rows(mending.kept), source.series, target.name, hours_of(source.series.symbol))
    return CleanedFile(
        source=path,
        copy=target,
        change_list=change_list_of(target),
        rows=len(source.candles),
        kept=len(mending.kept),
        counts=dict(Counter(each.what for each in mending.changes)),
        left=tuple(each for each in again.findings if each.kind.weight is not Weight.NOTE),
    )
