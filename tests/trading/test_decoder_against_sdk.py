"""Our decoder and the SDK's parser read the same frames and must find the same numbers.

SDK habits that are not copied, and how the frames or the comparison allow for them:

* It drops open interest and the yearly range from its messages and sets both circuit limits to 0; its inner record
  keeps them, so the record is compared too.
* It takes the 22nd and 23rd number of a quote (7th and 8th of an index, 31st and 32nd of a depth) for the type and
  the symbol, and loses the rest of the frame at one more; ours skips numbers it has no place for. None is made here.
* It does not know the length of a lite item with an unknown id and misreads what follows: such an item comes last.
* It forgets no old kind: an id that goes from a quote to an index keeps feeding the quote. Ids move within a kind.
* It keeps one record per topic; two ids of one topic share it. A topic has one id at a time here, as on the wire.
* It stops at a lite item of a topic without a last price, and at an index whose previous close is 0.
* It delivers a quote again when only sizes change; a `Tick` has no sizes.
"""

import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.instants import SECOND, Instant
from core.market import Instrument, Tick
from trading.frame_decoder import ABSENT, FrameDecoder, GatedTopics, Snapshot
from trading.price_gate import FeedCounts, PriceGate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK imports the deprecated pkg_resources
    from fyers_apiv3.FyersWebsocket.data_ws import FyersDataSocket

FRAMES = 100_000
LITE_FRAMES = 10_000
WIDTHS = {"sf": 21, "if": 6, "dp": 30}
TOPICS = (
    *(f"sf|nse_cm|{2000 + place}" for place in range(12)),
    *(f"if|nse_cm|Nifty {50 + place}" for place in range(4)),
    *(f"dp|nse_cm|{2000 + place}" for place in range(4)),
)
NAMES = {topic: f"NSE:{topic.rsplit('|', 1)[1]}" for topic in TOPICS}
UNKNOWN_ID = 60_000

Parse = Callable[[bytes], None]
Message = dict[str, Any]


class Oracle:
    """The SDK's parser alone: no thread and no socket."""

    def __init__(self, lite: bool, log_folder: Path) -> None:
        self.messages: list[Message] = []
        FyersDataSocket._instance = None  # a singleton: without this the maps of the last one stay
        self.socket = FyersDataSocket(
            access_token="A:B", litemode=lite, log_path=str(log_folder), on_message=self.messages.append
        )
        self.socket.symbol_token.update(NAMES)
        self.parse: Parse = self.socket._FyersDataSocket__response_msg

    def record(self, topic: str) -> dict[str, int]:
        return {name: value for name, value in self.socket.resp[topic].items() if name in self.fields(topic)}

    def fields(self, topic: str) -> list[str]:
        kind = topic[:2]
        names = {"sf": self.socket.data_val, "if": self.socket.index_val, "dp": self.socket.depthvalue}[kind]
        return list(names[: WIDTHS[kind]])


class RawTopic:
    """Any topic, unchecked: every number the wire has said so far, merged. Tells its sink when one of them changed."""

    def __init__(self, snapshot: Snapshot, sink: Callable[[Snapshot, list[int]], object]) -> None:
        self._snapshot = snapshot
        self._sink = sink
        self.values: list[int] = [ABSENT] * WIDTHS[snapshot.topic[:2]]

    def update(self, frame: bytes, offset: int, count: int, heard_at: Instant) -> None:
        """Merge the numbers this kind of topic has a place for; more of them are skipped."""
        changed = False
        for place, value in enumerate(struct.unpack_from(f">{min(count, len(self.values))}i", frame, offset)):
            if value not in {ABSENT, self.values[place]}:
                self.values[place] = value
                changed = True
        if changed:
            self._sink(self._snapshot, self.values)

    def lite(self, price: int, heard_at: Instant) -> None:
        """Merge a last price."""
        if price not in {ABSENT, self.values[0]}:
            self.values[0] = price
            self._sink(self._snapshot, self.values)


class Ours:
    """Our raw layer, with its findings written as the SDK writes them."""

    def __init__(self, oracle: Oracle, lite: bool) -> None:
        self.messages: list[Message] = []
        self.topics: dict[str, RawTopic] = {}
        self._oracle, self._lite = oracle, lite
        self.counts = FeedCounts()
        self.decoder = FrameDecoder(self._open, self.counts)

    def _open(self, snapshot: Snapshot) -> RawTopic:
        topic = self.topics[snapshot.topic] = RawTopic(snapshot, self._heard)
        return topic

    def _heard(self, snapshot: Snapshot, values: list[int]) -> None:
        self.messages.append(as_sdk_message(snapshot, values, self._oracle.fields(snapshot.topic), self._lite))


