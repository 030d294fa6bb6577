"""From the settings to what decides on candles: the strategy, the model it may take, and the features both read.

A choice says by hashes what it is, so that a recorded day is only ever decided again by the same.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.drift import DriftReference
from core.errors import ConfigurationError
from core.instants import Instant
from core.market import Timeframe
from core.ports import Calendar, Predictor, RowStream
from core.signals import SignalProvider
from features.specification import DEFAULT_NAMES, FeatureSpecification
from features.stream import FeatureStream
from runtime.settings import Settings
from strategies.catalogue import file_of, strategy_named
from strategies.guarded import Guarded
from trading.bundle import TrainingFacts
from trading.inference_engine import InferenceEngine
from trading.model_fit import check_fits, refuse_generated, refuse_later
from trading.model_versions import refuse_unchosen


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy that is ready to decide, and what it is."""

    provider: SignalProvider
    specification: FeatureSpecification
    file_sha256: str
    """Of a user's own file; empty for a strategy that comes with the bot."""
    model: str
    """Folder of the model's version; empty without one."""
    model_sha256: str
    """Of the model's manifest."""
    drift: DriftReference | None = None
    """What the model's days are held against; None without a model, or for one that does not say."""
    warnings: tuple[str, ...] = ()
    """Where the model learned other trades than these settings make."""
    training: TrainingFacts | None = None
    """What taught the model; None without one."""

    def stream_for(self, timeframe: Timeframe, calendar: Calendar) -> Callable[[str], RowStream]:
        """Return what makes the features of a symbol from its candles."""
        return lambda symbol: FeatureStream(self.specification, symbol, timeframe, calendar)


def choose_strategy(
    settings: Settings, predictor_of: Callable[[InferenceEngine], Predictor] = lambda engine: engine
) -> StrategyChoice:
    """Make the strategy with the model, if it takes one, and the features: the model's first, then its own.

    `predictor_of` may put something else in the model's place. Raises `ConfigurationError` and `ModelError`.
    """
    choice, model = settings.strategy, settings.model
    opened: list[InferenceEngine] = []
    warnings: list[str] = []

    def open_model() -> Predictor:
        engine = InferenceEngine.open(model.path, model.manifest_sha256, model.signed_by)
        warnings.extend(check_fits(engine.manifest, settings))
        opened.append(engine)
        return predictor_of(engine)

    provider = Guarded(strategy_named(choice.name, choice.params, choice.folder, open_model))
    of_model = [name for engine in opened for name in engine.feature_names]
    own = provider.needs.features or DEFAULT_NAMES
    return StrategyChoice(
        provider=provider,
        specification=FeatureSpecification.of(dict.fromkeys([*of_model, *own])),
        file_sha256=_sha256_of_file(settings),
        model=str(opened[0].folder) if opened else "",
        model_sha256=opened[0].manifest_sha256 if opened else "",
        drift=opened[0].drift if opened else None,
        warnings=tuple(warnings),
        training=opened[0].manifest.training if opened else None,
    )


def _sha256_of_file(settings: Settings) -> str:
    path = file_of(settings.strategy.name, settings.strategy.folder)
    if path is None:
        return ""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigurationError(f"strategy file {path} cannot be read: {error.strerror}") from error


def check_model(settings: Settings, choice: StrategyChoice, now: Instant, *, is_money: bool) -> None:
    """Refuse a model that cannot be of today, and one that nobody should trade money with.

    Raises `ConfigurationError` and `ModelError`.
    """
    if choice.training is None:
        return
    folder = Path(choice.model)
    if settings.clock.start is None:  # market time is no date
        refuse_later(folder, choice.training, now)
    if is_money:
        refuse_unchosen(settings.model.path, settings.model.manifest_sha256)
        refuse_generated(folder, choice.training)


def check_history(settings: Settings, choice: StrategyChoice) -> None:
    """Refuse a history too short for a first decision. Raises `ConfigurationError` that names both numbers."""
    timeframe, given = settings.timeframe, settings.history.candles
    # One more than gives the first row, because a decision compares two.
    needed = choice.specification.warm_up(timeframe) + choice.provider.needs.warm_up + 1
    if given < needed:
        raise ConfigurationError(
            f"history.candles = {given}: strategy {choice.provider.name} needs {needed} closed {timeframe.value} "
            f"candles before its first decision; set history.candles to {needed} or more, or shorten its features"
        )
