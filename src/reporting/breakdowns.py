"""Where the money came from: the same figures by symbol, reason of the exit, side, hour, weekday and month."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.instants import DAY, HOUR
from core.positions import Trade
from features.columns import IST_OFFSET, ist_days
from reporting.trade_columns import TradeColumns
from reporting.trade_statistics import TradeStatistics, trade_statistics

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY_OF_THE_EPOCH = 3
"""1970-01-01 was a Thursday."""


class Dimension(Enum):
    """By what trades are told apart; the value is its name for people."""

    SYMBOL = "symbol"
    EXIT_REASON = "exit reason"
    SIDE = "side"
    HOUR = "hour of entry"
    WEEKDAY = "weekday of entry"
    MONTH = "month of exit"

    @property
    def is_ordered(self) -> bool:
        """Whether its groups have an order of their own; others stand with the most profitable on top."""
        return self in {Dimension.HOUR, Dimension.WEEKDAY, Dimension.MONTH}


@dataclass(frozen=True, slots=True)
class TradeGroup:
    """Trades that have something in common."""

    name: str
    statistics: TradeStatistics


def breakdown(trades: Sequence[Trade], columns: TradeColumns, dimension: Dimension) -> tuple[TradeGroup, ...]:
    """Return the groups of trades, given also as columns. Times are Indian; groups without a trade are left out."""
    members: defaultdict[int | str, list[int]] = defaultdict(list)
    for row, key in enumerate(_keys(trades, columns, dimension).tolist()):
        members[key].append(row)
    groups = [
        TradeGroup(_name(key, dimension), trade_statistics(columns.take(np.array(rows))))
        for key, rows in sorted(members.items())
    ]
    return tuple(groups) if dimension.is_ordered else tuple(sorted(groups, key=lambda group: -group.statistics.net))


def _keys(trades: Sequence[Trade], columns: TradeColumns, dimension: Dimension) -> NDArray[Any]:
    """Return what tells trades apart, whole numbers or texts; groups with an order of their own are sorted by it."""
    entry, exit_day = columns.entry_at + IST_OFFSET, ist_days(columns.exit_at)
    match dimension:
        case Dimension.SYMBOL:
            return np.array([trade.symbol for trade in trades])
        case Dimension.EXIT_REASON:
            return np.array([trade.exit_reason for trade in trades])
        case Dimension.SIDE:
            return np.where(columns.is_long, "long", "short")
        case Dimension.HOUR:
            return entry % DAY // HOUR
        case Dimension.WEEKDAY:
            return (entry // DAY + _WEEKDAY_OF_THE_EPOCH) % len(_WEEKDAYS)
        case Dimension.MONTH:
            return np.datetime_as_string(exit_day.astype("datetime64[D]"), unit="M")


def _name(key: int | str, dimension: Dimension) -> str:
    if isinstance(key, str):
        return key
    return _WEEKDAYS[key] if dimension is Dimension.WEEKDAY else f"{key:02d}:00"
