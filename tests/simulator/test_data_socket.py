"""The binary data socket, seen by a client that decodes it byte by byte."""

import base64
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time
from itertools import pairwise

import pytest
from websocket import WebSocket, WebSocketConnectionClosedException, WebSocketTimeoutException, create_connection

from core.instants import SECOND, instant_at
from simulator.faults import FaultKind
from simulator.generator import GeneratedMarket
from simulator.options import SimulatorOptions
from simulator.server import running_simulator
from simulator.wire import ABSENT

SBIN, NIFTY = "sf|nse_cm|3045", "if|nse_cm|Nifty 50"
INFY = "sf|nse_cm|1594"
AUTHENTICATED, SUBSCRIBED, UNSUBSCRIBED, PAUSED, RESUMED, MODE = 1, 4, 5, 7, 8, 12
DATA = 6
PATIENCE_SECONDS = 5.0
MORNING = instant_at(date(2026, 1, 6), time(10, 0))


def field_of(number: int, value: bytes) -> bytes:
    return struct.pack(">BH", number, len(value)) + value


def frame_of(kind: int, *values: bytes) -> bytes:
    body = b"".join(field_of(number, value) for number, value in enumerate(values, start=1))
    return struct.pack(">HBB", 0, kind, len(values)) + body


def topics_of(*topics: str) -> bytes:
    return struct.pack(">H", len(topics)) + b"".join(bytes([len(topic)]) + topic.encode() for topic in topics)


@dataclass
class Entry:
    """One decoded entry of a data frame."""

    kind: str
    topic: str
    values: tuple[int, ...]


@dataclass
class DataClient:
    """Decodes what arrives; knows topics from their snapshots, as every client must."""

    socket: WebSocket
    hsm_key: str
    topics: dict[int, str] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    """Data frames that came before an answer."""

    def sign_in(self, key: str | None = None) -> str:
        self.socket.send_binary(frame_of(1, (key or self.hsm_key).encode(), b"P", b"\x01", b"test"))
        return self.verdict(AUTHENTICATED)

    def subscribe(self, *topics: str, channel: int = 11) -> str:
        self.socket.send_binary(frame_of(4, topics_of(*topics), bytes([channel])))
        return self.verdict(SUBSCRIBED)

    def send(self, kind: int, *values: bytes) -> str:
        self.socket.send_binary(frame_of(kind, *values))
        return self.verdict(kind)

    def verdict(self, kind: int) -> str:
        while True:
            frame = self.socket.recv()
            if frame[2] == kind:
                return frame[7:8].decode()
            self.waiting.append(frame)

    def entries(self, least: int = 1) -> list[Entry]:
        """Decode data frames until at least so many entries are there."""
        found: list[Entry] = []
        while len(found) < least:
            frame = self.waiting.pop(0) if self.waiting else self.socket.recv()
            if frame[2] == DATA:
                number, count = struct.unpack_from(">IH", frame, 3)
                self.numbers.append(number)
                entries = list(self._decode(frame))
                assert len(entries) == count
                found += entries
        return found

    def until(self, topic: str, kind: str = "update", most: int = 400) -> Entry:
        """The next entry of a topic."""
        for _ in range(most):
            for entry in self.entries():
                if (entry.topic, entry.kind) == (topic, kind):
                    return entry
        raise AssertionError(f"no {kind} of {topic} in {most} frames")

    def _decode(self, frame: bytes) -> Iterator[Entry]:
        offset = 9
        while offset < len(frame):
            kind, number = struct.unpack_from(">BH", frame, offset)
            offset += 3
            if kind == 76:
                yield Entry("lite", self.topics[number], struct.unpack_from(">i", frame, offset))
                offset += 4
                continue
            if kind == 83:
                length = frame[offset]
                self.topics[number] = frame[offset + 1 : offset + 1 + length].decode()
                offset += 1 + length
            count = frame[offset]
            values = struct.unpack_from(f">{count}i", frame, offset + 1)
            offset += 1 + 4 * count
            if kind == 83:
                assert struct.unpack_from(">HB", frame, offset + 2) == (1, 2)
                offset += 5
                for _ in range(3):
                    offset += 1 + frame[offset]
            yield Entry("snapshot" if kind == 83 else "update", self.topics[number], values)


@contextmanager
def data_client(program) -> Iterator[DataClient]:
    claims = json.loads(base64.urlsafe_b64decode(program.endpoints.access_token.split(".")[1] + "==="))
    socket = create_connection(program.endpoints.data_socket, timeout=PATIENCE_SECONDS)
    try:
        yield DataClient(socket, claims["hsm_key"])
    finally:
        socket.close()


