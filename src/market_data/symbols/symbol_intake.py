"""How a master comes into the archive: today's from the broker, once a day, or an old file that somebody has.

Every file is read and checked whole before anything is kept; one segment that fails keeps no other from being tried.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from core.errors import BrokerError, ConfigurationError, DataError
from core.instants import ist_date
from core.ports import Clock
from market_data.symbols.master_file import MasterFile, read_master
from market_data.symbols.symbol_archive import SymbolArchive
from market_data.symbols.symbol_master import SymbolMaster


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one segment's master."""

    segment: str
    day: date
    contracts: int | None
    """Contracts kept; None: that day's master was there already and nobody was asked."""


def download_masters(
    archive: SymbolArchive,
    master: SymbolMaster,
    clock: Clock,
    segments: Sequence[str],
    tell: Callable[[str], None],
    *,
    force: bool = False,
) -> list[Taken]:
    """Keep today's master of each segment; those that are there already are asked for again with `force` only.

    `tell` hears a line for each. When all have been tried, raises `BrokerError` that names the segments which could not
    be had and the first reason. Raises `StorageError` at once: what the disk refuses once, it refuses again.
    """
    today = ist_date(clock.now())
    is_rehearsal = master.is_on_this_machine
    taken: list[Taken] = []
    failed: dict[str, str] = {}
    for segment in segments:
        if today in archive.days(segment) and not force:
            taken.append(Taken(segment=segment, day=today, contracts=None))
            tell(f"{segment}: the master of {today} is there already")
            continue
        try:
            file = master.read_whole(segment, partial(_read, segment=segment, may_be_empty=is_rehearsal))
            if is_rehearsal and not file.table.num_rows:
                tell(f"{segment}: the simulator lists none")
                continue
            archive.put(segment, today, file.table, force=force)
        except (BrokerError, DataError) as error:
            failed[segment] = str(error)
            tell(f"{segment}: {error}")
            continue
        taken.append(Taken(segment=segment, day=today, contracts=file.table.num_rows))
        tell(f"{segment}: {file.table.num_rows} contracts")
    if failed:
        raise BrokerError(
            f"{len(failed)} of {len(segments)} masters could not be kept ({', '.join(failed)}): "
            f"{next(iter(failed.values()))}"
        )
    return taken


def _read(path: Path, segment: str, *, may_be_empty: bool) -> MasterFile:
    file = read_master(path, segment)
    if not file.table.num_rows and not may_be_empty:
        raise DataError(f"{path}: holds no contracts")
    return file


def import_master(
    archive: SymbolArchive, path: Path, day: date, today: date, segment: str | None = None, *, force: bool = False
) -> Taken:
    """Keep a file as the master of a day; `segment` is what it must be of, None: what it says itself.

    Raises `ConfigurationError` for a day to come or a file that is not there, `DataError` for one that cannot be read,
    that is of another segment, or that was changed after the day it is given for; `StorageError`.
    """
    if day > today:
        raise ConfigurationError(f"--date {day} is after today, {today}; give the day that the file was published on")
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file; give a symbol master, CSV or JSON, also compressed with gzip")
    file: MasterFile = read_master(path, segment)
    if file.updated is not None and file.updated > day:
        raise DataError(f"{path}: has rows of {file.updated}, after --date {day}; is the date right?")
    archive.put(file.segment, day, file.table, force=force)
    return Taken(segment=file.segment, day=day, contracts=file.table.num_rows)
