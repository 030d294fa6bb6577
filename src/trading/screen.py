"""What is seen of a run: the live view while a session lasts, and the report of the day that ends it."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import TextIO

from rich.console import Console

from core.errors import DataError, StorageError
from core.instants import SECOND
from core.unattended import loss_if_left_alone
from runtime.clock import MarketClock
from runtime.json_answer import print_json
from runtime.setting_rules import all_loopback
from runtime.settings import Settings
from trading.day_report import REPORT_WIDTH, SUMMARY, DayFacts, day_report, no_session, summary, write_summary
from trading.event_log import SqliteEventLog
from trading.kernel import Kernel
from trading.live_view import LiveView, RecentLines
from trading.observer import snapshot_of
from trading.shadow_ledger import ShadowTrade
from trading.shadow_reading import shadow_of_day
from trading.state_files import log_path


class Screen:
    """The live view and the reports of one run. Moments are shown, and days reported, by the writer's thread."""

    def __init__(self, settings: Settings, clock: MarketClock, *, as_json: bool) -> None:
        """With `as_json` standard output is for programs, and people read standard error."""
        self._settings = settings
        self._clock = clock
        self._as_json = as_json
        self._is_rehearsal = all_loopback(settings.broker.endpoints)
        self._console = _console(sys.stderr if as_json else sys.stdout)
        self._view = LiveView(self._console)
        self._recent: RecentLines | None = None

    @property
    def is_drawing(self) -> bool:
        """Whether the live view has the terminal to itself just now."""
        return self._view.is_drawing

    @contextmanager
    def with_log_lines(self, redact: Callable[[str], str]) -> Iterator[None]:
        """Show the newest lines of the log in the view meanwhile, each cleaned of secrets by `redact`."""
        self._recent = RecentLines(redact)
        logging.getLogger("trading").addHandler(self._recent)
        try:
            yield
        finally:
            logging.getLogger("trading").removeHandler(self._recent)

    def show(self, kernel: Kernel) -> None:
        """Draw one moment of the bot, if there is a terminal."""
        if self._view.is_visible:
            lines = self._recent.lines if self._recent is not None else ()
            self._view.update(snapshot_of(kernel, self._clock.now(), lines, is_rehearsal=self._is_rehearsal))
            self._view.start()  # each day anew: the report of the day before has ended it

    def report(self, kernel: Kernel) -> None:
        """End the view and show the day's summary, then write it: what a full disk refuses has been seen."""
        self._view.stop()
        facts = _day_facts(kernel, self._settings)
        if facts is None:
            return
        trades = kernel.state.trades
        content = summary(trades, facts)
        with suppress(OSError):  # the terminal may have been closed
            self._console.print(day_report(trades, facts, self._console.width))
        if self._as_json:
            print_json(content)
        write_summary(self._settings.paths.logs / str(facts.date) / SUMMARY, content)

    def tell_no_session(self) -> None:
        """Tell a program that the run was stopped before any session."""
        if self._as_json:
            settings = self._settings
            mode, strategy = settings.mode.value, settings.strategy.name
            print_json(no_session(mode, strategy, settings.symbols, is_rehearsal=self._is_rehearsal))

    def close(self) -> None:
        """End the view. Safe to call twice."""
        self._view.stop()


def _console(stream: TextIO) -> Console:
    """Return where to draw; a file or a pipe has no width of its own and gets one that a trade's row fits into."""
    return Console(file=stream, width=None if stream.isatty() else REPORT_WIDTH)


def _day_facts(kernel: Kernel, settings: Settings) -> DayFacts | None:
    """Return what the trades alone do not tell about the day; None when no session has begun."""
    state = kernel.state
    if state.day is None:
        return None
    rows, head = _head_of_log(settings)
    return DayFacts(
        date=state.day.date,
        mode=state.mode,
        strategy=kernel.engine.provider.name,
        symbols=settings.symbols,
        signals=state.signals_today,
        flat=kernel.orders.is_flat(state),
        level=state.level,
        is_rehearsal=all_loopback(settings.broker.endpoints),
        log_rows=rows,
        log_head=head,
        protected=state.meter.share if state.meter.held else None,
        longest_naked=state.meter.longest / SECOND,
        loss_if_left=loss_if_left_alone(state, kernel.engine.instruments),
        candles=state.candles,
        drift=state.drift,
        shadow=_shadow_of(settings, state.day.date),
    )


def _shadow_of(settings: Settings, day: date) -> tuple[ShadowTrade, ...]:
    """Return the trades that caution kept from being made; none from a log that a failing disk does not show."""
    with suppress(StorageError, DataError):
        return tuple(shadow_of_day(log_path(settings.paths.state, settings.mode), day))
    return ()


def _head_of_log(settings: Settings) -> tuple[int, str]:
    """Return length and head of the event log; nothing of a log that a failing disk does not show."""
    with suppress(StorageError), SqliteEventLog(log_path(settings.paths.state, settings.mode)) as log:
        return log.length, log.head
    return 0, ""
