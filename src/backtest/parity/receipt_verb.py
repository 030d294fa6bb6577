"""`fyersbot parity`: find a recorded day, trade it again as a backtest, and say where the two differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from rich.console import Console

from backtest.candle_sources import Range, from_path
from backtest.parity.day_candles import DayCandles
from backtest.parity.receipt_report import Compared, receipt_data, receipt_text
from backtest.parity.recorded_day import RecordedDay
from core.errors import ConfigurationError
from core.events import DeskSet
from core.market import Candle, Timeframe
from core.ports import Calendar
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from runtime.clock import clock_of
from runtime.json_answer import print_json
from runtime.settings import Mode, Settings
from trading.desk_record import choice_of
from trading.event_log import SqliteEventLog
from trading.state_files import log_path, tape_folder
from trading.tick_tape import Seen, read_tape, tape_path, written_position

_LOG = "the log itself"
_BARS = "no tick tape is left of the day: the re-run was filled on bars, which do not say what came first inside them"
_OTHER_DESKS = "settings changed during the day: the re-run uses those of its first start"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityRequest:
    """What to compare."""

    state: Path
    """State folder of the bot."""
    mode: Mode
    day: date | None = None
    """None: the newest day in the log."""
    data: Path | None = None
    """A candle file, or a folder of them, with the official candles; None: the archive's, where it has the day."""
    budget: int = 0
    """What may stay unexplained, in paise."""


def request_of(
    settings: Settings,
    *,
    run: Path | None,
    state: Path | None,
    mode: str | None,
    day: date | None,
    data: Path | None,
    budget: str,
) -> ParityRequest:
    """Make a request of what was typed. Raises `ConfigurationError`."""
    if run is not None and (state is not None or mode is not None):
        raise ConfigurationError("--run names a rehearsal, --state and --mode a bot: give one or the other")
    try:
        chosen = Mode.LIVE if run is not None else Mode(mode) if mode else settings.mode
    except ValueError:
        raise ConfigurationError(f"--mode {mode}: give paper or live") from None
    folder = run / "bot" if run is not None else state or settings.paths.state
    return ParityRequest(state=folder, mode=chosen, day=day, data=data, budget=_paise(budget))


def print_parity(request: ParityRequest, settings: Settings, calendar: Calendar, *, as_json: bool) -> int:
    """Compare and print; return the exit code, 1 when more is unexplained than may be. Raises what `compare` raises."""
    compared = compare(request, settings, calendar)
    if as_json:
        print_json(receipt_data(compared))
    else:
        console = Console()
        console.print(receipt_text(compared, console.width))
    return 0 if compared.is_within_budget else 1


def compare(request: ParityRequest, settings: Settings, calendar: Calendar) -> Compared:
    """Trade a recorded day again and explain what the bot did otherwise.

    Raises `ConfigurationError` for a day that was not recorded or is not of a kind that can be compared, `StorageError`
    for a damaged log or tape, `DataError` for candles that cannot be read, `ModelError` for a model that is another.
    """
    recorded = _recorded(request)
    desk, day = recorded.desk, recorded.session.date
    source = _revise(recorded.candles, desk, day, request, settings, calendar)
    choice = choice_of(desk, settings)
    market = recorded.market_of(_ticks(request, day))
    receipt = recorded.receipt(market, choice.provider, choice.stream_for(desk.rules.timeframe, calendar))
    return Compared(
        day=day,
        mode=request.mode.value,
        strategy=desk.strategy,
        receipt=receipt,
        budget=request.budget,
        candles_from=source,
        has_ticks=market.has_ticks,
        notes=(() if recorded.has_one_desk else (_OTHER_DESKS,)) + (() if market.has_ticks else (_BARS,)),
    )


def _recorded(request: ParityRequest) -> RecordedDay:
    """Read the log, and find the day in it."""
    path = log_path(request.state, request.mode)
    if not path.exists():
        raise ConfigurationError(f"there is no event log {path}; name a run with --run, or a bot's folder with --state")
    with SqliteEventLog(path) as log:
        log.verify()
        found = RecordedDay.of(list(log.rows()), request.day)
    if found is None:
        raise ConfigurationError(f"{path} holds no session{f' of {request.day}' if request.day else ''}")
    return found


def _ticks(request: ParityRequest, day: date) -> Iterator[Seen] | None:
    """Return the ticks of the day's tape; None where there is none."""
    tape = tape_path(tape_folder(request.state, request.mode), day)
    return read_tape(tape) if written_position(tape) else None


def _revise(
    candles: DayCandles, desk: DeskSet, day: date, request: ParityRequest, settings: Settings, calendar: Calendar
) -> str:
    """Bring in official candles from elsewhere, and return where the official ones are from."""
    symbols, timeframe = [each.symbol for each in desk.instruments], desk.rules.timeframe
    if request.data is None:
        found, source = _archived(settings, symbols, timeframe, day), f"the archive {settings.paths.archive}"
    else:
        now = clock_of(settings.clock).now()
        sourced = from_path(request.data, (), timeframe, Range(first=day, last=day), calendar, now)
        found = {each.series.symbol: each.candles.candles() for each in sourced if each.series.timeframe is timeframe}
        source = str(request.data)
        if not found.keys() & set(symbols):
            raise ConfigurationError(
                f"--data {request.data}: no {timeframe.value} candles of what was traded ({', '.join(symbols)})"
            )
    candles.revise(found)
    return source if found else _LOG


def _archived(
    settings: Settings, symbols: Sequence[str], timeframe: Timeframe, day: date
) -> Mapping[str, Sequence[Candle]]:
    """Return what the archive has of symbols, back to the oldest; only of those of which it has the day."""
    store, found = ParquetCandleStore(settings.paths.archive), {}
    for symbol in symbols:
        series = Series(symbol, timeframe)
        if len(store.read(series, Days(day, day))):
            found[symbol] = store.read(series, Days(date(1990, 1, 1), day)).candles()
    return found


def _paise(budget: str) -> int:
    """Read an amount in rupees."""
    try:
        paise = Decimal(budget) * 100
    except InvalidOperation:
        paise = Decimal(-1)
    if not paise.is_finite() or paise < 0 or paise != paise.to_integral_value():
        raise ConfigurationError(f"--budget {budget}: give rupees, 0 or more, for example 5 or 0.50")
    return int(paise)
