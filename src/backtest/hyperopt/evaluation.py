"""Tries one combination: make the strategy, look up or compute its features, ask it about all candles, walk them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np

from backtest.bars import SymbolBars
from backtest.fast_engine import result_of, walked
from backtest.fast_tables import Outcome, Signals, Terms
from backtest.hyperopt.figures import Figures, figures_of
from backtest.hyperopt.ground import Ground, Stretch
from backtest.hyperopt.pruning import Hurdles, Tried
from backtest.hyperopt.space import Combination
from backtest.layout import Market, laid_out, rates_of, signals_from, signals_of, terms_of
from backtest.result import BacktestResult
from backtest.signal_rows import OneByOne
from core.errors import ConfigurationError
from core.rules import TradingRules
from core.signals import SignalProvider
from core.sizing import MILLION
from features.batch import compute
from features.specification import DEFAULT_NAMES, FeatureSpecification
from reporting.metrics import last_of_days
from strategies.catalogue import strategy_named
from strategies.guarded import Guarded, answers_at_once

_EXITS = ("stop_atr", "target_atr", "trail_atr")
_SIZING = {"sizing.capital_fraction": "capital_ppm", "sizing.risk_fraction": "risk_ppm"}
Value = TypeVar("Value")

_KEPT_TABLES = 64
"""Sets of features that are kept: neighbouring combinations often share one."""
_KEPT_ANSWERS = 8
"""Of a strategy with its parameters: neighbouring combinations often differ in exits alone."""


class _Newest(Generic[Value]):
    """What was made last, by its key; the oldest goes where there are too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what is kept, else what is made now."""
        value = self._values.get(key)
        if value is None:
            value = self._values[key] = make()
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


class Evaluator:
    """Tries combinations on one ground, whose candles are laid out once.

    Threads may share it: two that miss the same features both compute them, and either's stay.
    """

    def __init__(self, ground: Ground) -> None:
        """Lay the candles out."""
        self._ground = ground
        bare = FeatureSpecification.of(("return_1",))
        self._bars = self._computed(bare)
        self._market: Market = laid_out(self._bars, ground.mode)
        self._last_steps = last_of_days(self._market.step_ends_at())
        self._days = self._market.days_of(self._last_steps)
        self._rates = rates_of(ground.charges, ground.mode)
        self._tables: _Newest[list[SymbolBars]] = _Newest(_KEPT_TABLES)
        self._answers: _Newest[Signals] = _Newest(_KEPT_ANSWERS)

    def figures(self, combination: Combination) -> Figures | None:
        """Return what a combination comes to; None where the strategy refuses it. Raises `StrategyError`."""
        return self.tried(combination).figures

    def tried(self, combination: Combination, hurdles: Hurdles | None = None) -> Tried:
        """Try a combination; with hurdles part by part, and no further than it keeps up. Raises `StrategyError`."""
        provider = provider_of(self._ground, combination)
        if provider is None:
            return Tried(None)
        signals_until, total, terms = (
            self._asked(provider, combination),
            len(self._last_steps),
            self._terms(combination),
        )
        told: list[float | None] = []
        if hurdles is not None:
            for part, sessions in enumerate(hurdles.sessions(total)):
                figures = self._figures(sessions, signals_until(sessions), terms)
                told.append(hurdles.objective.of(figures))
                if hurdles.stop(part, told[-1]):
                    return Tried(figures, tuple(told), is_pruned=True)
        return Tried(self._figures(total, signals_until(total), terms), tuple(told))

    def result(self, combination: Combination) -> BacktestResult:
        """Return the whole run of a combination. Raises `ConfigurationError` for one that the strategy refuses."""
        provider = _made(self._ground, combination)
        return result_of(self._market, self._outcome(provider, combination))

    def idle(self) -> BacktestResult:
        """Return a run without a trade, whose curve stays at the capital."""
        rows = len(self._market.starts)
        signals = self._market.signals(np.zeros(rows, dtype=np.int8), np.zeros(rows), np.zeros(rows))
        return result_of(self._market, walked(self._market, signals, self._terms({}), self._rates, with_curve=True))

    def _outcome(self, provider: SignalProvider, combination: Combination) -> Outcome:
        signals = self._answer(provider, combination, self._with_features(provider))
        return walked(self._market, signals, self._terms(combination), self._rates, with_curve=True)

    def _figures(self, sessions: int, signals: Signals, terms: Terms) -> Figures:
        """Walk the first sessions."""
        last_steps = self._last_steps[:sessions]
        outcome = walked(self._market.until(last_steps[-1]), signals, terms, self._rates, with_curve=True)
        return figures_of(self._ground.rules.capital, self._market, last_steps, outcome)

    def _asked(self, provider: SignalProvider, combination: Combination) -> Callable[[int], Signals]:
        """Return what a strategy wants in the first sessions; one without a fast face is asked about no later ones."""
        market, bars = self._market, self._with_features(provider)
        if answers_at_once(provider):
            signals = self._answer(provider, combination, bars)
            return lambda _sessions: signals
        asked = [OneByOne(each, provider) for each in bars]

        def until(sessions: int) -> Signals:
            day = self._days[sessions - 1]
            ends = [int(np.searchsorted(each.sessions.days, day, side="right")) for each in bars]
            return signals_from(market, bars, [each.until(end) for each, end in zip(asked, ends, strict=True)])

        return until

    def _answer(self, provider: SignalProvider, combination: Combination, bars: Sequence[SymbolBars]) -> Signals:
        """Return what a strategy says at once of all candles; other exits or sizes are no reason to ask again."""
        key = tuple(sorted(strategy_params(combination).items()))
        return self._answers.get(key, lambda: signals_of(self._market, bars, provider))

    def _terms(self, combination: Combination) -> Terms:
        return terms_of(rules_with(self._ground.rules, combination), self._ground.assumptions, self._ground.mode)

    def _with_features(self, provider: SignalProvider) -> list[SymbolBars]:
        model = self._ground.model.feature_names if self._ground.model else ()
        names = tuple(dict.fromkeys([*model, *(provider.needs.features or DEFAULT_NAMES)]))
        return self._tables.get(names, lambda: self._computed(FeatureSpecification.of(names)))

    def _computed(self, specification: FeatureSpecification) -> list[SymbolBars]:
        return [_bars(each, specification) for each in self._ground.stretches]


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
