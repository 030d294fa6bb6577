"""The one writer: an item in, the kernel decides, the result is made durable, and only then is it acted on.

The live loop, the rehearsed one and the simulation turn this same crank. Whoever turns it brings the items and the
time, and acts on what is wanted of the outside; nothing here waits, and nothing here starts a thread.

What comes in is kept too: inputs in the event log, ticks on the day's tape, so that the day can be decided again.
"""

import logging
from collections.abc import Callable, Sequence

from core import events
from core.errors import StorageError
from core.events import Effect
from core.instants import Instant
from core.market import Tick
from trading.event_log import EventLog
from trading.kernel import Kernel, Step
from trading.state_store import StateStore
from trading.tick_tape import MemoryTickTape, TickTape

logger = logging.getLogger("trading.writer")

Item = events.Input | Tick
"""What may stand in the inbox."""


class Writer:
    """Turns items into durable steps. For one thread."""

    def __init__(
        self,
        kernel: Kernel,
        log: EventLog,
        act: Callable[[Effect], None],
        watchers: Sequence[Callable[[events.Event], None]] = (),
        tape: TickTape | None = None,
        store: StateStore | None = None,
    ) -> None:
        """`act` starts what the kernel wants of the outside; `watchers` are told what the log has. Neither may wait.

        Without a `tape` the ticks are kept in memory. `store` keeps snapshots of the same kernel and log; without one
        every start folds the whole log.
        """
        self.kernel = kernel
        self._log = log
        self._act = act
        self._watchers = watchers
        self._tape = tape if tape is not None else MemoryTickTape()
        self._store = store or StateStore(kernel, log)

    def restore(self) -> None:
        """Fold what the log has. Raises `StorageError` for a log or a tape that cannot be trusted."""
        self._log.verify()
        self._store.restore()
        day = self.kernel.state.day
        self._tape.go_on(day.date if day else None, self._log.tape)

    def take(self, item: Item, now: Instant) -> None:
        """Take one item to its end. Raises `StorageError`; then nothing was sent and the process must end."""
        if isinstance(item, Tick):
            self._tape.note(item, now)
            step = self.kernel.on_tick(item, now)
            if step is not None:
                self.commit(step)
        else:
            self.commit(self.kernel.handle(item))

    def let_time_pass(self, now: Instant) -> None:
        """Let the deadlines that have passed fire. Raises `StorageError`, as `take` does."""
        due = self.next_due
        if due is not None and due <= now:
            for step in self.kernel.on_time(now):
                self.commit(step)
        self._store.persist_when_due(now)

    @property
    def next_due(self) -> Instant | None:
        """The kernel's next deadline."""
        return self.kernel.orders.timers.next_due()

    def commit(self, step: Step) -> None:
        """Make a step durable, tell it, and only then act on it. Raises `StorageError`."""
        try:
            self._tape.write()
            self._log.append(step.events, self._tape.position)
        except StorageError as error:
            logger.critical("Nothing is sent any more, stops rest at the broker: %s", error)
            raise
        for event in step.events:
            for watch in self._watchers:
                watch(event)
        for effect in step.effects:
            self._act(effect)

    def write_tape(self) -> None:
        """Hand the ticks seen so far to the operating system. Raises `StorageError`, as `take` does."""
        self._tape.write()

    def close(self) -> None:
        """Keep a last snapshot, release tape and log. Safe to call twice.

        Raises `StorageError` for a tape whose end cannot be written.
        """
        self._store.close()
        try:
            self._tape.close()
        finally:
            self._log.close()
