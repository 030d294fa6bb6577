"""The fast engine: the whole history's signals at once, then one compiled walk over the bars.

It answers to the event engine: same trades, same charges, same refusals, to the paisa. A sweep lays the candles out
once (`backtest.layout`) and calls `walked` for each combination of parameters.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import SymbolBars
from backtest.fast_tables import Book, Code, Field, Outcome, Rates, Reason, Run, Signals, Sum, Terms
from backtest.layout import Market, laid_out, rates_of, signals_of, terms_of
from backtest.result import BacktestResult, EquityCurve
from core.charges import Charges
from core.market import Side
from core.positions import Trade
from core.rules import TradingRules
from core.signals import SignalProvider
from runtime.charge_rates import ChargeTable

_SIDES = {side.value: side for side in Side}
_REASONS = {reason.value: reason.name.lower() for reason in Reason}
_CHARGE_PARTS = ("brokerage", "stt", "exchange", "clearing", "sebi", "ipft", "gst", "stamp", "dp")


def run(
    symbols: Sequence[SymbolBars],
    provider: SignalProvider,
    rules: TradingRules,
    assumptions: FillAssumptions,
    mode: Mode,
    charges: ChargeTable,
) -> BacktestResult:
    """Trade a strategy on candles of the past, with one account over all symbols.

    A provider without `strategies.base_strategy.BatchSignals` is asked bar by bar, which takes longer than the rest.
    Raises `StrategyError` when the strategy fails, `ConfigurationError` for a product without charges and for sums of
    money beyond 64 bits.
    """
    market = laid_out(symbols, mode)
    signals = signals_of(market, symbols, provider)
    outcome = walked(market, signals, terms_of(rules, assumptions, mode), rates_of(charges, mode), with_curve=True)
    return result_of(market, outcome)


def walked(market: Market, signals: Signals, terms: Terms, rates: Rates, *, with_curve: bool = False) -> Outcome:
    """Walk the bars once; the curve has a point for each step, and is empty where nobody asks for it."""
    from backtest.kernel import walk  # noqa: PLC0415 - numba takes a quarter of a second to import

    symbols, most = len(market.symbols), len(signals.rows)
    points = len(market.steps.ends) if with_curve else 0
    outcome = Outcome(
        sums=np.zeros(len(Sum), dtype=np.int64),
        trades=np.empty((most, len(Field)), dtype=np.int64),
        probabilities=np.empty(most),
        charges=np.zeros(len(_CHARGE_PARTS), dtype=np.int64),
        refusals=np.zeros(len(Code), dtype=np.int64),
        equity=np.empty(points, dtype=np.int64),
        exposure=np.empty(points, dtype=np.int64),
        actions=np.empty(most, dtype=np.int64),
    )
    walk(Run(market.bars, market.steps, market.contracts, signals, terms, rates, Book.empty(symbols), outcome))
    count = outcome.sums[Sum.TRADES]
    return outcome._replace(
        trades=outcome.trades[:count],
        probabilities=outcome.probabilities[:count],
        actions=outcome.actions[: outcome.sums[Sum.ACTIONS]],
    )


def result_of(market: Market, outcome: Outcome) -> BacktestResult:
    """Turn the columns of a walk with a curve into the result that both engines return."""
    bars = market.bars
    places, starts = bars.candles.place[outcome.actions].tolist(), market.starts[outcome.actions].tolist()
    return BacktestResult(
        trades=tuple(_trades(market, outcome)),
        charges=Charges(**dict(zip(_CHARGE_PARTS, outcome.charges.tolist(), strict=True))),
        curve=EquityCurve(market.step_ends_at(), outcome.equity, outcome.exposure),
        candles=len(market.starts),
        refusals={each.name: int(outcome.refusals[each]) for each in Code if each and outcome.refusals[each]},
        corporate_actions=tuple((market.symbols[place], at) for place, at in zip(places, starts, strict=True)),
    )


def _trades(market: Market, outcome: Outcome) -> Iterator[Trade]:
    rows = outcome.trades
    entries, exits = (market.instants(rows[:, each]).tolist() for each in (Field.ENTRY_MOMENT, Field.EXIT_MOMENT))
    for row, entry_at, exit_at, probability in zip(
        rows.tolist(), entries, exits, outcome.probabilities.tolist(), strict=True
    ):
        # Unpacked in the order of `Field`: asking an enum for each place of a row took as long as making the trade.
        place, side, quantity, _, entry_value, _, exit_value, reason, charges, stop, target = row
        yield Trade(
            symbol=market.symbols[place],
            side=_SIDES[side],
            quantity=quantity,
            entry_at=entry_at,
            entry_value=entry_value,
            exit_at=exit_at,
            exit_value=exit_value,
            exit_reason=_REASONS[reason],
            charges=charges,
            stop=stop,
            target=target,
            probability=probability,
        )
