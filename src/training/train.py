"""Train a model and write it as a bundle that the live bot will open: one call, the same result every time."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from core.charges import ChargeRates, round_trip
from core.errors import ConfigurationError, DataError
from core.instants import Instant, ist_date, ist_datetime
from core.market import Timeframe
from core.orders import Product
from core.ports import Calendar
from features.labels import LabelRule
from features.specification import FeatureSpecification
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from runtime.settings import Settings
from strategies.catalogue import strategy_named
from trading.bundle import LabelFacts, TrainingFacts
from training.baselines import rule_directions
from training.bundle_writer import write_bundle
from training.caution_reference import caution_of
from training.dataset import Dataset, History, build, span
from training.former_trials import Ground, Tried
from training.progress import Progress, part_of, progress_bar
from training.recipe import Recipe, Trained, follow
from training.sources import from_parquet, generated, symbol_of, timeframe_of

SPREAD_TICKS = 1
"""Ticks per share lost between buying at the ask and selling at the bid."""
RULE = "simple_ma_crossover"
"""The rule strategy that a model must beat, with its default parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What to train on, what for, and how. The defaults are the market of the demonstration."""

    name: str = "default"
    """Folder under `models`."""
    models: Path = Path("models")
    data: tuple[Path, ...] = ()
    """Parquet files of candles; none means a generated market."""
    symbols: tuple[str, ...] = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ")
    """What the generated market lists; of files, the names say it."""
    timeframe: Timeframe = Timeframe.M5
    first: date = date(2025, 1, 1)
    """First and last date of the generated market, both included."""
    last: date = date(2025, 6, 30)
    market_seed: int = 2025
    features: tuple[str, ...] = ()
    """Names; none means the default's."""
    stop_atr: float = 2.0
    target_atr: float = 3.0
    position_value: int = 100_000
    """Rupees in each position that a label stands for."""
    recipe: Recipe = field(default_factory=Recipe)
    jobs: int = 2
    """Processes that fit; the result does not depend on their number."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained. Raises `ConfigurationError`."""
        if not self.data and self.first > self.last:
            raise ConfigurationError(f"training from {self.first} to {self.last}: the first day must come first")
        if min(self.stop_atr, self.target_atr, self.position_value, self.jobs) <= 0:
            raise ConfigurationError("stop, target, position value and jobs must all be above 0")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", self.name):
            raise ConfigurationError(
                f"model name {self.name[:64]!r}: use at most 64 letters, digits, - and _, it names a folder"
            )

    @classmethod
    def of(
        cls,
        settings: Settings,
        name: str = "default",
        data: tuple[Path, ...] = (),
        recipe: Recipe | None = None,
        jobs: int = 2,
    ) -> "TrainingOptions":
        """Train for the trades that these settings would make."""
        capital_share = settings.risk.capital * Decimal(str(settings.sizing.capital_fraction))
        return cls(
            name=name,
            data=data,
            symbols=tuple(each for each in settings.symbols if not each.endswith("-INDEX")),
            timeframe=settings.timeframe,
            stop_atr=settings.exits.stop_atr,
            target_atr=settings.exits.target_atr,
            position_value=int(min(capital_share, settings.risk.max_order_value)),
            recipe=recipe or Recipe(),
            jobs=jobs,
        )


