"""Fill the store from the broker: many series, one call's worth at a time, each put whole before the next is asked for.

So a download that dies, however it dies, has lost one answer and goes on where it stood. A series that fails does not
stop the others; what the whole account or the disk refuses does.

An answer without a row takes a hundred days for empty with one word, so it is held against what is known when the rest
of its series is there. Shares are listed and suspended in the middle of our calls, hardly ever at their seams: where
the session right before or right after the silent days has candles, they are asked for once more, in smaller calls.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeAlias

import numpy as np

from core.errors import AuthenticationError, BotError, BrokerError, DataError, RateLimitError, StorageError
from core.instants import SECOND
from core.ports import Calendar, Clock, HistoryRange
from features.columns import CandleColumns
from market_data.candles.candle_store import CandleStore, Series, empty
from market_data.days import Days, date_of, joined
from market_data.history.download_plan import Plan, plan_download, sessions_beside, smaller_calls
from market_data.history.history_fetch import HistoryFetch

FAILURES_IN_A_ROW = 3
"""Series whose calls fail one after the other; then it is the broker or the network, and the rest is not tried."""
_FATAL = (AuthenticationError, RateLimitError, StorageError)

CalendarOf: TypeAlias = Callable[[str], Calendar]
"""Returns the sessions of a symbol's market."""
OnProgress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being asked for, how many calls are behind us and how many there will be."""


@dataclass(slots=True)
class SeriesReport:
    """How one series came out, in candles and sessions."""

    series: Series
    sessions: int
    """Sessions of the wanted range that are over."""
    calls: int = 0
    new: int = 0
    changed: int = 0
    dropped: int = 0
    """Rows that were no closed candle of a session, or came twice."""
    known: int = 0
    """Sessions of the range that are known now."""
    empty: int = 0
    """Those among them that have no candle."""
    absent: tuple[date, ...] = ()
    """Sessions asked for in this run that have no candle."""
    kept: tuple[date, ...] = ()
    """Sessions of which the broker sent fewer candles than are stored; the stored ones stay."""
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a download came out."""

    reports: tuple[SeriesReport, ...]
    stopped_by: BotError | None
    """What ended it before its end."""


def plan_all(
    store: CandleStore,
    wanted: Sequence[Series],
    days: Days,
    calendar_of: CalendarOf,
    clock: Clock,
    *,
    with_empty: bool = False,
) -> tuple[Plan, ...]:
    """Plan every series by its market's sessions; `with_empty` asks for known sessions without candles again.

    Raises `DataError` for days that the calendar does not know; of a series that cannot be read the plan says so.
    """
    plans = []
    for series in wanted:
        calendar = calendar_of(series.symbol)
        try:
            known = store.known(series)
            again = _empty_sessions(store, series, days, known, calendar) if with_empty else ()
        except DataError as error:
            plans.append(Plan(series, calendar, (), (), str(error)))
        else:
            plans.append(plan_download(series, days, known, calendar, clock.now(), again))
    return tuple(plans)


