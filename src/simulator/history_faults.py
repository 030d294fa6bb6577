"""What a broker's history leaves out without a word, played on rows that would have been complete."""

from collections.abc import Iterator

from core.instants import from_epoch_seconds, ist_date
from simulator.faults import FaultKind, Faults
from simulator.history import Row


def spoiled(rows: list[Row], symbol: str, faults: Faults) -> list[Row]:
    """Return what the armed faults leave of a history answer."""
    if not rows:
        return rows
    if faults.strike(FaultKind.NO_DATA, symbol=symbol) is not None:
        return []
    listed = faults.strike(FaultKind.LISTED_LATER, symbol=symbol)
    if listed is not None:
        rows = [row for row in rows if _day(row) >= listed.day]
    missing = set(_missing(rows, symbol, faults))
    rows = [row for row in rows if _day(row) not in missing]
    capped = faults.strike(FaultKind.CAPPED_HISTORY, symbol=symbol)
    return rows if capped is None else rows[-capped.rows :]


def _missing(rows: list[Row], symbol: str, faults: Faults) -> Iterator[str]:
    for day in dict.fromkeys(map(_day, rows)):
        if faults.strike(FaultKind.MISSING_SESSION, symbol=symbol, day=day) is not None:
            yield day


def _day(row: Row) -> str:
    return ist_date(from_epoch_seconds(int(row[0]))).isoformat()
