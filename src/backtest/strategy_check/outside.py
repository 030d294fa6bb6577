"""What else does a strategy read while it decides? The interpreter says: files and sockets opened, clocks asked.

Python tells of every file, database, socket and program that is opened (`sys.addaudithook`) and of every call of a
function written in C (`sys.setprofile`): those of the operating system among them, and most clocks. A library that
opens files without telling is not seen here; what it gains is seen when the years are changed.
"""

import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from backtest.strategy_check.clocks import clock_called, stand_ins
from backtest.strategy_check.faces import asked, batch_columns
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject, head
from strategies.base_strategy import BatchSignals

_OPENINGS = frozenset({"open", "sqlite3.connect", "socket.connect", "subprocess.Popen", "urllib.Request"})
_CODE = (".py", ".pyc", ".so", ".pyd")
_SYSTEM = frozenset({"posix", "nt"})
"""Python's names for the module in C behind `os`."""
_NOTHING_READ = frozenset({"fspath", "register_at_fork"})
_ENVIRONMENT = (type(os.environ).__getitem__.__code__, type(os.environ).__iter__.__code__)
_LIBRARIES = ("site-packages", "dist-packages")
_STANDARD_LIBRARY = str(Path(os.__file__).parent)
_FINDING_CODE = ("importlib", "linecache")
_LOG = str(Path(logging.__file__).parent)
"""What asks for the time and the process of a line in a log: nobody decides by that."""

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

    def hear_clock(name: str) -> None:
        hear(Cause.CLOCK, _clock_words(name))

    with stand_ins(strategy, hear_clock), _listening(hear):
        ask(strategy, at)
    return list(heard.values())


@contextmanager
def _listening(hear: Callable[[Cause, str], None]) -> Iterator[None]:
    """Hear of openings and clocks; an audit hook stays for the life of the process, and is silent without listeners.

    Python looks for cycles another time: what others have hung onto that is not the strategy's doing.
    """
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked.append(True)
    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()
    _listeners.append(hear)
    sys.setprofile(_profile)
    try:
        yield
    finally:
        sys.setprofile(before if callable(before) else None)  # the one of cProfile can only be put back by itself
        _listeners.remove(hear)
        if collects:
            gc.enable()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listeners or event not in _OPENINGS:
        return
    what = str(arguments[0]) if event in {"open", "subprocess.Popen", "urllib.Request"} else event
    if not what.endswith(_CODE):
        _listeners[-1](Cause.READS_OUTSIDE, f"reads {what} while it decides")


def _profile(frame: FrameType, event: str, function: Any) -> None:
    if not _listeners or frame.f_code.co_filename.startswith(_LOG):
        return
    if event == "call" and (frame.f_code is _ENVIRONMENT[0] or frame.f_code is _ENVIRONMENT[1]):
        _tell_of_reading(frame, "environ")
    elif event == "c_call":
        clock = clock_called(frame, function)
        if clock and not _is_of_a_library(frame):
            _listeners[-1](Cause.CLOCK, _clock_words(clock))
        elif getattr(function, "__module__", "") in _SYSTEM and function.__name__ not in _NOTHING_READ:
            _tell_of_reading(frame, function.__name__)


def _tell_of_reading(frame: FrameType, name: str) -> None:
    if not _is_of_a_library(frame):
        _listeners[-1](Cause.READS_OUTSIDE, f"reads the machine (os.{name}) while it decides")


def is_library(path: str) -> bool:
    """Whether a file of code came with Python or was installed."""
    return path.startswith((_STANDARD_LIBRARY, "<frozen")) or any(each in path for each in _LIBRARIES)


def _is_of_a_library(frame: FrameType) -> bool:
    """Whether a library asks, to time itself say, or Python for code; the standard library asks for its caller."""
    asking: FrameType | None = frame
    while asking is not None:
        path = asking.f_code.co_filename
        if not is_library(path):
            return False
        if any(each in path for each in _LIBRARIES):
            return True
        if any(each in path for each in _FINDING_CODE):
            return True
        asking = asking.f_back
    return False


def _clock_words(name: str) -> str:
    return f"asks the machine's clock ({name}) while it decides"
