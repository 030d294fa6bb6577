"""From settings to a running bot: single instance, logs, live view, signals, the day's report."""

import logging
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from types import FrameType
from typing import TextIO

from rich.console import Console

from auth.fyers_auth import FyersAuth, SignedIn, run_login
from core.errors import ConfigurationError, DataError, StorageError
from core.instants import SECOND, ist_date
from core.market import CandleSource
from core.orders import Profile
from core.unattended import loss_if_left_alone
from market_data.calendar import NseCalendar
from runtime.atomic_files import private_files
from runtime.clock import clock_of
from runtime.core_dumps import forbid_core_dumps
from runtime.json_answer import print_json
from runtime.logs import set_up_logs
from runtime.service_notice import ServiceNotice
from runtime.setting_rules import all_loopback
from runtime.settings import Mode, OnStop, Settings
from trading.bookkeeper import Bookkeeper
from trading.call_journal import CallJournal
from trading.day_report import REPORT_WIDTH, SUMMARY, DayFacts, day_report, no_session, summary, write_summary
from trading.disk_watch import DiskReserve
from trading.evening import Evening
from trading.evening_skew import EveningSkew
from trading.event_log import SqliteEventLog, put_at_rest
from trading.fyers_client import FyersClient
from trading.horizon import Horizon
from trading.kernel import Kernel
from trading.live_trader import Habits, LiveTrader
from trading.live_view import LiveView, RecentLines
from trading.observer import snapshot_of
from trading.rate_budget import RateBudget
from trading.shadow_ledger import ShadowTrade
from trading.shadow_reading import shadow_of_day
from trading.single_instance import pid_file, single_instance
from trading.state_files import log_path, trading_log_path
from trading.stop_signals import stop_signals, when_input_ends
from trading.wiring import Wiring

logger = logging.getLogger("trading.front_door")


def run_bot(
    settings: Settings,
    *,
    typed_mode: str | None,
    days: int | None,
    waits_for_sign_in: bool = False,
    as_json: bool,
    until_input_ends: bool = False,
    config: Path | None = None,
) -> None:
    """Trade until stopped or until `days` sessions are done; with `as_json` each day's summary goes to standard output.

    `typed_mode` is the mode given on the command line. A terminal shows the live view during a session, else log lines.
    With `until_input_ends` the end of standard input is a wish to stop. `config` is the file that the settings are
    from, for the programs that the evening starts. Raises `BotError` and its children; a second instance on the same
    state folder ends with exit code 3.
    """
    _require_live_by_name(settings, typed_mode)
    forbid_core_dumps()
    clock = clock_of(settings.clock)
    console = _console(sys.stderr if as_json else sys.stdout)
    view = LiveView(console)
    is_rehearsal = all_loopback(settings.broker.endpoints)
    with (
        private_files(),
        single_instance(settings.paths.state),
        set_up_logs(settings, clock, is_muted=lambda: view.is_drawing) as logs,
        _room_for_the_next_start(settings),
        pid_file(settings.paths.state),
    ):
        _confirm(settings)
        horizon = Horizon(settings, NseCalendar.of(settings))
        calendar = horizon.arm(ist_date(clock.now()))
        wiring = Wiring(settings, clock, calendar, logs.redactor.add)
        recent = RecentLines(logs.redactor)
        logging.getLogger("trading").addHandler(recent)

        def show(kernel: Kernel) -> None:
            if view.is_visible:
                view.update(snapshot_of(kernel, clock.now(), recent.lines, is_rehearsal=is_rehearsal))
                view.start()  # each day anew: the report of the day before has ended it

        def report(kernel: Kernel) -> None:
            view.stop()
            _report(kernel, settings, console, as_json=as_json)
            horizon.warn(ist_date(clock.now()))

        habits = _habits(settings, days, waits_for_sign_in=waits_for_sign_in)
        trader = wiring.trader(habits, show, report, ServiceNotice(os.environ))
        _stop_on_signals(trader)
        _end_with_any_thread(trader)
        horizon.warn(ist_date(clock.now()))
        for warning in wiring.choice.warnings:
            logger.warning("The %s", warning)
        if until_input_ends:
            when_input_ends(lambda: trader.request_stop("who started it has gone"))
        bookkeeper = Bookkeeper(log_path(settings.paths.state, settings.mode), trading_log_path(settings.paths.state))
        check = EveningSkew(settings, config, is_rehearsal=is_rehearsal)
        evening, sessions = Evening(settings.paths, calendar, clock, check, archives=settings.ticks.record), 0
        try:
            bookkeeper.start()
            evening.start()
            sessions = trader.run()
            if as_json and not sessions:
                strategy, symbols = settings.strategy.name, settings.symbols
                print_json(no_session(settings.mode.value, strategy, symbols, is_rehearsal=is_rehearsal))
        finally:
            view.stop()
            evening.close(is_done=sessions > 0 and sessions == days)
            bookkeeper.close()
            logging.getLogger("trading").removeHandler(recent)
        _leave_one_file(log_path(settings.paths.state, settings.mode))


