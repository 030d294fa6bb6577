"""A market that does exactly what it is told, for tests of what depends on a single quote."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from core.instants import Instant, ist_date
from core.market import Instrument, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from simulator.day_path import Bars, DayPath
from simulator.path_market import PathMarket


class Print(NamedTuple):
    """One update of a script; prices in units."""

    at: Instant
    ltp: int
    bid: int
    ask: int
    bid_size: int = 1_000
    ask_size: int = 1_000
    quantity: int = 1


class ScriptedMarket(PathMarket):
    """Plays prints that were written down, each symbol with a previous close of its own."""

    def __init__(
        self, calendar: Calendar, script: Mapping[str, Sequence[Print]], listed: Mapping[str, Instrument]
    ) -> None:
        """`script` holds the prints of each symbol in time order; the first price of all is its previous close."""
        super().__init__(listed, calendar, Timeframe.M1)
        self._script = {symbol: tuple(prints) for symbol, prints in script.items()}

    @property
    def first_day(self) -> date:
        """The date of the first print."""
        return ist_date(min(prints[0].at for prints in self._script.values()))

    def path(self, symbol: str, session: TradingDay) -> DayPath:
        """The prints of a session."""
        prints = [row for row in self._script[symbol] if session.is_open(row.at)]
        table = np.array(prints, dtype=np.int64).reshape(-1, len(Print._fields))
        at, ltp, bid, ask, bid_size, ask_size, quantity = table.T
        return DayPath(at, ltp, quantity, bid, ask, bid_size, ask_size)

    def bars(self, symbol: str, session: TradingDay) -> Bars:
        """The prints of a session in minutes."""
        return self.path(symbol, session).bars(session, Timeframe.M1)

    def previous_close(self, symbol: str, session: TradingDay) -> int:
        """The last price before a session; at the beginning of the script, its first."""
        before = [row.ltp for row in self._script[symbol] if row.at < session.open]
        return before[-1] if before else self._script[symbol][0].ltp
