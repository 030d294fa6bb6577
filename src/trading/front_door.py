"""From settings to a running bot: one instance on its folder, logs, signals, and an end in good order."""

import logging
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from auth.fyers_auth import FyersAuth, SignedIn, run_login
from core.errors import ConfigurationError, StorageError
from core.instants import SECOND, ist_date
from core.market import CandleSource
from core.orders import Profile
from market_data.calendar import NseCalendar
from runtime.atomic_files import private_files
from runtime.clock import clock_of
from runtime.core_dumps import forbid_core_dumps
from runtime.logs import set_up_logs
from runtime.service_notice import ServiceNotice
from runtime.setting_rules import all_loopback
from runtime.settings import Mode, OnStop, Settings
from trading.bookkeeper import Bookkeeper
from trading.call_journal import CallJournal
from trading.desk import Habits
from trading.disk_watch import DiskReserve
from trading.evening import Evening
from trading.evening_skew import EveningSkew
from trading.event_log import put_at_rest
from trading.fyers_client import FyersClient
from trading.horizon import Horizon
from trading.kernel import Kernel
from trading.live_trader import LiveTrader
from trading.rate_budget import RateBudget
from trading.screen import Screen
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
    screen = Screen(settings, clock, as_json=as_json)
    with (
        private_files(),
        single_instance(settings.paths.state),
        set_up_logs(settings, clock, is_muted=lambda: screen.is_drawing) as logs,
        _room_for_the_next_start(settings),
        pid_file(settings.paths.state),
    ):
        _confirm(settings)
        horizon = Horizon(settings, NseCalendar.of(settings))
        calendar = horizon.arm(ist_date(clock.now()))
        wiring = Wiring(settings, clock, calendar, logs.redactor.add)

        def end_day(kernel: Kernel) -> None:
            screen.report(kernel)
            horizon.warn(ist_date(clock.now()))

        with screen.with_log_lines(logs.redactor):
            habits = _habits(settings, days, waits_for_sign_in=waits_for_sign_in)
            trader = wiring.trader(habits, screen.show, end_day, ServiceNotice(os.environ))
            _stop_on_signals(trader)
            _end_with_any_thread(trader)
            horizon.warn(ist_date(clock.now()))
            for warning in wiring.choice.warnings:
                logger.warning("The %s", warning)
            if until_input_ends:
                when_input_ends(lambda: trader.request_stop("who started it has gone"))
            check = EveningSkew(settings, config, is_rehearsal=all_loopback(settings.broker.endpoints))
            evening = Evening(settings.paths, calendar, clock, check, archives=settings.ticks.record)
            _trade(settings, trader, evening, screen, days)
        _leave_one_file(log_path(settings.paths.state, settings.mode))


def _trade(settings: Settings, trader: LiveTrader, evening: Evening, screen: Screen, days: int | None) -> None:
    """Let the bot trade to its end, with the bookkeeper and the evenings beside it."""
    state = settings.paths.state
    bookkeeper = Bookkeeper(log_path(state, settings.mode), trading_log_path(state))
    sessions = 0
    try:
        bookkeeper.start()
        evening.start()
        sessions = trader.run()
        if not sessions:
            screen.tell_no_session()
    finally:
        screen.close()
        evening.close(is_done=sessions > 0 and sessions == days)
        bookkeeper.close()


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


def _leave_one_file(log: Path) -> None:
    """Whoever read the log last could not tidy up behind its writer."""
    try:
        put_at_rest(log)
    except StorageError as error:
        logger.warning("%s", error)
