"""Lots, tick sizes and freeze quantities change by circular: list every change between two masters that were kept.

A change is told only where both masters give the fact. A CSV has no freeze quantity: that is no change to none.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from market_data.days import Days

WATCHED = ("lot", "tick", "freeze", "expiry", "token", "isin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact of one contract that is not what it was."""

    segment: str
    symbol: str
    fact: str
    """A name of `WATCHED`; ticks are in units."""
    before: int | str | date
    after: int | str | date
    last_seen: date
    """The last master that gave the old value."""
    seen: date
    """The first master that gave the new one."""


def changes(segment: str, versions: Any, days: Days) -> list[Change]:
    """Return what changed in masters of some days, by day and ticker. `versions` as `SymbolArchive.versions` has it."""
    found = []
    for symbol_rows in _several(versions):
        known: dict[str, tuple[Any, date]] = {}
        for row in symbol_rows:
            for fact in WATCHED:
                value = row[fact]
                if value is None:
                    continue
                if fact in known and known[fact][0] != value and row["first"] in days:
                    before, last_seen = known[fact]
                    found.append(
                        Change(
                            segment=segment,
                            symbol=row["symbol"],
                            fact=fact,
                            before=before,
                            after=value,
                            last_seen=last_seen,
                            seen=row["first"],
                        )
                    )
                known[fact] = value, row["last"]
    return sorted(found, key=lambda change: (change.seen, change.symbol, WATCHED.index(change.fact)))


def _several(versions: Any) -> list[list[dict[str, Any]]]:
    """Return the rows of each contract that has more than one; the others, which are nearly all, cost nothing."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who touch the archive pay for
    import pyarrow.compute as pc  # noqa: PLC0415

    if versions.num_rows < 2:
        return []
    symbols = versions["symbol"].combine_chunks()
    same = pc.equal(symbols.slice(1), symbols.slice(0, len(symbols) - 1)).to_numpy(zero_copy_only=False)
    several = np.append(same, False) | np.append(False, same)
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in versions.filter(pa.array(several)).select(["symbol", *WATCHED, "first", "last"]).to_pylist():
        groups.setdefault(each["symbol"], []).append(each)
    return list(groups.values())