def as_sdk_message(snapshot: Snapshot, values: Sequence[int], names: Sequence[str], lite: bool) -> Message:
    kind = snapshot.topic[:2]
    known = {name: value for name, value in zip(names, values, strict=True) if value != ABSENT}
    scaled = {
        name: value / snapshot.divisor if ("price" in name or name == "ltp") else value for name, value in known.items()
    }
    identity = {"symbol": NAMES[snapshot.topic], "type": kind}
    if lite:
        return {"ltp": scaled["ltp"], **identity}
    message = scaled | identity
    if kind == "sf":
        message = {name: value for name, value in message.items() if name not in {"OI", "Yhigh", "Ylow"}}
        message |= {"lower_ckt": 0, "upper_ckt": 0}
    close = message.get("prev_close_price", 0)
    if kind != "dp" and close and "ltp" in message:
        digits = 4 if kind == "sf" else 2
        message["ch"] = round(message["ltp"] - close, digits)
        message["chp"] = round(message["ch"] / close * 100, digits)
    return message


class Wire:
    """Composes frames from chance; keeps the id of each topic."""

    def __init__(self, seed: int, topics: Sequence[str]) -> None:
        self._chance = np.random.default_rng(seed)
        self._ids = {topic: 100 + place for place, topic in enumerate(topics)}
        self._topics = topics

    def opening(self) -> bytes:
        return data_frame([self._snapshot(topic, self._numbers(30)) for topic in self._topics])

    def frames(self, count: int) -> Iterator[bytes]:
        for _ in range(0, count, 1_000):
            draws = self._chance.integers(0, 1_000, (1_000, 5, 4)).tolist()
            for items in draws:
                size = 1 + items[0][0] % 4
                yield data_frame([item for draw in items[1 : 1 + size] for item in self._items(*draw[:3])], items[0])

    def _items(self, what: int, which: int, count: int) -> list[bytes]:
        topic = self._topics[which % len(self._topics)]
        width = WIDTHS[topic[:2]]
        if what < 20:
            return [self._snapshot(topic, self._numbers(1 + count % width))]
        if what < 30:
            return self._swap(topic)
        if what < 150 and topic[:2] != "dp":
            return [struct.pack(">BHi", 76, self._ids[topic], self._numbers(1)[0])]
        topic_id = UNKNOWN_ID if what > 980 else self._ids[topic]
        numbers = self._numbers(width if count < 700 else count % (width + 1))
        return [struct.pack(f">BHB{len(numbers)}i", 85, topic_id, len(numbers), *numbers)]

    def _swap(self, topic: str) -> list[bytes]:
        """Two topics of a kind exchange ids, as a server does that numbers anew."""
        other = next(name for name in reversed(self._topics) if name[:2] == topic[:2])
        self._ids[topic], self._ids[other] = self._ids[other], self._ids[topic]
        return [self._snapshot(name, self._numbers(WIDTHS[name[:2]])) for name in (topic, other)]

    def _numbers(self, count: int) -> list[int]:
        # Small numbers repeat often, so that "unchanged" is met without the sentinel too; large ones use every bit.
        draws = self._chance.integers(-(2**31), 2**31, count).tolist()
        return [ABSENT if draw % 3 == 0 else draw % 5 + 1 if draw % 3 == 1 else draw for draw in draws]

    def _snapshot(self, topic: str, numbers: list[int]) -> bytes:
        numbers = [7 if numbers[0] == ABSENT else numbers[0], *numbers[1 : WIDTHS[topic[:2]]]]
        scale = (1, 2) if numbers[0] % 4 else (100, 0)
        return snapshot_item(self._ids[topic], topic, numbers, *scale)


def snapshot_item(topic_id: int, topic: str, numbers: Sequence[int], multiplier: int, precision: int) -> bytes:
    texts = (topic, "nse_cm", topic.rsplit("|", 1)[1], "NAME")
    name, *rest = (bytes([len(text)]) + text.encode() for text in texts)
    head = struct.pack(">BH", 83, topic_id) + name + struct.pack(f">B{len(numbers)}i", len(numbers), *numbers)
    return head + struct.pack(">HHB", 0, multiplier, precision) + b"".join(rest)


