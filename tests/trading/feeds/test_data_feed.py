import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import AuthenticationError, BrokerError, ConfigurationError, InvariantError
from core.events import FeedState
from core.instants import SECOND
from core.market import Instrument, Tick
from runtime.settings import Settings
from simulator import wire
from simulator.wire import FrameType
from trading.data_feed import DataFeed

SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
INFY = Instrument(symbol="NSE:INFY-EQ", token="10100000001594", tick=5)
NIFTY = Instrument(symbol="NSE:NIFTY50-INDEX", token="101000000026000", tick=5)
INSTRUMENTS = {each.symbol: each for each in (SBIN, INFY, NIFTY)}
TOPICS = {"sf|nse_cm|3045": (SBIN, 80_000), "sf|nse_cm|1594": (INFY, 150_000), "if|nse_cm|Nifty 50": (NIFTY, 2_450_000)}
TOKEN = "e30.eyJoc21fa2V5IjoiYWJjIn0.c2ln"
"""Header {}, payload {"hsm_key":"abc"}."""


def values(price: int, second: int, volume: int = 100) -> tuple[int, ...]:
    middle = (7, 900, 800, price, 0, price, price, wire.ABSENT, wire.ABSENT, 0, 0, price)
    return (price, volume, second, second, 10, 20, price - 5, price + 5, *middle, price)


class Exchange:
    """The polite half of a server: accepts, subscribes, sends a snapshot per topic. Numbers topics anew each time."""

    def __init__(self, second: int) -> None:
        self.second = second
        self.subscribed = 0
        self.answers_sign_in = True
        self.accepts_sign_in = True
        self.answers_subscription = True
        self.accepts_subscription = True
        self.sends_snapshots = True
        self.scale = 2

    def __call__(self, message: bytes | str) -> Iterable[bytes]:
        assert isinstance(message, bytes)
        match wire.decode_client_frame(message):
            case wire.Authenticate():
                return [wire.authentication_frame(self.accepts_sign_in)] if self.answers_sign_in else []
            case wire.Subscribe(topics):
                self.subscribed += 1
                replies = [wire.reply_frame(FrameType.SUBSCRIBE, self.accepts_subscription)]
                return (replies if self.answers_subscription else []) + self.snapshots(topics)
            case _:
                return []

    def snapshots(self, topics: Sequence[str]) -> list[bytes]:
        if not self.sends_snapshots:
            return []
        return wire.data_frames(1, [self.snapshot(topic) for topic in topics])

    def snapshot(self, topic: str) -> bytes:
        instrument, price = TOPICS[topic]
        numbers = values(price, self.second)
        if instrument.is_index:
            numbers = (price, price, self.second, price, price, price)
        scaled = Instrument(symbol=instrument.symbol, token=instrument.token, tick=5, scale=self.scale)
        return wire.snapshot_entry(self.number(topic), topic, numbers, scaled)

    def number(self, topic: str) -> int:
        return list(TOPICS).index(topic) + 10 * self.subscribed

    def update(self, topic: str, price: int, volume: int = 101) -> bytes:
        numbers = (price, volume, *[wire.ABSENT] * 19)
        return wire.data_frames(1, [wire.update_entry(self.number(topic), numbers, numbers)])[0]


