"""The market and the exchange on a clock that is moved by hand."""

from datetime import date, datetime, time

import pytest

from core.instants import HOUR, MINUTE, SECOND, Instant, instant_at
from core.market import Side
from core.orders import OrderType
from core.ports import Calendar
from simulator.books import OrderChanged, PlaceRequest, Traded
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.generator import GeneratedMarket
from simulator.ledger import MemoryLedger
from simulator.venue import Venue

SBIN = "NSE:SBIN-EQ"
MORNING = instant_at(date(2026, 1, 6), time(10, 0))


class HandClock:
    """Market time stands still until it is set."""

    def __init__(self) -> None:
        self.at: Instant = MORNING

    def now(self) -> Instant:
        return self.at

    def steady(self) -> Instant:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)

    def pause_seconds(self, seconds: float) -> float:
        return seconds

    def deadline_seconds(self, seconds: float) -> float:
        return seconds

    def wall_at(self, instant: Instant) -> datetime:
        raise AssertionError("nobody here asks for the wall's time")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def venue(calendar: Calendar, clock: HandClock) -> Venue:
    market = GeneratedMarket(calendar, 7, (SBIN,))
    return Venue(market, Exchange(market, calendar, MemoryLedger(), 50_000_000, ExchangeRules()), clock)


def test_every_quote_is_published_once_however_uneven_the_steps(venue: Venue, clock: HandClock) -> None:
    heard: list[object] = []
    venue.listeners.quotes.append(heard.extend)
    for step in (SECOND, 0, 7 * MINUTE, 1, 3 * HOUR, SECOND):
        clock.at += step
        assert venue.advance() == clock.at
    assert heard == venue.market.quotes(MORNING, clock.at)


def test_a_clock_that_stands_or_steps_back_publishes_nothing(venue: Venue, clock: HandClock) -> None:
    clock.at += MINUTE
    venue.advance()
    heard: list[object] = []
    venue.listeners.quotes.append(heard.extend)
    clock.at -= SECOND
    assert venue.advance() == MORNING + MINUTE
    assert heard == []


def test_a_call_to_the_exchange_is_told_to_the_listeners(venue: Venue) -> None:
    heard: list[object] = []
    venue.listeners.events.append(heard.extend)
    order = PlaceRequest(symbol=SBIN, side=Side.BUY, type=OrderType.MARKET, quantity=1, product="INTRADAY")
    reply = venue.settle(venue.exchange.place(order, venue.advance()))
    assert reply.ok
    assert next(type(event) for event in heard if not isinstance(event, OrderChanged)) is Traded


def test_a_long_sleep_tells_each_fill_next_to_the_quotes_that_made_it(venue: Venue, clock: HandClock) -> None:
    quote = venue.quote(SBIN)
    assert quote is not None
    stop = PlaceRequest(
        symbol=SBIN,
        side=Side.BUY,
        type=OrderType.STOP,
        quantity=1,
        trigger_price=quote.ltp + 50,
        product="INTRADAY",
    )
    assert venue.settle(venue.exchange.place(stop, MORNING)).ok
    told: list[tuple[str, Instant]] = []
    venue.listeners.quotes.append(lambda quotes: told.append(("quotes", quotes[-1].at)))
    venue.listeners.events.append(lambda events: told.append(("fill", _time_of_fill(events))))
    clock.at += 5 * HOUR
    venue.advance()
    place = next(place for place, (kind, at) in enumerate(told) if kind == "fill" and at)
    assert told[place - 1][0] == "quotes"
    assert told[place - 1][1] - told[place][1] < 30 * MINUTE


def _time_of_fill(events) -> Instant:
    return next((event.trade.at for event in events if isinstance(event, Traded)), 0)
