"""What `fyersbot check-strategy` checks: a strategy by its name, on candles, with the labels a model learns from."""

import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from backtest.candle_sources import Range, from_path, from_store
from backtest.run import instrument_of
from backtest.run_options import params_of
from backtest.strategy_check.check import Checked, Progress, check
from backtest.strategy_check.outside import is_library
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import Learned, TrainingFace
from core.errors import ConfigurationError
from core.instants import ist_date
from core.market import Timeframe
from core.orders import Product
from core.ports import Calendar
from core.signals import SignalProvider
from features.columns import CandleColumns
from features.labels import label
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from runtime.charge_rates import ChargeTable
from runtime.clock import clock_of
from runtime.project import CONFIG
from runtime.settings import Settings
from strategies.catalogue import strategy_named
from trading.inference_engine import InferenceEngine
from trading.strategy_choice import choose_strategy
from trading.trade_terms import TradeTerms
from training.dataset import Dataset, History, build
from training.estimators import Logistic
from training.evaluation import FoldResult, evaluate
from training.folds import Fold, WalkForward
from training.histories import STORE
from training.out_of_fold import Candidate
from training.sources import generated
from training.train import TrainingOptions, label_rule

MOST_CANDLES = 6_000
"""The newest candles of each symbol that are looked at."""
GENERATED_FIRST = date(2025, 1, 1)
GENERATED_DAYS = 30
"""The generated market, so that a check needs no data; intraday, and twenty times as long for daily candles."""
GENERATED_SEED = 2025
WALK = WalkForward(folds=3)
_OURS = str(Path(__file__).parents[1])
CANDIDATE = Candidate(Logistic())
"""What stands for all kinds of classifier: the quickest. What each is given to fit on is the same."""


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
    """Return the candles of a file or folder, of the store, or of a generated market. Raises `DataError`.

    Files are read as a backtest reads them. Without `symbols`: the first of the settings', or what the files hold.
    """
    wanted, length = tuple(symbols or settings.symbols[:1]), timeframe or settings.timeframe
    if data is None:
        last = GENERATED_FIRST + timedelta(days=GENERATED_DAYS * (20 if length is Timeframe.D else 1))
        made = generated(wanted, length, GENERATED_FIRST, last, GENERATED_SEED, calendar)
        return Ground(tuple(map(_newest, made)), length)
    if data == STORE:
        sources = from_store(ParquetCandleStore(settings.paths.archive), wanted, length, Range())
    else:
        now = clock_of(settings.clock).now()
        sources = from_path(Path(data), tuple(symbols), timeframe, Range(), calendar, now)
    masters = ParquetSymbolArchive(settings.paths.archive)
    found = (History(each.series.symbol, instrument_of(each, masters).tick, each.candles) for each in sources)
    return Ground(tuple(map(_newest, found)), sources[0].series.timeframe)


def check_named(
    settings: Settings, calendar: Calendar, ground: Ground, progress: Progress | None = None
) -> tuple[Checked, ...]:
    """Check the strategy that the settings name on each symbol; the model's labels, too.

    Raises `ConfigurationError`, `ModelError`, `StrategyError` and `DataError`.
    """
    loaded = frozenset(sys.modules)
    choice, chosen, model = choose_strategy(settings), settings.strategy, settings.model
    open_model = cache(lambda: InferenceEngine.open(model.path, model.manifest_sha256, model.signed_by))

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
                forget=lambda: _forget_modules_since(loaded),
            ),
            training_face(settings, history, ground.timeframe, calendar) if learns else None,
            progress,
        )
        for history in ground.histories
    )


def _forget_modules_since(loaded: Container[str]) -> None:
    """Forget the modules that a user's file has brought along: those in Python that are no library and not ours."""
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        if name not in loaded and path.endswith(".py") and not path.startswith(_OURS) and not is_library(path):
            del sys.modules[name]


def training_face(settings: Settings, history: History, timeframe: Timeframe, calendar: Calendar) -> TrainingFace:
    """Return how `fyersbot train` labels, joins, walks and fits the candles of a symbol."""
    options = TrainingOptions(trade=TradeTerms.of(settings))
    cards = ChargeTable.load(CONFIG / "charges.yaml")
    rates = cards.rates_on(ist_date(int(history.candles.starts[-1])), Product.INTRADAY).rates
    rule = label_rule(options, history, rates)
    specification = choose_strategy(settings).specification

    def dataset(candles: CandleColumns) -> Dataset:
        return build([replace(history, candles=candles)], specification, timeframe, calendar, lambda _: rule)

    return TrainingFace(
        label=lambda candles, atr: label(candles, atr, timeframe, calendar, rule),
        build=dataset,
        walk=lambda rows: WALK.split(rows.closed_at, rows.resolved_at),
        learn=_learn,
    )


def _learn(rows: Dataset, folds: Sequence[Fold]) -> tuple[Learned, ...]:
    [evaluation] = evaluate(rows, folds, [CANDIDATE])
    return tuple(map(_learned, evaluation.folds))


def _learned(result: FoldResult) -> Learned:
    classifier = result.fit.classifier
    return Learned(
        scaler=np.stack([classifier.scaler.mean_, classifier.scaler.scale_]),
        encoder=classifier.encoder.classes_,
        own=classifier.probabilities,
        probabilities=result.probabilities_of,
        threshold=result.threshold,
    )


def _newest(history: History) -> History:
    rows = len(history.candles)
    return replace(history, candles=history.candles.slice(max(0, rows - MOST_CANDLES), rows))
