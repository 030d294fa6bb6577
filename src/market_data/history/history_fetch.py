"""One call's worth of history: an answer may lack whole sessions and say nothing about it, so what lacks is asked for.

FYERS is said to cut answers off at a number of rows, and sessions are missing from real ones. An answer without a
single row is FYERS' `no_data`: whether it may be believed is for whoever knows what lies beside these days. From an
answer with rows, a session that the calendar expects and that did not come is asked for again, with its neighbours,
because a cut goes through the middle of a day. So is the first session of an answer when it begins later than the
others, and the last when it ends earlier: a cut looks like that, and so does a share that was listed at ten or halted
at two. Asked for alone it is believed; together with missing ones, as soon as asking brings nothing more. What then
still does not come is known to be absent. An answer never takes candles away: where a session comes back with fewer
than are stored, the stored ones stay.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from core.instants import Instant, ist_date
from core.market import Candle, Timeframe
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
    is_silent: bool = False
    """Nothing was asked but once: the answer had no row, and nothing is stored of these days."""


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
        is_silent = not self._ask(series, days, best, is_last_word=len(sessions) == 1) and not stored
        fruitless = asks = 0
        while fruitless < FRUITLESS_ASKS and asks < MOST_ASKS and not is_silent:
            missing = {day for day in sessions if day not in best.came}
            if not missing:
                break
            runs = sorted(runs_of(sessions, missing), key=best.urgency)
            run = runs[fruitless % len(runs)]
            before = best.size
            on_call()
            self._ask(series, _widened(run, sessions, best.doubtful), best, is_last_word=run.first == run.last)
            fruitless = fruitless + 1 if best.size == before else 0
            asks += 1
        return replace(best.outcome(stored, sessions), is_silent=is_silent)

    def _ask(self, series: Series, days: Days, best: "_Best", *, is_last_word: bool) -> bool:
        """Make one call and take what is better; return whether there were rows at all.

        With `is_last_word` no smaller question can be asked, so that a session which came is taken for whole.
        """
        now = self._clock.now()
        rows = self._source.get_candles(series.symbol, series.timeframe, days.first, days.last)
        checked = check_history(rows, series.symbol, series.timeframe, self._calendar, now)
        inside = _by_day([candle for candle in checked.candles if ist_date(candle.start) in days])
        best.dropped += len(rows) - sum(map(len, inside.values()))
        best.take(inside, set() if is_last_word else self._perhaps_cut(inside, series.timeframe))
        return bool(rows)

    def _perhaps_cut(self, days: Mapping[date, Sequence[Candle]], timeframe: Timeframe) -> set[date]:
        """Return the outermost days of an answer that lack more of their outer end than any other day of it lacks."""
        if timeframe is Timeframe.D or not days:
            return set()
        lacks = [self._lacks(day, candles, timeframe) for day, candles in days.items()]
        late, early = [begin for begin, _ in lacks], [end for _, end in lacks]
        cut = set()
        if late[0] > max(late[1:], default=0):
            cut.add(min(days))
        if early[-1] > max(early[:-1], default=0):
            cut.add(max(days))
        return cut

    def _lacks(self, day: date, candles: Sequence[Candle], timeframe: Timeframe) -> tuple[Instant, Instant]:
        """Return how long after the open the first candle starts, and how long before the close the last one ends."""
        session = self._calendar.trading_day(day)
        if session is None:
            return 0, 0
        end = session.candle_close(candles[-1].start, timeframe)
        return candles[0].start - session.open, session.close - end


class _Best:
    """The fullest version seen of each day."""

    def __init__(self, stored: Sequence[Candle]) -> None:
        self._days = _by_day(stored)
        self.came: set[date] = set()
        self.doubtful: set[date] = set()
        """Days that came where their answer may have been cut off."""
        self.dropped = 0

    @property
    def size(self) -> tuple[int, int]:
        """Grows with each session and candle that an answer adds."""
        return len(self.came), sum(map(len, self._days.values()))

    def take(self, days: Mapping[date, tuple[Candle, ...]], doubtful: set[date]) -> None:
        """Take each day that is no thinner than what is there; `doubtful` ones may still lack candles."""
        for day, session in days.items():
            if len(session) >= len(self._days.get(day, ())):
                self._days[day] = session
                (self.doubtful if day in doubtful else self.came).add(day)
        self.doubtful -= self.came

    def urgency(self, run: Days) -> tuple[bool, int]:
        """Sort runs of missing sessions: those at a cut first, then the longest."""
        return not any(day in run for day in self.doubtful), run.first.toordinal() - run.last.toordinal()

    def outcome(self, stored: Sequence[Candle], sessions: Sequence[date]) -> Fetched:
        """Compare with what was stored."""
        candles = tuple(candle for _, session in sorted(self._days.items()) for candle in session)
        before = {candle.start: candle for candle in stored}
        held = {ist_date(candle.start) for candle in stored}
        missing = [day for day in sessions if day not in self.came]
        return Fetched(
            candles=candles,
            new=sum(candle.start not in before for candle in candles),
            changed=sum(before.get(candle.start, candle) != candle for candle in candles),
            dropped=self.dropped,
            absent=tuple(day for day in missing if day not in self._days),
            kept=tuple(day for day in missing if day in held),
        )


def _by_day(candles: Sequence[Candle]) -> dict[date, tuple[Candle, ...]]:
    return {day: tuple(session) for day, session in groupby(candles, key=lambda candle: ist_date(candle.start))}


def _widened(run: Days, sessions: Sequence[date], doubtful: Collection[date]) -> Days:
    """Take the session on each side along; where the run ends with a doubtful one, that is the neighbour."""
    first, last = sessions.index(run.first), sessions.index(run.last)
    return Days(
        run.first if run.first in doubtful else sessions[max(first - 1, 0)],
        run.last if run.last in doubtful else sessions[min(last + 1, len(sessions) - 1)],
    )
