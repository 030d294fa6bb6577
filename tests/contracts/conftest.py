"""A simulator with an open market and our client at its door, fresh for every test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

import pytest

from core.instants import instant_at
from core.sessions import TradingDay
from runtime.clock import MarketClock
from runtime.settings import AuthSettings, BrokerSettings, EndpointSettings, RateSettings, Settings
from simulator.generator import GeneratedMarket
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator
from trading.fyers_client import FyersClient
from trading.rate_budget import RateBudget

TUESDAY = date(2026, 1, 6)
SPEED = 20.0


class WeekdayCalendar:
    """Every weekday is a session from 09:15 to 15:30."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


@dataclass(frozen=True)
class OpenMarket:
    """Tuesday, 11:00, and one share to trade."""

    client: FyersClient
    clock: MarketClock
    simulator: RunningSimulator


@pytest.fixture
def open_market() -> Iterator[OpenMarket]:
    calendar = WeekdayCalendar()
    start = instant_at(TUESDAY, time(11, 0))
    options = SimulatorOptions(symbols=("NSE:SBIN-EQ",), seed=3, clock_start=start, clock_speed=SPEED)
    with running_simulator(options, calendar) as simulator:
        endpoints = simulator.endpoints
        settings = Settings(
            auth=AuthSettings(client_id=endpoints.client_id),
            broker=BrokerSettings(endpoints=EndpointSettings(rest=endpoints.rest, data=endpoints.data)),
        )
        clock = MarketClock(start, SPEED, simulator.clock.epoch)
        budget = RateBudget(RateSettings())
        client = FyersClient(settings, clock, calendar, lambda: endpoints.access_token, budget)
        yield OpenMarket(client, clock, simulator)
        client.close()


@dataclass(frozen=True)
class QuietMarket:
    """Tuesday, 11:00, and a market that needs no server."""

    market: GeneratedMarket
    clock: MarketClock


@pytest.fixture
def quiet_market() -> QuietMarket:
    start = instant_at(TUESDAY, time(11, 0))
    return QuietMarket(GeneratedMarket(WeekdayCalendar(), 3, ("NSE:SBIN-EQ",)), MarketClock(start, SPEED))
