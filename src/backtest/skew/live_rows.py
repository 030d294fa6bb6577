"""What the features of a recorded day were fed, candle by candle, and the rows that were decided on.

The log holds both: the candles as they arrived, and in each `Decided` the numbers that the strategy saw, written
before anything acted on them. Features begin anew at each start of the bot, so a day is read start by start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core import events
from core.instants import Instant
from core.market import Candle, CandleSource
from trading.replay import Start

_KINDS = frozenset(kind.__name__ for kind in (events.CandleBuilt, events.HistoryArrived, events.Decided))


@dataclass(slots=True)
class LiveRows:
    """One symbol, from one start of the bot on."""

    candles: list[Candle] = field(default_factory=list)
    """Those that its features were fed, in order."""
    decided: dict[Instant, events.Decided] = field(default_factory=dict)
    """By the start of the candle."""
    silent: list[Instant] = field(default_factory=list)
    """Candles that a decision was due on and none was made."""

    @property
    def newest(self) -> Instant:
        """Start of the newest candle; 0 before any."""
        return self.candles[-1].start if self.candles else 0


def live_rows(starts: Sequence[Start]) -> list[dict[str, LiveRows]]:
    """Read the starts of a day; return for each what it fed and decided, by symbol."""
    decided_until: dict[str, Instant] = {}
    return [_Reading(start, decided_until).rows for start in starts]


class _Reading:
    """Feeds what one start fed: `core.engine` takes each later candle once, and decides on the one that was due."""

    def __init__(self, start: Start, decided_until: dict[str, Instant]) -> None:
        """`decided_until` is the newest candle that was decided on by symbol, over the starts of a day."""
        self.rows: dict[str, LiveRows] = {}
        self._decided_until = decided_until
        self._compares_history = start.desk.candles is CandleSource.TICKS
        for row in start.rows:
            if row.kind in _KINDS:
                self._take(row.event)

    def _take(self, event: events.Event) -> None:
        match event:
            case events.CandleBuilt(symbol=symbol, candle=candle):
                self._feed(symbol, (candle,), candle.start)
            case events.HistoryArrived(symbol=symbol, candles=candles, due=due):
                is_late = self._compares_history and due and self._of(symbol).newest >= due
                if not is_late:  # else the candle was decided on when it closed
                    self._feed(symbol, candles, due)
            case events.Decided(symbol=symbol, candle=candle_start):
                rows = self._of(symbol)
                rows.decided[candle_start] = event
                rows.silent = [start for start in rows.silent if start != candle_start]
                self._decided_until[symbol] = candle_start
            case _:
                pass

    def _feed(self, symbol: str, candles: Sequence[Candle], due: Instant) -> None:
        rows = self._of(symbol)
        for candle in candles:
            if candle.start > rows.newest:
                rows.candles.append(candle)
        if due and rows.newest == due and self._decided_until.get(symbol, 0) < due and due not in rows.silent:
            rows.silent.append(due)

    def _of(self, symbol: str) -> LiveRows:
        return self.rows.setdefault(symbol, LiveRows())
