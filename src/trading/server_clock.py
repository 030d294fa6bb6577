"""How far this machine's clock is from the broker's, by the `Date` of its answers.

A header has whole seconds only, and an answer takes time to arrive. So what is told is the least by which the clocks
must differ: the part that neither delay nor rounding explains.
"""

import logging
from email.utils import parsedate_to_datetime

from core.instants import SECOND, Instant, instant_of

WARN_ABOVE = 2 * SECOND
DOUBT_ABOVE = 5 * SECOND
"""Prices are as old as our clock says, and tokens end by it: further apart, no entries."""

logger = logging.getLogger("trading.server_clock")


class ServerClock:
    """The broker's clock, seen from ours. `hear` may be called by many threads, `doubt` by one."""

    def __init__(self) -> None:
        self._ahead = 0
        self._is_doubted = False
        self._is_warned = False

    def hear(self, date: str, asked_at: Instant, heard_at: Instant) -> None:
        """Take the `Date` header of an answer, with our times of asking and of having heard. Nonsense is ignored."""
        try:
            told = instant_of(parsedate_to_datetime(date))
        except (ValueError, TypeError, OverflowError):
            return
        # Somewhere within a second after `told`, while the call was under way.
        self._ahead = max(told - heard_at, 0) or min(told + SECOND - asked_at, 0)

    def doubt(self) -> str:
        """Return why our clock cannot be believed now; empty when it can. Warns of a smaller difference once."""
        apart = abs(self._ahead)
        words = f"the broker's clock is {apart / SECOND:.1f} s {'ahead of' if self._ahead > 0 else 'behind'} ours"
        if apart <= WARN_ABOVE:
            self._is_doubted = self._is_warned = False
            return ""
        if not self._is_warned:
            self._is_warned = True
            logger.warning("%s; set this machine's clock by NTP", words)
        self._is_doubted = self._is_doubted or apart > DOUBT_ABOVE
        return words if self._is_doubted else ""