class Bench:
    """A feed, the server it talks to, and notes of what it delivered."""

    def __init__(self, server: Any, clock: Any, notebook: Callable[[], Any]) -> None:
        self.server, self.clock = server, clock
        self.exchange = server.reply = Exchange(clock.now() // SECOND)
        self.ticks, self.states, self.polls = notebook(), notebook(), notebook()
        self.quotes: dict[str, Tick] = {}
        self.token = TOKEN
        self.on_tick: Callable[[Tick], object] = self.ticks.add
        self.feed = self.make()

    def make(self, instruments: Mapping[str, Instrument] = INSTRUMENTS, url: str = "", **broker: Any) -> DataFeed:
        endpoints = {"data_socket": url or self.server.url}
        settings = Settings.model_validate({"broker": {"endpoints": endpoints, **broker}})
        names = {"NSE:NIFTY50-INDEX": "Nifty 50"}
        return DataFeed(settings, self.clock, lambda: self.token, instruments, self.ask, self.states.add, lambda: names)

    def ask(self, symbols: Sequence[str]) -> dict[str, Tick]:
        self.polls.add(tuple(symbols))
        return self.quotes

    def start(self, *symbols: str) -> None:
        self.feed.start(symbols or ("NSE:SBIN-EQ",), self.on_tick)

    def frames(self, kind: type) -> list[Any]:
        messages = [wire.decode_client_frame(data) for _, data in self.server.heard.entries]
        return [message for message in messages if isinstance(message, kind)]


@pytest.fixture
def bench(socket_server: Any, hurried_clock: Any, notebook: Any) -> Iterator[Bench]:
    made = Bench(socket_server, hurried_clock, notebook)
    yield made
    made.feed.stop()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def prices(ticks: Iterable[Any]) -> list[tuple[str, int]]:
    return [(tick.symbol, tick.ltp) for tick in ticks]


def test_signs_in_subscribes_and_delivers_ticks(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.start("NSE:SBIN-EQ", "NSE:NIFTY50-INDEX")
    bench.states.wait_for(FeedState.CONNECTING, FeedState.LIVE)
    bench.ticks.wait(lambda ticks: len(ticks) == 2)
    assert prices(bench.ticks.entries) == [("NSE:SBIN-EQ", 80_000), ("NSE:NIFTY50-INDEX", 2_450_000)]
    bench.server.send(bench.exchange.update("sf|nse_cm|3045", 80_005))
    bench.ticks.wait(lambda ticks: prices(ticks)[-1] == ("NSE:SBIN-EQ", 80_005))
    (sign_in,) = bench.frames(wire.Authenticate)
    assert (sign_in.hsm_key, sign_in.source) == ("abc", "FyersBot-0.1")
    assert bench.frames(wire.SetMode) == [wire.SetMode(frozenset({11}), lite=False)]
    assert bench.frames(wire.Subscribe)[0] == wire.Subscribe(("sf|nse_cm|3045", "if|nse_cm|Nifty 50"), 11, wanted=True)


@pytest.mark.hazard("X12")
def test_the_handshake_never_carries_the_token(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.start()
    bench.states.wait_for(FeedState.LIVE)
    (headers,) = bench.server.handshakes.entries
    assert "authorization" not in {name.lower() for name in headers}
    assert TOKEN not in str(headers)


@pytest.mark.hazard("D2")
def test_subscribes_after_a_handshake_slower_than_the_sdk_waits_for(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.server.handshake_seconds = 2.5
    bench.feed = bench.make(connect_seconds=1_000)
    bench.start()
    bench.ticks.wait(lambda ticks: len(ticks) == 1)
    assert len(bench.server.handshakes.entries) == 1


def test_pings_go_on(bench: Bench) -> None:
    bench.start()
    bench.server.heard.wait(lambda heard: [data for _, data in heard].count(wire.PING) >= 3)


@pytest.mark.hazard("D3")
def test_never_gives_up_however_often_it_is_refused(bench: Bench) -> None:
    bench.clock.hurry, bench.clock.shortest = 1_000.0, 0.05
    bench.server.statuses.extend([503] * 60)
    bench.start()
    bench.states.wait_for(FeedState.LIVE)
    assert len(bench.server.handshakes.entries) > 60


@pytest.mark.parametrize("silence", ["answers_sign_in", "answers_subscription"])
def test_a_server_that_owes_an_answer_is_left_and_tried_again(bench: Bench, silence: str) -> None:
    setattr(bench.exchange, silence, False)
    bench.exchange.sends_snapshots = False
    bench.start()
    bench.server.handshakes.wait(lambda seen: len(seen) >= 3)
    assert FeedState.LIVE not in bench.states.entries
    setattr(bench.exchange, silence, True)
    bench.states.wait_for(FeedState.LIVE)


def test_a_refused_subscription_is_tried_again(bench: Bench) -> None:
    bench.exchange.accepts_subscription = False
    bench.start()
    bench.server.handshakes.wait(lambda seen: len(seen) >= 2)
    assert FeedState.LIVE not in bench.states.entries


@pytest.mark.hazard("D8")
@pytest.mark.parametrize("way", ["drop", "close_politely"])
def test_prices_go_on_after_a_lost_connection_with_new_topic_ids(bench: Bench, way: str) -> None:
    bench.start()
    bench.states.wait_for(FeedState.LIVE)
    getattr(bench.server, way)()
    bench.states.wait_for(FeedState.LIVE, FeedState.DOWN, FeedState.CONNECTING, FeedState.LIVE)
    bench.server.send(bench.exchange.update("sf|nse_cm|3045", 80_010))
    bench.ticks.wait(lambda ticks: ("NSE:SBIN-EQ", 80_010) in prices(ticks))


@pytest.mark.hazard("D5")
def test_a_quiet_feed_is_asked_for_snapshots_and_stays_connected(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.start()
    bench.server.heard.wait(lambda _: bench.exchange.subscribed >= 3)
    assert FeedState.STALLED not in bench.states.entries
    assert len(bench.server.handshakes.entries) == 1


@pytest.mark.hazard("D1", "D4")
def test_a_feed_that_answers_and_sends_no_price_is_stalled_until_it_does(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.exchange.sends_snapshots = False
    bench.start()
    bench.states.wait_for(FeedState.LIVE, FeedState.STALLED)
    bench.server.send(*wire.data_frames(1, [bench.exchange.snapshot("sf|nse_cm|3045")]))
    bench.states.wait_for(FeedState.STALLED, FeedState.LIVE)
    assert prices(bench.ticks.entries) == [("NSE:SBIN-EQ", 80_000)]


@pytest.mark.hazard("D1")
def test_a_feed_that_stays_without_prices_is_connected_anew(bench: Bench) -> None:
    bench.exchange.sends_snapshots = False
    bench.start()
    bench.server.handshakes.wait(lambda seen: len(seen) >= 2)
    bench.states.wait_for(FeedState.STALLED, FeedState.DOWN, FeedState.CONNECTING)


@pytest.mark.hazard("D5")
def test_a_feed_on_which_nothing_trades_is_connected_anew_ever_more_rarely(bench: Bench) -> None:
    bench.exchange.sends_snapshots = False
    patience = []
    converse = bench.feed._converse

    def watch(*arguments: Any) -> Any:
        conversation = converse(*arguments)
        patience.append(conversation._listener.mute_seconds)
        return conversation

    bench.feed._converse = watch  # type: ignore[method-assign]
    bench.start()
    bench.server.handshakes.wait(lambda seen: len(seen) >= 4)
    assert patience[:3] == [30.0, 60.0, 120.0]


@pytest.mark.hazard("D14")
def test_a_server_that_falls_silent_is_left(bench: Bench) -> None:
    bench.start()
    bench.states.wait_for(FeedState.LIVE)
    bench.exchange.answers_subscription = bench.exchange.sends_snapshots = False
    bench.states.wait_for(FeedState.LIVE, FeedState.DOWN, FeedState.CONNECTING)


@pytest.mark.hazard("D1")
def test_quotes_stand_in_while_the_feed_is_down_and_only_then(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trading.data_feed.SILENT_SECONDS", 1e9)
    bench.server.statuses.extend([503] * 1_000)
    quote = Tick("NSE:SBIN-EQ", bench.clock.now(), 80_020, 80_015, 80_025, 90)
    bench.quotes = {"NSE:SBIN-EQ": quote, "NSE:STRANGER-EQ": quote._replace(symbol="NSE:STRANGER-EQ")}
    bench.start()
    bench.ticks.wait(lambda ticks: prices(ticks) == [("NSE:SBIN-EQ", 80_020)])
    assert bench.polls.entries[0] == ("NSE:SBIN-EQ",)
    assert bench.feed.age_seconds("NSE:SBIN-EQ") < float("inf")
    bench.server.statuses.clear()
    bench.states.wait_for(FeedState.LIVE)
    polls = len(bench.polls.entries)
    bench.server.heard.wait(lambda _: bench.exchange.subscribed >= 4)
    assert len(bench.polls.entries) <= polls + 1, "one poll may have been under way"


@pytest.mark.hazard("D1")
def test_a_symbol_that_is_silent_on_a_living_feed_is_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trading.data_feed.SILENT_SECONDS", 2.0)
    talkative, silent = list(TOPICS)[:2]
    bench.exchange.snapshots = lambda topics: wire.data_frames(1, [bench.exchange.snapshot(talkative)])  # type: ignore[method-assign]
    symbol = TOPICS[silent][0].symbol
    bench.start(TOPICS[talkative][0].symbol, symbol)
    bench.states.wait_for(FeedState.LIVE)
    bench.polls.wait(lambda polls: any(symbol in poll for poll in polls))


def test_a_failing_quote_call_is_asked_again(bench: Bench) -> None:
    def fail(symbols: Sequence[str]) -> dict[str, Tick]:
        bench.polls.add(tuple(symbols))
        raise BrokerError("no answer")

    bench.ask = fail  # type: ignore[method-assign]
    bench.feed = bench.make()
    bench.server.statuses.extend([503] * 1_000)
    bench.start()
    bench.polls.wait(lambda polls: len(polls) >= 3)


def test_a_symbol_of_another_scale_is_frozen_and_served_by_quotes(bench: Bench) -> None:
    bench.exchange.scale = 4
    bench.quotes = {"NSE:SBIN-EQ": Tick("NSE:SBIN-EQ", bench.clock.now(), 80_020, 0, 0, 90)}
    bench.start()
    bench.ticks.wait(lambda ticks: prices(ticks) == [("NSE:SBIN-EQ", 80_020)])
    assert "scale 2" in bench.feed.frozen["NSE:SBIN-EQ"]
    assert bench.feed.counts.mismatched >= 1


@pytest.mark.hazard("A6")
def test_a_refused_sign_in_is_told_and_tried_again(bench: Bench) -> None:
    bench.exchange.accepts_sign_in = False
    bench.start()
    bench.states.wait_for(FeedState.AUTH_REFUSED, FeedState.CONNECTING)
    bench.exchange.accepts_sign_in = True
    bench.states.wait_for(FeedState.AUTH_REFUSED, FeedState.LIVE)


@pytest.mark.parametrize("token", ["", "no.jwt", "e30.e30.e30", "e30.!!!.e30"])
def test_a_token_without_key_is_told_and_a_new_one_is_used(bench: Bench, token: str) -> None:
    bench.token = token
    bench.start()
    bench.states.wait_for(FeedState.AUTH_REFUSED)
    bench.token = f"APP-100:{TOKEN}"
    bench.states.wait_for(FeedState.LIVE)


def test_no_token_at_all_is_told(bench: Bench) -> None:
    def nobody() -> str:
        raise AuthenticationError("nobody has signed in")

    bench.feed._token = nobody
    bench.start()
    bench.states.wait_for(FeedState.AUTH_REFUSED)


def test_a_server_that_talks_nonsense_is_left(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.start()
    bench.ticks.wait(lambda ticks: len(ticks) == 1)
    bench.server.send("text", b"", b"\x00", *[b"\x00\x07\x06\x00\x00\x00\x01\x00\x01"] * 30)
    bench.states.wait_for(FeedState.LIVE, FeedState.DOWN, FeedState.LIVE)
    assert bench.feed.counts.truncated == 30


@pytest.mark.hazard("R9")
def test_a_fault_in_the_callback_does_not_end_the_feed(bench: Bench) -> None:
    faults = iter([RuntimeError("bug")])

    def fail_once(tick: Tick) -> None:
        for fault in faults:
            raise fault
        bench.ticks.add(tick)

    bench.on_tick = fail_once
    bench.start()
    bench.states.wait_for(FeedState.LIVE)
    bench.server.handshakes.wait(lambda seen: len(seen) >= 2)
    bench.states.wait(lambda states: states[-1] is FeedState.LIVE)
    bench.server.send(bench.exchange.update("sf|nse_cm|3045", 80_010))
    bench.ticks.wait(lambda ticks: ("NSE:SBIN-EQ", 80_010) in prices(ticks))


def test_a_fault_in_the_state_callback_does_not_end_the_feed(bench: Bench) -> None:
    def fail(state: FeedState) -> None:
        raise RuntimeError("bug")

    bench.states.add = fail
    bench.feed = bench.make()
    bench.start()
    bench.ticks.wait(lambda ticks: len(ticks) == 1)


@pytest.mark.hazard("D12")
def test_thirty_reconnects_leave_no_thread_and_no_descriptor_behind(bench: Bench) -> None:
    bench.clock.shortest = 0.05
    bench.start()
    for number in range(35):
        bench.server.handshakes.wait(lambda seen, wanted=number: len(seen) > wanted)
        bench.states.wait(lambda states, wanted=number: states.count(FeedState.LIVE) > wanted)
        if number == 4:
            descriptors, threads = open_descriptors(), threading.active_count()
        if number < 34:
            bench.server.drop()
    assert open_descriptors() <= descriptors
    assert threading.active_count() <= threads


def test_stop_ends_both_threads_from_any_state_and_the_feed_starts_again(bench: Bench) -> None:
    before = threading.active_count()
    bench.feed.stop()
    for statuses in ([], [503] * 1_000):
        bench.server.statuses.extend(statuses)
        bench.start()
        bench.states.wait_for(FeedState.DOWN if statuses else FeedState.LIVE)
        bench.feed.stop()
        bench.feed.stop()
        assert threading.active_count() == before
        assert bench.states.entries[-1] is FeedState.DOWN


def test_every_log_line_of_the_connection_names_the_feed(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench.server.statuses.append(500)
    bench.start()
    bench.states.wait_for(FeedState.CONNECTING, FeedState.DOWN, FeedState.CONNECTING, FeedState.LIVE)
    bench.feed.stop()
    lines = [record.getMessage() for record in caplog.records if record.name == "trading.data_feed"]
    assert {"data feed: down", "data feed: live"} <= set(lines)
    assert any(line.startswith("data feed stopped; received and not delivered: ") for line in lines)
    assert [line for line in lines if not line.startswith("data feed")] == []


def test_stop_from_within_a_callback_does_not_wait_for_itself(bench: Bench) -> None:
    stopped = threading.Event()

    def stop(tick: Tick) -> None:
        bench.feed.stop()
        stopped.set()

    bench.on_tick = stop
    bench.start()
    assert stopped.wait(30)


def test_age_is_infinite_before_the_first_price_and_counts_market_seconds_after(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.exchange.sends_snapshots = False
    assert bench.feed.age_seconds("NSE:SBIN-EQ") == float("inf")
    bench.start("NSE:SBIN-EQ", "NSE:INFY-EQ")
    bench.states.wait_for(FeedState.LIVE)
    assert bench.feed.age_seconds("NSE:SBIN-EQ") == float("inf")
    bench.server.send(*wire.data_frames(1, [bench.exchange.snapshot("sf|nse_cm|3045")]))
    bench.ticks.wait(lambda ticks: len(ticks) == 1)
    first = bench.feed.age_seconds("NSE:SBIN-EQ")
    assert first < float("inf")
    assert bench.feed.age_seconds("NSE:INFY-EQ") == float("inf")
    bench.clock.sleep(2)
    assert bench.feed.age_seconds("NSE:SBIN-EQ") >= first + 1


@pytest.mark.hazard("C8")
def test_a_redirect_is_not_followed(bench: Bench) -> None:
    bench.server.location = bench.server.url
    bench.server.statuses.extend([302, 302])
    bench.start()
    bench.states.wait_for(FeedState.DOWN, FeedState.CONNECTING, FeedState.DOWN, FeedState.CONNECTING, FeedState.LIVE)


@pytest.mark.hazard("C8")
def test_proxies_of_the_environment_are_not_used(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.clock.shortest = 1.0
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    bench.start()
    bench.states.wait_for(FeedState.LIVE)
    assert FeedState.DOWN not in bench.states.entries


def test_a_server_without_encryption_is_not_talked_to_in_the_clear(bench: Bench) -> None:
    bench.feed = bench.make(url=bench.server.url.replace("ws://", "wss://"))
    bench.start()
    bench.states.wait_for(FeedState.DOWN, FeedState.CONNECTING, FeedState.DOWN)
    assert bench.server.handshakes.entries == []


def test_plain_text_leads_to_this_machine_only(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match="data_socket"):
        bench.make(url="ws://feed.example.com/hsm")


def test_an_unknown_symbol_is_named_at_the_start(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match="NSE:NOPE-EQ"):
        bench.start("NSE:SBIN-EQ", "NSE:NOPE-EQ")


def test_a_symbol_the_feed_does_not_carry_is_named_at_the_start(bench: Bench) -> None:
    odd = Instrument(symbol="XXX:ODD", token="99990000000001", tick=5)
    feed = bench.make({odd.symbol: odd})
    with pytest.raises(ConfigurationError, match="9999"):
        feed.start([odd.symbol], bench.ticks.add)


def test_a_running_feed_is_not_started_twice(bench: Bench) -> None:
    bench.start()
    with pytest.raises(InvariantError, match="runs already"):
        bench.start()
