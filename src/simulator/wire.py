"""The data socket's binary language: reads what a client sends, writes what the server answers.

All frames are big-endian. A frame is `u16 length | u8 type | u8 field count | { u8 id | u16 length | value }*`, except
the ping (`00 01 0b`) and the data frame, whose entries are described at their functions. A data value is a signed
32-bit number; `ABSENT` means "as before".
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from core.errors import DataError
from core.instants import SECOND
from core.market import Instrument
from simulator.market import Quote

ABSENT = -(2**31)
PING = b"\x00\x01\x0b"
DEFAULT_CHANNEL = 11
LITE = ord("L")
DEPTH_LEVELS = 5
_LONGEST_FRAME = 60_000


class FrameType(IntEnum):
    """Byte 2 of every frame."""

    AUTHENTICATE = 1
    ACKNOWLEDGE = 3
    SUBSCRIBE = 4
    UNSUBSCRIBE = 5
    DATA = 6
    PAUSE = 7
    RESUME = 8
    MODE = 12
    MESSAGE = 51


@dataclass(frozen=True, slots=True)
class Authenticate:
    """The first frame of a client."""

    hsm_key: str
    source: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Wants topics such as `sf|nse_cm|3045` on a channel, or wants them no more."""

    topics: tuple[str, ...]
    channel: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class SwitchChannels:
    """Pauses or resumes channels."""

    channels: frozenset[int]
    paused: bool


@dataclass(frozen=True, slots=True)
class SetMode:
    """Wants lite (last price only) or full quotes on channels."""

    channels: frozenset[int]
    lite: bool


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Confirms data up to a message number."""

    number: int


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life; never answered."""


ClientMessage: TypeAlias = Authenticate | Subscribe | SwitchChannels | SetMode | Acknowledge | Ping


def decode_client_frame(frame: bytes) -> ClientMessage:
    """Read one client frame. The length at its start is ignored: the FYERS SDK writes it wrong, and FYERS copes.

    Raises `DataError` for a frame that is cut short or of an unknown type.
    """
    if frame == PING:
        return Ping()
    try:
        fields = dict(_fields(frame))
        match frame[2]:
            case FrameType.AUTHENTICATE:
                return Authenticate(fields[1].decode("ascii"), fields.get(4, b"").decode("ascii"))
            case FrameType.SUBSCRIBE | FrameType.UNSUBSCRIBE as kind:
                channel = fields.get(2, bytes([DEFAULT_CHANNEL]))[0]
                return Subscribe(tuple(_topics(fields[1])), channel, kind == FrameType.SUBSCRIBE)
            case FrameType.PAUSE | FrameType.RESUME as kind:
                return SwitchChannels(_channels(fields[1]), kind == FrameType.PAUSE)
            case FrameType.MODE:
                return SetMode(_channels(fields[1]), fields[2][0] == LITE)
            case FrameType.ACKNOWLEDGE:
                return Acknowledge(int.from_bytes(fields[1]))
            case unknown:
                raise DataError(f"client frame of unknown type {unknown}: {frame[:16].hex(' ')}")
    except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
        raise DataError(f"client frame cut short or malformed ({error}): {frame[:16].hex(' ')}") from error


def _fields(frame: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 4
    for _ in range(frame[3]):
        name, length = struct.unpack_from(">BH", frame, offset)
        value = frame[offset + 3 : offset + 3 + length]
        if len(value) < length:
            raise IndexError(f"field {name} has {len(value)} of {length} bytes")
        yield name, value
        offset += 3 + length


def _topics(value: bytes) -> Iterator[str]:
    offset = 2
    for _ in range(int.from_bytes(value[:2])):
        length = value[offset]
        yield value[offset + 1 : offset + 1 + length].decode("ascii")
        offset += 1 + length


def _channels(value: bytes) -> frozenset[int]:
    mask = int.from_bytes(value)
    return frozenset(channel for channel in range(1, 64) if mask >> channel & 1)


def reply_frame(kind: FrameType, accepted: bool) -> bytes:
    """Answer to a subscribe, unsubscribe, pause, resume or mode frame."""
    return _frame(kind, (1, b"K" if accepted else b"N"))


def authentication_frame(accepted: bool) -> bytes:
    """Answer to the first frame, in the live server's layout: verdict, a two-byte field, the schema of the entries."""
    if not accepted:
        return _frame(FrameType.AUTHENTICATE, (1, b"N"))
    schema = b'{"sf":21,"if":6,"dp":30}'
    return _frame(FrameType.AUTHENTICATE, (1, b"K"), (2, b"\x00\x02"), (3, schema))


def message_frame(code: int, text: str, about: FrameType) -> bytes:
    """A refusal in words, for example code 51001: more symbols than the plan allows."""
    return _frame(FrameType.MESSAGE, (1, struct.pack(">i", code)), (2, text.encode()), (3, bytes([about])))


def _frame(kind: FrameType, *fields: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">BH", name, len(value)) + value for name, value in fields)
    return struct.pack(">HBB", len(body) + 2, kind, len(fields)) + body


