"""What a contract was on a date: expired ones, old lots, old tick sizes. A narrow port and its twin in memory.

A backtest that takes today's lot for last year's trades wrong quantities, and an expired future stands in no master of
today. So each day's masters are kept, and asked as of a date: the newest master not later than the date counts in which
the contract stands. Before the first master kept nothing is known, and nothing is made up.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from core.errors import ConfigurationError, DataError
from core.market import Instrument
from market_data.symbols.contract import SEGMENTS, Contract, contract_of
from market_data.symbols.contract_versions import no_versions, with_master
from market_data.symbols.ticker import segments_of

LEAST_SHARE = 0.5
"""A master with fewer contracts than this share of the one before is half a file until somebody says otherwise."""


class SymbolArchive(Protocol):
    """Masters of the past, by segment and day. Many may read while one writes; a write is whole or not at all."""

    def put(self, segment: str, day: date, contracts: Any, *, force: bool = False) -> None:
        """Keep a day's master, a `pyarrow.Table` with the columns `contract.FACTS`; one of that day is replaced.

        Raises `DataError` for none at all, or for far fewer contracts than the master before had unless `force`;
        `StorageError` when the disk refuses. Then all is as it was.
        """
        ...

    def days(self, segment: str) -> tuple[date, ...]:
        """Return the days whose masters are kept, oldest first. Raises `DataError` for a file that is not ours."""
        ...

    def contract(self, segment: str, symbol: str, as_of: date) -> Contract | None:
        """Return a contract by the newest master not later than a date in which it stands; None where none does.

        Raises `DataError` for a file that cannot be read.
        """
        ...

    def versions(self, segment: str) -> Any:
        """Return all there is as a table: `contract_versions.COLUMNS`, by ticker and time.

        A contract that goes on into a new year may have one row in each. Raises `DataError`.
        """
        ...


class MemorySymbolArchive:
    """The twin for tests and for masters that are only passed through."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, tuple[date, ...]]] = {}

    def put(self, segment: str, day: date, contracts: Any, *, force: bool = False) -> None:
        """Keep a day's master. Raises `DataError`."""
        versions, days = self._kept.get(segment, (no_versions(), ()))
        refuse_half(segment, day, contracts.num_rows, count_before(versions, days, day), force=force)
        self._kept[segment] = with_master(versions, days, day, contracts)

    def days(self, segment: str) -> tuple[date, ...]:
        """Return the days whose masters are kept."""
        return self._kept[segment][1] if segment in self._kept else ()

    def contract(self, segment: str, symbol: str, as_of: date) -> Contract | None:
        """Return a contract as of a date."""
        found = None
        for row in self.versions(segment).to_pylist():
            if row["symbol"] == symbol and row["first"] <= as_of:
                found = row
        return contract_of(found) if found else None

    def versions(self, segment: str) -> Any:
        """Return all there is."""
        return self._kept[segment][0] if segment in self._kept else no_versions()


def count_before(versions: Any, days: Sequence[date], day: date) -> int:
    """Return how many contracts the newest master before a day has."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a tenth of a second that only those who write pay for

    before = [each for each in days if each < day]
    if not before:
        return 0
    stands = pc.and_(pc.less_equal(versions["first"], before[-1]), pc.greater_equal(versions["last"], before[-1]))
    return int(pc.sum(stands).as_py() or 0)


def refuse_half(segment: str, day: date, count: int, before: int, *, force: bool) -> None:
    """Refuse a master that is none, or much smaller than the one before. Raises `DataError`."""
    if count == 0:
        raise DataError(f"{segment} {day}: the master holds no contracts; nothing was kept")
    if count < before * LEAST_SHARE and not force:
        raise DataError(
            f"{segment} {day}: {count} contracts, the master before has {before}: half a file? Nothing was kept; "
            "give --force if it is whole"
        )


def find(archive: SymbolArchive, symbol: str, as_of: date) -> tuple[str, Contract]:
    """Return a contract as of a date, with the segment that lists it.

    Raises `ConfigurationError` for a ticker that no master up to the date has, with what would help: its neighbours, a
    later master that has it, or that there is no master so old. Raises `DataError` for a file that cannot be read.
    """
    for segment in _segments(symbol):
        contract = archive.contract(segment, symbol, as_of)
        if contract is not None:
            return segment, contract
    raise ConfigurationError(_why_not(archive, segments_of(symbol), symbol, as_of))


def instrument(archive: SymbolArchive, symbol: str, as_of: date) -> Instrument:
    """Return what an order needed to know of a contract on a date, without the day's price band, which is not kept.

    Raises as `find` does, and `DataError` for a contract without lot or tick.
    """
    segment, contract = find(archive, symbol, as_of)
    return contract.instrument(segment)


def _segments(symbol: str) -> tuple[str, ...]:
    """Return the segments of a ticker's exchange, the likeliest first. Raises `ConfigurationError`."""
    likely = segments_of(symbol)
    exchange = symbol.partition(":")[0]
    return (*likely, *(name for name in SEGMENTS if name.startswith(f"{exchange}_") and name not in likely))


def _why_not(archive: SymbolArchive, segments: Sequence[str], symbol: str, as_of: date) -> str:
    from market_data.symbols.symbol_search import neighbours  # noqa: PLC0415 - it searches through this port

    shown = "".join(character if character.isprintable() else "?" for character in symbol[:60])
    kept = {segment: archive.days(segment) for segment in segments}
    first = min((days[0] for days in kept.values() if days), default=None)
    if first is None:
        return f"{shown}: no master of {' or '.join(segments)} is kept; run `fyersbot symbols download`"
    if as_of < first:
        return (
            f"{shown}: the first master kept of {' or '.join(segments)} is of {first}, so nothing is known of {as_of}; "
            "bring in an older one with `fyersbot symbols import`"
        )
    later = [contract for segment in segments if (contract := archive.contract(segment, symbol, date.max)) is not None]
    if later:
        return f"{shown}: stands in masters after {as_of} only; ask as of a later date"
    near = neighbours(archive, _segments(symbol), symbol)
    return f"{shown}: in no master of {' or '.join(segments)} up to {as_of}" + (
        f"; did you mean {' or '.join(near)}?" if near else "; try `fyersbot symbols search`"
    )


def kept_segments(archive: SymbolArchive) -> tuple[str, ...]:
    """Return the segments of which there is a master."""
    return tuple(segment for segment in SEGMENTS if archive.days(segment))
