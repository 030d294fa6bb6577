"""What a snapshot of the state costs the writer, and what it saves a start on a log of many days."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from datetime import time as clock_time
from pathlib import Path

from core import events
from core.fold import apply
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Candle, Side
from core.orders import (
    Books,
    Fill,
    OrderIntent,
    OrderReport,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeKind,
    Product,
    Purpose,
)
from core.positions import Trade
from core.sessions import TradingDay
from core.signals import Direction
from core.state import BotState
from trading.event_log import SqliteEventLog
from trading.state_snapshots import SqliteSnapshots
from trading.state_store import StateStore

FIRST_DAY = date(2025, 1, 1)
ROUNDS = 30
FEATURES = tuple(0.123456789 * number for number in range(24))
GOAL_PERSIST_MS = 5.0
GOAL_RATIO = 5.0
"""How much faster a start must be with a snapshot, from twenty days on."""


class Fold:
    """As much of a kernel as a store knows."""

    def __init__(self) -> None:
        self.state = BotState()

    def restore(self, event: events.Event) -> None:
        apply(self.state, event)


QUANTITY, ENTRY_PRICE, EXIT_PRICE = 60, 80_000, 80_400
PLAN = events.EntryPlan(direction=Direction.LONG, probability=0.612, atr=118.77, stop_atr=2.0, target_atr=3.0)


def session(number: int) -> TradingDay:
    day = FIRST_DAY + timedelta(days=number)

    def at(hour: int, minute: int) -> Instant:
        return instant_at(day, clock_time(hour, minute))

    return TradingDay(
        date=day,
        open=at(9, 15),
        close=at(15, 30),
        no_entry_after=at(14, 45),
        square_off=at(15, 5),
        flat_by=at(15, 20),
    )


def a_day(number: int, symbols: int) -> Iterator[events.Event]:
    """A day with the mix of events of a recorded one: 75 candles, and a trade in every 14th signal."""
    day = session(number)
    yield events.Booted(
        at=day.open, boot=number + 1, log_id="A1", mode="paper", account="P", version="1", config_digest="d"
    )
    yield events.DayBegan(at=day.open, day=day)
    orders: list[OrderReport] = []
    fills: list[Fill] = []
    for candle in range(75):
        at = day.open + (candle + 1) * 5 * MINUTE
        yield events.CandleDue(at=at, start=at - 5 * MINUTE)
        for place in range(symbols):
            yield from one_candle(f"NSE:SHARE{place}-EQ", at)
            if (candle + place * 5) % 14 == 0:
                yield from one_trade(f"NSE:SHARE{place}-EQ", f"Q{number}X{candle}X{place}", at, orders, fills)
        for look in range(8):
            later = at + (look + 1) * 30 * SECOND
            yield events.TimerFired(at=later, name=events.Deadline.BOOKS, key="")
            yield events.BooksWanted(at=later, why="regular")
            yield events.BooksUnchanged(at=later, asked_at=later)


def one_candle(symbol: str, at: Instant) -> Iterator[events.Event]:
    yield events.HistoryWanted(at=at, symbol=symbol, after=at - 10 * MINUTE, due=at - 5 * MINUTE)
    candle = Candle(at - 5 * MINUTE, 80_000, 80_100, 79_900, 80_050, 12_345)
    yield events.HistoryArrived(at=at, symbol=symbol, candles=(candle,), due=at - 5 * MINUTE)
    yield events.Decided(
        at=at,
        symbol=symbol,
        candle=at - 5 * MINUTE,
        direction=Direction.NONE,
        probability=0.45678901234,
        source="model",
        reason="long 0.457 is not enough",
        features=FEATURES,
        atr=118.777537,
    )


def one_trade(
    symbol: str, name: str, at: Instant, orders: list[OrderReport], fills: list[Fill]
) -> Iterator[events.Event]:
    """An entry and an exit, each intended, answered, reported and read."""
    for purpose, side, price in ((Purpose.ENTRY, Side.BUY, ENTRY_PRICE), (Purpose.EXIT, Side.SELL, EXIT_PRICE)):
        broker_id = f"26010600{len(orders):06}"
        intent = intent_of(f"{name}{purpose.value}", symbol, side, price, purpose)
        yield events.OrderIntended(at=at, intent=intent, plan=PLAN if purpose is Purpose.ENTRY else None)
        outcome = Outcome(kind=OutcomeKind.ACK, broker_id=broker_id, code=1101, message="order submitted")
        yield events.OutcomeArrived(at=at, verb=events.Verb.PLACE, tag=intent.tag, outcome=outcome)
        orders.append(report_of(intent, broker_id))
        fills.append(fill_of(intent, broker_id, at))
        yield events.OrderReported(at=at, report=orders[-1])
        yield events.BooksRead(at=at, asked_at=at, books=Books(orders=tuple(orders), fills=tuple(fills), positions=()))
    yield events.TradeClosed(at=at, trade=trade_of(symbol, at))


def intent_of(tag: str, symbol: str, side: Side, price: int, purpose: Purpose) -> OrderIntent:
    return OrderIntent(
        tag=tag,
        symbol=symbol,
        side=side,
        quantity=QUANTITY,
        type=OrderType.LIMIT,
        limit_price=price,
        product=Product.INTRADAY,
        purpose=purpose,
        reason="model expects long with probability 0.612",
    )


def report_of(intent: OrderIntent, broker_id: str) -> OrderReport:
    """The order of an intent, filled at its limit."""
    return OrderReport(
        broker_id=broker_id,
        tag=intent.tag,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        product="INTRADAY",
        quantity=QUANTITY,
        filled=QUANTITY,
        filled_value=QUANTITY * intent.limit_price,
        limit_price=intent.limit_price,
        trigger_price=0,
        status=OrderStatus.FILLED,
    )


def fill_of(intent: OrderIntent, broker_id: str, at: Instant) -> Fill:
    return Fill(
        trade_number=f"T{broker_id}",
        broker_id=broker_id,
        tag=intent.tag,
        symbol=intent.symbol,
        side=intent.side,
        product="INTRADAY",
        quantity=QUANTITY,
        price=intent.limit_price,
        at=at,
    )


def trade_of(symbol: str, at: Instant) -> Trade:
    return Trade(
        symbol=symbol,
        side=Side.BUY,
        quantity=QUANTITY,
        entry_at=at,
        entry_value=QUANTITY * ENTRY_PRICE,
        exit_at=at,
        exit_value=QUANTITY * EXIT_PRICE,
        exit_reason="target",
        charges=4_711,
        stop=79_600,
        target=EXIT_PRICE,
        probability=0.612,
    )


def seconds(call: Callable[[], object]) -> float:
    """Processor time of a call: what it holds others up by, whatever else the machine does."""
    began = time.thread_time()
    call()
    return time.thread_time() - began


def start(path: Path, *, uses_snapshots: bool) -> float:
    """Processor seconds that a writer's start takes, from an opened log to a state."""
    with SqliteEventLog(path) as log:
        snapshots = SqliteSnapshots(path)
        store = StateStore(Fold(), log, snapshots if uses_snapshots else None)
        took = seconds(log.verify) + seconds(store.restore)
        snapshots.close()
    return took