def data_frames(first_number: int, entries: Iterable[bytes]) -> list[bytes]:
    """Pack entries, in order, into as few data frames as the 16-bit length allows; numbers count up from the first."""
    frames: list[bytes] = []
    batch: list[bytes] = []
    size = 0
    for entry in entries:
        if size + len(entry) > _LONGEST_FRAME:
            frames.append(_data_frame(first_number + len(frames), batch))
            batch, size = [], 0
        batch.append(entry)
        size += len(entry)
    if batch:
        frames.append(_data_frame(first_number + len(frames), batch))
    return frames


def _data_frame(number: int, entries: Sequence[bytes]) -> bytes:
    body = b"".join(entries)
    return struct.pack(">HBIH", len(body) + 7, FrameType.DATA, number, len(entries)) + body


def snapshot_entry(topic_id: int, topic: str, values: Sequence[int], instrument: Instrument) -> bytes:
    """All values of a topic and how to scale its prices: rupees = raw / (10^precision * multiplier)."""
    name = topic.encode("ascii")
    exchange, ticker = instrument.symbol.split(":", 1)
    texts = (exchange.lower() + "_cm", instrument.token[10:], ticker)
    tail = b"".join(bytes([len(text)]) + text.encode("ascii") for text in texts)
    head = struct.pack(">BHB", 83, topic_id, len(name)) + name
    return head + _numbers(values) + struct.pack(">HHB", 0, 1, instrument.scale) + tail


def update_entry(topic_id: int, values: Sequence[int], before: Sequence[int]) -> bytes:
    """The values that changed; a state equal to the one before is repeated whole, so that a repeat is seen as one."""
    if values == before:
        return struct.pack(">BH", 85, topic_id) + _numbers(values)
    news = [new if new != old else ABSENT for new, old in zip(values, before, strict=True)]
    return struct.pack(">BH", 85, topic_id) + _numbers(news)


def lite_entry(topic_id: int, ltp: int) -> bytes:
    """The last price alone."""
    return struct.pack(">BHi", 76, topic_id, _wrap(ltp))


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f">B{len(values)}i", len(values), *map(_wrap, values))


def _wrap(value: int) -> int:
    # A volume above 2^31 comes out negative, as it does from any signed 32-bit field.
    return value if ABSENT <= value < 2**31 else (value + 2**31) % 2**32 - 2**31


def symbol_values(quote: Quote, instrument: Instrument) -> tuple[int, ...]:
    """The 21 values of an `sf` topic, in the order of the wire; open interest is 0, yearly high and low absent."""
    second = quote.at // SECOND
    return (
        quote.ltp,
        quote.volume,
        second,
        second,
        quote.bid_size,
        quote.ask_size,
        quote.bid,
        quote.ask,
        quote.last_quantity,
        quote.total_buy,
        quote.total_sell,
        quote.average,
        0,
        quote.low,
        quote.high,
        ABSENT,
        ABSENT,
        instrument.lower_band or 0,
        instrument.upper_band or 0,
        quote.open,
        quote.previous_close,
    )


def index_values(quote: Quote) -> tuple[int, ...]:
    """The 6 values of an `if` topic. The live schema lists two more, which the SDK would mistake for names."""
    return quote.ltp, quote.previous_close, quote.at // SECOND, quote.high, quote.low, quote.open


@dataclass(frozen=True, slots=True)
class DepthLevel:
    """One price of the book."""

    price: int
    size: int
    orders: int


def depth_levels(touch: int, size: int, step: int) -> tuple[DepthLevel, ...]:
    """Five levels behind a touch price; a `step` below zero goes down. Sizes grow away from the touch by a fixed rule.

    Without a touch (an index, a locked circuit) every level is empty.
    """
    if touch == 0:
        return (DepthLevel(0, 0, 0),) * DEPTH_LEVELS
    return tuple(
        DepthLevel(touch + place * step, size * (place + 1), 1 + size * (place + 1) // 100)
        for place in range(DEPTH_LEVELS)
    )


def depth_values(quote: Quote, instrument: Instrument) -> tuple[int, ...]:
    """The 30 values of a `dp` topic: prices, sizes and order counts, bids before asks in each."""
    bids = depth_levels(quote.bid, quote.bid_size, -instrument.tick)
    asks = depth_levels(quote.ask, quote.ask_size, instrument.tick)
    levels = (*bids, *asks)
    return (
        *(level.price for level in levels),
        *(level.size for level in levels),
        *(level.orders for level in levels),
    )