@pytest.fixture
def client(program) -> Iterator[DataClient]:
    with data_client(program) as connected:
        assert connected.sign_in() == "K"
        yield connected


def test_a_subscription_starts_with_a_whole_snapshot_and_goes_on_with_changes(program, client) -> None:
    assert client.subscribe(SBIN, NIFTY) == "K"
    share, index = client.entries(2)[:2]
    assert (share.kind, share.topic, len(share.values)) == ("snapshot", SBIN, 21)
    assert (index.kind, index.topic, len(index.values)) == ("snapshot", NIFTY, 6)
    assert abs(share.values[0] / 100 - program.last_price()) < 5
    update = client.until(SBIN)
    assert len(update.values) == 21
    assert ABSENT in update.values
    assert update.values[1] > share.values[1]
    assert client.numbers == list(range(1, len(client.numbers) + 1))


def test_updates_add_up_to_the_state_of_the_quotes_call(program, client) -> None:
    client.subscribe(SBIN)
    state = list(client.entries()[0].values)
    for _ in range(8):
        for entry in client.entries():
            state = [new if new != ABSENT else old for new, old in zip(entry.values, state, strict=True)]
    depth = program.call("GET", "/data/depth", symbol="NSE:SBIN-EQ", ohlcv_flag="1").body["d"]["NSE:SBIN-EQ"]
    assert state[14] / 100 <= depth["h"]
    assert state[13] / 100 >= depth["l"]
    assert (state[17] / 100, state[18] / 100) == (depth["lower_ckt"], depth["upper_ckt"])
    assert (state[19] / 100, state[20] / 100) == (depth["o"], depth["c"])
    assert state[1] <= depth["v"]


