"""The market and the exchange on the clock: one place that moves them to the present and tells the sockets.

Everything here happens in the server's event loop, so no lock is needed. A request first calls `advance`, so that the
answer and the news that led to it agree.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.instants import MINUTE, Instant
from core.market import Instrument
from core.ports import Clock
from simulator.books import ExchangeEvent, Reply
from simulator.exchange import Exchange
from simulator.market import Market, Quote

_PUMP_SECONDS = 0.25
_LONGEST_STEP = 30 * MINUTE


@dataclass(slots=True)
class Listeners:
    """Who hears the news. Quotes of a step come before the order events that they caused."""

    quotes: list[Callable[[Sequence[Quote]], None]] = field(default_factory=list)
    events: list[Callable[[Sequence[ExchangeEvent]], None]] = field(default_factory=list)


class Venue:
    """A market, the exchange that trades it and the time they have reached."""

    def __init__(self, market: Market, exchange: Exchange, clock: Clock):
        self.market = market
        self.exchange = exchange
        self.clock = clock
        self.listeners = Listeners()
        self._reached = clock.now()
        exchange.step(self._reached)

    @property
    def reached(self) -> Instant:
        """The market time up to which everything has been published."""
        return self._reached

    def advance(self) -> Instant:
        """Bring market and exchange to the present and publish what happened on the way; return the time reached."""
        now = self.clock.now()
        while self._reached < now:
            # After a long sleep of the process, quotes and the fills they cause still go out side by side.
            upto = min(now, self._reached + _LONGEST_STEP)
            quotes = self.market.quotes(self._reached, upto)
            events = self.exchange.step(upto)
            self._reached = upto
            if quotes:
                for hear_quotes in self.listeners.quotes:
                    hear_quotes(quotes)
            self.publish(events)
        return self._reached

    def publish(self, events: Sequence[ExchangeEvent]) -> None:
        """Tell the sockets what became of orders and positions."""
        if events:
            for hear_events in self.listeners.events:
                hear_events(events)

    def settle(self, result: tuple[Reply, Sequence[ExchangeEvent]]) -> Reply:
        """Publish the news of a call to the exchange and return its answer."""
        reply, events = result
        self.publish(events)
        return reply

    def instrument(self, symbol: str) -> Instrument | None:
        """The contract with today's bands, or None for an unknown ticker."""
        return self.market.instruments_at(self._reached).get(symbol)

    def quote(self, symbol: str) -> Quote | None:
        """The last published quote of a listed symbol."""
        return self.market.quote(symbol, self._reached)

    async def pump(self) -> None:
        """Advance for ever, several times a market second, at least every 50 ms of wall time."""
        while True:
            self.advance()
            await asyncio.sleep(self.clock.pause_seconds(_PUMP_SECONDS))
