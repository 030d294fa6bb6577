"""A fence around a strategy: whatever a user's file raises in the middle of a session, positions are managed on."""

import logging
from dataclasses import dataclass

from core.errors import StrategyError
from core.instants import ist_text
from core.signals import FeatureRow, Needs, Signal, SignalProvider

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