def train_model(
    options: TrainingOptions,
    calendar: Calendar,
    charges: ChargeTable | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train on candles and return the folder of the new version, or of the newest one if that is the same to the byte.

    The ways to train that the recipe names are judged fold by fold, on sessions later than those they learned from. The
    best is fitted on every row; its threshold is the one that earned most out of fold. The model card lies in the
    bundle. Without `charges` the rate cards of this installation are used, without `progress` a terminal sees a bar.
    Raises `DataError` for data that cannot be learned from, `ModelError` when the exported arrays do not reproduce the
    model, `StorageError` when the bundle cannot be written.
    """
    cards = charges or ChargeTable.load(CONFIG / "charges.yaml")
    with nullcontext(progress) if progress else progress_bar(Console(stderr=True)) as report:
        return _train(options, calendar, cards, report)


def _train(options: TrainingOptions, calendar: Calendar, charges: ChargeTable, report: Progress) -> Path:
    report("market data", 0.0)
    histories, timeframe = _histories(options, calendar)
    specification = FeatureSpecification.of(options.features)
    rates = charges.rates_on(ist_date(span(histories)[1]), Product.INTRADAY)
    report("features and labels", 0.1)
    dataset = build(
        histories, specification, timeframe, calendar, lambda history: label_rule(options, history, rates.rates)
    )
    rules = {RULE: rule_directions(dataset, histories, strategy_named(RULE, {}), timeframe, calendar)}
    symbols = tuple(each.symbol for each in histories)
    tried = _tried(options, symbols, span(histories), timeframe, specification)
    former = tried.former(options.models)
    told = part_of(report, 0.2, 0.9)
    trained = follow(
        options.recipe, dataset, specification.names, rules, former=former, jobs=options.jobs, progress=told
    )
    facts = _training_facts(options, histories, timeframe, dataset, trained)
    labels = LabelFacts(
        rule="core.exits from the next open to stop, target or square-off, after spread and charges",
        stop_atr=options.stop_atr,
        target_atr=options.target_atr,
        position_value=options.position_value,
        spread_ticks=SPREAD_TICKS,
        charges_as_of=rates.valid_from.isoformat(),
    )
    report("checking the exported model on every row", 0.9)
    best = trained.best
    path = write_bundle(
        options.models / options.name,
        trained.finished.classifier,
        dataset,
        specification,
        trained.finished.chosen.threshold,
        training=facts,
        labels=labels,
        caution=caution_of(
            dataset,
            dataset.at(best.rows),
            best.probabilities,
            is_calibrated=best.candidate.calibration is not None,
        ),
        card=trained.card(options.name, _card_facts(options, facts, labels, specification)).page(),
    )
    tried.note(options.models / options.name, trained.evaluations)
    report("done", 1.0)
    return path


def _tried(
    options: TrainingOptions,
    symbols: tuple[str, ...],
    edges: tuple[Instant, Instant],
    timeframe: Timeframe,
    specification: FeatureSpecification,
) -> Tried:
    """Return what is about to be tried. Two generated markets have nothing but names in common."""
    first, last = map(ist_date, edges)
    market = "recorded" if options.data else f"generated, seed {options.market_seed}"
    choices = (
        f"{timeframe.value} candles, features {specification.schema_hash[:16]}, stop {options.stop_atr:g}, "
        f"target {options.target_atr:g}, position {options.position_value}"
    )
    return Tried.of(options.recipe, Ground(market=market, symbols=symbols, first=first, last=last), choices)


def _training_facts(
    options: TrainingOptions,
    histories: Sequence[History],
    timeframe: Timeframe,
    dataset: Dataset,
    trained: Trained,
) -> TrainingFacts:
    first, last = span(histories)
    return TrainingFacts(
        source=", ".join(each.name for each in options.data) or f"generated market, seed {options.market_seed}",
        symbols=tuple(each.symbol for each in histories),
        timeframe=timeframe,
        first=ist_datetime(first),
        last=ist_datetime(last),
        rows=len(dataset),
        data_sha256=dataset.fingerprint(),
        seed=trained.best.candidate.seed,
        parts=trained.figures(),
        estimator=trained.best.candidate.name,
        verdict=trained.verdict.words,
    )


def _card_facts(
    options: TrainingOptions, training: TrainingFacts, labels: LabelFacts, specification: FeatureSpecification
) -> dict[str, str]:
    """Return what the model card tells of data and labels."""
    return {
        "Data": training.source,
        "Symbols": ", ".join(training.symbols),
        "Candles": f"{training.timeframe.value}, {training.first:%Y-%m-%d} to {training.last:%Y-%m-%d}",
        "Rows": f"{training.rows:,}",
        "Folds": options.recipe.walk.words,
        "Stop and target": f"{labels.stop_atr:g} and {labels.target_atr:g} average true ranges",
        "Position": f"{labels.position_value:,} rupees",
        "Costs": f"spread of {labels.spread_ticks} tick, charges of {labels.charges_as_of}",
        "Features": f"{len(specification.names)}, schema {specification.schema_hash[:16]}",
        "Rows and labels": f"SHA-256 {training.data_sha256[:16]}...",
        "Seed": str(training.seed),
    }


def _histories(options: TrainingOptions, calendar: Calendar) -> tuple[Sequence[History], Timeframe]:
    if not options.data:
        span_of_days = options.first, options.last
        made = generated(options.symbols, options.timeframe, *span_of_days, options.market_seed, calendar)
        return made, options.timeframe
    paths: dict[str, Path] = {}
    for path in options.data:
        symbol = symbol_of(path)
        if symbol in paths:
            raise ConfigurationError(f"{path}: {symbol} was given already with {paths[symbol]}; give one file for each")
        paths[symbol] = path
    histories = [from_parquet(path, symbol) for symbol, path in paths.items()]
    timeframes = {_timeframe_of(path, history) for path, history in zip(paths.values(), histories, strict=True)}
    if len(timeframes) > 1:
        lengths = ", ".join(sorted(each.value for each in timeframes))
        raise ConfigurationError(f"training files of different timeframes ({lengths}): train a model for each")
    return histories, timeframes.pop()


def _timeframe_of(path: Path, history: History) -> Timeframe:
    try:
        return timeframe_of(history.candles)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def label_rule(options: TrainingOptions, history: History, rates: ChargeRates) -> LabelRule:
    """Return the trade that a label of this training stands for."""
    return LabelRule(
        stop_atr=options.stop_atr,
        target_atr=options.target_atr,
        tick=history.tick,
        spread=SPREAD_TICKS * history.tick,
        position_value=options.position_value * 100,
        cost=lambda bought, sold: round_trip(bought, sold, rates).total,
    )
