"""Candles made of the prices we saw, because the broker's official ones come seconds after the close.

A price belongs to the candle of its exchange time, and a candle ends when it is closed, never by the next price: what
comes later is counted and changes nothing. A minute without a price has no candle, as at FYERS; none is ever filled in.

Volume is the difference of the day's cumulative volume: what it had reached in the candle, less what it had reached
before it. So lost prices lose no volume, repeated ones add none, and the order in which they come makes no difference.

A candle says what is wrong with it: prices that may be missing, or a cumulative volume that fell. Only one with nothing
wrong may be decided on (`core.tick_engine`).
"""

from dataclasses import dataclass

from core.instants import Instant, ist_date
from core.market import Candle, Tick, Timeframe
from core.sessions import TradingDay

VOLUME_FELL = "the day's volume fell"
UNCOUNTED = "no price before it to count its volume from"


@dataclass(frozen=True, slots=True)
class ClosedBar:
    """What became of one candle's time."""

    candle: Candle | None
    """None when no price came."""
    ticks: int
    """Prices in it, repeated ones included."""
    late: int
    """Prices that have come since the candle before it, for candles that were closed."""
    fault: str
    """Why it must not be decided on; empty when it is whole."""


class _Bar:
    """One candle in the making. Not a dataclass: it is touched at every price."""

    __slots__ = ("close", "end", "first", "high", "last_at", "low", "most", "open", "start", "ticks")

    def __init__(self, start: Instant, end: Instant, tick: Tick) -> None:
        self.start, self.end = start, end
        """From when to when it takes prices; a pause or the close may cut it short."""
        self.open = self.high = self.low = self.close = tick.ltp
        self.first = tick.at, tick.volume
        """Exchange time and volume of the opening price, which tell whether another came before it."""
        self.last_at = tick.at
        self.most = tick.volume
        """The highest cumulative volume in it."""
        self.ticks = 1


_NO_BAR = _Bar(0, 0, Tick("", 0, 1, 0, 0, 0))


