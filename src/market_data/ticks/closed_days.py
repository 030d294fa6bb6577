"""Which recorded days may go to the archive, and the move of all of them: for the verb and for the evening alike."""

from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path

from core.errors import ConfigurationError
from core.instants import DAY, Instant, instant_at, ist_text
from core.ports import Calendar
from market_data.ticks.live_ticks import LiveDay, LiveTicks
from market_data.ticks.tick_archive import ArchivedDay, Step, TickArchive
from runtime.settings import PathSettings

Watch = Callable[[LiveDay], Step]
"""Asked at the beginning of each day's move for what to tell its steps."""


def end_of(day: date, calendar: Calendar) -> Instant:
    """Return when nothing more is traded on a date: the close, or the auction after it; a holiday ends at midnight.

    Raises `DataError` past the calendar's horizon.
    """
    session = calendar.trading_day(day)
    if session is None:
        return instant_at(day, time()) + DAY
    return max(session.close, session.closing_price_at or 0)


def archive_closed(
    paths: PathSettings, calendar: Calendar, now: Instant, only: date | None = None, watch: Watch | None = None
) -> Iterator[ArchivedDay]:
    """Move the recorded days whose market has closed into the archive, oldest first, and yield each when it is there.

    `only` names a single day. Raises `ConfigurationError` for one that was not recorded or is not over, `StorageError`
    and `DataError` as `TickArchive.move_in` does; the days yielded before are archived.
    """
    live_ticks = paths.live_ticks
    if not live_ticks.exists():
        if only is not None:
            raise _nothing_of(only, live_ticks)
        return
    archive = TickArchive(paths.archive)
    with LiveTicks(live_ticks) as live:
        for day in _chosen(live, live_ticks, only, calendar, now):
            yield archive.move_in(live, day, watch(day) if watch else lambda _name, _ticks: None)


def _chosen(
    live: LiveTicks, live_ticks: Path, only: date | None, calendar: Calendar, now: Instant
) -> tuple[LiveDay, ...]:
    if only is None:
        return tuple(day for day in live.days() if end_of(day.day, calendar) <= now)
    found = tuple(day for day in live.days() if day.day == only)
    if not found:
        raise _nothing_of(only, live_ticks)
    end = end_of(only, calendar)
    if now < end:
        raise ConfigurationError(f"--day {only}: its market closes at {ist_text(end)}; archive it after that")
    return found


def _nothing_of(day: date, live_ticks: Path) -> ConfigurationError:
    return ConfigurationError(f"--day {day}: no ticks of it wait in {live_ticks}; leave --day out to archive what does")
