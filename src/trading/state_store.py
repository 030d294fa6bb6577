"""What the bot knows, to look at, to wait for and to start from: the fold of the event log behind one object.

Nothing sets state here. A value changes when an event that changes it is in the log; a start is the newest snapshot
that keeps what it promises, and the events after it; without one, all events.
"""

import logging
from collections.abc import Callable
from typing import Any

from core import events
from core.errors import DataError, StorageError
from core.instants import MINUTE, Instant
from core.state import BotState
from trading.event_bus import EventBus
from trading.event_log import EventLog
from trading.kernel import Kernel
from trading.state_path import StatePath
from trading.state_snapshots import Snapshots, is_whole, open_snapshot, take_snapshot

logger = logging.getLogger("trading.state_store")

SNAPSHOT_EVERY = 5 * MINUTE
"""Market time between two snapshots of a state that changed."""


class StateStore:
    """The state of one kernel and its way to and from the disk. For the writer's thread."""

    def __init__(
        self, kernel: Kernel, log: EventLog, snapshots: Snapshots | None = None, bus: EventBus | None = None
    ) -> None:
        """Without `snapshots` every start folds the whole log; without `bus` nobody can subscribe."""
        self._kernel = kernel
        self._log = log
        self._snapshots = snapshots
        self._bus = bus
        self._kept_seq = 0
        self._next_at: Instant = 0
        self._subscriptions: list[_Subscription] = []

    # --- looking ------------------------------------------------------------------------------------------------

    def get_state(self, path: str) -> Any:
        """Return one value, such as `level` or `positions.NSE:SBIN-EQ.stop`, as a copy that changes no more.

        None where nothing stands just now. Raises `DataError` for a path that leads nowhere on any day.
        """
        return StatePath(path).follow(self._kernel.state)

    def subscribe(self, path: str, callback: Callable[[Any], object]) -> None:
        """Call `callback` with the new value after an event changed what stands under a path.

        The events of one step are one change. Raises `DataError` as `get_state` does, or without a bus.
        """
        if self._bus is None:
            raise DataError(f"nobody can subscribe to {path!r}: this store was made without a bus")
        subscription = _Subscription(self._kernel, StatePath(path), callback)
        self._subscriptions.append(subscription)
        self._bus.subscribe(subscription)

    # --- to the disk and back -----------------------------------------------------------------------------------

    def restore(self) -> None:
        """Bring a new kernel to what the log says. Raises `StorageError` for a log that cannot be trusted."""
        kernel = self._kernel
        kernel.state = self._newest_valid() or kernel.state
        for event in self._log.read(after=kernel.state.seq):
            kernel.restore(event)
        for subscription in self._subscriptions:
            subscription.begin()  # what was before this process is no news

    def persist_when_due(self, now: Instant) -> None:
        """Take a snapshot if the last one is five minutes old."""
        if self._snapshots is not None and now >= self._next_at:
            self._next_at = now + SNAPSHOT_EVERY
            self.persist()

    def persist(self) -> None:
        """Take a snapshot now, if anything happened since the last. One that fails costs a slower start, no more."""
        state = self._kernel.state
        if self._snapshots is None or state.seq == self._kept_seq:
            return
        try:
            self._snapshots.save(take_snapshot(state, self._log))
        except (DataError, StorageError) as error:
            logger.warning("No snapshot of the state: %s", error)
        else:
            self._kept_seq = state.seq

    def close(self) -> None:
        """Take a last snapshot and release the file of the snapshots. Safe to call twice."""
        if self._snapshots is not None:
            self.persist()
            self._snapshots.close()
            self._snapshots = None

    def _newest_valid(self) -> BotState | None:
        if self._snapshots is None:
            return None
        try:
            kept = self._snapshots.newest_first()
        except StorageError as error:
            logger.warning("The log is folded from its beginning: %s", error)
            return None
        for snapshot in kept:
            try:
                state = open_snapshot(snapshot, self._log)
            except DataError as error:
                logger.warning("Snapshot at event %s is not used: %s", snapshot.seq, error)
                if snapshot.seq > self._log.length and is_whole(snapshot):
                    logger.critical(
                        "The event log lost its newest events: it ends at %s, a snapshot of it was taken at %s; what "
                        "is open is known by the broker's books only",
                        self._log.length,
                        snapshot.seq,
                    )
            else:
                self._kept_seq = state.seq
                return state
        return None


class _Subscription:
    """One watcher of one value; its own watcher on the bus, so that its failure is its own."""

    def __init__(self, kernel: Kernel, path: StatePath, callback: Callable[[Any], object]) -> None:
        self._kernel = kernel
        self._path = path
        self._callback = callback
        self.__qualname__ = f"the subscriber of {path.text}"
        self.begin()

    def begin(self) -> None:
        """Take the value of now as known."""
        self._value = self._path.follow(self._kernel.state)

    def __call__(self, _event: events.Event) -> None:
        value = self._path.follow(self._kernel.state)
        if value != self._value:
            self._value = value
            self._callback(value)
