"""A small calendar with known sessions, markets small enough to look at, and a program that talks to the server."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from websocket import WebSocket, create_connection

from core.errors import DataError
from core.instants import instant_at
from core.sessions import TradingDay
from simulator.options import Endpoints, SimulatorOptions
from simulator.server import RunningSimulator, running_simulator

MORNING = instant_at(date(2026, 1, 6), time(10, 0))
"""A Tuesday in an open market."""
SBIN = "NSE:SBIN-EQ"
NIFTY = "NSE:NIFTY50-INDEX"
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class WeekdayCalendar:
    """Monday to Friday, 09:15 to 15:30, without the holidays it is given; evenings and days in two parts on top."""

    holidays: frozenset[date] = frozenset()
    evenings: frozenset[date] = frozenset()
    in_two_parts: frozenset[date] = frozenset()
    last: date = date(2040, 12, 31)

    def trading_day(self, day: date) -> TradingDay | None:
        if day > self.last:
            raise DataError(f"the calendar ends on {self.last}")
        if day in self.evenings:
            return TradingDay(
                date=day,
                open=instant_at(day, time(18, 15)),
                close=instant_at(day, time(19, 15)),
                no_entry_after=instant_at(day, time(18, 45)),
                square_off=instant_at(day, time(18, 55)),
                flat_by=instant_at(day, time(19, 0)),
            )
        if day in self.in_two_parts:
            return TradingDay(
                date=day,
                open=instant_at(day, time(9, 15)),
                close=instant_at(day, time(12, 30)),
                no_entry_after=instant_at(day, time(9, 30)),
                square_off=instant_at(day, time(9, 45)),
                flat_by=instant_at(day, time(9, 50)),
                breaks=((instant_at(day, time(10, 0)), instant_at(day, time(11, 30))),),
            )
        if day.weekday() >= 5 or day in self.holidays:
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


@pytest.fixture(scope="session")
def calendar() -> WeekdayCalendar:
    return WeekdayCalendar(holidays=frozenset({date(2026, 1, 26)}), evenings=frozenset({date(2026, 1, 31)}))


@pytest.fixture(scope="session")
def drill_calendar() -> WeekdayCalendar:
    """A calendar whose Tuesday 2026-01-06 trades from 09:15 to 10:00 and from 11:30 to 12:30."""
    return WeekdayCalendar(in_two_parts=frozenset({date(2026, 1, 6)}))


@dataclass(frozen=True)
class Answer:
    """What came over the wire."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Program:
    """A program that speaks FYERS' protocol byte by byte, with deadlines."""

    endpoints: Endpoints

    @property
    def authorization(self) -> str:
        return f"{self.endpoints.client_id}:{self.endpoints.access_token}"

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **query: object) -> Answer:
        """One request; raises `HTTPException` or `OSError` for an answer that does not arrive whole."""
        connection = HTTPConnection(urlsplit(self.endpoints.rest).netloc, timeout=PATIENCE_SECONDS)
        try:
            target = f"{path}?{urlencode(query)}" if query else path
            headers = {"Authorization": self.authorization if token is None else token}
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return Answer(response.status, _parsed(response, text), dict(response.getheaders()))

    def place(self, **changes: object) -> Answer:
        """Place an order: one share of SBIN at the market unless told otherwise."""
        order = {"symbol": SBIN, "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY", "limitPrice": 0}
        order |= {"stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False}
        return self.call("POST", "/api/v3/orders/sync", order | changes)

    def last_price(self, symbol: str = SBIN) -> float:
        """The last price in rupees."""
        row = self.call("GET", "/data/quotes", symbols=symbol).body["d"][0]
        return float(row["v"]["lp"])

    def order_socket(self) -> WebSocket:
        """An order socket that is subscribed to everything."""
        header = [f"authorization: {self.authorization}"]
        socket = create_connection(self.endpoints.order_socket, timeout=PATIENCE_SECONDS, header=header)
        streams = ["orders", "trades", "positions", "edis", "pricealerts", "login"]
        socket.send(json.dumps({"T": "SUB_ORD", "SLIST": streams, "SUB_T": 1}))
        assert json.loads(socket.recv())["code"] == 1605
        return socket


def _parsed(response: HTTPResponse, text: bytes) -> Any:
    if "json" not in response.getheader("Content-Type", ""):
        return text.decode()
    try:
        return json.loads(text)
    except ValueError as error:
        raise HTTPException(f"broken JSON: {text!r}") from error


@pytest.fixture(scope="module")
def simulator(calendar: WeekdayCalendar) -> Iterator[RunningSimulator]:
    """A simulator at ten in the morning, twenty times as fast as the wall, without limits on calls."""
    options = SimulatorOptions(clock_start=MORNING, clock_speed=20, limits=None, seed=7)
    with running_simulator(options, calendar) as running:
        yield running


@pytest.fixture
def program(simulator: RunningSimulator) -> Iterator[Program]:
    """A program connected to the simulator; faults are cleared after each test."""
    yield Program(simulator.endpoints)
    simulator.clear()


@pytest.fixture(scope="session")
def connect() -> Callable[[Endpoints], Program]:
    """Connects a program to any simulator a test starts for itself."""
    return Program
