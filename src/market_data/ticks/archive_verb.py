"""`fyersbot archive-ticks`: moves closed days into the archive, shows how far it is, and says what was done."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.instants import Instant
from core.ports import Calendar
from market_data.ticks.closed_days import Watch, archive_closed
from market_data.ticks.live_ticks import LiveDay
from market_data.ticks.tick_archive import ArchivedDay, Step
from runtime.json_answer import print_json
from runtime.settings import PathSettings


def print_archived(paths: PathSettings, calendar: Calendar, now: Instant, only: date | None, *, as_json: bool) -> None:
    """Archive what is closed, or a single day, and print a line a day, or one JSON object. Raises `BotError`."""
    with _bar(Console(stderr=True)) as watch:
        done = list(archive_closed(paths, calendar, now, only, watch))
    if as_json:
        days = [{**asdict(day), "day": day.day.isoformat()} for day in done]
        print_json({"archive": str(paths.archive), "days": days})
    else:
        lines = [_line(day) for day in done] or [_nothing_to_do(paths)]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _line(day: ArchivedDay) -> str:
    lost = f", {day.lost:,} could not be recorded" if day.lost else ""
    symbols = "1 symbol" if day.symbols == 1 else f"{day.symbols} symbols"
    return f"{day.day}: {day.ticks:,} ticks of {symbols} archived in {day.bytes:,} bytes{lost}"


def _nothing_to_do(paths: PathSettings) -> str:
    if not paths.live_ticks.exists():
        return f"nothing to do: there is no recording {paths.live_ticks} (paths.live_ticks)"
    return f"nothing to do: no closed day waits in {paths.live_ticks}"


@contextmanager
def _bar(console: Console) -> Iterator[Watch]:
    """Show the ticks that are copied, and the step, if the console is a terminal. The bar vanishes at the end."""
    if not console.is_terminal:
        yield lambda _day: lambda _name, _ticks: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:

        def watch(day: LiveDay) -> Step:
            task = bar.add_task(str(day.day), total=day.ticks)
            return lambda name, ticks: bar.update(task, description=f"{day.day} {name}", completed=ticks)

        yield watch
