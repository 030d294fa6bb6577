"""Train a model and write it as a bundle that the live bot will open: one call, the same result every time."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console

from backtest.candle_sources import Range
from core.charges import ChargeRates, bill
from core.errors import ConfigurationError
from core.instants import ist_date, ist_datetime
from core.market import Timeframe, is_index
from core.orders import Product
from core.ports import Calendar
from features.labels import LabelRule
from features.specification import FeatureSpecification
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from runtime.scratch_folder import scratch_folder
from runtime.settings import Settings
from strategies.catalogue import strategy_named
from trading.bundle import LabelFacts, MarketKind, TrainingFacts
from trading.trade_terms import TradeTerms
from training.baselines import rule_directions
from training.bundle_writer import require_place, write_bundle
from training.caution_reference import caution_of
from training.data_survey import Survey, survey
from training.data_wish import GENERATED, DataWish
from training.dataset import Dataset, History, build
from training.former_trials import Ground, Tried
from training.histories import Histories, in_files, in_memory, shares_of, stored
from training.progress import Progress, part_of, progress_bar
from training.recipe import Recipe, Trained, follow
from training.sources import generated

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
    """Where all models are."""
    data: tuple[Path, ...] = ()
    """Parquet files of candles; none means the store, and without one a generated market."""
    store: Path | None = None
    """The archive whose candles are trained on."""
    span: Range = field(default_factory=Range)
    """Days of files or store that teach; those before them warm up the features."""
    allow_holes: bool = False
    """Whether candles of which more than a fifth are missing teach all the same."""
    symbols: tuple[str, ...] = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ")
    """What is read of the store, or listed by the generated market, but for indices; of files, the names say it."""
    timeframe: Timeframe | None = None
    """None: of files what they hold, else five minutes."""
    first: date = GENERATED.first
    """First and last date of the generated market, both included."""
    last: date = GENERATED.last
    market_seed: int = 2025
    features: tuple[str, ...] = ()
    """Names; none means the default's."""
    trade: TradeTerms = field(default_factory=TradeTerms)
    """The trade that a label stands for."""
    recipe: Recipe = field(default_factory=Recipe)
    jobs: int = 2
    """Processes that fit; the result does not depend on their number."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained. Raises `ConfigurationError`."""
        if not self.data and self.store is None and self.first > self.last:
            raise ConfigurationError(f"training from {self.first} to {self.last}: the first day must come first")
        if self.jobs <= 0:
            raise ConfigurationError(f"jobs = {self.jobs}: must be above 0")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", self.name):
            raise ConfigurationError(
                f"model name {self.name[:64]!r}: use at most 64 letters, digits, - and _, it names a folder"
            )

    @classmethod
    def of(
        cls,
        settings: Settings,
        name: str = "default",
        data: DataWish | None = None,
        recipe: Recipe | None = None,
        jobs: int = 2,
    ) -> "TrainingOptions":
        """Train for the trades that these settings would make, beside the model that they name."""
        wish = data or DataWish()
        return cls(
            name=name,
            models=settings.model.path.parent.parent,
            data=wish.files,
            store=settings.paths.archive if wish.is_stored else None,
            span=wish.span,
            allow_holes=wish.allow_holes,
            symbols=wish.symbols or settings.symbols,
            timeframe=wish.timeframe or (None if wish.files else settings.timeframe),
            first=wish.generated.first,
            last=wish.generated.last,
            trade=TradeTerms.of(settings),
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
    Raises `DataError` for data that cannot be learned from, `ConfigurationError` where nothing is left but indices,
    `ModelError` when the exported arrays do not reproduce the model, `StorageError` when the bundle cannot be written.
    """
    require_place(options.models / options.name)
    cards = charges or ChargeTable.load(CONFIG / "charges.yaml")
    shown = nullcontext(progress) if progress else progress_bar(Console(stderr=True))
    with shown as report, scratch_folder("fyersbot-training-") as folder:
        return _train(options, calendar, cards, report, folder)


def _train(options: TrainingOptions, calendar: Calendar, charges: ChargeTable, report: Progress, folder: Path) -> Path:
    report("market data", 0.0)
    histories = _histories(options, calendar)
    found = survey(histories, calendar, allow_holes=options.allow_holes)
    timeframe, specification = histories.timeframe, FeatureSpecification.of(options.features)
    rates = charges.rates_on(ist_date(found.last), Product.INTRADAY)
    told = _told(histories, part_of(report, 0.02, 0.1))
    dataset = build(told, specification, timeframe, calendar, partial(label_rule, options, rates=rates.rates), folder)
    rules = {RULE: rule_directions(dataset, histories, strategy_named(RULE, {}), timeframe, calendar)}
    follows = part_of(report, 0.1, 0.9)
    tried = _tried(options, histories, found, specification)
    trained = follow(
        options.recipe,
        dataset,
        specification.names,
        rules,
        former=tried.former(options.models),
        jobs=options.jobs,
        progress=follows,
    )
    facts = _training_facts(histories, found, dataset, trained)
    labels = _label_facts(options.trade, rates.valid_from)
    report("checking the exported model on every row", 0.9)
    tried.note(options.models / options.name, trained.evaluations)  # who looked has looked, bundle or not
    path = _bundle(options, dataset, specification, trained, facts, labels)
    report("done", 1.0)
    return path


def _bundle(
    options: TrainingOptions,
    dataset: Dataset,
    specification: FeatureSpecification,
    trained: Trained,
    facts: TrainingFacts,
    labels: LabelFacts,
) -> Path:
    best, finished = trained.best, trained.finished
    is_calibrated = best.candidate.calibration is not None
    outcomes = dataset.outcomes_at(best.rows)
    return write_bundle(
        options.models / options.name,
        finished.classifier,
        dataset,
        specification,
        finished.chosen.threshold,
        training=facts,
        labels=labels,
        caution=caution_of(dataset, outcomes, best.probabilities, is_calibrated=is_calibrated),
        card=trained.card(options.name, _card_facts(options, facts, labels, specification), facts.notes).page(),
    )


def _tried(options: TrainingOptions, histories: Histories, found: Survey, specification: FeatureSpecification) -> Tried:
    """Return what is about to be tried. Two generated markets have nothing but names in common."""
    first, last = map(ist_date, (found.first, found.last))
    is_generated = histories.market is MarketKind.GENERATED
    market = f"generated, seed {options.market_seed}" if is_generated else "recorded"
    choices = (
        f"{histories.timeframe.value} candles, features {specification.schema_hash[:16]}, {options.trade.exit_words}, "
        f"{options.trade.sizing_words}"
    )
    return Tried.of(options.recipe, Ground(market=market, symbols=histories.symbols, first=first, last=last), choices)


def _label_facts(trade: TradeTerms, charges_as_of: date) -> LabelFacts:
    return LabelFacts(
        rule="core.exits from the next open to stop, target or square-off, after spread and charges",
        stop_atr=trade.stop_atr,
        target_atr=trade.target_atr,
        trail_atr=trade.trail_atr,
        sizing=trade.sizing_words,
        position_value=trade.most_rupees,
        spread_ticks=SPREAD_TICKS,
        charges_as_of=charges_as_of.isoformat(),
    )


def _training_facts(histories: Histories, found: Survey, dataset: Dataset, trained: Trained) -> TrainingFacts:
    return TrainingFacts(
        source=histories.source,
        market=histories.market,
        symbols=histories.symbols,
        timeframe=histories.timeframe,
        first=ist_datetime(found.first),
        last=ist_datetime(found.last),
        rows=len(dataset),
        data_sha256=dataset.fingerprint(),
        seed=trained.best.candidate.seed,
        parts=trained.figures(),
        estimator=trained.best.candidate.name,
        verdict=trained.verdict.words,
        notes=found.notes,
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
        "Exits": options.trade.exit_words,
        "Position": labels.sizing,
        "Costs": f"spread of {labels.spread_ticks} tick, charges of {labels.charges_as_of}",
        "Features": f"{len(specification.names)}, schema {specification.schema_hash[:16]}",
        "Rows and labels": f"SHA-256 {training.data_sha256[:16]}...",
        "Seed": str(training.seed),
    }


def _histories(options: TrainingOptions, calendar: Calendar) -> Histories:
    if options.data:
        return in_files(options.data, options.timeframe, options.span)
    timeframe, shares = options.timeframe or Timeframe.M5, shares_of(options.symbols)
    left_out = tuple(f"{each}: left out, an index is not traded" for each in options.symbols if is_index(each))
    if options.store is not None:
        return replace(stored(options.store, shares, timeframe, options.span), notes=left_out)
    made = generated(shares, timeframe, options.first, options.last, options.market_seed, calendar)
    return replace(in_memory(made, timeframe, f"generated market, seed {options.market_seed}"), notes=left_out)


def _told(histories: Histories, report: Progress) -> Iterator[History]:
    """Yield the candles of each symbol and tell how far that is."""
    for number, history in enumerate(histories):
        report("features and labels", number / len(histories))
        yield history


def label_rule(options: TrainingOptions, history: History, rates: ChargeRates) -> LabelRule:
    """Return the trade that a label of this training stands for."""
    trade, tick, figures = options.trade, history.tick, rates.figures
    return LabelRule(
        stop_atr=trade.stop_atr,
        target_atr=trade.target_atr,
        trail_atr=trade.trail_atr,
        tick=tick,
        spread=SPREAD_TICKS * tick,
        shares=lambda side, price, atr: trade.shares(side, price, atr, tick),
        cost=lambda bought, sold: sum(bill(True, bought, figures)) + sum(bill(False, sold, figures)),
    )
