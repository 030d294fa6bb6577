"""The case in backtesting.py: `backtesting_case.py PLAN TRADES` writes its trades and prints one JSON line.

Without TRADES it is a whole process as a person would run it: candles in, the library's own report out.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

warnings.filterwarnings("ignore")


class Planned(Strategy):
    """What was computed beforehand is read from plain lists: this is the library at its quickest."""

    side = stop = target = leaves_next = ()

    def init(self):
        self.late = None
        self.late_levels = 0

    def next(self):
        row = len(self.data) - 1
        if self.position:
            if self.late is not None:
                self.trades[0].sl, self.trades[0].tp = self.late
                self.late = None
            if self.leaves_next[row]:
                self.position.close()
            return
        side = self.side[row]
        if not side:
            return
        enter = self.buy if side > 0 else self.sell
        levels = self.stop[row], self.target[row]
        try:
            enter(size=100, sl=levels[0], tp=levels[1])
        except ValueError:  # it holds levels against the last close, and a gap may lie between that and the fill
            enter(size=100)
            self.late = levels
            self.late_levels += 1


def main():
    began = time.perf_counter()
    plan = np.load(sys.argv[1])
    columns = {name.title(): plan[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(plan["starts"], utc=True).tz_localize(None))
    for name in ("side", "stop", "target", "leaves_next"):
        setattr(Planned, name, plan[name].tolist())
    backtest = Backtest(frame, Planned, cash=50_000_000, commission=0.0003, finalize_trades=True)
    wall, processor = time.perf_counter(), time.process_time()
    report = backtest.run()
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    if len(sys.argv) == 2:
        print(report)
        return
    trades = report["_trades"]
    np.savez(
        sys.argv[2],
        entry_row=trades.EntryBar.to_numpy(),
        exit_row=trades.ExitBar.to_numpy(),
        side=np.sign(trades.Size.to_numpy()),
        entry_price=trades.EntryPrice.to_numpy(),
        exit_price=trades.ExitPrice.to_numpy(),
    )
    answer = {
        "processor_s": processor,
        "wall_s": wall,
        "prepared_s": time.perf_counter() - began - wall,
        "net_pnl": round(float(report["Equity Final [$]"]) - 50_000_000, 2),
        "late_levels": report["_strategy"].late_levels,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
