"""A market played from day paths: the part that generator and tape have in common.

It answers the questions of `Market` from what its child knows of one symbol and one session, and keeps the sessions
that are being played. What is past is told whole, what is forming only up to now.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from core.errors import DataError
from core.instants import Instant, ist_date
from core.market import Candle, Instrument, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.columns import IntArray
from simulator.day_path import Bars, DayPath
from simulator.market import Quote

BAND_PERCENT = 20
"""Price band around the previous close."""
_LONGEST_CLOSURE_DAYS = 30
_SESSIONS_KEPT = 2
"""The one that is played and the one before it, whose last quotes stand until the open."""


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    """All symbols of one session, merged in time order."""

    at: IntArray
    symbol: IntArray
    """Place of the symbol in the market's list."""
    rows: IntArray
    places: tuple[IntArray, ...]
    """For each symbol the indices of its rows."""


class PathMarket(ABC):
    """Plays the sessions of a calendar from paths."""

    def __init__(self, instruments: Mapping[str, Instrument], calendar: Calendar, resolution: Timeframe) -> None:
        """`resolution` is the shortest candle this market can tell."""
        self._instruments = dict(instruments)
        self._symbols = tuple(instruments)
        self._calendar = calendar
        self._resolution = resolution
        self._days: dict[date, TradingDay | None] = {}
        self._played: dict[date, _Session] = {}

    @abstractmethod
    def path(self, symbol: str, session: TradingDay) -> DayPath:
        """Every update of a symbol in a session; empty when it did not trade."""

    @abstractmethod
    def bars(self, symbol: str, session: TradingDay) -> Bars:
        """The whole session in candles of this market's resolution; equal to those of the path."""

    @abstractmethod
    def previous_close(self, symbol: str, session: TradingDay) -> int:
        """Last price before a session, in units."""

    @property
    @abstractmethod
    def first_day(self) -> date:
        """The first date this market knows anything about."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The listed contracts by ticker, without price bands."""
        return self._instruments

    @property
    def calendar(self) -> Calendar:
        """The sessions this market plays."""
        return self._calendar

    @property
    def resolution(self) -> Timeframe:
        """The shortest candles this market has."""
        return self._resolution

    def makes(self, timeframe: Timeframe) -> bool:
        """Whether it has candles of a timeframe: its own and their multiples."""
        return timeframe.duration % self._resolution.duration == 0

    def instruments_at(self, now: Instant) -> Mapping[str, Instrument]:
        """The listed contracts with the bands of the day of `now`, or of the next session on a closed day."""
        day = ist_date(now)
        session = self._calendar.trading_day(day) or self._calendar.next_trading_day(day)
        listed = {}
        for symbol, instrument in self._instruments.items():
            lower, upper = self.band(symbol, session)
            listed[symbol] = replace(instrument, lower_band=lower, upper_band=upper)
        return listed

    def band(self, symbol: str, session: TradingDay) -> tuple[int, int]:
        """Lowest and highest price of a session: the previous close and a fifth either way, inwards to the tick."""
        close, tick = self.previous_close(symbol, session), self._instruments[symbol].tick
        lower = -(-close * (100 - BAND_PERCENT) // (100 * tick)) * tick
        upper = close * (100 + BAND_PERCENT) // (100 * tick) * tick
        return max(lower, tick), upper

    def candles(self, symbol: str, timeframe: Timeframe, start: Instant, end: Instant, now: Instant) -> list[Candle]:
        """Candles with `start <= candle.start < end` as known at `now`, the forming one included."""
        self._require(symbol)
        if not self.makes(timeframe):
            raise DataError(
                f"{symbol}: no {timeframe.value} candles, this market has {self._resolution.value} and its multiples"
            )
        found: list[Candle] = []
        for session in self._sessions(ist_date(start), ist_date(min(end - 1, now))):
            found += self._session_candles(symbol, timeframe, session, now)
        return [candle for candle in found if start <= candle.start < end]

    def quotes(self, after: Instant, until: Instant) -> list[Quote]:
        """All updates with `after < at <= until`, all symbols, in time order."""
        found: list[Quote] = []
        for session in self._sessions(ist_date(after), ist_date(until)):
            if session.close <= after:
                continue
            played = self._play(session)
            part = slice(*np.searchsorted(played.at, (after, until), side="right").tolist())
            symbols, rows = played.symbol[part].tolist(), played.rows[part].tolist()
            found += [Quote(self._symbols[place], *row) for place, row in zip(symbols, rows, strict=True)]
        return found

    def quote(self, symbol: str, now: Instant) -> Quote | None:
        """The last known quote of a symbol, possibly of an earlier session; None before the first there is."""
        self._require(symbol)
        place = self._symbols.index(symbol)
        for session in self.sessions_back(ist_date(now)):
            if session.open <= now:
                played = self._play(session)
                places = played.places[place]
                known = int(np.searchsorted(played.at[places], now, side="right"))
                if known:
                    return Quote(symbol, *played.rows[places[known - 1]].tolist())
        return None

    def sessions_back(self, day: date) -> Iterator[TradingDay]:
        """Yield the sessions up to a date, the newest first, as far back as the market may have been closed."""
        for back in range(_LONGEST_CLOSURE_DAYS):
            earlier = day - timedelta(days=back)
            session = self._day(earlier) if earlier >= self.first_day else None
            if session is not None:
                yield session

    def _session_candles(self, symbol: str, timeframe: Timeframe, session: TradingDay, now: Instant) -> list[Candle]:
        whole = self.bars(symbol, session)
        bars = whole if timeframe is self._resolution else whole.merged(session, timeframe)
        if now >= session.close:
            return bars.candles()
        closed = [candle for candle in bars.candles() if session.candle_close(candle.start, timeframe) <= now]
        start = session.candle_start(now, timeframe)
        if now < session.open or session.candle_close(start, timeframe) <= now:
            return closed  # not begun, or paused
        forming = self.path(symbol, session).between(start, now)
        return closed + forming.bars(session, timeframe).candles()

    def _sessions(self, first: date, last: date) -> Iterator[TradingDay]:
        day = max(first, self.first_day)
        while day <= last:
            session = self._day(day)
            if session is not None:
                yield session
            day += timedelta(days=1)

    def _day(self, day: date) -> TradingDay | None:
        if day not in self._days:
            self._days[day] = self._calendar.trading_day(day)
        return self._days[day]

    def _play(self, session: TradingDay) -> _Session:
        played = self._played.get(session.date)
        if played is None:
            played = self._merge(session)
            while len(self._played) >= _SESSIONS_KEPT:
                del self._played[next(iter(self._played))]
            self._played[session.date] = played
        return played

    def _merge(self, session: TradingDay) -> _Session:
        tables = [self.path(symbol, session).rows(self.previous_close(symbol, session)) for symbol in self._symbols]
        symbol = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        rows = np.concatenate(tables)
        order = np.lexsort((symbol, rows[:, 0]))
        rows, symbol = rows[order], symbol[order]
        places = tuple(np.flatnonzero(symbol == place) for place in range(len(tables)))
        return _Session(at=np.ascontiguousarray(rows[:, 0]), symbol=symbol, rows=rows, places=places)

    def _require(self, symbol: str) -> None:
        if symbol not in self._instruments:
            raise DataError(f"no symbol {symbol} in this market; it has {', '.join(self._symbols)}")
