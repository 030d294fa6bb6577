"""Which calls to the broker were made today, on disk: the broker counts on over a restart of ours, so must we.

One file per day, one record per call, appended before the call goes out. It is handed to the operating system and not
forced to the disk: it outlives the process, however that ends, and not the machine. A record begins with a newline and
ends with its mark, so that one cut short spoils neither those before nor those after it. The bot and `fyersbot login`
may append to one file at once.
"""

import logging
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from core.instants import Instant, ist_date

_ORDER, _OTHER = b"o", b"r"
_RECORD = re.compile(rb"\n(\d{1,19})([or])(?=\n|\Z)", re.ASCII)
_NAME = "calls-{day}.log"
_log = logging.getLogger(__name__)


class Call(NamedTuple):
    """One call that may have gone out."""

    at: Instant
    is_order_verb: bool


class CallJournal:
    """The calls of an account in a folder. Trouble with the disk is told once and stops nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = date.min
        self._has_complained = False

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

    def calls(self, day: date) -> Iterator[Call]:
        """Yield the whole records of a day, in the order they were written."""
        try:
            content = self._path(day).read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self._complain(str(error.strerror))
            return
        for found in _RECORD.finditer(content):
            call = Call(int(found[1]), found[2] == _ORDER)
            if ist_date(call.at) == day:
                yield call

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
            _log.error(
                "the journal of calls in %s cannot be used (%s); trading goes on, but after a restart the calls until "
                "then are not counted: make room, or check its permissions",
                self._folder,
                why,
            )