class Download:
    """One run over planned series."""

    def __init__(self, source: HistoryRange, store: CandleStore, clock: Clock, on_progress: OnProgress) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._on_progress = on_progress
        self._made = self._planned = 0

    def run(self, plans: Sequence[Plan]) -> Outcome:
        """Ask for everything planned and store it. What the broker, the rows or the disk refuse is reported."""
        self._planned = sum(len(plan.calls) for plan in plans)
        reports: list[SeriesReport] = []
        failures = 0
        stopped_by: BotError | None = None
        for plan in plans:
            report = SeriesReport(plan.series, len(plan.sessions), error=plan.error)
            reports.append(report)
            if stopped_by is not None and plan.calls:
                report.error = "not asked for: the download had ended"
            elif plan.calls:
                error = self._series(plan, report)
                failures = failures + 1 if isinstance(error, BrokerError) else 0
                if isinstance(error, _FATAL) or failures == FAILURES_IN_A_ROW:
                    stopped_by = error
            self._take_stock(plan, report)
        return Outcome(tuple(reports), stopped_by)

    def _series(self, plan: Plan, report: SeriesReport) -> BotError | None:
        """Ask for one series; return what ended it."""
        started = self._clock.steady()
        fetch = HistoryFetch(self._source, plan.calendar, self._clock)
        silent = list[Days]()
        try:
            for days in plan.calls:
                with _noted(report):
                    if not self._chunk(fetch, plan.series, days, report):
                        silent.append(days)
            for stretch in joined(silent):
                self._settle(fetch, plan, stretch, report)
        except (BrokerError, StorageError) as error:
            report.error = str(error)
            return error
        finally:
            report.seconds = (self._clock.steady() - started) / SECOND
            report.absent = tuple(sorted(report.absent))
        return None

    def _settle(self, fetch: HistoryFetch, plan: Plan, silent: Days, report: SeriesReport) -> None:
        """Remember days without a row as empty, after asking once more where candles lie right beside them."""
        again: tuple[Days, ...] = ()
        with _noted(report):
            if self._has_candles_around(plan, silent):
                again = smaller_calls(silent, plan.series.timeframe)
            else:
                self._store.put(plan.series, silent, empty())
                report.absent += tuple(day for day in plan.sessions if day in silent)
        self._planned += len(again)
        for days in again:
            with _noted(report):
                self._chunk(fetch, plan.series, days, report, is_last_word=True)

    def _has_candles_around(self, plan: Plan, days: Days) -> bool:
        """Whether candles lie right beside some days, or by now on them: another program may have brought some."""
        around = (days.first, days.last, *sessions_beside(days, plan.calendar))
        return len(self._store.read(plan.series, Days(min(around), max(around)))) > 0

    def _chunk(
        self, fetch: HistoryFetch, series: Series, days: Days, report: SeriesReport, *, is_last_word: bool = False
    ) -> bool:
        """Ask for some days and store what came; return False for silence, which is stored as the last word only."""
        at_first = report.calls
        stored = self._store.read(series, days).candles()
        fetched = fetch.fetch(series, days, stored, partial(self._count, report))
        self._planned += report.calls - at_first - 1
        is_known = any(each.first <= days.first and days.last <= each.last for each in self._store.known(series))
        if fetched.is_silent and not is_known and not is_last_word:
            return False
        if not is_known or fetched.new or fetched.changed:
            self._store.put(series, days, CandleColumns.of(fetched.candles))
        report.new += fetched.new
        report.changed += fetched.changed
        report.dropped += fetched.dropped
        report.absent += fetched.absent
        report.kept += fetched.kept
        return True

    def _count(self, report: SeriesReport) -> None:
        self._on_progress(str(report.series), self._made, max(self._planned, self._made + 1))
        self._made += 1
        report.calls += 1

    def _take_stock(self, plan: Plan, report: SeriesReport) -> None:
        if plan.error or not plan.sessions:
            return
        try:
            known = self._store.known(plan.series)
            held = _days_held(self._store, plan.series, Days(plan.sessions[0], plan.sessions[-1]))
        except DataError as error:
            report.error = report.error or str(error)
            return
        there = [day for day in plan.sessions if any(day in days for days in known)]
        report.known = len(there)
        report.empty = sum(day not in held for day in there)


@contextmanager
def _noted(report: SeriesReport) -> Iterator[None]:
    """Note what cannot be believed or read, and go on: it spoils its own call's worth alone."""
    try:
        yield
    except DataError as error:
        report.error = report.error or str(error)


def _empty_sessions(
    store: CandleStore, series: Series, wanted: Days, known: Sequence[Days], calendar: Calendar
) -> tuple[date, ...]:
    held = _days_held(store, series, wanted)
    gaps = (day for day in wanted if day not in held and any(day in days for days in known))
    return tuple(day for day in gaps if calendar.trading_day(day) is not None)


def _days_held(store: CandleStore, series: Series, days: Days) -> set[date]:
    """Return the days that have a candle."""
    numbers = store.read(series, days).days()
    numbers = numbers[np.flatnonzero(np.diff(numbers, prepend=0))]  # in order, so that nothing need be sorted
    return {date_of(int(number)) for number in numbers}