def data_frame(items: Sequence[bytes], draw: Sequence[int] = (0, 0, 0, 0)) -> bytes:
    tail = [struct.pack(">BHi", 76, UNKNOWN_ID, draw[2])] if draw[1] > 980 else []
    return struct.pack(">HBIH", 0, 6, draw[3], len(items) + len(tail)) + b"".join((*items, *tail))


@pytest.fixture
def fresh_sdk() -> Iterator[None]:
    yield
    FyersDataSocket._instance = None


@pytest.mark.hazard("V6")
@pytest.mark.usefixtures("fresh_sdk")
@pytest.mark.parametrize(("lite", "count"), [(False, FRAMES), (True, LITE_FRAMES)], ids=["full", "lite"])
def test_every_message_and_every_record_equals_the_sdk(lite: bool, count: int, tmp_path: Path) -> None:
    topics = [topic for topic in TOPICS if not lite or topic[:2] != "dp"]
    wire = Wire(seed=20_260_106, topics=topics)
    oracle = Oracle(lite, tmp_path)
    ours = Ours(oracle, lite)
    messages = 0
    frames = [wire.opening()]
    for number, frame in enumerate(wire.frames(count)):
        frames.append(frame)
        if number % 1_000 != 999:
            continue
        for each in frames:
            oracle.parse(each)
            ours.decoder.decode(each, 0)
        assert ours.messages == oracle.messages
        for topic in topics:
            names = oracle.fields(topic)
            values = ours.topics[topic].values
            found = {name: value for name, value in zip(names, values, strict=True) if value != ABSENT}
            assert found == oracle.record(topic)
        messages += len(oracle.messages)
        frames.clear()
        oracle.messages.clear()
        ours.messages.clear()
    assert messages > count, "the frames say too little to compare anything"
    assert ours.counts == FeedCounts(unbound=ours.counts.unbound)


@pytest.mark.usefixtures("fresh_sdk")
def test_checked_ticks_of_a_plausible_market_equal_the_sdk(tmp_path: Path) -> None:
    oracle = Oracle(False, tmp_path)
    ticks: list[Tick] = []
    counts = FeedCounts()
    topic = TOPICS[0]
    instrument = Instrument(symbol=NAMES[topic], token="10100000002000", tick=5)
    gates = {topic: PriceGate(instrument, ticks.append, counts)}
    decoder = FrameDecoder(GatedTopics(gates, counts, pytest.fail), counts)
    for frame in plausible_frames(topic, 20_000):
        oracle.parse(frame)
        decoder.decode(frame, 1_800_000_000 * SECOND)
    theirs: list[Tick] = []
    for message in oracle.messages:
        prices = (round(message[name] * 100) for name in ("ltp", "bid_price", "ask_price"))
        tick = Tick(message["symbol"], message["exch_feed_time"] * SECOND, *prices, message["vol_traded_today"])
        if not theirs or theirs[-1] != tick:
            theirs.append(tick)
    assert len(theirs) > 10_000
    assert ticks == theirs


def plausible_frames(topic: str, count: int) -> Iterator[bytes]:
    """A random walk in which every field is now and then left out."""
    chance = np.random.default_rng(5)
    state = [100_000, 0, 0, 1_795_150_000, 50, 60, 99_995, 100_005, *[7] * 12, 100_000]
    yield data_frame([snapshot_item(9, topic, state, 1, 2)])
    for steps, sizes, omitted in zip(
        chance.integers(-3, 4, count), chance.integers(1, 9, (count, 3)), chance.random((count, 21)) < 0.4, strict=True
    ):
        # The walk is pulled back to where it began, so that it stays within a fifth of the previous close.
        step = int(steps) * 5 - 5 * (state[0] > 105_000) + 5 * (state[0] < 95_000)
        state[0] += step
        state[1] += int(sizes[0]) if omitted[20] else 0
        state[3] += int(omitted[19])
        state[4:6] = [int(sizes[1]), int(sizes[2])]
        state[6:8] = [state[0] - 5, state[0] + 5]
        sent = [ABSENT if skip else value for skip, value in zip(omitted, state, strict=True)]
        yield data_frame([struct.pack(">BHB21i", 85, 9, 21, *sent)])