def _console(stream: TextIO) -> Console:
    """Return where to draw; a file or a pipe has no width of its own and gets one that a trade's row fits into."""
    return Console(file=stream, width=None if stream.isatty() else REPORT_WIDTH)


def _habits(settings: Settings, days: int | None, *, waits_for_sign_in: bool) -> Habits:
    return Habits(
        timeframe=settings.timeframe,
        flatten_on_stop=settings.on_stop is OnStop.FLATTEN,
        days=days,
        candle_wait=int(settings.candles.wait * SECOND) if settings.candles.source is CandleSource.TICKS else 0,
        waits_for_sign_in=waits_for_sign_in,
    )


def sign_in(settings: Settings, stdin: TextIO, stdout: TextIO) -> SignedIn:
    """Sign a person in and say whose account the token opens. Raises `BotError` and its children."""
    forbid_core_dumps()
    clock = clock_of(settings.clock)
    calendar = NseCalendar.of(settings)
    folder = settings.paths.call_journal
    # The bot's journal: the broker counts these calls with the bot's. Without the folder no bot has ever called.
    journal = CallJournal(folder) if folder.is_dir() else None

    def verify(auth: FyersAuth) -> Profile:
        budget = RateBudget(settings.broker.rates, journal)
        client = FyersClient(settings, clock, calendar, auth.current_token, budget)
        try:
            return client.get_profile()
        finally:
            client.close()

    return run_login(
        settings,
        clock,
        verify=verify,
        stdin=stdin,
        stdout=stdout,
        open_browser=webbrowser.open if stdin.isatty() else None,
    )


def _require_live_by_name(settings: Settings, typed_mode: str | None) -> None:
    """Refuse real orders that a file or variable asks for: it may have been left from another day."""
    if settings.mode is Mode.LIVE and typed_mode != Mode.LIVE.value:
        raise ConfigurationError(
            "mode = live in the settings is not enough for real orders: type --mode live too, or set mode to paper"
        )


def _confirm(settings: Settings) -> None:
    """Have a person at a terminal type the account before real money moves; a service has set it in its settings."""
    if settings.mode is not Mode.LIVE or not sys.stdin.isatty() or all_loopback(settings.broker.endpoints):
        return
    sys.stderr.write(f"LIVE trading on account {settings.live.account}. Type the account to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != settings.live.account:
        raise ConfigurationError("the account was not confirmed; nothing was started")


def _stop_on_signals(trader: LiveTrader) -> None:
    def stop(number: int, _frame: FrameType | None) -> None:
        trader.request_stop(signal.Signals(number).name)

    for number in stop_signals():
        signal.signal(number, stop)


def _end_with_any_thread(trader: LiveTrader) -> None:
    """A bot that lives on without one of its threads is worse than one that ends, is started and reconciles."""
    told = threading.excepthook

    def on_thread(args: threading.ExceptHookArgs) -> None:
        told(args)
        if not isinstance(args.exc_value, SystemExit | None):
            name = args.thread.name if args.thread is not None else "unknown"
            trader.fail(f"thread {name} died of {args.exc_type.__name__}: {args.exc_value}")

    threading.excepthook = on_thread  # the logs, which put theirs there before, take both away


@contextmanager
def _room_for_the_next_start(settings: Settings) -> Iterator[None]:
    """Keep a little of the disk aside, and give it back when the log could not be written."""
    reserve = DiskReserve(settings.paths.state, settings.disk.reserve_mb, settings.disk.floor_mb)
    reserve.hold()
    try:
        yield
    except StorageError:
        if reserve.release():
            logger.warning("The reserve of %d MB was given back for the next start", settings.disk.reserve_mb)
        raise


def _report(kernel: Kernel, settings: Settings, console: Console, *, as_json: bool) -> None:
    """Show the day's summary, then write it: what a full disk refuses has been seen."""
    state = kernel.state
    if state.day is None:
        return
    rows, head = _head_of_log(settings)
    facts = DayFacts(
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
    content = summary(state.trades, facts)
    with suppress(OSError):  # the terminal may have been closed
        console.print(day_report(state.trades, facts, console.width))
    if as_json:
        print_json(content)
    write_summary(settings.paths.logs / str(state.day.date) / SUMMARY, content)


def _leave_one_file(log: Path) -> None:
    """Whoever read the log last could not tidy up behind its writer."""
    try:
        put_at_rest(log)
    except StorageError as error:
        logger.warning("%s", error)


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
