"""`fyersbot parity`: find a recorded day, trade it again as a backtest, and say where the two differ."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from rich.console import Console

from backtest.parity.day_candles import DayCandles
from backtest.parity.official_candles import OfficialCandles
from backtest.parity.receipt_report import Compared, receipt_data, receipt_text
from backtest.parity.recorded_day import RecordedDay
from core.errors import ConfigurationError
from core.events import DeskSet
from core.ports import Calendar
from runtime.clock import clock_of
from runtime.json_answer import print_json
from runtime.settings import Settings
from trading.desk_record import choice_of
from trading.recorded_bot import RecordedBot

_LOG = "the log itself"
_BARS = "no tick tape is left of the day: the re-run was filled on bars, which do not say what came first inside them"
_OTHER_DESKS = "settings changed during the day: the re-run uses those of its first start"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityRequest:
    """What to compare."""

    bot: RecordedBot
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
    bot = RecordedBot.named(settings, run=run, state=state, mode=mode)
    return ParityRequest(bot=bot, day=day, data=data, budget=_paise(budget))


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
    recording = request.bot.read(request.day)
    recorded = RecordedDay.of(recording.rows, recording.starts)
    desk, day = recorded.desk, recorded.session.date
    source = _revise(recorded.candles, desk, day, request, settings, calendar)
    choice = choice_of(desk, settings)
    market = recorded.market_of(request.bot.ticks(day))
    receipt = recorded.receipt(market, choice.provider, choice.stream_for(desk.rules.timeframe, calendar))
    return Compared(
        day=day,
        mode=request.bot.mode.value,
        strategy=desk.strategy,
        receipt=receipt,
        budget=request.budget,
        candles_from=source,
        has_ticks=market.has_ticks,
        notes=(() if recorded.has_one_desk else (_OTHER_DESKS,)) + (() if market.has_ticks else (_BARS,)),
    )


def _revise(
    candles: DayCandles, desk: DeskSet, day: date, request: ParityRequest, settings: Settings, calendar: Calendar
) -> str:
    """Bring in official candles from elsewhere, and return where the official ones are from."""
    symbols, timeframe = [each.symbol for each in desk.instruments], desk.rules.timeframe
    if request.data is None:
        official = OfficialCandles.archived(request.bot.archive, timeframe, day)
    else:
        now = clock_of(settings.clock).now()
        official = OfficialCandles.in_files(request.data, symbols, timeframe, day, calendar, now)
    found = {symbol: columns.candles() for symbol in symbols if (columns := official.of(symbol)) is not None}
    candles.revise(found)
    return official.source if found else _LOG


def _paise(budget: str) -> int:
    """Read an amount in rupees."""
    try:
        paise = Decimal(budget) * 100
    except InvalidOperation:
        paise = Decimal(-1)
    if not paise.is_finite() or paise < 0 or paise != paise.to_integral_value():
        raise ConfigurationError(f"--budget {budget}: give rupees, 0 or more, for example 5 or 0.50")
    return int(paise)
