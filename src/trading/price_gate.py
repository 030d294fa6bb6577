"""Which prices may be believed. The wire has no checksum, so every price answers for itself before anyone sees it.

A price has to be positive, on the tick grid, inside the day's band (or within a fifth of the previous close), newer
than the one before, and close to it and to the touch it came with; one that is not needs a second tick that says the
same. What fails is counted, never delivered. While a symbol is in doubt it delivers nothing, so its age grows and the
bot stops entering on it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

from core.instants import SECOND, Instant
from core.market import Instrument, Tick

REFERENCE_FRACTION = 5
"""A price may lie a fifth (20 %) from the previous close."""
JUMP_FRACTION = 20
"""A step of more than a twentieth (5 %) from the last good price needs a second tick."""
TOUCH_FRACTION = 100
"""A price more than a hundredth (1 %) beyond the bid or ask it came with needs a second tick too: nobody paid it."""
NEAR_FRACTION = 200
"""A price within half a percent of one that was looked at closely is not looked at again."""
AHEAD = 120 * SECOND
"""An exchange time further ahead of the market clock than this is a corrupt one."""
HIGHEST_PRICE = 2**31 - 1

_new_tick = tuple.__new__  # a third cheaper than Tick(...), which is the same call behind a Python function


@dataclass(slots=True)
class FeedCounts:
    """What a feed received and did not deliver, by reason. They only grow."""

    truncated: int = 0
    """Frames that end before their own declared content does."""
    unreadable: int = 0
    """Frames with an item of a kind that has no known length; the items behind it are lost."""
    unbound: int = 0
    """Items whose topic id no snapshot of this connection has introduced, or of a frozen symbol."""
    mismatched: int = 0
    """Snapshots that contradict the instrument: another scale (the symbol freezes) or another token."""
    repeated: int = 0
    """Items that say nothing new; they vouch for the price they repeat."""
    late: int = 0
    """Items older than what we know: an earlier exchange time, or a cumulative volume that falls."""
    ahead: int = 0
    """Items stamped in the future."""
    not_positive: int = 0
    """Last prices of zero or less."""
    off_grid: int = 0
    """Last prices that are no multiple of the tick."""
    out_of_range: int = 0
    """Prices, bid and ask included, outside the band or too far from the previous close; a touch off the grid too."""
    jumped: int = 0
    """Prices that jumped, from the one before or from their own touch, and await a second tick."""

    def total(self) -> int:
        """Everything but repeats, which are no fault."""
        return sum(self._by_reason().values()) - self.repeated

    def __str__(self) -> str:
        """What there is, for the log: `late 3, jumped 1`."""
        return ", ".join(f"{reason} {count}" for reason, count in self._by_reason().items() if count) or "nothing"

    def _by_reason(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


class PriceGate:
    """The memory of one symbol over all connections of a feed: its last good tick, and what is in doubt.

    Not safe for several threads at once; a feed holds a lock around it.
    """

    __slots__ = (
        "_ask", "_at", "_bid", "_counts", "_grid", "_highest", "_jump", "_lowest", "_ltp", "_near_high",
        "_near_low", "_restart", "_sink", "_symbol", "_volume", "heard_at", "instrument",
    )  # fmt: skip

    def __init__(self, instrument: Instrument, sink: Callable[[Tick], object], counts: FeedCounts) -> None:
        self.instrument = instrument
        self.heard_at: Instant | None = None
        """Market time at which this symbol's price was last confirmed; None before the first time."""
        self._symbol = instrument.symbol
        self._sink = sink
        self._counts = counts
        self._grid = 1 if instrument.is_index else instrument.tick
        self._ltp = self._volume = self._bid = self._ask = 0
        self._at: Instant = 1  # so that a message without an exchange time counts as late
        self._jump: tuple[int, int, Instant] | None = None
        self._restart: tuple[int, Instant] | None = None
        self._lowest = instrument.lower_band or 1
        self._highest = instrument.upper_band or HIGHEST_PRICE
        # A window around a recent good price, empty while in doubt; a price inside needs no closer look.
        self._near_low = self._near_high = 0

    def expect(self, previous_close: int, ltp: int) -> None:
        """Widen today's range of believable prices to a fifth around a previous close, in units.

        The wider of band and fifth counts: an exchange may widen a band during the day, and the master cannot know.
        Once there is a range, a close that contradicts the last price it came with is ignored as damaged. The master's
        band lies around the close, so a close outside it belongs to another share.
        """
        lower, upper = self.instrument.lower_band, self.instrument.upper_band
        swing = previous_close // REFERENCE_FRACTION
        if previous_close <= 0 or (self._highest < HIGHEST_PRICE and abs(ltp - previous_close) > swing):
            return
        if (lower and previous_close < lower) or (upper and previous_close > upper):
            return
        self._lowest = min(previous_close - swing, lower or HIGHEST_PRICE)
        self._highest = max(previous_close + swing, upper or 0)
        self._near_high = 0

    def offer(self, ltp: int, volume: int, at: Instant, bid: int, ask: int, restated: bool, heard_at: Instant) -> None:
        """Deliver a tick if it can be believed.

        `restated` says that the source named the price in this very message and did not leave it as before.
        """
        if at < self._at or volume < self._volume or at > heard_at + AHEAD:
            if self._is_out_of_time(volume, at, heard_at) or not self._is_restart(volume, at):
                return
        elif at == self._at and volume == self._volume and ltp == self._ltp and bid == self._bid and ask == self._ask:
            self._counts.repeated += 1
            self._jump = None
            self.heard_at = heard_at
            return
        lowest, highest, grid = self._lowest, self._highest, self._grid
        if (bid and not lowest <= bid <= highest) or (ask and not lowest <= ask <= highest) or bid % grid or ask % grid:
            self._counts.out_of_range += 1
            return
        if not self._near_low <= ltp <= self._near_high or ltp % grid:
            if not self._is_believable(ltp, volume, at, bid, ask, restated):
                return
            self._near_low = max(ltp - ltp // NEAR_FRACTION, lowest)
            self._near_high = min(ltp + ltp // NEAR_FRACTION, highest)
        self._ltp = ltp
        self._volume = volume
        self._at = at
        self._bid = bid
        self._ask = ask
        self.heard_at = heard_at
        self._sink(_new_tick(Tick, (self._symbol, at, ltp, bid, ask, volume)))

    def offer_quote(self, quote: Tick, heard_at: Instant) -> None:
        """Deliver a price that was asked for just now: it is current even where its own time lags behind."""
        made_at = (quote.at or heard_at) // SECOND * SECOND  # whole seconds, as the socket's times that follow
        at = max(made_at, self._at)
        self.offer(quote.ltp, quote.volume, at, quote.bid, quote.ask, True, heard_at)

    def _is_out_of_time(self, volume: int, at: Instant, heard_at: Instant) -> bool:
        if at > heard_at + AHEAD:
            self._counts.ahead += 1
            return True
        if at < self._at or (at == self._at and volume < self._volume):
            self._counts.late += 1
            return True
        return False

    def _is_restart(self, volume: int, at: Instant) -> bool:
        """Whether a volume that falls while time advances is a new count (a new day), told by two messages."""
        first = self._restart
        if first is not None and first != (volume, at) and volume >= first[0] and at >= first[1]:
            self._restart = None
            return True
        self._restart = volume, at
        self._counts.late += 1
        return False

    def _is_believable(self, ltp: int, volume: int, at: Instant, bid: int, ask: int, restated: bool) -> bool:
        if ltp <= 0:
            self._counts.not_positive += 1
            return False
        if not self._lowest <= ltp <= self._highest:
            self._counts.out_of_range += 1
            return False
        if ltp % self._grid:
            self._counts.off_grid += 1
            return False
        is_odd = _is_off_touch(ltp, bid, ask) or _is_jump(self._ltp, ltp)
        if self._ltp and is_odd and not self._is_confirmed(ltp, volume, at, restated):
            self._counts.jumped += 1
            return False
        self._jump = None
        return True

    def _is_confirmed(self, ltp: int, volume: int, at: Instant, restated: bool) -> bool:
        # A price left as before is no second witness, and neither is the same message delivered twice.
        first = self._jump
        if first is not None and restated and first[1:] != (volume, at) and not _is_jump(first[0], ltp):
            return True
        if restated:
            self._jump = ltp, volume, at
            self._near_high = 0
        return False


def _is_jump(good: int, ltp: int) -> bool:
    return abs(ltp - good) * JUMP_FRACTION > good


def _is_off_touch(ltp: int, bid: int, ask: int) -> bool:
    return bool((bid and (bid - ltp) * TOUCH_FRACTION > bid) or (ask and (ltp - ask) * TOUCH_FRACTION > ask))
