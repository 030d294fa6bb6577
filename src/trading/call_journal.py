"""Which calls to the broker were made today, on disk: the broker counts on over a restart of ours, so must we.

One file per day, one record per call, appended before the call goes out. It is handed to the operating system and not
forced to the disk: it outlives the process, however that ends, and not the machine. A record begins with a newline and
ends with its mark, so that one cut short spoils neither those before nor those after it. The bot, `fyersbot login` and
`fyersbot download-data` may append to one file at once: each hears of the calls of the others here, and takes its turn.
"""

import fcntl
import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from core.errors import StorageError
from core.instants import Instant, ist_date

_ORDER, _OTHER = b"o", b"r"
_RECORD = re.compile(rb"\n(\d{1,19})([or])(?=\n|\Z)", re.ASCII)
_NAME = "calls-{day}.log"
_LONGEST_RECORD = 21
_TRY_SECONDS = 0.001
logger = logging.getLogger(__name__)


class Call(NamedTuple):
    """One call that may have gone out."""

    at: Instant
    is_order_verb: bool


class CallJournal:
    """The calls of an account in a folder. Trouble with the disk is told once and stops nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = date.min
        """Of the newest call that was noted."""
        self._has_complained = False
        self._followed = date.min
        self._heard = 0
        """Bytes of the followed day's file that were read."""
        self._own: Counter[Call] = Counter()
        """Calls noted here that will be met when the file is read on."""

    def ready(self) -> "CallJournal":
        """Make the folder where there is none yet, and return the journal. Raises `StorageError`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = f"state folder {self._folder} cannot be used: {error.strerror}"
            raise StorageError(f"{why}; choose another paths.state, or paths.calls") from error
        return self

    def add(self, call: Call) -> None:
        """Note a call that is about to be made."""
        record = b"\n%d%b" % (call.at, _ORDER if call.is_order_verb else _OTHER)
        day = ist_date(call.at)
        try:
            handle = os.open(self._path(day), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                written = os.write(handle, record)
            finally:
                os.close(handle)
            if day != self._day:
                self._day = day
                self._forget_before(day - timedelta(days=1))  # the minute before midnight lies in yesterday's
        except OSError as error:
            self._complain(str(error.strerror))
        else:
            if written != len(record):
                self._complain("no space left")
            elif day == self._followed:
                self._own[call] += 1

    def calls(self, day: date) -> Iterator[Call]:
        """Yield the whole records of a day, in the order they were written."""
        try:
            content = self._path(day).read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self._complain(str(error.strerror))
            return
        yield from _calls_in(content, day)

    @contextmanager
    def turn(self, patience_seconds: float) -> Iterator[None]:
        """Keep other processes from looking and noting meanwhile, so that no two take the last place in a window.

        Best effort: without the folder, or when the turn does not come within those wall seconds, the caller goes on
        without it. A turn lasts microseconds; whoever holds it longer has been stopped.
        """
        try:
            handle = os.open(self._folder, os.O_RDONLY)
        except OSError:
            yield
            return
        try:
            _take_turn(handle, patience_seconds)
            yield
        finally:
            os.close(handle)  # and with it the turn

    def follow(self, day: date) -> None:
        """Begin to listen to a day, behind the calls that are noted by now."""
        try:
            self._heard = self._path(day).stat().st_size
        except OSError:
            self._heard = 0
        self._followed = day
        self._own.clear()

    def others(self) -> list[Call]:
        """Return what others have noted for the followed day since this was last asked."""
        try:
            with self._path(self._followed).open("rb") as file:
                file.seek(self._heard)
                content = file.read()
        except OSError:  # whoever notes the next call will complain
            return []
        ends = [found.end() for found in _RECORD.finditer(content)]
        # What is no whole record may become one; rubbish is not read again and again.
        self._heard += max(len(content) - _LONGEST_RECORD, *ends, 0)
        return [call for call in _calls_in(content, self._followed) if not self._is_own(call)]

    def _is_own(self, call: Call) -> bool:
        if not self._own[call]:
            del self._own[call]
            return False
        self._own[call] -= 1
        return True

    def _forget_before(self, day: date) -> None:
        """Remove the files of earlier days: their calls count no more."""
        for path in self._folder.glob(_NAME.format(day="*")):
            if path.name < self._path(day).name:
                path.unlink(missing_ok=True)

    def _path(self, day: date) -> Path:
        return self._folder / _NAME.format(day=day.isoformat())

    def _complain(self, why: str) -> None:
        if not self._has_complained:
            self._has_complained = True
            logger.error(
                "the journal of calls in %s cannot be used (%s); trading goes on, but after a restart the calls until "
                "then are not counted: make room, or check its permissions",
                self._folder,
                why,
            )


def _take_turn(handle: int, patience_seconds: float) -> None:
    pause = threading.Event()
    for _ in range(int(patience_seconds / _TRY_SECONDS)):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(_TRY_SECONDS)
        except OSError:  # a file system without locks
            return
        else:
            return


def _calls_in(content: bytes, day: date) -> Iterator[Call]:
    for found in _RECORD.finditer(content):
        call = Call(int(found[1]), found[2] == _ORDER)
        if ist_date(call.at) == day:
            yield call
