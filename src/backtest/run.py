"""`fyersbot backtest`: from what was asked for to a finished run, by either engine."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from backtest import fast_engine
from backtest.assumptions import Mode
from backtest.bar_ticks import BarTicks, notes_on_ticks, ticks_of
from backtest.bars import SymbolBars, days_of, prepared
from backtest.candle_sources import Range, Sourced, from_path, from_store
from backtest.finished_run import FinishedRun
from backtest.notes import Walked, data_notes, training_notes
from backtest.progress import Progress
from backtest.run_options import EngineName, Wish, assumptions_of, engine_of, mode_of, params_of
from backtest.scored_model import ScoredModel
from backtest.signal_rows import AtOnce, SignalSource, first_decision
from core.errors import ConfigurationError, DataError
from core.instants import ist_date
from core.market import Instrument
from core.ports import Calendar
from core.rules import TradingRules
from market_data.calendar import NseCalendar
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.candles.timeframe_option import chosen_timeframe
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from market_data.ticks.tick_archive import TickArchive
from market_data.ticks.tick_files import TickFile, is_tick_file
from runtime.charge_rates import ChargeTable
from runtime.clock import clock_of
from runtime.configuration import load_settings
from runtime.project import CONFIG
from runtime.settings import Settings
from simulator.listings import fy_token, nse_tick, tick_kept_by
from strategies.catalogue import BUILT_IN
from trading.inference_engine import InferenceEngine
from trading.strategy_choice import StrategyChoice, choose_strategy
from trading.trading_rules import rules_of

_CASH = "NSE_CM"


def run_backtest(wish: Wish, config: Path | None, progress: Progress) -> FinishedRun:
    """Trade a strategy on candles of the past.

    Raises `ConfigurationError`, `DataError` and `ModelError` for what cannot be run, `StrategyError` for a strategy
    that fails on the way.
    """
    given = load_settings(config)
    calendar = NseCalendar.of(given)
    sources = sources_of(wish, given, calendar)
    settings = load_settings(config, overrides_of(wish, given, sources))
    mode, engine = mode_of(wish.mode, settings.timeframe), engine_of(wish.engine, watches_ticks=wish.ticks)
    assumptions = assumptions_of(settings.backtest)
    choice, model = chosen_strategy(settings)
    charges = ChargeTable.load(CONFIG / "charges.yaml")
    rules, notes = rules_and_notes(settings, charges, mode, sources)
    started_at, began = clock_of(settings.clock).now(), perf_counter()
    symbols = _prepared(settings, sources, choice, model, calendar)
    walked = [Walked(each.instrument.symbol, each.candles, each.sessions) for each in symbols]
    on_data = data_notes(walked, settings.timeframe, calendar, mode, allow_holes=wish.allow_holes)
    ticks = _ticks(wish, settings, symbols)
    arguments = symbols, choice.provider, rules, assumptions, mode, charges
    if engine is EngineName.EVENT:
        from backtest import event_engine  # noqa: PLC0415 - with all that trades live, which the other does without

        signals = _signals(settings, choice, model)
        result = event_engine.run(*arguments, signals=signals, ticks=ticks, progress=progress)
    else:
        result = fast_engine.run(*arguments)
    return FinishedRun(
        settings=settings,
        choice=choice,
        mode=mode,
        engine=engine,
        symbols=tuple(symbols),
        result=result,
        started_at=started_at,
        seconds=perf_counter() - began,
        ticks=tuple(ticks or ()),
        notes=(
            *training_notes(choice.training, days_of(each.sessions for each in symbols)),
            *(note for source in sources for note in source.notes),
            *notes,
            *choice.warnings,
            *on_data,
            *(notes_on_ticks(symbols, ticks) if ticks else ()),
        ),
    )


def sources_of(wish: Wish, settings: Settings, calendar: Calendar) -> list[Sourced]:
    """Read the candles that are asked for. Raises `ConfigurationError` and `DataError`."""
    span = Range.of(wish.timerange)
    timeframe = chosen_timeframe(wish.timeframe) if wish.timeframe else None
    if wish.data is None:
        store = ParquetCandleStore(settings.paths.archive)
        return from_store(store, wish.symbols or settings.symbols, timeframe or settings.timeframe, span)
    file = _tick_file(wish)
    if file is not None:
        day = Range(first=file.about.day, last=file.about.day)
        store = ParquetCandleStore(settings.paths.archive)
        return from_store(store, [file.about.symbol], timeframe or settings.timeframe, day)
    now = clock_of(settings.clock).now()
    return from_path(wish.data, wish.symbols, timeframe, span, calendar, now)


def _ticks(wish: Wish, settings: Settings, symbols: Sequence[SymbolBars]) -> list[BarTicks] | None:
    """Read the ticks of a run that watches them: of the file given, if it is one of ticks, else of the archive."""
    if not wish.ticks:
        return None
    source = _tick_file(wish) or TickArchive(settings.paths.archive)
    return [ticks_of(bars, source) for bars in symbols]


def _tick_file(wish: Wish) -> TickFile | None:
    """Open the file of a wish if it is one of ticks. Raises `ConfigurationError` for a wish beyond it."""
    if not wish.ticks or wish.data is None or not is_tick_file(wish.data):
        return None
    file = TickFile(wish.data)
    if wish.timerange is not None or wish.symbols not in {(), (file.about.symbol,)}:
        about = f"ticks of {file.about.symbol} on {file.about.day}"
        raise ConfigurationError(
            f"--data {wish.data}: has {about} and nothing else; leave --symbols and --timerange out"
        )
    return file


def overrides_of(wish: Wish, given: Settings, sources: Sequence[Sourced]) -> dict[str, Any]:
    """Return what the command line and the data say over the settings."""
    name = wish.strategy or given.strategy.name
    params = dict(given.strategy.params) if name == given.strategy.name else {}
    return {
        "symbols": [each.series.symbol for each in sources],
        "timeframe": sources[0].series.timeframe.value,
        "strategy": {"name": name, "params": {**params, **params_of(wish.params)}},
        "risk": {"capital": wish.capital},
    }


def chosen_strategy(settings: Settings) -> tuple[StrategyChoice, ScoredModel | None]:
    """Make the strategy, and if it takes a trained model, what asks that about many candles at once.

    Raises `ConfigurationError` and `ModelError`.
    """
    models: list[ScoredModel] = []

    def scored(model: InferenceEngine) -> ScoredModel:
        models.append(ScoredModel(model))
        return models[-1]

    choice = choose_strategy(settings, scored)
    return choice, models[-1] if models else None


def rules_and_notes(
    settings: Settings, charges: ChargeTable, mode: Mode, sources: Sequence[Sourced]
) -> tuple[TradingRules, list[str]]:
    """Return the rules of the run, and what must be said about its charges."""
    first = min(ist_date(int(each.candles.starts[each.first])) for each in sources)
    dated = charges.rates_on(first, mode.product)
    rules = rules_of(settings, dated.rates, clock_of(settings.clock), mode.product)
    if not dated.is_assumed:
        return rules, []
    return rules, [f"no charges are known before {dated.valid_from}: earlier days bear those of that day"]


def _signals(settings: Settings, choice: StrategyChoice, model: ScoredModel | None) -> SignalSource | None:
    """Ask our own strategy of a model about all candles at once: tests prove that it says the same one by one.

    A file of a user is asked bar by bar, as live.
    """
    is_ours = model is not None and settings.strategy.name in BUILT_IN
    return AtOnce(choice.provider) if is_ours else None


def _prepared(
    settings: Settings,
    sources: Sequence[Sourced],
    choice: StrategyChoice,
    model: ScoredModel | None,
    calendar: Calendar,
) -> list[SymbolBars]:
    """Lay out the candles of each symbol with their features, and tell the model which ones it will be asked about."""
    archive = ParquetSymbolArchive(settings.paths.archive)
    symbols = []
    for source in sources:
        check_volumes(settings, source)
        instrument = instrument_of(source, archive)
        arguments = settings.timeframe, choice.specification, calendar, source.first
        symbols.append(prepared(instrument, source.candles, *arguments))
        _check_decisions(settings, choice, symbols[-1])
        if model is not None:
            model.expect(symbols[-1])
    return symbols


def _check_decisions(settings: Settings, choice: StrategyChoice, bars: SymbolBars) -> None:
    """Refuse candles after none of which the strategy would be asked. Raises `DataError`."""
    if first_decision(bars, choice.provider) >= len(bars):
        needed = choice.specification.warm_up(settings.timeframe) + choice.provider.needs.warm_up + 1
        raise DataError(
            f"{bars.instrument.symbol}: no decision in {len(bars):,} candles; {choice.provider.name} needs {needed:,} "
            "for its first one; give earlier candles or a longer range, or leave the symbol out"
        )


def check_volumes(settings: Settings, source: Sourced) -> None:
    """Refuse candles in which nothing would ever fill. Raises `DataError`."""
    if settings.backtest.volume_share > 0 and not source.candles.volumes.any():
        raise DataError(f"{source.series}: no candle has a volume, so nothing fills; set backtest.volume_share to 0")


def instrument_of(source: Sourced, archive: ParquetSymbolArchive) -> Instrument:
    """Return the contract as it was on the last day, where its master is kept; else as its prices show it."""
    symbol, candles = source.series.symbol, source.candles
    contract = archive.contract(_CASH, symbol, ist_date(int(candles.starts[-1])))
    if contract is not None:
        return contract.instrument(_CASH)
    middle = len(candles) // 2
    usual = nse_tick(int(np.partition(candles.closes, middle)[middle]))
    tick = tick_kept_by(candles.opens, candles.highs, candles.lows, candles.closes) or usual
    return Instrument(symbol=symbol, token=fy_token(symbol), tick=tick)
