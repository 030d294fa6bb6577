"""Where the money came from: the same figures by symbol, reason of the exit, side, hour, weekday and month."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from core.instants import ist_datetime
from core.market import Side
from core.positions import Trade
from reporting.trade_statistics import TradeStatistics, trade_statistics

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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


def breakdown(trades: Sequence[Trade], dimension: Dimension) -> tuple[TradeGroup, ...]:
    """Return the groups of trades by a dimension; times are Indian. Groups without a trade are left out."""
    members: defaultdict[tuple[int, str], list[Trade]] = defaultdict(list)
    for trade in trades:
        members[_key(trade, dimension)].append(trade)
    groups = [TradeGroup(name, trade_statistics(members[place, name])) for place, name in sorted(members)]
    if not dimension.is_ordered:
        groups.sort(key=lambda group: -group.statistics.net)
    return tuple(groups)


def _key(trade: Trade, dimension: Dimension) -> tuple[int, str]:
    """Return the place in the order of the groups, and the name."""
    match dimension:
        case Dimension.SYMBOL:
            return 0, trade.symbol
        case Dimension.EXIT_REASON:
            return 0, trade.exit_reason
        case Dimension.SIDE:
            return 0, "long" if trade.side is Side.BUY else "short"
        case Dimension.HOUR:
            return 0, f"{ist_datetime(trade.entry_at):%H}:00"
        case Dimension.WEEKDAY:
            weekday = ist_datetime(trade.entry_at).weekday()
            return weekday, _WEEKDAYS[weekday]
        case Dimension.MONTH:
            return 0, f"{ist_datetime(trade.exit_at):%Y-%m}"
