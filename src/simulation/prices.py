"""Prices that follow from the seed, a print every few seconds: enough to fill, stop and reach targets, and no more."""

from collections.abc import Callable

from core.instants import SECOND
from core.market import Side
from simulation.broker import SimulatedBroker
from simulation.dice import Dice
from simulation.setting import BAND_PERCENT, INSTRUMENTS, PRICES
from simulation.virtual_time import VirtualTime
from simulator.market import Quote

_STEP = 0.0011
"""Largest step between two prints, as a share of the price."""
_HOME = 0.02
"""Pull back to where the day began, so that no band is reached by accident."""


class Prices:
    """The path of every share."""

    def __init__(self, time: VirtualTime, seed: int, broker: SimulatedBroker, hear: Callable[[Quote], None]) -> None:
        """`hear` is told every print, as the data feed is."""
        self._time = time
        self._broker = broker
        self._hear = hear
        self._pauses = {symbol: Dice(seed, f"print {symbol}") for symbol in PRICES}
        self._steps = {symbol: Dice(seed, f"step {symbol}") for symbol in PRICES}
        for symbol in PRICES:
            self._come_again(symbol)

    def gap(self, symbol: str, share: float) -> None:
        """Jump by a share of the price."""
        self._print(symbol, round(self._ltp(symbol) * (1 + share)))

    def lock(self, symbol: str, side: Side, seconds: float) -> None:
        """Go to the circuit limit at which orders of a side find no other side, stay there, and come back."""
        edge = PRICES[symbol] * (100 + side.value * BAND_PERCENT) // 100
        self._broker.locked[symbol] = side
        self._print(symbol, edge)

        def unlock() -> None:
            self._broker.locked.pop(symbol, None)
            self._print(symbol, PRICES[symbol] + (edge - PRICES[symbol]) * 4 // 5)

        self._time.after(int(seconds * SECOND), unlock)

    def _ltp(self, symbol: str) -> int:
        return self._broker.market.newest[symbol].ltp

    def _come_again(self, symbol: str) -> None:
        self._time.after(int(self._pauses[symbol].between(1.5, 4.5) * SECOND), lambda: self._go(symbol))

    def _go(self, symbol: str) -> None:
        share = self._steps[symbol].between(-_STEP, _STEP)
        ltp = self._ltp(symbol)
        if symbol not in self._broker.locked:
            ltp = round(ltp * (1 + share) + (PRICES[symbol] - ltp) * _HOME)
        self._print(symbol, ltp)
        self._come_again(symbol)

    def _print(self, symbol: str, price: int) -> None:
        instrument = INSTRUMENTS[symbol]
        self._broker.move(symbol, instrument.clamp(instrument.round_price(price)))
        self._hear(self._broker.market.newest[symbol])
