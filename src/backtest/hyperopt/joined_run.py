"""Several runs, one after another in time, as one: trades in a row, and each curve on top of what went before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backtest.hyperopt.ground import Ground
from backtest.notes import corporate_action_notes, said_once
from backtest.result import BacktestResult
from backtest.run_facts import facts_of
from backtest.run_options import EngineName
from core.charges import Charges
from features.columns import IntArray
from reporting.run_record import RunRecord, SymbolCandles
from runtime.clock import clock_of


def joined_record(
    ground: Ground, results: Sequence[BacktestResult], parameters: Mapping[str, Any], seconds: float
) -> RunRecord:
    """Return one record of results in order of time, each of which began with the whole capital and nothing held.

    `ground` is what they walked, from the first of them to the last; `seconds` is how long that took.
    """
    walked = {each.instrument.symbol: each.walked for each in ground.stretches}
    trades = tuple(trade for result in results for trade in result.trades)
    refusals: Counter[str] = Counter()
    for result in results:
        refusals.update(result.refusals)
    actions = [action for result in results for action in result.corporate_actions]
    started_at = clock_of(ground.settings.clock).now()
    return RunRecord(
        facts=facts_of(
            ground.settings, walked, ground.mode, EngineName.FAST, parameters, ground.strategy_hashes, started_at
        ),
        trades=trades,
        at=np.concatenate([result.curve.at for result in results]),
        equity=_stacked(ground.rules.capital, results),
        exposure=np.concatenate([result.curve.exposure for result in results]),
        charges=sum((result.charges for result in results), Charges()),
        refusals=dict(refusals),
        candles=sum(result.candles for result in results),
        seconds=seconds,
        notes=said_once([*ground.notes, *corporate_action_notes(actions)]),
        markets=tuple(SymbolCandles.of(symbol, candles, trades) for symbol, candles in walked.items()),
    )


def _stacked(capital: int, results: Sequence[BacktestResult]) -> IntArray:
    gains = [result.curve.equity - capital for result in results]
    before = np.cumsum([0, *(int(each[-1]) for each in gains[:-1])])
    return np.concatenate([capital + lifted + each for lifted, each in zip(before.tolist(), gains, strict=True)])