def measure_starts(path: Path, lengths: list[int]) -> dict[str, dict[str, float]]:
    """Let a log grow and start on it at each length, with three symbols."""
    result, kernel, written = {}, Fold(), 0
    for days in sorted(lengths):
        with SqliteEventLog(path) as log:
            for number in range(written, days):
                day = list(a_day(number, symbols=3))
                log.append(day)
                for event in day:
                    kernel.restore(event)
            written = days
            StateStore(kernel, log, SqliteSnapshots(path)).persist()
            length = log.length
        whole, short = start(path, uses_snapshots=False), start(path, uses_snapshots=True)
        result[str(days)] = {
            "events": length,
            "whole_s": round(whole, 3),
            "snapshot_s": round(short, 3),
            "ratio": round(whole / short, 1),
        }
    return result


def measure_persist(path: Path, symbols: int) -> dict[str, float]:
    """Processor milliseconds that one snapshot holds the writer up, on the evening of a day."""
    kernel = Fold()
    with SqliteEventLog(path) as log:
        day = list(a_day(0, symbols))
        log.append(day)
        for event in day:
            kernel.restore(event)
        snapshots, took = SqliteSnapshots(path), []
        store = StateStore(kernel, log, snapshots)
        for number in range(ROUNDS):
            event = events.FlatVerified(at=number)
            log.append([event])
            kernel.restore(event)
            took.append(seconds(store.persist) * 1_000)
        size = len(snapshots.newest_first()[0].body)
        snapshots.close()
    return {
        "orders": len(kernel.state.orders),
        "p50_ms": round(statistics.median(took), 2),
        "max_ms": round(max(took), 2),
        "kb": round(size / 1_000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="*", default=[1, 20], help="lengths of the log, in days")
    lengths = parser.parse_args().days
    with tempfile.TemporaryDirectory() as folder:
        starts = measure_starts(Path(folder) / "starts.sqlite", lengths)
        three, fifty = (measure_persist(Path(folder) / f"{symbols}.sqlite", symbols) for symbols in (3, 50))
    is_faster = all(row["ratio"] >= GOAL_RATIO for days, row in starts.items() if int(days) >= 20)
    result = {
        "benchmark": "snapshots",
        "start_by_days": starts,
        "persist_3_symbols": three,
        "persist_50_symbols": fifty,
        "goal_persist_3_symbols_ms": GOAL_PERSIST_MS,
        "goal_ratio": GOAL_RATIO,
        "holds": three["p50_ms"] <= GOAL_PERSIST_MS and is_faster,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
