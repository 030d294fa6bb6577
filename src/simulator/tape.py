"""A recorded market: a file of candles or ticks, played again on the days it was recorded.

The day that is played is the clock's; earlier days of the file are its history. Candles expand to a quote every second
or so that respect each candle exactly (`tape_expansion`), with a touch put around the price. What the file does not
hold is never invented: shorter candles than its own are refused, a gap in it is a silence.
"""

import zlib
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from core.errors import DataError
from core.instants import SECOND, ist_date
from core.market import Instrument, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.columns import IntArray
from simulator.day_path import Bars, DayPath, no_touch, touch_around
from simulator.listings import fy_token, tick_kept_by
from simulator.path_market import PathMarket
from simulator.tape_days import TapeCalendar, calendar_session, session_by_its_rows, usual_hours
from simulator.tape_expansion import expand
from simulator.tape_file import Recording, TapeReport, TapeRows, read_recording

_PATHS_KEPT = 4
"""Expanded days kept in memory: the one that is played and those before it that are asked about."""


@dataclass(frozen=True, slots=True, eq=False)
class _RecordedDay:
    session: TradingDay
    rows: TapeRows


class TapeMarket(PathMarket):
    """One symbol of a recorded file."""

    def __init__(self, recording: Recording, calendar: Calendar, seed: int, path: Path) -> None:
        """Lay the rows of a recording on the sessions of a calendar. `seed` decides the invented part of the quotes.

        Raises `DataError` when no row lies in a session.
        """
        days, outside = _recorded_days(recording, calendar)
        if not days:
            raise DataError(f"{path}: none of its {recording.read} rows lies in a trading session")
        closed = {day: row.session for day, row in days.items() if calendar_session(calendar, day) is None}
        instrument = Instrument(symbol=recording.symbol, token=fy_token(recording.symbol), tick=_tick(recording.rows))
        resolution = recording.timeframe or Timeframe.M1
        super().__init__({recording.symbol: instrument}, TapeCalendar(calendar, closed), resolution)
        self._timeframe = recording.timeframe
        self._seed = seed
        self._recorded = days
        self._dates = sorted(days)
        self._paths: dict[date, DayPath] = {}
        self.symbol = recording.symbol
        self.report = TapeReport(
            path=path,
            read=recording.read,
            kept=sum(len(row.rows.at) for row in days.values()),
            sessions=len(days),
            duplicates=recording.duplicates,
            unsorted=recording.unsorted,
            impossible=recording.impossible,
            outside=outside,
        )

    @classmethod
    def from_file(
        cls,
        path: Path,
        symbol: str | None = None,
        timeframe: Timeframe | None = None,
        *,
        calendar: Calendar,
        seed: int = 0,
    ) -> "TapeMarket":
        """Open a file; symbol and timeframe are read from its name (`NSE_SBIN-EQ_5m_fyers`) unless given.

        Raises `DataError` for a file that cannot be read, lacks a column or contradicts itself.
        """
        return cls(read_recording(path, symbol, timeframe), calendar, seed, path)

    @property
    def first_day(self) -> date:
        """The first session of the file."""
        return self._dates[0]

    @property
    def last_day(self) -> date:
        """The last session of the file."""
        return self._dates[-1]

    def require(self, day: date) -> None:
        """Refuse to begin on a session that the file does not hold. Raises `DataError` with what it holds."""
        if day not in self._recorded and calendar_session(self.calendar, day) is not None:
            held = f"{len(self._dates)} sessions from {self.first_day} to {self.last_day}"
            raise DataError(f"{self.report.path}: has no rows on {day}, it holds {held}; choose one of those")

    def require_timeframe(self, timeframe: Timeframe) -> None:
        """Refuse candles that cannot be made of the recorded ones. Raises `DataError` that names both timeframes."""
        if not self.makes(timeframe):
            raise DataError(
                f"{self.report.path}: its {self.resolution.value} candles do not make the {timeframe.value} candles "
                f"asked for; set timeframe to {self.resolution.value} or a multiple, or take a finer tape"
            )

    def path(self, symbol: str, session: TradingDay) -> DayPath:
        """Every update of a session: the recorded ticks, or those that the candles were expanded to."""
        path = self._paths.get(session.date)
        if path is None:
            path = self._make(symbol, session)
            while len(self._paths) >= _PATHS_KEPT:
                del self._paths[next(iter(self._paths))]
            self._paths[session.date] = path
        return path

    def bars(self, symbol: str, session: TradingDay) -> Bars:  # noqa: ARG002 - there is one symbol
        """The recorded candles of a session, or the minutes of its ticks."""
        rows = self._rows(session)
        bars = Bars(*rows.columns)
        return bars if self._timeframe else bars.merged(session, Timeframe.M1)

    def previous_close(self, symbol: str, session: TradingDay) -> int:  # noqa: ARG002 - there is one symbol
        """Close of the session before in the file; at its beginning, the first open."""
        place = bisect_left(self._dates, session.date)
        if place == 0:
            return int(self._recorded[self._dates[0]].rows.open[0])
        return int(self._recorded[self._dates[place - 1]].rows.close[-1])

    def band(self, symbol: str, session: TradingDay) -> tuple[int, int]:
        """The usual band, widened where the tape left it: a split or demerger moves the previous close."""
        lower, upper = super().band(symbol, session)
        rows = self._rows(session)
        if not len(rows.at):
            return lower, upper
        return min(lower, int(rows.low.min())), max(upper, int(rows.high.max()))

    def _rows(self, session: TradingDay) -> TapeRows:
        recorded = self._recorded.get(session.date)
        return recorded.rows if recorded else self._recorded[self._dates[0]].rows.picked(slice(0, 0))

    def _make(self, symbol: str, session: TradingDay) -> DayPath:
        instrument = self.instruments[symbol]
        chance = np.random.default_rng((self._seed, zlib.crc32(symbol.encode()), session.date.toordinal()))
        rows = self._rows(session)
        at, ltp, quantity = rows.at, rows.close, rows.volume
        if self._timeframe:
            at, ltp, quantity = expand(Bars(*rows.columns), session, self._timeframe.duration, instrument.tick, chance)
        if instrument.is_index or not len(at):
            touch = no_touch(len(at))
        else:
            touch = touch_around(ltp, instrument.tick, self.band(symbol, session), chance)
        return DayPath(at, ltp, quantity, touch.bid, touch.ask, touch.bid_size, touch.ask_size)


