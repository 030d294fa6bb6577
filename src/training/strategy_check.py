"""What `fyersbot check-strategy` checks: a strategy by its name, on candles, with the labels a model learns from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from backtest.candle_sources import symbol_given
from backtest.run_options import params_of
from backtest.strategy_check.check import Checked, Progress, check
from backtest.strategy_check.label_check import TrainingFace
from backtest.strategy_check.subject import Subject
from core.errors import ConfigurationError, DataError
from core.instants import ist_date
from core.market import Timeframe
from core.orders import Product
from core.ports import Calendar
from core.signals import SignalProvider
from features.columns import CandleColumns
from features.labels import label
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from runtime.settings import Settings
from simulator.listings import nse_tick
from strategies.catalogue import strategy_named
from trading.inference_engine import InferenceEngine
from trading.strategy_choice import choose_strategy
from training.dataset import Dataset, History, build, split
from training.sources import from_parquet, generated, symbol_of, timeframe_of
from training.train import TrainingOptions, label_rule

STORE = "store"
"""The word for the candles that `download-data` and `import-data` keep."""
MOST_CANDLES = 6_000
"""The newest candles of each symbol that are looked at."""
GENERATED_FIRST = date(2025, 1, 1)
GENERATED_DAYS = 30
"""The generated market, so that a check needs no data; intraday, and twenty times as long for daily candles."""
GENERATED_SEED = 2025


@dataclass(frozen=True, slots=True)
class Ground:
    """The candles to check on."""

    histories: tuple[History, ...]
    timeframe: Timeframe


def with_strategy(settings: Settings, name: str, params: Sequence[str]) -> Settings:
    """Return the settings with another strategy: a name, or a file, and parameters written as `fast=5`.

    The settings' own parameters are kept if it is their strategy and none are given. Raises `ConfigurationError`.
    """
    path = Path(name)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise ConfigurationError(f"{name}: there is no such strategy file; give its path, or the name of a strategy")
    word = path.stem if is_file else name
    chosen = settings.strategy
    if word == chosen.name and not is_file and not params:
        return settings
    changed = {
        "name": word,
        "params": params_of(params),
        "folder": path.parent if is_file else chosen.folder,
    }
    return settings.model_copy(update={"strategy": chosen.model_copy(update=changed)})


def ground_of(
    settings: Settings, calendar: Calendar, data: str | None, symbols: Sequence[str], timeframe: Timeframe | None
) -> Ground:
    """Return the candles of a file, of the store, or of a generated market.

    Without `symbols`, the first of the settings', or what the file's name says. Raises `DataError`, and
    `ConfigurationError` for a symbol or timeframe that a file is not of.
    """
    if data is not None and data != STORE:
        path = Path(data)
        history = from_parquet(path, symbol_given(path, symbols) or symbol_of(path))
        found = timeframe_of(history.candles)
        if timeframe not in {None, found}:
            raise ConfigurationError(f"{data} holds {found.value} candles; leave out --timeframe, or give such a file")
        return Ground((_newest(history),), found)
    wanted, length = symbols or settings.symbols[:1], timeframe or settings.timeframe
    if data == STORE:
        return Ground(tuple(_newest(_stored(settings, each, length)) for each in wanted), length)
    last = GENERATED_FIRST + timedelta(days=GENERATED_DAYS * (20 if length is Timeframe.D else 1))
    made = generated(wanted, length, GENERATED_FIRST, last, GENERATED_SEED, calendar)
    return Ground(tuple(map(_newest, made)), length)


def check_named(
    settings: Settings, calendar: Calendar, ground: Ground, progress: Progress | None = None
) -> tuple[Checked, ...]:
    """Check the strategy that the settings name on each symbol; the model's labels, too.

    Raises `ConfigurationError`, `ModelError`, `StrategyError` and `DataError`.
    """
    choice, chosen = choose_strategy(settings), settings.strategy
    open_model = cache(lambda: InferenceEngine.open(settings.model.path, settings.model.manifest_sha256))

    def make() -> SignalProvider:
        return strategy_named(chosen.name, chosen.params, chosen.folder, open_model)

    learns = chosen.name == "model" and ground.timeframe is not Timeframe.D
    return tuple(
        check(
            Subject(
                make=make,
                specification=choice.specification,
                symbol=history.symbol,
                timeframe=ground.timeframe,
                calendar=calendar,
                candles=history.candles,
                history_candles=settings.history.candles,
            ),
            training_face(settings, history, ground.timeframe, calendar) if learns else None,
            progress,
        )
        for history in ground.histories
    )


def training_face(settings: Settings, history: History, timeframe: Timeframe, calendar: Calendar) -> TrainingFace:
    """Return how `fyersbot train` labels and splits the candles of a symbol."""
    options = TrainingOptions.of(settings)
    cards = ChargeTable.load(CONFIG / "charges.yaml")
    rates = cards.rates_on(ist_date(int(history.candles.starts[-1])), Product.INTRADAY).rates
    rule = label_rule(options, history, rates)
    specification = choose_strategy(settings).specification

    def dataset(candles: CandleColumns) -> Dataset:
        return build([replace(history, candles=candles)], specification, timeframe, calendar, lambda _: rule)

    return TrainingFace(
        label=lambda candles, atr: label(candles, atr, timeframe, calendar, rule),
        build=dataset,
        split=split,
    )


def _newest(history: History) -> History:
    rows = len(history.candles)
    return replace(history, candles=history.candles.slice(max(0, rows - MOST_CANDLES), rows))


def _stored(settings: Settings, symbol: str, timeframe: Timeframe) -> History:
    store, series = ParquetCandleStore(settings.paths.archive), Series(symbol, timeframe)
    known = store.known(series)
    if not known:
        raise DataError(f"the store {settings.paths.archive} holds no {series}; bring some in with import-data")
    candles = store.read(series, Days(known[0].first, known[-1].last))
    if not len(candles):
        raise DataError(f"the store {settings.paths.archive} holds no candles of {series}; download others")
    return History(symbol, nse_tick(int(candles.closes[-1])), candles)
