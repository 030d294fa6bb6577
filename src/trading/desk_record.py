"""The desk in writing: what a kernel is built from, recorded at each start, so that it can be built again and replayed.

Live, the record is made from the settings and the kernel from the record. In a replay the record comes from the log,
and the settings only say where to look for the strategy and the model that it names.
"""

import json
from pathlib import Path

from core.engine import Engine
from core.errors import ConfigurationError, ModelError
from core.events import DeskSet
from core.instants import Instant
from core.market import CandleSource, Instrument
from core.ports import Calendar
from core.rules import TradingRules
from core.tick_engine import TickEngine
from runtime.settings import ModelSettings, Settings
from trading.kernel import Kernel
from trading.model_versions import MANIFEST, manifest_sha256, versions
from trading.strategy_choice import StrategyChoice, choose_strategy

_ENGINES = {CandleSource.HISTORY: Engine, CandleSource.TICKS: TickEngine}


def desk_of(
    settings: Settings, rules: TradingRules, instruments: tuple[Instrument, ...], choice: StrategyChoice, at: Instant
) -> DeskSet:
    """Write down what a desk is made of."""
    return DeskSet(
        at=at,
        rules=rules,
        instruments=instruments,
        strategy=settings.strategy.name,
        params=json.dumps(settings.strategy.params, sort_keys=True, default=str),
        strategy_sha256=choice.file_sha256,
        model=choice.model,
        model_sha256=choice.model_sha256,
        features_sha256=choice.specification.schema_hash,
        history=settings.broker.endpoints.data,
        warm_up=settings.history.candles,
        candles=settings.candles.source,
    )


def kernel_of(desk: DeskSet, choice: StrategyChoice, calendar: Calendar) -> Kernel:
    """Build the kernel that a record describes."""
    return Kernel(
        desk.rules,
        {instrument.symbol: instrument for instrument in desk.instruments},
        choice.provider,
        choice.stream_for(desk.rules.timeframe, calendar),
        _ENGINES[desk.candles],
        choice.drift,
    )


def choice_of(desk: DeskSet, settings: Settings) -> StrategyChoice:
    """Make the strategy that a record names, with what is at hand where the settings say.

    Raises `ConfigurationError` for a strategy file or features that are others than those of the day, `ModelError` for
    a model that is.
    """
    rules = desk.rules
    choice = choose_strategy(
        settings.model_copy(
            update={
                "timeframe": rules.timeframe,
                "strategy": settings.strategy.model_copy(
                    update={"name": desk.strategy, "params": json.loads(desk.params)}
                ),
                "model": _model_of(desk, settings),
            }
        )
    )
    _require_same(f"strategy file {desk.strategy}.py", desk.strategy_sha256, choice.file_sha256)
    _require_same("specification of features", desk.features_sha256, choice.specification.schema_hash)
    return choice


def _model_of(desk: DeskSet, settings: Settings) -> ModelSettings:
    """Find the bundle with the recorded hash: where it was, or beside the one that the settings name."""
    if not desk.model_sha256:
        return settings.model
    recorded, named = Path(desk.model), settings.model.path
    for folder in (recorded, *reversed(versions(recorded.parent)), named, *reversed(versions(named.parent))):
        if (folder / MANIFEST).is_file() and manifest_sha256(folder) == desk.model_sha256:
            return settings.model.model_copy(update={"path": folder, "manifest_sha256": desk.model_sha256})
    raise ModelError(
        f"the day was decided by model {recorded} with manifest SHA-256 {desk.model_sha256[:16]}..., which is neither "
        f"there nor in {named.parent}; restore that bundle, or set model.path to where it is"
    )


def _require_same(what: str, recorded: str, at_hand: str) -> None:
    if recorded != at_hand:
        shown = [f"SHA-256 {each[:16]}..." if each else "none" for each in (recorded, at_hand)]
        raise ConfigurationError(f"the {what} is another than on that day: {shown[0]} then, {shown[1]} now; restore it")