class CandleBuilder:
    """One symbol in one session.

    Prices outside continuous trading (indications before the open, auctions in a pause and after the close) make no
    candle; the volume of those before the open counts as traded before the first one.
    """

    __slots__ = ("_bar", "_bars", "_closed_until", "_count", "_counted_at", "_day", "_duration",
                 "_fault", "_fell", "_has_traded", "_whole_from", "late")  # fmt: skip

    def __init__(self, day: TradingDay, timeframe: Timeframe) -> None:
        """`timeframe` is one of minutes. Raises `ValueError` for D: its close is set by an auction, not by a price."""
        if timeframe is Timeframe.D:
            raise ValueError("daily candles are not made of prices: the closing auction sets their close")
        self._day, self._duration = day, timeframe.duration
        self._bar = _NO_BAR
        self._bars: dict[Instant, _Bar] = {}
        self._closed_until = day.open
        self._count = 0
        """The highest cumulative volume before the oldest open candle."""
        self._counted_at: Instant | None = 0
        """Exchange time from which `_count` is known; None after a gap, until a price comes."""
        self._whole_from: Instant = 0
        self._fault = ""
        self._has_traded = False
        """Whether a price of the session has come."""
        self._fell: set[Instant] = set()
        self.late = 0
        """Prices that came after their candle was closed, since the newest candle."""

    def add(self, tick: Tick) -> None:
        """Take a price. Called for each one, so the usual case is first and plain."""
        _, at, ltp, _, _, volume = tick
        bar = self._bar
        if bar.last_at <= at < bar.end and volume >= bar.most:
            if ltp > bar.high:
                bar.high = ltp
            elif ltp < bar.low:
                bar.low = ltp
            bar.close = ltp
            bar.last_at = at
            bar.most = volume
            bar.ticks += 1
        else:
            self._add_with_care(tick)

    def miss(self, until: Instant, why: str) -> None:
        """Note that prices before an instant may be missing: no candle that begins before it is whole."""
        if until > self._day.open:
            self._whole_from, self._fault = max(self._whole_from, until), why
            self._counted_at = None
            self._bar = _NO_BAR  # so that the next price is looked at with care

    def close(self, start: Instant) -> ClosedBar:
        """End the candle that starts at an instant, and any before it that is still open."""
        bar, before, fault = self._bars.get(start), self._count_before(start), self._fault_of(start)
        self._close_until(start + self._duration)
        if bar is None:
            return ClosedBar(None, 0, self.late, fault)
        candle = Candle(start, bar.open, bar.high, bar.low, bar.close, max(bar.most - before, 0))
        late, self.late = self.late, 0
        return ClosedBar(candle, bar.ticks, late, fault)

    # --- with care ----------------------------------------------------------------------------------------------

    def _add_with_care(self, tick: Tick) -> None:
        at, volume = tick.at, tick.volume
        if ist_date(at) != self._day.date or at >= self._day.close or self._day.resumes_at(at):
            return
        if self._counted_at is None:
            self._counted_at = at
        if at < self._day.open:
            if not self._has_traded:
                self._count = volume  # the newest word: at night it may still be yesterday's
            return
        if at < self._closed_until:
            self.late += 1
            self._has_traded = True
            self._count = max(self._count, volume)  # it was traded before every candle that is still open
            return
        bar = self._bars.get(self._start_of(at))
        if bar is None:
            self._begin(tick)
        else:
            self._fit_in(bar, tick)

    def _begin(self, tick: Tick) -> None:
        """Begin a candle with a price; the newest one is kept at hand."""
        start = self._start_of(tick.at)
        if tick.volume < self._count_before(start):
            if self._has_traded:
                self._fell.add(start)
            else:
                self._count = 0  # what was counted before the open was another day's
        self._has_traded = True
        day = self._day
        pauses = (pause for pause, _ in day.breaks if pause > tick.at)
        bar = _Bar(start, min(start + self._duration, day.close, *pauses), tick)
        self._bars[start] = bar
        if bar.start > self._bar.start:
            self._bar = bar

    def _fit_in(self, bar: _Bar, tick: Tick) -> None:
        """Put a price in its place among those of its candle: by exchange time, then by volume, then as it came."""
        _, at, ltp, _, _, volume = tick
        bar.ticks += 1
        bar.high, bar.low = max(bar.high, ltp), min(bar.low, ltp)
        if (at, volume) < bar.first:
            bar.first, bar.open = (at, volume), ltp
        if at > bar.last_at or (at == bar.last_at and volume >= bar.most):
            if volume < bar.most:
                self._fell.add(bar.start)
            bar.last_at, bar.close = at, ltp
        bar.most = max(bar.most, volume)
        if bar.start > self._bar.start:
            self._bar = bar

    def _fault_of(self, start: Instant) -> str:
        if start < self._whole_from:
            return self._fault
        if start in self._fell:
            return VOLUME_FELL
        is_counted = self._counted_at is not None and self._counted_at < start
        return "" if is_counted else UNCOUNTED

    def _close_until(self, end: Instant) -> None:
        """Close every candle that starts before an instant; what they held counts as traded before the next."""
        for start in [each for each in self._bars if each < end]:
            self._count = max(self._count, self._bars.pop(start).most)
        self._closed_until = max(self._closed_until, end)
        if self._fell:
            self._fell = {start for start in self._fell if start >= end}
        if self._bar.start < end:
            self._bar = _NO_BAR

    def _count_before(self, start: Instant) -> int:
        """Return the cumulative volume that had been reached before an open candle."""
        count = self._count
        for bar in self._bars.values():
            if bar.start < start and bar.most > count:
                count = bar.most
        return count

    def _start_of(self, at: Instant) -> Instant:
        return at - (at - self._day.open) % self._duration
