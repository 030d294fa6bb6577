"""Binary data-socket frames to integers. The SDK takes over 10 microseconds a tick and loses a frame to one bad item.

A frame is walked item by item; a bad item is skipped by its declared length and counted. A snapshot binds a topic id
to a topic for this connection only, so a decoder lives as long as its connection. What an item means is the topic's
business: `QuoteTopic` and `IndexTopic` read the few fields a tick needs and ask the `PriceGate`.

Layout (big-endian): `u16 length | 06 | u32 number | u16 count | items`. An update is `55 | u16 id | u8 n | i32 * n`, a
lite item `4c | u16 id | i32`, a snapshot stands at `_read_snapshot`. -2^31 means "as before".
"""

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from core.instants import SECOND, Instant
from trading.price_gate import FeedCounts, PriceGate

ABSENT = -(2**31)
_HEADER_SIZE = 9
_SNAPSHOT, _UPDATE, _LITE = b"SUL"

_read_count = struct.Struct(">7xH").unpack_from
_read_item = struct.Struct(">BHB").unpack_from
_read_price = struct.Struct(">i").unpack_from
_read_scale = struct.Struct(">2xHB").unpack_from
_read_quote = struct.Struct(">2i4xi8x2i").unpack_from  # last price, volume, exchange time, bid and ask of an sf item
_read_index = struct.Struct(">i4xi").unpack_from  # last price and exchange time of an if item
_QUOTE_FIELDS = 8
_INDEX_FIELDS = 3
_PADDING = struct.pack(">i", ABSENT) * _QUOTE_FIELDS
_SCALE_SIZE = 5
_WRAP = 2**32  # a volume beyond 2^31 arrives as a negative number
_LAST_PRICE = 0
_PREVIOUS_CLOSE = {"sf": 20, "if": 1}


class Topic(Protocol):
    """What listens behind a topic id."""

    def update(self, frame: bytes, offset: int, count: int, heard_at: Instant) -> None:
        """Take `count` numbers that start at `offset`; they are known to lie inside the frame."""
        ...

    def lite(self, price: int, heard_at: Instant) -> None:
        """Take a last price."""
        ...


class Snapshot(NamedTuple):
    """The introduction of a topic: its name, its numbers and their scale."""

    topic: str
    offset: int
    """Where its numbers begin in the frame."""
    values: tuple[int, ...]
    multiplier: int
    precision: int
    token: str
    """Exchange token as the server names it; empty for some indices."""

    @property
    def divisor(self) -> int:
        """What a raw price is divided by to make rupees."""
        return int(10**self.precision) * self.multiplier

    def value(self, place: int) -> int:
        """One of the numbers, or 0 where the server left it out."""
        return self.values[place] if place < len(self.values) and self.values[place] != ABSENT else 0


class FrameDecoder:
    """Walks the data frames of one connection and hands each item to its topic. Never raises for what a frame holds.

    `open_topic` is asked at every snapshot; None means that items of this id are not wanted.
    """

    def __init__(self, open_topic: Callable[[Snapshot], Topic | None], counts: FeedCounts) -> None:
        self._open_topic = open_topic
        self._counts = counts
        self._topics: dict[int, Topic] = {}

    def decode(self, frame: bytes, heard_at: Instant) -> None:
        """Take one data frame that arrived at a market time."""
        size = len(frame)
        if size < _HEADER_SIZE:
            self._counts.truncated += 1
            return
        offset, topics = _HEADER_SIZE, self._topics
        for _ in range(_read_count(frame)[0]):
            start = offset + 4
            if start > size:
                self._counts.truncated += 1
                return
            kind, topic_id, count = _read_item(frame, offset)
            if kind == _UPDATE:
                offset = start + 4 * count
            elif kind == _LITE:
                offset = start + 3
            elif kind == _SNAPSHOT:
                offset = self._bind(frame, start, topic_id, heard_at)
            else:
                self._counts.unreadable += 1
                return
            if offset > size:
                self._counts.truncated += 1
                return
            topic = topics.get(topic_id)
            if topic is None:
                self._counts.unbound += 1
            elif kind == _UPDATE:
                topic.update(frame, start, count, heard_at)
            elif kind == _LITE:
                topic.lite(_read_price(frame, start - 1)[0], heard_at)

    def _bind(self, frame: bytes, start: int, topic_id: int, heard_at: Instant) -> int:
        """Bind an id anew by the snapshot at `start`; returns the end, which is past the frame if cut short."""
        try:
            snapshot, end = _read_snapshot(frame, start)
        except (IndexError, struct.error):
            return len(frame) + 1
        topic = self._open_topic(snapshot)
        if topic is None:
            self._topics.pop(topic_id, None)
        else:
            self._topics[topic_id] = topic
            topic.update(frame, snapshot.offset, len(snapshot.values), heard_at)
        return end


