"""How long 200 symbols take to close their minute, and what a price costs on its way into its candle.

The close is everything that happens before an order could leave: 200 candles are ended, their features made, the
strategy asked, and all of it written down durably. Its goal is one of processor time, which other work on the machine
does not lengthen; the wall's time, the disk's included, stands beside it. The candles alone, prices included, stand
beside what one would do first: the minute's prices of all symbols in one pandas frame, grouped and resampled. And a
price is taken by both engines in turn, because one that decides on history must not pay for candles it does not make.
Prints one JSON line.
"""

import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from datetime import time as day_time
from pathlib import Path

import pandas as pd
from bench_tick_path import rules

from core import events
from core.candle_builder import CandleBuilder
from core.engine import Engine
from core.events import FeedState
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Candle, Instrument, Tick, Timeframe
from core.sessions import TradingDay
from core.signals import FeatureRow, Needs, Signal
from core.tick_engine import TickEngine
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from trading.event_log import SqliteEventLog
from trading.kernel import Kernel
from trading.tick_tape import FileTickTape
from trading.writer import Writer

SYMBOLS = [f"NSE:SHARE{number}-EQ" for number in range(200)]
MINUTES = 30
TICKS = 60
"""Prices of each symbol in a minute."""
TODAY = date(2026, 1, 6)
WARM_UP_DAYS = 2
"""Whole days of candles before this one."""
GOAL_CLOSE_MS = 50
LEAST_RATIO = 10


class EveryDay:
    """A calendar of full sessions."""

    def trading_day(self, day: date) -> TradingDay:
        open_ = instant_at(day, day_time(9, 15))
        return TradingDay(
            date=day,
            open=open_,
            close=open_ + 375 * MINUTE,
            no_entry_after=open_ + 330 * MINUTE,
            square_off=open_ + 350 * MINUTE,
            flat_by=open_ + 355 * MINUTE,
        )

    def next_trading_day(self, after: date) -> TradingDay:
        return self.trading_day(after + timedelta(days=1))


DAY = EveryDay().trading_day(TODAY)


class Silent:
    """Looks at every row and never wants anything."""

    name = "silent"
    needs = Needs(features=())

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None


def price_of(number: int) -> int:
    return 100_000 + (number * 7919 % 181 - 90) * 5


def ticks_of(minute: int) -> list[Tick]:
    """The prices of all symbols in a minute, second by second."""
    ticks = []
    for second in range(TICKS):
        at, volume = DAY.open + minute * MINUTE + second * SECOND, 1_000 * minute**2 + 10 * second
        for place, symbol in enumerate(SYMBOLS):
            price = price_of(minute * TICKS + second + place * 31)
            ticks.append(Tick(symbol, at, price, price - 5, price + 5, volume))
    return ticks


def kernel_with(engine: type[Engine]) -> Kernel:
    """A kernel for 200 symbols with the default features, before the open."""
    instruments = {
        symbol: Instrument(symbol=symbol, token=f"1010000000{n:04}", tick=5) for n, symbol in enumerate(SYMBOLS)
    }
    specification, minutes = FeatureSpecification.default(), replace(rules(), timeframe=Timeframe.M1)
    calendar = EveryDay()

    def stream_for(symbol: str) -> FeatureStream:
        return FeatureStream(specification, symbol, Timeframe.M1, calendar)

    return Kernel(minutes, instruments, Silent(), stream_for, engine)


def warm_up(writer: Writer) -> None:
    """Start, bring the feed up, the candles of the days before and the first of this one."""
    now = DAY.open - MINUTE
    facts = {"boot": 1, "log_id": "A1", "mode": "paper", "account": "P", "version": "1", "config_digest": ""}
    writer.take(events.Booted(at=now, **facts), now)
    writer.take(events.DayBegan(at=now, day=DAY), now)
    writer.take(events.FeedChanged(at=now, feed=events.DATA_FEED, state=FeedState.LIVE), now)
    days = (EveryDay().trading_day(TODAY - timedelta(days=back)) for back in range(WARM_UP_DAYS, 0, -1))
    starts = [start for day in days for start in range(day.open, day.close, MINUTE)] + [DAY.open]
    prices = [price_of(number) for number in range(len(starts))]
    candles = tuple(
        Candle(start, price, price + 50, price - 50, price, price % 997)
        for start, price in zip(starts, prices, strict=True)
    )
    for symbol in SYMBOLS:
        writer.take(events.HistoryArrived(at=now, symbol=symbol, candles=candles, due=0), now)


