"""Whoever wants to know what happened is told after the log has it, and cannot answer back.

Narration, snapshots and views watch; none of them may stop trading by failing, and none may fail unheard.
"""

import logging
from collections.abc import Callable

from core import events

logger = logging.getLogger("trading.event_bus")

Watch = Callable[[events.Event], None]


class EventBus:
    """Fans events out to watchers in the order they subscribed. For the writer's thread; a watcher must not wait."""

    def __init__(self) -> None:
        self._watchers: list[Watch] = []
        self._failed: list[Watch] = []

    def subscribe(self, watch: Watch) -> None:
        """Tell `watch` every event from now on."""
        self._watchers.append(watch)

    def publish(self, event: events.Event) -> None:
        """Tell every watcher one event that the log has. Never raises what a watcher raises.

        A watcher that fails is told on, because the next event may be one it can take; its first failure is cried
        out, so that a failure at every event does not bury the rest of the log.
        """
        for watch in self._watchers:
            try:
                watch(event)
            except Exception:  # noqa: BLE001 - the announcer: no watcher may stop trading
                self._cry_out(watch, event)

    def _cry_out(self, watch: Watch, event: events.Event) -> None:
        if watch in self._failed:
            return
        self._failed.append(watch)
        name = getattr(watch, "__qualname__", None) or type(watch).__qualname__
        logger.critical("A watcher failed: %s at %s; trading goes on", name, type(event).__name__, exc_info=True)
