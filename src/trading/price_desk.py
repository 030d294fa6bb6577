"""All prices of one run of the data feed, from whichever thread they come: the socket's or the quotes'."""

import logging
import threading
from collections.abc import Callable, Mapping

from core.instants import SECOND
from core.market import Instrument, Tick
from core.ports import Clock
from trading.frame_decoder import FrameDecoder, GatedTopics
from trading.price_gate import FeedCounts, PriceGate

logger = logging.getLogger("trading.data_feed")


class PriceDesk:
    """The gates of all symbols. Outlives connections, so that an old price after a reconnect is known as old."""

    def __init__(self, listed: Mapping[str, Instrument], sink: Callable[[Tick], object], clock: Clock) -> None:
        """`listed` is by topic; `sink` is called by one thread at a time."""
        self.counts = FeedCounts()
        self.frozen: dict[str, str] = {}
        """Symbols whose prices on this connection cannot be used, and why."""
        self._clock = clock
        self._gates = {topic: PriceGate(each, sink, self.counts) for topic, each in listed.items()}
        self._by_symbol = {gate.instrument.symbol: gate for gate in self._gates.values()}
        self._lock = threading.Lock()

    @property
    def symbols(self) -> list[str]:
        """All of them."""
        return list(self._by_symbol)

    @property
    def topics(self) -> list[str]:
        """What to subscribe to."""
        return list(self._gates)

    @property
    def broken_frames(self) -> int:
        """Frames that could not be read to their end, over all connections."""
        return self.counts.truncated + self.counts.unreadable

    def new_connection(self) -> Callable[[bytes], None]:
        """Forget what the last connection taught; return what takes the data frames of the next."""
        self.frozen.clear()
        decoder = FrameDecoder(GatedTopics(self._gates, self.counts, self._freeze), self.counts)

        def decode(frame: bytes) -> None:
            with self._lock:
                decoder.decode(frame, self._clock.now())

        return decode

    def take_quotes(self, quotes: Mapping[str, Tick]) -> None:
        """Offer prices that were asked for just now; those of other symbols are left alone."""
        heard_at = self._clock.now()
        with self._lock:
            for symbol, quote in quotes.items():
                if symbol in self._by_symbol:
                    self._by_symbol[symbol].offer_quote(quote, heard_at)

    def age_seconds(self, symbol: str) -> float:
        """Market seconds since a symbol's price was last confirmed; infinity before the first time."""
        gate = self._by_symbol.get(symbol)
        if gate is None or gate.heard_at is None:
            return float("inf")
        return max(self._clock.now() - gate.heard_at, 0) / SECOND

    def _freeze(self, symbol: str, why: str) -> None:
        self.frozen[symbol] = why
        logger.error("%s is frozen until the next connection: %s", symbol, why)
