"""Train a model and write it as a bundle that the live bot will open: one call, the same result every time."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from core.charges import ChargeRates, round_trip
from core.errors import ConfigurationError
from core.instants import ist_date, ist_datetime
from core.market import Timeframe
from core.orders import Product
from core.ports import Calendar
from features.labels import LabelRule
from features.specification import FeatureSpecification
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from runtime.settings import Settings
from trading.bundle import LabelFacts, TrainingFacts
from training import threshold
from training.bundle_writer import write_bundle
from training.caution_reference import caution_of
from training.classifier import Classifier, fit_forest
from training.dataset import Dataset, History, build, span, split
from training.progress import Progress, progress_bar
from training.sources import from_parquet, generated, symbol_of, timeframe_of

SPREAD_TICKS = 1
"""Ticks per share lost between buying at the ask and selling at the bid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What to train on, and what for. The defaults make the model of the demonstration."""

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
    validation_share: float = 0.3
    """Last part of the time, from which the threshold is chosen and the results are told."""
    trees: int = 200
    depth: int = 8
    leaf: int = 20
    """Fewest rows in a leaf."""
    seed: int = 7
    jobs: int = 2
    """Threads while fitting; the result does not depend on them."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained. Raises `ConfigurationError`."""
        if not 0 < self.validation_share < 1:
            raise ConfigurationError(f"validation share {self.validation_share}: must lie between 0 and 1")
        if not self.data and self.first > self.last:
            raise ConfigurationError(f"training from {self.first} to {self.last}: the first day must come first")
        if min(self.stop_atr, self.target_atr, self.position_value, self.trees, self.depth, self.leaf) <= 0:
            raise ConfigurationError("stop, target, position value, trees, depth and leaf must all be above 0")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", self.name):
            raise ConfigurationError(
                f"model name {self.name[:64]!r}: use at most 64 letters, digits, - and _, it names a folder"
            )

    @classmethod
    def of(cls, settings: Settings, name: str = "default", data: tuple[Path, ...] = ()) -> "TrainingOptions":
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
        )


def train_model(
    options: TrainingOptions,
    calendar: Calendar,
    charges: ChargeTable | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train on candles and return the folder of the new version, or of the newest one if that is the same to the byte.

    Fitted on the first part of the time; threshold and results come from the rest, which the model has never seen.
    Without `charges` the rate cards of this installation are used, without `progress` a terminal is shown a bar.
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
    card = charges.rates_on(ist_date(span(histories)[1]), Product.INTRADAY)
    report("features and labels", 0.25)
    dataset = build(
        histories, specification, timeframe, calendar, lambda history: label_rule(options, history, card.rates)
    )
    fit, validation = split(dataset, options.validation_share)
    classifier = fit_forest(
        fit,
        trees=options.trees,
        depth=options.depth,
        leaf=options.leaf,
        seed=options.seed,
        jobs=options.jobs,
        progress=lambda done: report("fitting", 0.4 + 0.4 * done),
    )
    report("choosing the threshold", 0.8)
    unseen = classifier.probabilities(validation.features)
    chosen = threshold.choose(validation, unseen).threshold
    results = {"fit": _results(fit, classifier, chosen), "validation": _results(validation, classifier, chosen)}
    facts = _training_facts(options, histories, timeframe, dataset, results)
    labels = LabelFacts(
        rule="core.exits from the next open to stop, target or square-off, after spread and charges",
        stop_atr=options.stop_atr,
        target_atr=options.target_atr,
        position_value=options.position_value,
        spread_ticks=SPREAD_TICKS,
        charges_as_of=card.valid_from.isoformat(),
    )
    report("checking the exported model on every row", 0.85)
    path = write_bundle(
        options.models / options.name,
        classifier,
        dataset,
        specification,
        chosen,
        training=facts,
        labels=labels,
        caution=caution_of(dataset, validation, unseen, is_calibrated=False),
    )
    report("done", 1.0)
    return path


def _training_facts(
    options: TrainingOptions,
    histories: Sequence[History],
    timeframe: Timeframe,
    dataset: Dataset,
    results: dict[str, dict[str, float]],
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
        seed=options.seed,
        parts=results,
    )


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
    timeframes = {timeframe_of(each.candles) for each in histories}
    if len(timeframes) > 1:
        lengths = ", ".join(sorted(each.value for each in timeframes))
        raise ConfigurationError(f"training files of different timeframes ({lengths}): train a model for each")
    return histories, timeframes.pop()


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


def _results(part: Dataset, classifier: Classifier, chosen: float) -> dict[str, float]:
    """Describe a part of the data in numbers; money in rupees."""
    probabilities = classifier.probabilities(part.features)
    outcome = threshold.trade(part, probabilities, chosen)
    shares = {
        name: round(float((part.directions == value).mean()), 6)
        for value, name in enumerate(("share_none", "share_long", "share_short"))
    }
    accuracy = round(float((probabilities.argmax(axis=1) == part.directions).mean()), 6)
    return {
        "rows": len(part),
        **shares,
        "accuracy": accuracy,
        "trades": outcome.trades,
        "net_rupees": outcome.net / 100,
        "net_rupees_per_trade": round(outcome.mean / 100, 4),
    }