def closes(folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds in which each minute was closed: by the wall's clock, and of the processor."""
    kernel = kernel_with(TickEngine)
    writer = Writer(kernel, SqliteEventLog(folder / "log"), lambda _effect: None, tape=FileTickTape(folder, TODAY))
    warm_up(writer)
    gc.collect()
    gc.freeze()  # as the bot does once its day is built
    spent, worked = [], []
    for minute in range(1, MINUTES + 1):  # the first candle of a day is history's
        start = DAY.open + minute * MINUTE
        for tick in ticks_of(minute):
            writer.take(tick, tick.at)
        writer.write_tape()
        begin, work_begin = time.perf_counter(), time.process_time()
        writer.take(events.CandleDue(at=start + MINUTE, start=start), start + MINUTE)
        worked.append((time.process_time() - work_begin) * 1e3)
        spent.append((time.perf_counter() - begin) * 1e3)
    assert kernel.state.candles.built == MINUTES * len(SYMBOLS)
    assert len(kernel.state.decided) == len(SYMBOLS)
    writer.close()
    return spent, worked


def price_costs() -> tuple[float, float]:
    """Microseconds of a price in the engine that decides on history, and in the one that makes candles of it."""
    kernels = [kernel_with(Engine), kernel_with(TickEngine)]
    for kernel in kernels:
        kernel.handle(events.DayBegan(at=DAY.open - MINUTE, day=DAY))
    costs: list[list[float]] = [[], []]
    for minute in range(MINUTES):
        ticks = ticks_of(minute)
        for kernel, cost in zip(kernels, costs, strict=True):
            begin = time.perf_counter()
            for tick in ticks:
                kernel.on_tick(tick, tick.at)
            cost.append((time.perf_counter() - begin) / len(ticks) * 1e6)
    return min(costs[0]), min(costs[1])


def ours(ticks: Sequence[Tick], start: Instant, builders: dict[str, CandleBuilder]) -> list[Candle | None]:
    """The minute's candles, prices included."""
    for tick in ticks:
        builders[tick.symbol].add(tick)
    return [builder.close(start).candle for builder in builders.values()]


def theirs(ticks: Sequence[Tick]) -> pd.DataFrame:
    """The same in pandas; the volume of the minute still has to be told from the day's."""
    frame = pd.DataFrame(ticks, columns=Tick._fields)
    frame.index = pd.to_datetime(frame["at"])
    by_symbol = frame.groupby("symbol").resample("1min")
    return by_symbol["ltp"].ohlc().join(by_symbol["volume"].max())


def candle_seconds() -> tuple[float, float]:
    """Best time of a minute's candles, theirs and ours."""
    builders = {symbol: CandleBuilder(DAY, Timeframe.M1) for symbol in SYMBOLS}
    best = [float("inf"), float("inf")]
    for minute in range(5):
        ticks = ticks_of(minute)
        begin = time.perf_counter()
        frame = theirs(ticks)
        middle = time.perf_counter()
        made = ours(ticks, DAY.open + minute * MINUTE, builders)
        end = time.perf_counter()
        by_symbol = dict(zip(SYMBOLS, made, strict=True))
        for row in frame.reset_index().itertuples():
            candle = by_symbol[row.symbol]
            assert candle is not None
            assert (candle.open, candle.high, candle.low, candle.close) == (row.open, row.high, row.low, row.close)
        best = [min(best[0], middle - begin), min(best[1], end - middle)]
    return best[0], best[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        spent, worked = closes(Path(folder))
    plain, building = price_costs()
    pandas_seconds, our_seconds = candle_seconds()
    work_most, ratio = max(worked), pandas_seconds / our_seconds
    result = {
        "benchmark": "candle_builder",
        "symbols": len(SYMBOLS),
        "minutes": MINUTES,
        "close_p50_ms": round(statistics.median(spent), 1),
        "close_worst_ms": round(max(spent), 1),
        "close_processor_worst_ms": round(work_most, 1),
        "price_history_us": round(plain, 2),
        "price_ticks_us": round(building, 2),
        "candles_pandas_ms": round(pandas_seconds * 1e3, 1),
        "candles_ours_ms": round(our_seconds * 1e3, 1),
        "ratio": round(ratio, 1),
        "goal_close_processor_ms": GOAL_CLOSE_MS,
        "holds": bool(work_most < GOAL_CLOSE_MS and ratio >= LEAST_RATIO),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
