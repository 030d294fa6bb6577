"""Many stops and targets on the same candles by the fast engine: laid out once, walked for each pair."""

from collections.abc import Sequence
from dataclasses import dataclass

from backtest_case import ASSUMPTIONS, CHARGES, MODE, STRATEGY, Case, rules

from backtest.fast_engine import walked
from backtest.fast_tables import Rates, Signals, Sum
from backtest.layout import Market, laid_out, rates_of, signals_of, terms_of

Pair = tuple[float, float]
"""Stop and target, in multiples of the average true range."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What all walks share; another process may be given it."""

    market: Market
    signals: Signals
    rates: Rates

    @classmethod
    def of(cls, case: Case) -> "Sweep":
        market = laid_out([case.bars], MODE)
        return cls(market, signals_of(market, [case.bars], STRATEGY), rates_of(CHARGES, MODE))

    def walk(self, pairs: Sequence[Pair]) -> list[tuple[int, int]]:
        """Return how many trades each pair makes, and what they come to after charges, in paise."""
        terms = (terms_of(rules(*pair), ASSUMPTIONS, MODE) for pair in pairs)
        sums = [walked(self.market, self.signals, each, self.rates).sums for each in terms]
        return [(int(each[Sum.TRADES]), int(each[Sum.REALISED])) for each in sums]
