"""Keeps the trading log up with the event log, on a thread of its own that can neither block nor break trading.

It reads what is durable and writes another file. Where that fails it says so, waits and tries again; what it missed it
takes later, if need be in the next life of the process.
"""

import logging
import threading
import time
from pathlib import Path

from core.errors import ConfigurationError, DataError, StorageError
from runtime.atomic_files import private_files
from trading.event_log_reader import EventLogReader
from trading.state_files import existing_logs, trading_log_path
from trading.trading_log import BATCH, OvertakenError, TradingLog

logger = logging.getLogger("trading.bookkeeper")

_LOOK_SECONDS = 0.5
"""Wall seconds between two looks at a log that has nothing new."""
_BREATH_SECONDS = 0.02
"""Wall seconds between two batches: whoever decides on ticks goes first."""
_RETRY_SECONDS = 5.0
_CLOSE_SECONDS = 3.0
"""Wall seconds that an end waits for the last events to be written."""


class Bookkeeper:
    """Start it, close it. The process does not wait for it longer than a moment."""

    def __init__(self, event_log: Path, trading_log: Path) -> None:
        self._event_log = event_log
        self._trading_log = trading_log
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bookkeeper", daemon=True)
        self._is_behind = False

    def start(self) -> None:
        """Begin to follow the event log, from where the trading log stands."""
        self._thread.start()

    def close(self) -> None:
        """Write what is left, as far as a moment allows, and end. Safe to call twice, and without a start."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS + 1.0)

    def _run(self) -> None:
        try:
            while not self._ends.is_set():
                self._follow()
                self._ends.wait(_RETRY_SECONDS)
        except Exception:
            logger.critical("The trading log is not kept any more; trading goes on", exc_info=True)

    def _follow(self) -> None:
        """Open both files and follow until the end, or until one of them fails."""
        log: TradingLog | None = None
        try:
            log = TradingLog(self._trading_log, EventLogReader(self._event_log))
            while not self._ends.is_set():
                taken = log.catch_up()
                if taken == 0:
                    self._note_recovery()
                self._ends.wait(_BREATH_SECONDS if taken == BATCH else _LOOK_SECONDS)
            self._finish(log)
        except (StorageError, DataError) as error:
            if not self._is_behind:
                logger.warning("The trading log falls behind: %s", error)
            self._is_behind = True
        finally:
            if log is not None:
                log.close()

    def _finish(self, log: TradingLog) -> None:
        deadline = time.monotonic() + _CLOSE_SECONDS
        while log.catch_up() and time.monotonic() < deadline:
            pass
        log.catch_up(keeps_fold=True)

    def _note_recovery(self) -> None:
        """Say once that the tables have everything again."""
        if self._is_behind:
            logger.info("The trading log is written again")
        self._is_behind = False


def rebuild_all(state: Path) -> dict[str, int]:
    """Fill the tables anew from every event log of a state folder; return how many events each log has.

    Rows of logs that are not there any more stay. Raises `ConfigurationError` for a folder without a log,
    `StorageError` and `DataError`.
    """
    logs = existing_logs(state)
    if not logs:
        raise ConfigurationError(f"{state} holds no event log; set paths.state to the folder of a bot that has run")
    with private_files():
        return {path.name: rebuild(path, trading_log_path(state)) for path in logs}


def rebuild(event_log: Path, trading_log: Path) -> int:
    """Fill the tables anew from one event log and return how many events are in them.

    A bot that runs meanwhile goes on from wherever this has got to. Raises `StorageError` and `DataError`.
    """
    log = TradingLog(trading_log, EventLogReader(event_log))
    try:
        log.forget()
        while _take_batch(log):
            pass
        log.catch_up(keeps_fold=True)
        return log.seq
    finally:
        log.close()


def _take_batch(log: TradingLog) -> bool:
    """Whether there may be more to take."""
    try:
        return log.catch_up() > 0
    except OvertakenError:
        return True