def _recorded_days(recording: Recording, calendar: Calendar) -> tuple[dict[date, _RecordedDay], int]:
    """Sort rows into sessions; return them with the number of rows that belong to none."""
    rows, outside = recording.rows, 0
    days: dict[date, _RecordedDay] = {}
    dates = np.array([ist_date(at).toordinal() for at in rows.at.tolist()])
    firsts = np.flatnonzero(np.diff(dates, prepend=-1))
    for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(dates)], strict=True):
        day = date.fromordinal(int(dates[first]))
        recorded = _recorded_day(day, rows.picked(slice(first, last)), recording.timeframe, calendar)
        kept = len(recorded.rows.at) if recorded else 0
        outside += last - first - kept
        if recorded is not None and kept:
            days[day] = recorded
    return days, outside


def _recorded_day(day: date, rows: TapeRows, timeframe: Timeframe | None, calendar: Calendar) -> _RecordedDay | None:
    duration = timeframe.duration if timeframe else SECOND
    session = calendar_session(calendar, day)
    if session is None:
        start, end = usual_hours(day)
        within = timeframe is Timeframe.D or bool(np.any((rows.at >= start) & (rows.at < end)))
        session = session_by_its_rows(day, int(rows.at[0]), int(rows.at[-1]) + duration, within_hours=within)
    if session is None:
        return None
    if timeframe is Timeframe.D:
        at: IntArray = np.full(len(rows.at), session.open)
        return _RecordedDay(session, TapeRows(at, *rows.columns[1:]))
    inside = (rows.at >= session.open) & (rows.at < session.close)
    for pause, resumed in session.breaks:
        inside &= (rows.at < pause) | (rows.at + (timeframe.duration if timeframe else 1) > resumed)
    if timeframe is None:
        return _RecordedDay(session, rows.picked(inside).with_trade_volumes())
    on_grid = (rows.at - session.open) % duration == 0
    return _RecordedDay(session, rows.picked(inside & on_grid))


def _tick(rows: TapeRows) -> int:
    """The largest NSE tick size that every price of the file is a multiple of; 1 paisa if none is."""
    return tick_kept_by(rows.open, rows.high, rows.low, rows.close) or 1
