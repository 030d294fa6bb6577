"""The day as appointments: APScheduler turns the timetable into events at wall instants. No job trades.

A job's whole body is to put the events of one instant into the inbox. The instants are market time; the clock says
when on the wall they fall, so the same timetable runs at speed 1 and at 600.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import time
from itertools import groupby

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from core import events
from core.events import Phase
from core.instants import MINUTE, Instant, instant_at
from core.market import Timeframe
from core.ports import Clock
from core.sessions import TradingDay

Appointment = events.CandleDue | events.PhaseReached

PRE_OPEN_LEAD = 30 * MINUTE
"""The sign-in alarm begins this long before the open."""
_MIDNIGHT_UTC = time(5, 30)
LATE_CANDLE = 2 * MINUTE
"""A candle that closed longer ago than this at start is not decided on any more."""


def appointments(day: TradingDay, timeframe: Timeframe, candle_wait: int = 0) -> list[Appointment]:
    """Return every moment of a day as its event, in order; of two at one instant the candle comes first.

    A candle is due `candle_wait` nanoseconds after its close.
    """
    phases = {
        Phase.PRE_OPEN: day.open - PRE_OPEN_LEAD,
        Phase.OPEN: day.open,
        Phase.NO_ENTRY: day.no_entry_after,
        Phase.SQUARE_OFF: day.square_off,
        Phase.FLAT_CHECK: day.flat_by,
        Phase.CLOSE: day.close + MINUTE,
    }
    candles = [
        events.CandleDue(at=close + candle_wait, start=_candle_start(day, close, timeframe))
        for close in day.candle_closes(timeframe)
    ]
    moments = [events.PhaseReached(at=at, phase=phase) for phase, at in phases.items()]
    return sorted([*candles, *moments], key=lambda event: event.at)


class Scheduler(BackgroundScheduler):  # type: ignore[misc]  # APScheduler ships no types
    """APScheduler in Indian time, without a complaint of its own at the end."""

    def __init__(self) -> None:
        super().__init__(timezone="Asia/Kolkata")

    def remove_job(self, job_id: str, jobstore: str | None = None) -> None:
        """Forget a job that has run; at the scheduler's end it may be gone already, and that is no fault."""
        with suppress(JobLookupError):
            super().remove_job(job_id, jobstore)


class Timetable:
    """Today's appointments on APScheduler."""

    def __init__(
        self, clock: Clock, put: Callable[[events.Input], None], on_failure: Callable[[str], object] = lambda _why: None
    ) -> None:
        """`on_failure` is told of an appointment that was not kept: a day without its square-off must not go on."""
        self._clock = clock
        self._put = put
        self._on_failure = on_failure
        self._scheduler = Scheduler()
        self._scheduler.add_listener(self._fail, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def start(self, day: TradingDay, timeframe: Timeframe, candle_wait: int = 0) -> None:
        """Schedule what is still ahead; put at once the phases that have passed, so that a late start catches up."""
        now = self._clock.now()
        for at, together in groupby(appointments(day, timeframe, candle_wait), key=lambda event: event.at):
            due = [event for event in together if isinstance(event, events.PhaseReached) or now - at < LATE_CANDLE]
            if at > now:
                # One job an instant: the scheduler keeps no order among jobs of the same one.
                wall = self._clock.wall_at(at)
                self._scheduler.add_job(self._arrive, "date", args=(due,), run_date=wall, misfire_grace_time=None)
            else:
                self._arrive(due)
        self._scheduler.start()

    def stop(self) -> None:
        """Forget what is ahead. Safe to call twice."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _fail(self, event: JobExecutionEvent) -> None:
        self._on_failure(f"an appointment of the timetable was not kept: {event.exception or 'missed'}")

    def _arrive(self, due: Sequence[Appointment]) -> None:
        for event in due:
            self._put(replace(event, at=self._clock.now()))


def _candle_start(day: TradingDay, close: Instant, timeframe: Timeframe) -> Instant:
    """Start of the candle that closes at an instant, as FYERS stamps it: a daily candle at 05:30 IST."""
    if timeframe is Timeframe.D:
        return instant_at(day.date, _MIDNIGHT_UTC)
    return day.candle_start(close - 1, timeframe)
