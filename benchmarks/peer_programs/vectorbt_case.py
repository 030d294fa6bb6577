"""Many stops and targets at once in vectorbt: `vectorbt_case.py PLAN` with two lists of multiples prints one JSON line.

`Portfolio.from_signals` with one column a combination, its fastest way. Levels are shares of the entry price there.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
import vectorbt

ROUNDS = 3
TICK = 0.05


def shifted(values, first):
    """Orders are filled in the bar of their signal: what a close has told is acted on one bar later."""
    return np.concatenate(([first], values[:-1]))


def sweep(plan, stops, targets):
    opens = plan["open"]
    side, atr = shifted(plan["side"], 0), shifted(plan["atr"], np.nan)
    leaves = shifted(plan["leaves_next"], False)
    reach = atr[:, np.newaxis] / TICK

    def column(values):
        return values[:, np.newaxis]

    def on_grid(ticks):
        """Return rupees of whole ticks, rounded towards the entry and one at least."""
        return np.maximum(np.floor(ticks + 1e-9), 1.0) * TICK

    portfolio = vectorbt.Portfolio.from_signals(
        pd.Series(plan["close"]),
        entries=column(side > 0),
        short_entries=column(side < 0),
        exits=column(leaves),
        short_exits=column(leaves),
        price=column(opens),
        open=column(opens),
        high=column(plan["high"]),
        low=column(plan["low"]),
        size=100.0,
        fees=0.0003,
        sl_stop=np.ascontiguousarray(np.repeat(on_grid(reach * stops) / column(opens), len(targets), axis=1)),
        tp_stop=np.ascontiguousarray(np.tile(on_grid(reach * targets) / column(opens), (1, len(stops)))),
        stop_entry_price="fillprice",
        stop_exit_price="stopmarket",
        upon_opposite_entry="ignore",
        upon_long_conflict="exit",
        upon_short_conflict="exit",
        accumulate=False,
        init_cash=50_000_000,
        freq="1min",
    )
    records = portfolio.trades.values
    combinations = len(stops) * len(targets)
    counts = np.bincount(records["col"], minlength=combinations)
    return counts, np.bincount(records["col"], weights=records["pnl"], minlength=combinations)


def main():
    plan = dict(np.load(sys.argv[1]))
    stops, targets = (np.array(json.loads(text)) for text in sys.argv[2:4])
    began = time.perf_counter()
    counts, profits = sweep(plan, stops, targets)
    first = time.perf_counter() - began
    processor, wall = [], []
    for _ in range(ROUNDS):
        wall.append(time.perf_counter())
        processor.append(time.process_time())
        counts, profits = sweep(plan, stops, targets)
        processor[-1] = time.process_time() - processor[-1]
        wall[-1] = time.perf_counter() - wall[-1]
    answer = {
        "processor_s": min(processor),
        "wall_s": min(wall),
        "first_call_s": first,
        "trades": counts.tolist(),
        "net_pnl": profits.round(2).tolist(),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
