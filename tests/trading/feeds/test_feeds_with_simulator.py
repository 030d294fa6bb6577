"""The feeds against the look-alike: the same protocol from the other side, with its faults switched on."""

from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Any

import pytest

from core.events import FeedState
from core.instants import instant_at
from core.market import Instrument, Tick
from runtime.settings import Settings
from simulator.faults import FaultKind
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator
from simulator.symbol_files import INDEX_NAMES
from trading.data_feed import DataFeed
from trading.order_feed import OrderFeed

MORNING = instant_at(date(2026, 1, 6), time(10, 0))
TOKENS = {
    "NSE:SBIN-EQ": "10100000003045",
    "NSE:RELIANCE-EQ": "10100000002885",
    "NSE:INFY-EQ": "10100000001594",
    "NSE:NIFTY50-INDEX": "101000000026000",
}


@pytest.fixture
def simulator(calendar: Any) -> Iterator[RunningSimulator]:
    with running_simulator(SimulatorOptions(clock_start=MORNING, clock_speed=20.0), calendar) as running:
        yield running


def settings(simulator: RunningSimulator) -> Settings:
    places = simulator.endpoints
    endpoints = {"data_socket": places.data_socket, "order_socket": places.order_socket}
    return Settings.model_validate({"auth": {"client_id": places.client_id}, "broker": {"endpoints": endpoints}})


@pytest.fixture
def states(notebook: Any) -> Any:
    return notebook()


@pytest.fixture
def ticks(notebook: Any) -> Any:
    return notebook()


@pytest.fixture
def feed(simulator: RunningSimulator, states: Any, ticks: Any) -> Iterator[DataFeed]:
    made = DataFeed(
        settings(simulator),
        simulator.clock,
        simulator.access_token,
        {symbol: Instrument(symbol=symbol, token=token, tick=5) for symbol, token in TOKENS.items()},
        lambda symbols: {},
        states.add,
        lambda: INDEX_NAMES,
    )
    made.start(list(TOKENS), ticks.add)
    yield made
    made.stop()


def several_of_each(ticks: list[Tick]) -> bool:
    symbols = [tick.symbol for tick in ticks]
    return all(symbols.count(symbol) >= 3 for symbol in TOKENS)


def test_every_symbol_ticks_and_nothing_is_refused(feed: DataFeed, ticks: Any) -> None:
    ticks.wait(several_of_each)
    assert feed.counts.total() == 0
    assert all(feed.age_seconds(symbol) < float("inf") for symbol in TOKENS)


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        (FaultKind.ZERO_TICK, lambda counts: counts.not_positive),
        (FaultKind.NEGATIVE_TICK, lambda counts: counts.not_positive),
        (FaultKind.DUPLICATE_TICK, lambda counts: counts.repeated),
        (FaultKind.OUT_OF_ORDER_TICK, lambda counts: counts.late + counts.repeated),
    ],
)
def test_a_spoiled_tick_is_counted_and_not_delivered(
    simulator: RunningSimulator, feed: DataFeed, ticks: Any, kind: FaultKind, counted: Callable[[Any], int]
) -> None:
    ticks.wait(several_of_each)
    simulator.arm(kind, times=3, symbol="NSE:SBIN-EQ")
    ticks.wait(lambda _: counted(feed.counts) >= 3)
    before = len(ticks.entries)
    ticks.wait(lambda entries: several_of_each(entries[before:]))
    assert all(tick.ltp > 0 for tick in ticks.entries)
    for symbol in TOKENS:
        own = [(tick.at, tick.volume) for tick in ticks.entries if tick.symbol == symbol]
        assert own == sorted(own)


@pytest.mark.usefixtures("feed")
def test_prices_come_back_after_a_silence_of_the_server(simulator: RunningSimulator, states: Any, ticks: Any) -> None:
    states.wait_for(FeedState.LIVE)
    simulator.arm(FaultKind.STALL_DATA_SOCKET)
    states.wait_for(FeedState.LIVE, FeedState.STALLED, FeedState.DOWN)
    simulator.clear()
    states.wait_for(FeedState.DOWN, FeedState.LIVE)
    before = len(ticks.entries)
    ticks.wait(lambda entries: several_of_each(entries[before:]))


@pytest.mark.parametrize("kind", [FaultKind.DROP_ORDER_SOCKET, FaultKind.STALL_ORDER_SOCKET])
def test_the_order_feed_comes_back(simulator: RunningSimulator, states: Any, kind: FaultKind) -> None:
    token = simulator.access_token()
    orders = OrderFeed(settings(simulator), simulator.clock, lambda: token, lambda report: None, states.add)
    orders.start()
    try:
        states.wait_for(FeedState.LIVE)
        simulator.arm(kind)
        states.wait_for(FeedState.LIVE, FeedState.DOWN)
        simulator.clear()
        states.wait_for(FeedState.LIVE, FeedState.DOWN, FeedState.LIVE)
    finally:
        orders.stop()


def test_a_token_the_server_does_not_know_is_refused_on_both_sockets(simulator: RunningSimulator, states: Any) -> None:
    token = "e30.eyJoc21fa2V5IjoiYWJjIn0.c2ln"
    instruments = {"NSE:SBIN-EQ": Instrument(symbol="NSE:SBIN-EQ", token=TOKENS["NSE:SBIN-EQ"], tick=5)}
    data = DataFeed(settings(simulator), simulator.clock, lambda: token, instruments, lambda symbols: {}, states.add)
    orders = OrderFeed(settings(simulator), simulator.clock, lambda: token, lambda report: None, states.add)
    data.start(["NSE:SBIN-EQ"], lambda tick: None)
    states.wait_for(FeedState.AUTH_REFUSED)
    data.stop()
    states.entries.clear()
    orders.start()
    states.wait_for(FeedState.AUTH_REFUSED)
    orders.stop()
