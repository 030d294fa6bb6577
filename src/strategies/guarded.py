"""A fence around a strategy: whatever a user's file raises in the middle of a session, positions are managed on."""

import logging
from dataclasses import dataclass

from core.errors import StrategyError
from core.instants import ist_text
from core.signals import FeatureRow, Needs, Signal, SignalProvider
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import BatchSignals, SignalColumns

_log = logging.getLogger("trading.strategy")


@dataclass(frozen=True)
class Guarded:
    """A `SignalProvider` that raises nothing but `StrategyError`."""

    provider: SignalProvider

    @property
    def name(self) -> str:
        """The strategy's own."""
        return self.provider.name

    @property
    def needs(self) -> Needs:
        """The strategy's own."""
        return self.provider.needs

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        """Ask the strategy. Raises `StrategyError` that names it, the symbol and the candle."""
        try:
            signal = self.provider.on_data(now, before)
        except Exception as error:
            where = self._where(now)
            _log.debug("%s", where, exc_info=True)
            raise StrategyError(f"{where}: {type(error).__name__}: {error}") from error
        if signal is not None and not isinstance(signal, Signal):
            raise StrategyError(f"{self._where(now)}: returned {type(signal).__name__}; return a Signal or None")
        return signal

    def _where(self, now: FeatureRow) -> str:
        """Only put into words when it is needed: a backtest asks a million times."""
        return f"strategy {self.name} on {now.symbol}, candle {ist_text(now.candle.start)}"


def answers_at_once(provider: SignalProvider) -> bool:
    """Whether a strategy, fenced or not, can be asked about a whole history at once."""
    return isinstance(_inside(provider), BatchSignals)


def signals_at_once(
    provider: SignalProvider, table: FeatureTable, candles: CandleColumns, symbol: str
) -> SignalColumns | None:
    """Ask a strategy about a whole history, fenced or not; None if it can only be asked candle by candle.

    Raises `StrategyError` that names it and the symbol, for whatever it raises or for columns of another length.
    """
    strategy = _inside(provider)
    if not isinstance(strategy, BatchSignals):
        return None
    where = f"strategy {provider.name} on {symbol}, all candles at once"
    try:
        answers = strategy.signals(table, candles, symbol)
    except Exception as error:
        _log.debug("%s", where, exc_info=True)
        raise StrategyError(f"{where}: {type(error).__name__}: {error}") from error
    lengths = len(answers.directions), len(answers.probabilities)
    if lengths != (len(candles), len(candles)):
        raise StrategyError(f"{where}: {lengths} answers for {len(candles)} candles; return one for each")
    return answers


def _inside(provider: SignalProvider) -> SignalProvider:
    return provider.provider if isinstance(provider, Guarded) else provider
