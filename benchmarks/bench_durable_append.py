"""What it costs to be durable before acting: an append to the event log against a bare insert and commit of SQLite.

Both write the same text in the same run, in turn, to files beside each other on the disk of the folder this is started
in (a temporary folder may be memory, where nothing is made durable), in WAL mode with `synchronous=FULL`. What ours
adds is the event's text, the chain of hashes and the checks. On a disk whose bare writes alone take longer than the
goal only the ratio counts.
"""

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core import events
from core.event_codec import encode
from core.market import Side
from core.orders import OrderIntent, OrderType, Product, Purpose
from trading.event_log import SqliteEventLog

APPENDS = 3_000
WARM_UP = 200
GOAL_P50_MS = 0.3
GOAL_RATIO = 2.0
"""How much longer than the bare write an append may take."""


def intended(number: int) -> events.OrderIntended:
    """The event that every order waits for."""
    intent = OrderIntent(
        tag=f"QA1{number:08}",
        symbol="NSE:SBIN-EQ",
        side=Side.BUY,
        quantity=60,
        type=OrderType.LIMIT,
        limit_price=80_000,
        product=Product.INTRADAY,
        purpose=Purpose.ENTRY,
        reason="model expects long with probability 0.612",
    )
    return events.OrderIntended(at=1_767_670_200_000_000_000 + number, intent=intent)


def bare(path: Path) -> sqlite3.Connection:
    """A table with the same columns, and nothing of ours around it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, body TEXT, hash BLOB, tape INTEGER)"
    )
    return connection


def milliseconds(call: Callable[[], object]) -> float:
    """Time of the wall: it is the disk that is waited for."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1_000


def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Write in turn; return the times of ours and of the bare writes."""
    ours, theirs = [], []
    with SqliteEventLog(folder / "ours.sqlite") as log, closing(bare(folder / "bare.sqlite")) as connection:

        def insert(number: int, kind: str, body: str) -> None:
            connection.execute("BEGIN IMMEDIATE")
            row = number, number, kind, body, b"\0" * 32, 0
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.execute("COMMIT")

        for number in range(1, WARM_UP + APPENDS + 1):
            event = intended(number)
            kind, body = encode(event)
            ours.append(milliseconds(lambda event=event: log.append([event])))
            theirs.append(milliseconds(lambda row=(number, kind, body): insert(*row)))
    return ours[WARM_UP:], theirs[WARM_UP:]


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        ours, theirs = measure(Path(folder))
    p50, bare_p50 = statistics.median(ours), statistics.median(theirs)
    result = {
        "benchmark": "durable_append",
        "appends": APPENDS,
        "p50_ms": round(p50, 3),
        "p99_ms": round(statistics.quantiles(ours, n=100)[98], 3),
        "bare_p50_ms": round(bare_p50, 3),
        "bare_p99_ms": round(statistics.quantiles(theirs, n=100)[98], 3),
        "ratio": round(p50 / bare_p50, 2),
        "goal_p50_ms": GOAL_P50_MS,
        "goal_ratio": GOAL_RATIO,
        "holds": p50 <= GOAL_RATIO * bare_p50 and (p50 <= GOAL_P50_MS or bare_p50 > GOAL_P50_MS),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
