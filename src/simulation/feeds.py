"""Prices and order messages on their way to the bot: through the real price gate and a socket that repeats nothing."""

from core import events
from core.events import FeedState
from core.instants import MILLISECOND, SECOND, Instant
from core.market import Tick
from core.orders import OrderReport
from simulation.dice import Dice
from simulation.fates import Fates
from simulation.life import Life
from simulation.plan import FaultKind
from simulation.setting import INSTRUMENTS, SYMBOLS
from simulation.virtual_time import VirtualTime
from simulator.market import Quote
from trading.price_gate import FeedCounts, PriceGate

_K = FaultKind
_NOTICED = 18 * SECOND
"""A silent connection is given up after a ping and its deadline."""


class PriceFeed:
    """The data socket of one life of the process."""

    def __init__(self, time: VirtualTime, fates: Fates, life: Life) -> None:
        self._time = time
        self._fates = fates
        self._life = life
        self._silent_until: Instant = 0
        counts = FeedCounts()
        self._gates = {
            symbol: PriceGate(instrument, self._deliver, counts) for symbol, instrument in INSTRUMENTS.items()
        }
        self._latency = Dice(fates.seed, "feed latency")
        _enter(life, "data", FeedState.LIVE)

    def stall(self, seconds: float) -> None:
        """Say nothing for a while; the feed notices, and notices the first price after it."""
        self._silent_until = self._time.now + int(seconds * SECOND)
        self._time.after(2 * SECOND, lambda: _enter(self._life, "data", FeedState.STALLED))
        self._time.at(self._silent_until, lambda: _enter(self._life, "data", FeedState.LIVE))

    def hear(self, quote: Quote) -> None:
        """Carry a price to the gate, spoiled where a fault strikes."""
        if self._time.now < self._silent_until:
            return
        strikes, size = self._fates.strikes, self._fates.size
        wait = int(self._latency.between(5, 60) * MILLISECOND)
        use = strikes(_K.FEED_LATE)
        if use:
            wait += int(size(_K.FEED_LATE, use, 1, 10) * SECOND)
        price, symbol = quote.ltp, quote.symbol
        use = strikes(_K.FEED_CORRUPT)
        if use:
            price = (0, -price, price * 100, price + price // 33, 1)[self._fates.choice(_K.FEED_CORRUPT, use, 5)]
        if strikes(_K.FEED_SWAPPED):
            symbol = SYMBOLS[(SYMBOLS.index(symbol) + 1) % len(SYMBOLS)]
        self._time.after(wait, lambda: self._offer(symbol, price, quote))
        if strikes(_K.FEED_DUPLICATE):
            self._time.after(2 * wait, lambda: self._offer(symbol, price, quote))

    def _offer(self, symbol: str, price: int, quote: Quote) -> None:
        if not self._life.is_over:
            at = quote.at // SECOND * SECOND
            self._gates[symbol].offer(price, quote.volume, at, quote.bid, quote.ask, True, self._life.clock())

    def _deliver(self, tick: Tick) -> None:
        self._life.put(lambda _at: tick)


class OrderSocket:
    """The order socket of one life of the process: nothing it misses is told again."""

    def __init__(self, time: VirtualTime, fates: Fates, life: Life) -> None:
        self._time = time
        self._fates = fates
        self._life = life
        self._connection = 0
        self._is_live = False
        self._silent_until: Instant = 0
        self._newest: Instant = 0
        self._latency = Dice(fates.seed, "order socket latency")
        self._connect(0.4)

    def drop(self, seconds: float) -> None:
        """Cut the connection; it is back after a while."""
        self._is_live = False
        self._connection += 1
        _enter(self._life, "orders", FeedState.DOWN)
        self._connect(seconds)

    def stall(self, seconds: float) -> None:
        """Say nothing for a while. What happens then is lost, and a long silence ends the connection."""
        self._silent_until = self._time.now + int(seconds * SECOND)
        if seconds * SECOND > _NOTICED:
            connection = self._connection
            self._time.after(_NOTICED, lambda: self.drop(1.0) if self._connection == connection else None)

    def tell(self, report: OrderReport) -> None:
        """Carry the news of an order to the bot, mostly in order."""
        if not self._is_live or self._time.now < self._silent_until:
            return
        arrival = self._time.now + int(self._latency.between(15, 150) * MILLISECOND)
        use = self._fates.strikes(_K.ORDER_SOCKET_LATE)
        if use:
            arrival += int(self._fates.size(_K.ORDER_SOCKET_LATE, use, 0.5, 12) * SECOND)
        else:
            arrival = self._newest = max(arrival, self._newest)
        self._arrive(arrival, report)
        use = self._fates.strikes(_K.ORDER_SOCKET_DUPLICATE)
        if use:
            again = int(self._fates.size(_K.ORDER_SOCKET_DUPLICATE, use, 0.1, 8) * SECOND)
            self._arrive(arrival + again, report)

    def _arrive(self, when: Instant, report: OrderReport) -> None:
        connection = self._connection

        def hear() -> None:
            if self._connection == connection:
                self._life.put(lambda at: events.OrderReported(at=at, report=report))

        self._time.at(when, hear)

    def _connect(self, seconds: float) -> None:
        self._connection += 1
        connection = self._connection

        def be_live() -> None:
            if self._connection == connection:
                self._is_live = True
                self._silent_until = 0
                _enter(self._life, "orders", FeedState.LIVE)

        self._time.after(int(seconds * SECOND), be_live)


def _enter(life: Life, feed: str, state: FeedState) -> None:
    life.put(lambda at: events.FeedChanged(at=at, feed=feed, state=state))
