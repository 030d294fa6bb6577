"""Every tick that the feed delivers, kept for research, at no cost to whoever trades on it.

The hand-over is one append to a queue with a bound; a thread of its own writes the file twice a second. What does not
fit is counted and told, what cannot be written stops the recording and nothing else. FYERS sells no ticks of the past:
what is not recorded today cannot be had tomorrow. Why this is not the tick tape: docs/decisions/0018.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from core.errors import StorageError
from core.instants import Instant
from core.market import Tick
from core.ports import Clock
from market_data.ticks.live_ticks import Heard, LiveTicks

logger = logging.getLogger("market_data.ticks.tick_recorder")

MOST_WAITING = 100_000
"""Ticks that may wait for the file: five seconds of 20,000 a second, and at most some thirty megabytes."""
COMMIT_SECONDS = 0.5
"""Wall seconds between two batches; with the writing of one, what a kill can cost stays below a second."""
RETRY_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
"""Wall seconds that the end of a day waits for the last batch."""


@dataclass(frozen=True, slots=True)
class RecorderCounts:
    """What became of the ticks so far."""

    written: int
    waiting: int
    lost: int
    """Ticks that did not fit while the file could not be written fast enough, or not at all."""


class TickRecorder(Protocol):
    """Keeps the ticks of one trading day. Taken from by one thread at a time, as a feed delivers."""

    @property
    def counts(self) -> RecorderCounts:
        """What became of the ticks so far."""
        ...

    def take(self, tick: Tick, received: Instant) -> None:
        """Keep a tick, heard at a market time. Never waits and never raises: what does not fit is counted."""
        ...

    def close(self) -> None:
        """Write what waits and release the file. Safe to call twice."""
        ...


class MemoryTickRecorder:
    """The twin for tests: a list with a bound."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self.heard: list[Heard] = []
        self._most = most
        self._lost = 0

    @property
    def counts(self) -> RecorderCounts:
        """What became of the ticks so far."""
        return RecorderCounts(written=len(self.heard), waiting=0, lost=self._lost)

    def take(self, tick: Tick, received: Instant) -> None:
        """Keep a tick for as long as the process lives."""
        if len(self.heard) < self._most:
            self.heard.append((received, *tick))
        else:
            self._lost += 1

    def close(self) -> None:
        """Nothing to release."""


class SqliteTickRecorder:
    """The recorder of a real bot, in `LiveTicks`. Starts at once; a file that cannot be used is tried again."""

    def __init__(
        self,
        path: Path,
        day: date,
        scales: Mapping[str, int],
        *,
        no_room: Callable[[], str] = lambda: "",
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """`scales` has the decimal digits of each watched symbol's price unit.

        `no_room` says why nothing may be written now, an empty text when it may: the event log needs the last room of
        a disk more. It is asked on the recorder's thread.
        """
        self._path = path
        self._day = day
        self._scales = scales
        self._no_room = no_room
        self._most = most_waiting
        self._waiting: deque[Heard] = deque()
        self._batch: list[Heard] = []
        """Taken out of the queue and not in the file yet."""
        self._written = self._lost = self._lost_in_file = 0
        self._trouble = ""
        self._retry_at = 0.0
        self._file: LiveTicks | None = None
        self._lock = FileLock(path.with_name(f"{path.name}.lock"), thread_local=False)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tick recorder", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> RecorderCounts:
        """What became of the ticks so far."""
        return RecorderCounts(self._written, len(self._waiting) + len(self._batch), self._lost)

    def take(self, tick: Tick, received: Instant) -> None:
        """Put a tick into the queue."""
        waiting = self._waiting
        if len(waiting) < self._most:
            waiting.append((received, *tick))
        else:
            self._lost += 1

    def close(self) -> None:
        """Write what waits, as far as a moment allows."""
        if self._ends.is_set():
            return
        self._ends.set()
        self._thread.join(_CLOSE_SECONDS)
        counts = self.counts
        if counts.lost or counts.waiting:
            logger.warning("%d ticks of %s were not recorded", counts.lost + counts.waiting, self._day)

    def _run(self) -> None:
        try:
            while not self._ends.wait(COMMIT_SECONDS):
                self._write()
            self._retry_at = 0.0
            self._write()
        except Exception:
            logger.critical("Ticks are not recorded any more; trading goes on", exc_info=True)
        finally:
            if self._file is not None:
                self._file.close()
            self._lock.release()

    def _write(self) -> None:
        """Commit what waits as one batch. A batch that fails is kept and tried again later."""
        if time.monotonic() < self._retry_at:
            return
        if not self._batch:
            self._batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        lost = self._lost - self._lost_in_file
        if not self._batch and not lost:
            return
        try:
            self._require_room()
            self._opened().append(self._day, self._batch, self._scales, lost)
        except StorageError as error:
            self._pause(str(error))
            return
        self._written += len(self._batch)
        self._batch = []
        self._lost_in_file += lost
        self._go_on(lost)

    def _require_room(self) -> None:
        why = self._no_room()
        if why:
            raise StorageError(why)

    def _opened(self) -> LiveTicks:
        if self._file is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._lock.acquire(timeout=0)
            except Timeout:
                raise StorageError(f"another bot records in {self._path}; give this one its own live_ticks") from None
            except OSError as error:
                raise StorageError(f"live ticks {self._path} cannot be opened: {error.strerror}") from error
            self._file = LiveTicks(self._path)
        return self._file

    def _pause(self, why: str) -> None:
        if not self._trouble:
            logger.warning("Ticks are not recorded: %s; trading goes on", why)
        self._trouble = why
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def _go_on(self, lost: int) -> None:
        if self._trouble:
            logger.info("Ticks are recorded again; %d were lost", lost)
        elif lost and lost == self._lost_in_file:
            logger.warning("The tick recorder falls behind: %d ticks were lost", lost)
        self._trouble = ""


def recorded(sink: Callable[[Tick], object], recorder: TickRecorder | None, clock: Clock) -> Callable[[Tick], object]:
    """Return what gives each tick to a sink that trades on it, and then to the recorder; without one, the sink."""
    if recorder is None:
        return sink
    take, now = recorder.take, clock.now

    def both(tick: Tick) -> None:
        sink(tick)
        take(tick, now())

    return both


def with_last_batch(close: Callable[[], None], recorder: TickRecorder | None) -> Callable[[], None]:
    """Return what closes a feed, and then the recorder that it delivers to."""
    if recorder is None:
        return close

    def both() -> None:
        try:
            close()
        finally:
            recorder.close()

    return both
