"""One call's worth of history: an answer may lack whole sessions and say nothing about it, so what lacks is asked for.

FYERS is said to cut answers off at a number of rows, and sessions are missing from real ones. An answer without a
single row is FYERS' `no_data` and is believed. From an answer with rows, a session that the calendar expects and that
did not come is asked for again, with its neighbours, because a cut goes through the middle of a day. What then still
does not come is known to be absent. An answer never takes candles away: where a session comes back with fewer than are
stored, the stored ones stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from core.instants import ist_date
from core.market import Candle
from core.ports import Calendar, Clock, HistoryRange
from market_data.candles.candle_store import Series
from market_data.days import Days
from market_data.history.download_plan import runs_of
from market_data.history.history_checks import check_history

FRUITLESS_ASKS = 2
"""Calls in a row for missing sessions that bring nothing; then what is missing counts as absent."""
MOST_ASKS = 100
"""Calls for one call's worth: FYERS' smallest reported answer, four days of minutes, needs 25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the store should hold of some days, and how that differs from what it held."""

    candles: tuple[Candle, ...]
    new: int
    changed: int
    dropped: int
    """Rows left out: repeated, outside the sessions or the days asked for, still forming."""
    absent: tuple[date, ...]
    """Sessions without a candle."""
    kept: tuple[date, ...]
    """Sessions that came thinner than they are stored, or not at all: the stored candles stay."""


class HistoryFetch:
    """Asks a source for days and says what to store."""

    def __init__(self, source: HistoryRange, calendar: Calendar, clock: Clock) -> None:
        self._source = source
        self._calendar = calendar
        self._clock = clock

    def fetch(self, series: Series, days: Days, stored: Sequence[Candle], on_call: Callable[[], None]) -> Fetched:
        """Ask for some days, at most as many as a call may span; `stored` is what is known of them.

        `on_call` is told before each call to the source. Raises `DataError` for rows that contradict each other, and
        what the source raises.
        """
        sessions = [day for day in days if self._calendar.trading_day(day) is not None]
        best = _Best(stored)
        on_call()
        is_silent = not self._ask(series, days, best) and not stored
        fruitless = asks = 0
        while fruitless < FRUITLESS_ASKS and asks < MOST_ASKS and not is_silent:
            missing = {day for day in sessions if day not in best.came}
            if not missing:
                break
            runs = sorted(runs_of(sessions, missing), key=lambda run: run.first.toordinal() - run.last.toordinal())
            before = best.size
            on_call()
            self._ask(series, _widened(runs[fruitless % len(runs)], sessions), best, runs[fruitless % len(runs)])
            fruitless = fruitless + 1 if best.size == before else 0
            asks += 1
        return best.outcome(stored, sessions)

    def _ask(self, series: Series, days: Days, best: "_Best", run: Days | None = None) -> bool:
        """Make one call and take what is better; return whether there were rows at all.

        Where a run of several missing sessions was asked for, its outermost ones are not taken for whole: the answer
        may have been cut in the middle of them.
        """
        now = self._clock.now()
        rows = self._source.get_candles(series.symbol, series.timeframe, days.first, days.last)
        checked = check_history(rows, series.symbol, series.timeframe, self._calendar, now)
        inside = [candle for candle in checked.candles if ist_date(candle.start) in days]
        best.dropped += len(rows) - len(inside)
        best.take(inside, run if run is not None and run.first != run.last else None)
        return bool(rows)


class _Best:
    """The fullest version seen of each day."""

    def __init__(self, stored: Sequence[Candle]) -> None:
        self._days = _by_day(stored)
        self.came: set[date] = set()
        self.dropped = 0

    @property
    def size(self) -> tuple[int, int]:
        """Grows with each session and candle that an answer adds."""
        return len(self.came), sum(map(len, self._days.values()))

    def take(self, candles: Sequence[Candle], doubtful: Days | None) -> None:
        """Take each day that is no thinner than what is there; the first and last of `doubtful` may be thin."""
        days = _by_day(candles)
        for day, session in days.items():
            if len(session) >= len(self._days.get(day, ())):
                self._days[day] = session
                if doubtful is None or day not in doubtful or day not in {min(days), max(days)}:
                    self.came.add(day)

    def outcome(self, stored: Sequence[Candle], sessions: Sequence[date]) -> Fetched:
        """Compare with what was stored."""
        candles = tuple(candle for _, session in sorted(self._days.items()) for candle in session)
        before = {candle.start: candle for candle in stored}
        missing = [day for day in sessions if day not in self.came]
        return Fetched(
            candles=candles,
            new=sum(candle.start not in before for candle in candles),
            changed=sum(before.get(candle.start, candle) != candle for candle in candles),
            dropped=self.dropped,
            absent=tuple(day for day in missing if day not in self._days),
            kept=tuple(day for day in missing if day in self._days),
        )


def _by_day(candles: Sequence[Candle]) -> dict[date, tuple[Candle, ...]]:
    return {day: tuple(session) for day, session in groupby(candles, key=lambda candle: ist_date(candle.start))}


def _widened(run: Days, sessions: Sequence[date]) -> Days:
    """Take the session on each side along."""
    first, last = sessions.index(run.first), sessions.index(run.last)
    return Days(sessions[max(first - 1, 0)], sessions[min(last + 1, len(sessions) - 1)])
