"""`fyersbot download-data`: bind the store to the broker, ask for what is missing, say how it went.

Everything that can be wrong with the wish is found before the broker is asked for a candle. The calls are noted in the
bot's own journal and use the lane with the least rights, so that a bot that trades meanwhile goes before.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from auth.fyers_auth import FyersAuth
from core.errors import AuthenticationError, BotError, BrokerError, ConfigurationError, DataError, StorageError
from core.instants import SECOND, ist_date
from core.market import Timeframe
from core.ports import Clock
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.candles.timeframe_option import chosen_timeframe
from market_data.days import Days
from market_data.history.download import Download, OnProgress, Outcome, plan_all
from market_data.history.download_report import json_of, notes_of, table_of
from market_data.history.download_symbols import require_downloadable
from market_data.symbol_calendars import SymbolCalendars
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from market_data.symbols.symbol_master import SymbolMaster
from market_data.trading_hours import MarketCalendar
from runtime.json_answer import print_json
from runtime.settings import Settings
from trading.call_journal import CallJournal
from trading.fyers_client import FyersClient
from trading.rate_budget import RateBudget

_REPORT_WIDTH = 120
_READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadWish:
    """What somebody typed, understood."""

    symbols: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    days: Days
    with_empty: bool = False
    """Ask again for known sessions that have no candle."""

    @property
    def series(self) -> tuple[Series, ...]:
        """Every symbol in every timeframe."""
        return tuple(Series(symbol, timeframe) for symbol in self.symbols for timeframe in self.timeframes)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """How it went."""

    wish: DownloadWish
    outcome: Outcome
    seconds: float

    @property
    def failure(self) -> BotError | None:
        """What to end with: None when every series is whole."""
        failed = [report for report in self.outcome.reports if report.error]
        match self.outcome.stopped_by:
            case None if not failed:
                return None
            case None:
                first = f"{failed[0].series}: {failed[0].error}"
                return DataError(
                    f"{len(failed)} of {len(self.outcome.reports)} series are not whole; {first}; what came is stored, "
                    "run it again for the rest"
                )
            case AuthenticationError() as error:  # it says itself what helps
                return error
            case StorageError() as error:
                return StorageError(f"{error}; what came is stored, make room there and run it again for the rest")
            case error:
                return BrokerError(f"{error}; what came is stored, run it again later for the rest")

    @property
    def has_achieved(self) -> bool:
        """Whether there is anything to tell beyond the failure."""
        return self.outcome.stopped_by is None or any(report.new or report.changed for report in self.outcome.reports)


def wish_of(
    settings: Settings,
    clock: Clock,
    *,
    symbols: Sequence[str],
    timeframes: str | None,
    first: date,
    last: date | None,
    with_empty: bool,
) -> DownloadWish:
    """Understand the options of the command. Raises `ConfigurationError` that says what would be right."""
    today = ist_date(clock.now())
    for option, day in (("--from", first), ("--to", last)):
        if day is not None and day > today:
            raise ConfigurationError(f"{option} {day} lies in the future: today is {today}; name a day up to it")
    last = today if last is None else last
    if first > last:
        raise ConfigurationError(f"--from {first} comes after --to {last}: swap them")
    names = _listed(symbols)
    if symbols and not names:
        raise ConfigurationError(
            f"--symbols {','.join(symbols)!r} names none; give NSE:SBIN-EQ, or leave the option out"
        )
    chosen: tuple[Timeframe, ...] = (settings.timeframe,)
    if timeframes is not None:
        chosen = tuple(dict.fromkeys(chosen_timeframe(name) for name in _listed([timeframes]) or [timeframes]))
    return DownloadWish(
        symbols=tuple(names or settings.symbols),
        timeframes=chosen,
        days=Days(first, last),
        with_empty=with_empty,
    )


def download_history(
    settings: Settings, wish: DownloadWish, clock: Clock, calendar: MarketCalendar, console: Console
) -> Downloaded:
    """Ask for what is missing of a wish and store it; `console` shows how far it is.

    Raises `BotError` and its children for what is wrong before the first candle is asked for.
    """
    started = clock.steady()
    store = ParquetCandleStore(settings.paths.archive)
    calendars = SymbolCalendars.beside(calendar, settings)
    plans = plan_all(store, wish.series, wish.days, calendars.of, clock, with_empty=wish.with_empty)
    auth = FyersAuth(settings, clock)
    journal = CallJournal(settings.paths.call_journal)
    if any(plan.calls for plan in plans):
        auth.current_token()
        names = [plan.series.symbol for plan in plans if plan.calls]
        archive = ParquetSymbolArchive(settings.paths.archive)
        require_downloadable(names, SymbolMaster(settings, clock), archive, ist_date(clock.now()))
        journal.ready()  # whoever calls the broker next must find what was called here
    budget = RateBudget(settings.broker.rates, journal)
    client = FyersClient(_patient(settings), clock, calendar, auth.current_token, budget)
    try:
        with _progress_bar(console) as on_progress:
            outcome = Download(client, store, clock, on_progress).run(plans)
    finally:
        client.close()
    return Downloaded(wish, outcome, (clock.steady() - started) / SECOND)


def print_download(
    settings: Settings, wish: DownloadWish, clock: Clock, calendar: MarketCalendar, *, as_json: bool
) -> None:
    """Download and say how it went; raises what it failed by, after saying what it achieved."""
    console = Console(stderr=True)
    done = download_history(settings, wish, clock, calendar, console)
    if not done.has_achieved and done.failure is not None:
        raise done.failure
    if as_json:
        print_json(json_of(done.outcome, wish.days, done.seconds))
    else:
        out = Console(width=None if sys.stdout.isatty() else _REPORT_WIDTH)
        out.print(table_of(done.outcome))
        sys.stdout.flush()
    for note in notes_of(done.outcome, wish.days):
        sys.stderr.write(f"{note}\n")
    if done.failure is not None:
        raise done.failure


def _patient(settings: Settings) -> Settings:
    """Give answers the time they need: the bot's deadline is for a few rows, a hundred days of minutes are 2 MB."""
    seconds = max(settings.broker.read_seconds, _READ_SECONDS)
    return settings.model_copy(update={"broker": settings.broker.model_copy(update={"read_seconds": seconds})})


@contextmanager
def _progress_bar(console: Console) -> Iterator[OnProgress]:
    """Show how far it is and how long it will take, if the console is a terminal."""
    if not console.is_terminal:
        yield lambda _what, _made, _planned: None
        return
    columns = TextColumn("downloading"), BarColumn(), MofNCompleteColumn(), TextColumn("calls"), TimeElapsedColumn()
    rest = TextColumn("to go"), TimeRemainingColumn(), TextColumn("{task.description}")
    with Progress(*columns, *rest, console=console, transient=True, speed_estimate_period=120) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, made, planned: bar.update(task, description=what, completed=made, total=planned)


def _listed(written: Sequence[str]) -> tuple[str, ...]:
    """Split what was given in commas or in several options."""
    parts = (part.strip() for each in written for part in each.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