def test_every_quote_of_the_market_reaches_the_wire_at_full_speed(connect, calendar) -> None:
    market = GeneratedMarket(calendar, 7)
    options = SimulatorOptions(clock_start=MORNING, clock_speed=600)
    with running_simulator(options, calendar, market) as fast, data_client(connect(fast.endpoints)) as client:
        client.sign_in()
        client.subscribe(SBIN, INFY)
        heard = {SBIN: [], INFY: []}
        for entry in client.entries(1_500):
            before = heard[entry.topic][-1] if heard[entry.topic] else (0,) * 21
            merged = (new if new != ABSENT else old for new, old in zip(entry.values, before, strict=True))
            heard[entry.topic].append(tuple(merged))
    for topic, symbol in ((SBIN, "NSE:SBIN-EQ"), (INFY, "NSE:INFY-EQ")):
        told = [(second, ltp, volume) for ltp, volume, second, *_ in heard[topic]]
        first, last = told[0][0] * SECOND, told[-1][0] * SECOND + SECOND
        quotes = [quote for quote in market.quotes(first - SECOND, last) if quote.symbol == symbol]
        made = [(quote.at // SECOND, quote.ltp, quote.volume) for quote in quotes]
        start = made.index(told[0])
        assert told == made[start : start + len(told)]


def test_a_wrong_key_is_refused_and_gets_no_data(program) -> None:
    with data_client(program) as client:
        assert client.sign_in("0" * 56) == "N"
        assert client.subscribe(SBIN) == "N"
        client.socket.settimeout(0.3)
        with pytest.raises(WebSocketTimeoutException):
            client.socket.recv()


def test_an_authorization_header_gets_a_socket_that_never_answers(program) -> None:
    header = [f"Authorization: {program.authorization}"]
    socket = create_connection(program.endpoints.data_socket, timeout=0.5, header=header)
    socket.send_binary(frame_of(1, b"key", b"P", b"\x01", b"test"))
    with pytest.raises(WebSocketTimeoutException):
        socket.recv()
    socket.close()


def test_an_unsubscribed_topic_falls_silent(client) -> None:
    client.subscribe(SBIN, INFY)
    client.entries(2)
    client.send(5, topics_of(SBIN), bytes([11]))
    client.waiting.clear()
    heard = {entry.topic for entry in client.entries(10)}
    assert heard == {INFY}


def test_a_paused_channel_is_silent_and_catches_up_when_resumed(client) -> None:
    client.subscribe(SBIN, channel=11)
    client.subscribe(INFY, channel=12)
    client.entries(2)
    mask = struct.pack(">Q", 1 << 11)
    assert client.send(PAUSED, mask) == "K"
    client.waiting.clear()
    assert {entry.topic for entry in client.entries(8)} == {INFY}
    assert client.send(RESUMED, mask) == "K"
    assert client.until(SBIN).values[1] != ABSENT


def test_lite_mode_tells_the_last_price_alone_and_full_mode_starts_with_a_snapshot(client) -> None:
    mask = struct.pack(">Q", 1 << 11)
    assert client.send(MODE, mask, b"L") == "K"
    client.subscribe(SBIN, NIFTY)
    assert {entry.kind for entry in client.entries(2)[:2]} == {"snapshot"}
    lite = client.entries(6)
    assert {entry.kind for entry in lite} == {"lite"}
    assert all(len(entry.values) == 1 and entry.values[0] > 0 for entry in lite)
    assert client.send(MODE, mask, b"F") == "K"
    assert client.until(SBIN, "snapshot").values[0] > 0
    assert client.until(SBIN).kind == "update"


def test_depth_comes_with_thirty_values(client) -> None:
    client.subscribe("dp|nse_cm|3045")
    snapshot = client.entries()[0]
    assert len(snapshot.values) == 30
    assert snapshot.values[0] < snapshot.values[5], "the best bid lies below the best ask"


def test_unknown_topics_and_broken_frames_do_no_harm(client) -> None:
    assert client.subscribe("sf|nse_cm|1", "nonsense", SBIN) == "K"
    client.socket.send_binary(b"\x00\x00\x63\x01")
    client.socket.send_binary(b"\x00\x01\x0b")
    client.socket.send_binary(bytes.fromhex("0009030101000400000007"))
    assert client.until(SBIN).topic == SBIN


def test_more_topics_than_the_plan_allows_are_refused_in_words(connect, calendar) -> None:
    options = SimulatorOptions(most_topics=2)
    with running_simulator(options, calendar) as small, data_client(connect(small.endpoints)) as client:
        client.sign_in()
        assert client.subscribe(SBIN, INFY) == "K"
        client.socket.send_binary(frame_of(4, topics_of(NIFTY), bytes([11])))
        frame = next(frame for frame in iter(client.socket.recv, None) if frame[2] != DATA)
        assert (frame[2], struct.unpack_from(">i", frame, 7)[0]) == (51, 51_001)
        assert client.verdict(SUBSCRIBED) == "N"


def test_a_dropped_socket_ends_without_a_word(simulator, client) -> None:
    client.subscribe(SBIN)
    simulator.arm(FaultKind.DROP_DATA_SOCKET)
    with pytest.raises((WebSocketConnectionClosedException, ConnectionError)):
        client.entries(10_000)


def test_a_stalled_socket_stays_open_and_says_nothing(simulator, client) -> None:
    client.subscribe(SBIN)
    client.entries(2)
    simulator.arm(FaultKind.STALL_DATA_SOCKET, times=None)
    client.socket.settimeout(0.4)
    with pytest.raises(WebSocketTimeoutException):
        client.entries(10_000)
    simulator.clear()
    client.socket.settimeout(PATIENCE_SECONDS)
    assert client.until(SBIN).topic == SBIN


def test_a_slow_handshake_is_slow_and_then_works(program, simulator) -> None:
    simulator.arm(FaultKind.HANDSHAKE_DELAY, path="/hsm", seconds=6)
    with pytest.raises(WebSocketTimeoutException):
        create_connection(program.endpoints.data_socket, timeout=0.15)
    with data_client(program) as client:
        assert client.sign_in() == "K"


def spoiled(simulator, client, kind: FaultKind) -> list[Entry]:
    client.subscribe(SBIN)
    client.entries(3)
    simulator.arm(kind, symbol="NSE:SBIN-EQ")
    return client.entries(10)


def test_a_zero_tick_reaches_the_wire_once(simulator, client) -> None:
    prices = [entry.values[0] for entry in spoiled(simulator, client, FaultKind.ZERO_TICK)]
    assert prices.count(0) == 1


def test_a_negative_tick_reaches_the_wire_once(simulator, client) -> None:
    prices = [entry.values[0] for entry in spoiled(simulator, client, FaultKind.NEGATIVE_TICK)]
    assert sum(ABSENT < price < 0 for price in prices) == 1


def test_a_duplicate_tick_is_a_whole_repeat(simulator, client) -> None:
    entries = spoiled(simulator, client, FaultKind.DUPLICATE_TICK)
    whole = [entry for entry in entries if ABSENT not in (*entry.values[:15], *entry.values[17:])]
    assert len(whole) == 1


def test_an_out_of_order_tick_takes_volume_and_time_backwards(simulator, client) -> None:
    entries = spoiled(simulator, client, FaultKind.OUT_OF_ORDER_TICK)
    volumes = [entry.values[1] for entry in entries if entry.values[1] != ABSENT]
    assert sum(after < before for before, after in pairwise(volumes)) == 1
