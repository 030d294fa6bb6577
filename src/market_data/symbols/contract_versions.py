"""Most contracts are the same every day: keep each once, with the first and the last master that says so.

A run of masters becomes rows of facts with two dates, `first` and `last`; a contract whose lot changes has two rows. A
master may come in any order, also between two older ones or in place of one: the rows are the same in the end.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from market_data.days import number_of
from market_data.symbols.contract import FACTS

SPAN = ("first", "last")
COLUMNS = (*FACTS, *SPAN)


def no_versions() -> Any:
    """Return the table of no contracts, in the types that all tables of versions have."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who touch the archive pay for

    numbers, dates = {"kind", "lot", "tick", "freeze", "strike"}, {"expiry", *SPAN}
    types = {name: pa.int64() if name in numbers else pa.date32() if name in dates else pa.string() for name in COLUMNS}
    return pa.schema(types).empty_table()


def with_master(versions: Any, days: Sequence[date], day: date, contracts: Any) -> tuple[Any, tuple[date, ...]]:
    """Return versions and days of masters after one more, or another one, of `day`.

    `versions` has the columns `COLUMNS`, `contracts` at least `FACTS` and each ticker once. The answer is sorted by
    ticker and then by time, and holds no two rows that could be one.
    """
    import pyarrow as pa  # noqa: PLC0415 - see no_versions

    after = tuple(sorted({*days, day}))
    numbers = np.array([number_of(each) for each in after], dtype=np.int32)
    at = after.index(day)
    first, last = (np.searchsorted(numbers, _numbers(versions[name])) for name in SPAN)
    kept, first, last = _without(first, last, at)
    rows = pa.concat_tables(
        [versions.select(FACTS).take(pa.array(kept)), contracts.select(FACTS).cast(versions.select(FACTS).schema)]
    )
    fresh = np.full(contracts.num_rows, at)
    facts, which = _unique(rows)
    which, first, last = _joined(which, np.concatenate([first, fresh]), np.concatenate([last, fresh]))
    table = facts.take(pa.array(which))
    for name, index in zip(SPAN, (first, last), strict=True):
        table = table.append_column(name, pa.array(numbers[index], pa.int32()).cast(pa.date32()))
    return table.sort_by([("symbol", "ascending"), ("first", "ascending")]).combine_chunks(), after


def standing(versions: Any, day: date) -> Any:
    """Return the rows that stand in the master of a day."""
    import pyarrow.compute as pc  # noqa: PLC0415 - see no_versions

    return versions.filter(pc.and_(pc.less_equal(versions["first"], day), pc.greater_equal(versions["last"], day)))


def _numbers(column: Any) -> Any:
    """Return dates as days since 1970-01-01."""
    import pyarrow as pa  # noqa: PLC0415 - see no_versions

    return column.cast(pa.int32()).to_numpy()


def _without(first: Any, last: Any, at: int) -> tuple[Any, Any, Any]:
    """Cut one master out of spans, given as positions of masters; return the row that each part came from, too."""
    rows = np.arange(len(first))
    holds = (first <= at) & (at <= last)
    before, behind = holds & (first < at), holds & (last > at)
    apart = ~holds
    return (
        np.concatenate([rows[apart], rows[before], rows[behind]]),
        np.concatenate([first[apart], first[before], np.full(behind.sum(), at + 1)]),
        np.concatenate([last[apart], np.full(before.sum(), at - 1), last[behind]]),
    )


def _unique(rows: Any) -> tuple[Any, Any]:
    """Return rows that differ, and for every row given the place of its like there."""
    import pyarrow as pa  # noqa: PLC0415 - see no_versions

    places = pa.array(np.arange(rows.num_rows))
    groups = rows.append_column("place", places).group_by(list(FACTS), use_threads=False).aggregate([("place", "list")])
    members = groups["place_list"].combine_chunks()
    which = np.empty(rows.num_rows, dtype=np.int64)
    which[members.flatten().to_numpy()] = np.repeat(np.arange(groups.num_rows), members.value_lengths().to_numpy())
    return groups.select(list(FACTS)), which


def _joined(which: Any, first: Any, last: Any) -> tuple[Any, Any, Any]:
    """Make one span of those of the same facts that follow each other without a master between."""
    order = np.lexsort((first, which))
    which, first, last = which[order], first[order], last[order]
    begins = np.ones(len(which), dtype=bool)
    begins[1:] = (which[1:] != which[:-1]) | (first[1:] != last[:-1] + 1)
    ends = np.ones(len(which), dtype=bool)
    ends[:-1] = begins[1:]
    return which[begins], first[begins], last[ends]