def _read_snapshot(frame: bytes, start: int) -> tuple[Snapshot, int]:
    """Read `u8 n + topic | u8 n | i32 * n | 2 unused | u16 multiplier | u8 precision | exchange, token, symbol`.

    The last three are texts with a length byte. Raises `IndexError` or `struct.error` where the frame ends too early.
    """
    name, offset = _read_text(frame, start - 1)
    count = frame[offset]
    values_at = offset + 1
    values = struct.unpack_from(f">{count}i", frame, values_at)
    offset = values_at + 4 * count
    multiplier, precision = _read_scale(frame, offset)
    _, offset = _read_text(frame, offset + _SCALE_SIZE)
    token, offset = _read_text(frame, offset)
    _, offset = _read_text(frame, offset)
    return Snapshot(name, values_at, values, multiplier, precision, token), offset


def _read_text(frame: bytes, offset: int) -> tuple[str, int]:
    end = offset + 1 + frame[offset]
    if end > len(frame):
        raise IndexError(f"text of {frame[offset]} bytes at {offset} in a frame of {len(frame)}")
    return frame[offset + 1 : end].decode("utf-8", "replace"), end


class QuoteTopic:
    """An `sf` topic: remembers what the wire last said of five fields, because an update names changes only.

    What the gate refuses is remembered too: the server counts the next changes from what it sent, not from what we
    believed.
    """

    __slots__ = ("_ask", "_at", "_bid", "_gate", "_ltp", "_volume")

    def __init__(self, gate: PriceGate) -> None:
        self._gate = gate
        self._ltp = self._volume = self._at = self._bid = self._ask = 0

    def update(self, frame: bytes, offset: int, count: int, heard_at: Instant) -> None:
        """Offer the gate a tick of what changed and what stayed."""
        if count < _QUOTE_FIELDS:
            frame, offset = frame[offset : offset + 4 * count] + _PADDING, 0
        ltp, volume, second, bid, ask = _read_quote(frame, offset)
        restated = ltp != ABSENT
        if not restated:
            ltp = self._ltp
        if volume == ABSENT:
            volume = self._volume
        elif volume < 0:
            volume += _WRAP
        at = self._at if second == ABSENT else second * SECOND
        if bid == ABSENT:
            bid = self._bid
        if ask == ABSENT:
            ask = self._ask
        self._ltp = ltp
        self._volume = volume
        self._at = at
        self._bid = bid
        self._ask = ask
        self._gate.offer(ltp, volume, at, bid, ask, restated, heard_at)

    def lite(self, price: int, heard_at: Instant) -> None:
        """Offer the gate a last price; without a time of its own it counts as of now."""
        if price != ABSENT:
            self._ltp = price
            self._gate.offer(price, self._volume, heard_at, self._bid, self._ask, True, heard_at)


class IndexTopic:
    """An `if` topic: a price and a time, nothing to trade."""

    __slots__ = ("_at", "_gate", "_ltp")

    def __init__(self, gate: PriceGate) -> None:
        self._gate = gate
        self._ltp = self._at = 0

    def update(self, frame: bytes, offset: int, count: int, heard_at: Instant) -> None:
        """Offer the gate the index value."""
        if count < _INDEX_FIELDS:
            frame, offset = frame[offset : offset + 4 * count] + _PADDING, 0
        ltp, second = _read_index(frame, offset)
        restated = ltp != ABSENT
        if not restated:
            ltp = self._ltp
        at = self._at if second == ABSENT else second * SECOND
        self._ltp = ltp
        self._at = at
        self._gate.offer(ltp, 0, at, 0, 0, restated, heard_at)

    def lite(self, price: int, heard_at: Instant) -> None:
        """Offer the gate the index value as of now."""
        if price != ABSENT:
            self._ltp = price
            self._gate.offer(price, 0, heard_at, 0, 0, True, heard_at)


class GatedTopics:
    """Opens checked topics for a decoder: the topics we asked for, in the scale their instruments have."""

    def __init__(
        self, gates: Mapping[str, PriceGate], counts: FeedCounts, on_freeze: Callable[[str, str], object]
    ) -> None:
        """`gates` are by topic name; `on_freeze` is told the symbol and why none of its prices can be used."""
        self._gates = gates
        self._counts = counts
        self._on_freeze = on_freeze

    def __call__(self, snapshot: Snapshot) -> Topic | None:
        """Return the topic of a snapshot, or None when it is not ours or cannot be trusted."""
        gate = self._gates.get(snapshot.topic)
        if gate is None:
            return None
        kind, _, token = snapshot.topic.split("|", 2)
        instrument = gate.instrument
        if kind == "sf" and snapshot.token not in {"", token}:
            self._counts.mismatched += 1
            self._on_freeze(instrument.symbol, f"its topic {snapshot.topic} came with the token {snapshot.token!r}")
            return None
        if snapshot.divisor != 10**instrument.scale:
            self._counts.mismatched += 1
            self._on_freeze(
                instrument.symbol,
                f"the feed's precision {snapshot.precision} and multiplier {snapshot.multiplier} do not make the "
                f"instrument's scale {instrument.scale}",
            )
            return None
        gate.expect(snapshot.value(_PREVIOUS_CLOSE[kind]), snapshot.value(_LAST_PRICE))
        return QuoteTopic(gate) if kind == "sf" else IndexTopic(gate)
