"""Tries one combination: make the strategy, look up or compute its features, ask it about all candles, walk them."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backtest.bars import SymbolBars
from backtest.fast_engine import result_of, walked
from backtest.fast_tables import Outcome, Terms
from backtest.hyperopt.figures import Figures, figures_of
from backtest.hyperopt.ground import Ground, Stretch
from backtest.hyperopt.space import Combination
from backtest.layout import Market, laid_out, rates_of, terms_of, wishes_of
from backtest.result import BacktestResult
from core.errors import ConfigurationError
from core.rules import TradingRules
from core.signals import SignalProvider
from core.sizing import MILLION
from features.batch import compute
from features.specification import DEFAULT_NAMES, FeatureSpecification
from reporting.metrics import daily_closes
from strategies.catalogue import strategy_named
from strategies.guarded import Guarded

_EXITS = ("stop_atr", "target_atr", "trail_atr")
_SIZING = {"sizing.capital_fraction": "capital_ppm", "sizing.risk_fraction": "risk_ppm"}
_KEPT_TABLES = 64
"""Sets of features that are kept: neighbouring combinations often share one."""


class Evaluator:
    """Tries combinations on one ground, whose candles are laid out once.

    Threads may share it: two that miss the same features both compute them, and either's stay.
    """

    def __init__(self, ground: Ground) -> None:
        """Lay the candles out."""
        self._ground = ground
        bare = FeatureSpecification.of(("return_1",))
        self._bars = [_bars(each, bare) for each in ground.stretches]
        self._market: Market = laid_out(self._bars, ground.mode)
        ends_at = self._market.step_ends_at()
        _, self._last_steps = daily_closes(ends_at, np.arange(len(ends_at)))
        self._rates = rates_of(ground.charges, ground.mode)
        self._tables: OrderedDict[tuple[str, ...], list[SymbolBars]] = OrderedDict()

    def figures(self, combination: Combination) -> Figures | None:
        """Return what a combination comes to; None where the strategy refuses it. Raises `StrategyError`."""
        provider = provider_of(self._ground, combination)
        if provider is None:
            return None
        return figures_of(self._ground.rules.capital, self._last_steps, self._outcome(provider, combination))

    def result(self, combination: Combination) -> BacktestResult:
        """Return the whole run of a combination. Raises `ConfigurationError` for one that the strategy refuses."""
        provider = _made(self._ground, combination)
        return result_of(self._market, self._outcome(provider, combination))

    def idle(self) -> BacktestResult:
        """Return the run of nobody: no trade, and a curve that stays at the capital."""
        rows = len(self._market.bars.starts)
        wishes = self._market.wishes(np.zeros(rows, dtype=np.int8), np.zeros(rows), np.zeros(rows))
        return result_of(self._market, walked(self._market, wishes, self._terms({}), self._rates, with_curve=True))

    def _outcome(self, provider: SignalProvider, combination: Combination) -> Outcome:
        wishes = wishes_of(self._market, self._with_features(provider), provider)
        return walked(self._market, wishes, self._terms(combination), self._rates, with_curve=True)

    def _terms(self, combination: Combination) -> Terms:
        return terms_of(rules_with(self._ground.rules, combination), self._ground.assumptions, self._ground.mode)

    def _with_features(self, provider: SignalProvider) -> list[SymbolBars]:
        model = self._ground.model.feature_names if self._ground.model else ()
        names = tuple(dict.fromkeys([*model, *(provider.needs.features or DEFAULT_NAMES)]))
        bars = self._tables.get(names)
        if bars is None:
            specification = FeatureSpecification.of(names)
            bars = [_bars(each, specification) for each in self._ground.stretches]
            self._tables[names] = bars
            if len(self._tables) > _KEPT_TABLES:
                self._tables.popitem(last=False)
        return bars


def provider_of(ground: Ground, combination: Combination) -> SignalProvider | None:
    """Make the strategy of a combination; None where it refuses the values together."""
    try:
        return _made(ground, combination)
    except ConfigurationError:
        return None


def rules_with(rules: TradingRules, combination: Combination) -> TradingRules:
    """Return the rules with what a combination says of exits and sizing."""
    exits = {name: combination[f"exits.{name}"] for name in _EXITS if f"exits.{name}" in combination}
    sizing = {part: round(combination[key] * MILLION) for key, part in _SIZING.items() if key in combination}
    return replace(rules, **exits, sizing=replace(rules.sizing, **sizing))


def strategy_params(combination: Combination) -> Mapping[str, Any]:
    """Return what of a combination is the strategy's own."""
    return {name: value for name, value in combination.items() if "." not in name}


def _made(ground: Ground, combination: Combination) -> SignalProvider:
    strategy, model = ground.settings.strategy, ground.model
    params = {**strategy.params, **strategy_params(combination)}
    open_model = None if model is None else lambda: model
    return Guarded(strategy_named(strategy.name, params, strategy.folder, open_model))


def _bars(stretch: Stretch, specification: FeatureSpecification) -> SymbolBars:
    table = compute(specification, stretch.candles)
    return SymbolBars.of(stretch.instrument, stretch.candles, stretch.sessions, table, stretch.lead_closed_at)
