"""What a snapshot costs the writer, and what it saves a start: a log of 1, 20 and 250 days, folded whole and from one.

The days are copies of one: the log of a run named on the command line, such as `data/runs/<run>/bot/live.sqlite`. The
state of 50 symbols is that day's state with its orders, positions and books multiplied.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core import events
from core.instants import DAY
from core.state import BotState
from trading.event_log import MemoryEventLog, SqliteEventLog
from trading.state_snapshots import SqliteSnapshots, take_snapshot
from trading.state_store import StateStore

DAYS = (1, 20, 250)
REPEATS = 30


class Fold:
    """As much of a kernel as a store knows."""

    def __init__(self) -> None:
        self.state = BotState()

    def restore(self, event: events.Event) -> None:
        self.state.apply(event)


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def same_day_again(story: list[events.Event], number: int) -> Iterator[events.Event]:
    """The day's events on a later date."""
    for event in story:
        if isinstance(event, events.DayBegan):
            day, later = event.day, number * DAY
            moved = replace(
                day,
                date=day.date + timedelta(days=number),
                open=day.open + later,
                close=day.close + later,
                no_entry_after=day.no_entry_after + later,
                square_off=day.square_off + later,
                flat_by=day.flat_by + later,
                closing_price_at=day.closing_price_at and day.closing_price_at + later,
            )
            yield replace(event, day=moved)
        else:
            yield event


def start(path: Path, *, uses_snapshots: bool) -> float:
    """Seconds from an opened log to a state."""
    with SqliteEventLog(path) as log:
        snapshots = SqliteSnapshots(path)
        store = StateStore(Fold(), log, snapshots if uses_snapshots else None)
        took = seconds(log.verify) + seconds(store.restore)  # as the writer does
        snapshots.close()
    return took


def measure_starts(story: list[events.Event]) -> dict[str, dict[str, float]]:
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        path, written = Path(folder) / "live.sqlite", 0
        kernel = Fold()
        for days in DAYS:
            with SqliteEventLog(path) as log:
                for number in range(written, days):
                    day = list(same_day_again(story, number))
                    log.append(day)
                    for event in day:
                        kernel.restore(event)
                written = days
                StateStore(kernel, log, SqliteSnapshots(path)).persist()
            whole, snapshot = start(path, uses_snapshots=False), start(path, uses_snapshots=True)
            result[f"{days} days"] = {"whole log s": round(whole, 3), "from a snapshot s": round(snapshot, 3)}
    return result


def widest(story: list[events.Event]) -> BotState:
    """The state of the day at its fullest: the one with most open positions, and the most in the books."""
    state = BotState()
    best, snapshot = (-1, -1), ("", MemoryEventLog())
    log = MemoryEventLog()
    for event in story:
        state.apply(event)
        log.append([event])
        fullness = len(state.positions), len(state.orders)
        if fullness > best:
            best, snapshot = fullness, (take_snapshot(state, log).body, log)
    from core.event_codec import decode_fact  # noqa: PLC0415

    return decode_fact(BotState, snapshot[0])


def multiplied(state: BotState, times: int) -> BotState:
    """The same state with so many times the symbols."""
    many = replace(state, orders={}, positions={}, decided={}, trades=list(state.trades) * times)
    for number in range(times):
        many.orders.update({f"{tag}{number}": order for tag, order in state.orders.items()})
        many.positions.update({f"{symbol}{number}": each for symbol, each in state.positions.items()})
        many.decided.update({f"{symbol}{number}": each for symbol, each in state.decided.items()})
    if state.books is not None:
        books = state.books
        many.books = type(books)(books.orders * times, books.fills * times, books.positions * times)
    return many


def measure_persist(state: BotState) -> dict[str, float]:
    """Milliseconds that the writer is held by one snapshot, and its size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "live.sqlite"
        with SqliteEventLog(path) as log:
            snapshots, took = SqliteSnapshots(path), []
            for number in range(REPEATS):
                log.append([events.FlatVerified(at=number)])
                state.seq = log.length
                kernel = Fold()
                kernel.state = state
                took.append(seconds(StateStore(kernel, log, snapshots).persist) * 1_000)
            size = len(snapshots.newest_first()[0].body)
            snapshots.close()
    return {"p50 ms": round(statistics.median(took), 2), "max ms": round(max(took), 2), "kB": round(size / 1_000, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    with SqliteEventLog(parser.parse_args().log) as log:
        story = list(log.read())
    full = widest(story)
    result = {
        "events a day": len(story),
        "start": measure_starts(story),
        "persist 3 symbols": measure_persist(full),
        "persist 50 symbols": measure_persist(multiplied(full, 17)),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
