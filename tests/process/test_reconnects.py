"""Five hundred connections that each go wrong in another way cost neither a thread nor a descriptor."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path
from time import monotonic, sleep

import pytest

from core.events import FeedState
from core.instants import instant_at
from core.market import Instrument
from runtime.clock import MarketClock
from runtime.settings import Settings
from trading.data_feed import DataFeed
from trading.order_feed import OrderFeed

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).with_name("bad_server.py")
RECONNECTS = 500
REFUSED = 50
"""The first of them find nobody listening."""
PATIENCE_SECONDS = 120.0
TOKEN = "e30.eyJoc21fa2V5IjoiYWJjIn0.c2ln"
SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)


class RushedClock(MarketClock):
    """Gives the network a hundredth of the time."""

    def __init__(self) -> None:
        super().__init__(instant_at(date(2026, 1, 6), time(10, 0)), speed=20.0)

    def deadline_seconds(self, seconds: float) -> float:
        return min(max(seconds / 100, 0.02), 0.05)


@pytest.fixture
def server() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, str(PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


class Watched:
    """A feed of either kind, and how often it has begun to connect."""

    def __init__(self, kind: str, port: int) -> None:
        address = f"ws://127.0.0.1:{port}/socket"
        endpoints = {"data_socket": address, "order_socket": address}
        settings = Settings.model_validate({"auth": {"client_id": "APP-100"}, "broker": {"endpoints": endpoints}})
        self.attempts = 0
        self.start: Callable[[], None]
        if kind == "data":
            data = DataFeed(settings, RushedClock(), lambda: TOKEN, {SBIN.symbol: SBIN}, lambda _: {}, self.note)
            self.start, self.stop = lambda: data.start([SBIN.symbol], lambda _tick: None), data.stop
        else:
            orders = OrderFeed(settings, RushedClock(), lambda: TOKEN, lambda _report: None, self.note)
            self.start, self.stop = orders.start, orders.stop

    def note(self, state: FeedState) -> None:
        self.attempts += state is FeedState.CONNECTING

    def wait_for(self, attempts: int, look: Callable[[], None] = lambda: None) -> None:
        deadline = monotonic() + PATIENCE_SECONDS
        while self.attempts < attempts:
            assert monotonic() < deadline, f"{self.attempts} attempts only"
            look()
            sleep(0.01)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_five_hundred_reconnects_of_each_feed_leave_nothing_behind(server: "subprocess.Popen[str]") -> None:
    assert server.stdin is not None
    assert server.stdout is not None
    port = int(server.stdout.readline())
    feeds = [Watched(kind, port) for kind in ("data", "orders")]
    before = descriptors(), threading.active_count()
    most = [0, 0]

    def look() -> None:
        most[:] = max(most[0], descriptors()), max(most[1], threading.active_count())

    try:
        for feed in feeds:
            feed.start()
        running = threading.active_count()
        for feed in feeds:
            feed.wait_for(REFUSED, look)
        server.stdin.write("listen\n")
        server.stdin.flush()
        for feed in feeds:
            feed.wait_for(RECONNECTS, look)
    finally:
        for feed in feeds:
            feed.stop()
    assert (descriptors(), threading.active_count()) == before
    assert most[0] <= before[0] + 2 * 2, "of each feed a connection and its twin under the library"
    assert most[1] == running
