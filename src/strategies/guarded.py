"""A guard around a strategy: whatever a user's file raises or returns in mid-session, positions are still managed."""

import logging
from dataclasses import dataclass

import numpy as np

from core.errors import NoSignalError, StrategyError, one_line
from core.instants import Instant, ist_text
from core.signals import Direction, FeatureRow, Needs, Signal, SignalProvider
from features.batch import FeatureTable
from features.columns import BoolArray, CandleColumns
from strategies.base_strategy import BatchSignals, SignalColumns

logger = logging.getLogger("trading.strategy")

_DIRECTIONS = tuple(each.value for each in Direction)


@dataclass(frozen=True)
class Guarded:
    """A `SignalProvider` that raises nothing but `StrategyError`, and answers with sound signals or None."""

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
        except (Exception, SystemExit) as error:  # `exit()` in a user's file is its fault, and no wish to stop the bot
            where = self._where(now)
            logger.debug("%s", where, exc_info=True)
            raise StrategyError(f"{where}: {_told(error)}") from error
        if signal is not None:
            fault = _fault_of(signal)
            if fault:
                raise NoSignalError(f"{self._where(now)}: {fault}", at=now.candle.start)
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

    Raises `StrategyError` that names it and the symbol, for whatever it raises, for columns of another length, and for
    a direction or probability that is none.
    """
    strategy = _inside(provider)
    if not isinstance(strategy, BatchSignals):
        return None
    where = f"strategy {provider.name} on {symbol}, all candles at once"
    try:
        return _checked(strategy.signals(table, candles, symbol), candles)
    except NoSignalError as error:
        raise NoSignalError(f"{where}: {error}", at=error.at) from None
    except (Exception, SystemExit) as error:
        logger.debug("%s", where, exc_info=True)
        raise StrategyError(f"{where}: {_told(error)}") from error


def _inside(provider: SignalProvider) -> SignalProvider:
    return provider.provider if isinstance(provider, Guarded) else provider


def _fault_of(answer: object) -> str:
    """Say what is wrong with an answer; empty for a sound signal."""
    if not isinstance(answer, Signal):
        return f"returned {type(answer).__name__}; return a Signal or None"
    direction, probability = answer.direction, answer.probability
    if not isinstance(direction, Direction):
        return f"returned the direction {direction!r}; return a Direction, as Direction.LONG"
    if not isinstance(probability, (float, int)) or not 0 <= probability <= 1:  # NaN is in no order with a number
        return f"returned the probability {probability!r}; return a float from 0 to 1"
    return ""


def _checked(answers: object, candles: CandleColumns) -> SignalColumns:
    """Return columns with one sound entry a candle. Raises `NoSignalError` for others."""
    if not isinstance(answers, SignalColumns):
        raise NoSignalError(f"returned {type(answers).__name__}; return SignalColumns")
    directions = np.asarray(answers.directions)
    probabilities = np.asarray(answers.probabilities, dtype=np.float64)
    if directions.shape != (len(candles),) or probabilities.shape != (len(candles),):
        raise NoSignalError(
            f"returned directions of shape {directions.shape} and probabilities of shape {probabilities.shape} for "
            f"{len(candles)} candles; return one of each for a candle"
        )
    _check("direction", directions, np.isin(directions, _DIRECTIONS), "return 0, 1 or 2", candles)
    is_sure = (probabilities >= 0) & (probabilities <= 1)
    is_sound = is_sure | (directions == Direction.NONE.value)
    _check("probability", probabilities, is_sound, "return one from 0 to 1", candles)
    return SignalColumns(directions.astype(np.int8), probabilities)


def _check(what: str, column: np.ndarray, is_sound: BoolArray, remedy: str, candles: CandleColumns) -> None:
    if not is_sound.all():
        row = int(np.argmin(is_sound))
        at: Instant = int(candles.starts[row])
        raise NoSignalError(f"returned the {what} {column[row]} at candle {ist_text(at)}; {remedy}", at=at)


def _told(error: BaseException) -> str:
    """Name an error and what it says, on one line."""
    kind, words = type(error).__name__, one_line(error)
    return kind if words == kind else f"{kind}: {words}"
