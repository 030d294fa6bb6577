"""`fyersbot skew`: find a recorded day, compute its features again in batch, and name what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from rich.console import Console

from backtest.parity.day_candles import candles_in
from backtest.parity.official_candles import OfficialCandles
from backtest.skew.comparison import Sides, compare
from backtest.skew.live_rows import live_rows
from backtest.skew.skew import DaySkew
from backtest.skew.skew_report import Measured, skew_data, skew_text
from core.errors import ConfigurationError
from core.events import DeskSet
from core.ports import Calendar
from features.columns import CandleColumns
from runtime.clock import clock_of
from runtime.json_answer import print_json
from runtime.settings import Settings
from trading.bundle import read_manifest
from trading.desk_record import choice_of
from trading.model_versions import MANIFEST
from trading.recorded_bot import RecordedBot
from trading.replay import Start
from trading.strategy_choice import StrategyChoice

_LOG = "the log itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkewRequest:
    """What to compare."""

    bot: RecordedBot
    day: date | None = None
    """None: the newest day in the log."""
    data: Path | None = None
    """A candle file, or a folder of them, with the official candles; None: the archive's, of a rehearsal the log's."""


def print_skew(request: SkewRequest, settings: Settings, calendar: Calendar, *, as_json: bool) -> int:
    """Compare and print; return the exit code, 0 only for a day without any difference. Raises what `measure` does."""
    measured = measure(request, settings, calendar)
    if as_json:
        print_json(skew_data(measured))
    else:
        console = Console()
        console.print(skew_text(measured, console.width))
    return 0 if measured.found.is_sound else 1


def measure(request: SkewRequest, settings: Settings, calendar: Calendar) -> Measured:
    """Compare the live rows of a recorded day with those that the batch makes of its official candles.

    Raises `ConfigurationError` for a day that was not recorded, on which nothing was decided, or whose strategy file or
    features are others by now, `ModelError` for a model that is, `StorageError` for a damaged log, `DataError` for
    official candles that cannot be read or lack one that was decided on.
    """
    starts = request.bot.starts(request.day)
    official, found = _official(request, starts, settings, calendar), DaySkew()
    choices: dict[DeskSet, StrategyChoice] = {}
    for start, rows in zip(starts, live_rows(starts), strict=True):
        desk = replace(start.desk, at=0)
        if desk not in choices:
            choices[desk] = choice_of(desk, settings)
        choice = choices[desk]
        sides = Sides(
            specification=choice.specification,
            provider=choice.provider,
            timeframe=desk.rules.timeframe,
            calendar=calendar,
            reference=_reference_of(choice),
            official=official.of,
            source=official.source,
        )
        compare(rows, sides, found)
    if not found.rows and not found.unmatched:
        raise ConfigurationError(f"the bot decided on no candle of {starts[0].day}: there is nothing to compare")
    return Measured(
        day=starts[0].day,
        mode=request.bot.mode.value,
        strategy=starts[0].desk.strategy,
        model_sha256=starts[0].desk.model_sha256,
        candles_from=official.source,
        found=found,
    )


def _official(request: SkewRequest, starts: list[Start], settings: Settings, calendar: Calendar) -> OfficialCandles:
    """Return where the batch has its candles from. The market of a rehearsal is in no archive but its own log."""
    desk, day = starts[0].desk, starts[0].day
    if request.data is not None:
        symbols, now = [each.symbol for each in desk.instruments], clock_of(settings.clock).now()
        return OfficialCandles.in_files(request.data, symbols, desk.rules.timeframe, day, calendar, now)
    if not (request.bot.is_rehearsal or starts[0].is_rehearsal):
        return OfficialCandles.archived(request.bot.archive, desk.rules.timeframe, day)
    logged = candles_in(row for start in starts for row in start.rows).as_official
    columns = {symbol: CandleColumns.of(candles) for symbol, candles in logged.items()}
    return OfficialCandles(_LOG, columns.get)


def _reference_of(choice: StrategyChoice) -> Mapping[str, float]:
    """Return the deviation of each feature in the training of the model; empty without a model."""
    if not choice.model:
        return {}
    manifest = read_manifest(Path(choice.model) / MANIFEST, choice.model_sha256)
    return {name: reference.deviation for name, reference in manifest.reference.items()}
