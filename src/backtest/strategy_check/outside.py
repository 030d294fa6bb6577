"""What else does a strategy read while it decides? The interpreter says: files and sockets opened, clocks asked.

Python tells of every file, database, socket and program that is opened (`sys.addaudithook`) and of every call of a
function written in C (`sys.setprofile`), the clock's among them. A library that opens files without telling is not
seen here; what it gains is seen when the years are changed.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from backtest.strategy_check.faces import asked, batch_columns
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject, head
from strategies.base_strategy import BatchSignals

_OPENINGS = frozenset({"open", "sqlite3.connect", "socket.connect", "subprocess.Popen", "urllib.Request"})
_CODE = (".py", ".pyc", ".so", ".pyd")
_CLOCK = frozenset(
    {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"}
)
_CALENDAR_CLOCK = frozenset({"now", "utcnow", "today"})

_listeners: list[Callable[[Cause, str], None]] = []
_hooked: list[bool] = []


def reads_outside(subject: Subject) -> list[Finding]:
    """Return a finding for the first file, network or clock that each face reads."""
    table = head(subject.table, len(subject.candles))

    def rows(strategy: Any, at: list[int]) -> None:
        for row in subject.asked:
            at[0] = row
            asked(strategy, lambda place: subject.row_of(table, subject.candles, place), [row], len(subject.candles))

    def batch(strategy: Any, _: list[int]) -> None:
        batch_columns(strategy, table, subject.candles, subject.symbol)

    faces: dict[str, Callable[[Any, list[int]], None]] = {"on_data.direction": rows}
    if isinstance(subject.make(), BatchSignals):
        faces["signals.direction"] = batch
    found = []
    for column, ask in faces.items():
        ask(subject.make(), [0])  # imports that wait for their first use are done with
        found += _listened(subject, column, ask)
    return found


def _listened(subject: Subject, column: str, ask: Callable[[Any, list[int]], None]) -> list[Finding]:
    strategy, at = subject.make(), [subject.asked[0]]
    heard: dict[Cause, Finding] = {}

    def hear(cause: Cause, what: str) -> None:
        heard.setdefault(
            cause,
            Finding(
                kind=Kind.OUTSIDE,
                column=column,
                row=at[0],
                at=int(subject.candles.starts[at[0]]),
                cause=cause,
                detail=what,
            ),
        )

    with _listening(hear):
        ask(strategy, at)
    return list(heard.values())


@contextmanager
def _listening(hear: Callable[[Cause, str], None]) -> Iterator[None]:
    """Hear of openings and clocks; an audit hook stays for the life of the process, and is silent without listeners."""
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked.append(True)
    before = sys.getprofile()
    _listeners.append(hear)
    sys.setprofile(_profile)
    try:
        yield
    finally:
        sys.setprofile(before if callable(before) else None)  # the one of cProfile can only be put back by itself
        _listeners.remove(hear)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listeners or event not in _OPENINGS:
        return
    what = str(arguments[0]) if event in {"open", "subprocess.Popen", "urllib.Request"} else event
    if not what.endswith(_CODE):
        _listeners[-1](Cause.READS_OUTSIDE, f"reads {what} while it decides")


def _profile(_: FrameType, event: str, function: Any) -> None:
    if event != "c_call" or not _listeners:
        return
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    owner_name = getattr(owner, "__name__", "")
    if (owner_name == "time" and name in _CLOCK) or (owner_name in {"datetime", "date"} and name in _CALENDAR_CLOCK):
        _listeners[-1](Cause.CLOCK, f"asks the machine's clock ({owner_name}.{name}) while it decides")
