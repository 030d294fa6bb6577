"""The data socket's small talk: what we say to the server, and what it answers beside prices.

A frame is `u16 length | u8 type | u8 field count | { u8 id | u16 length | value }*`, big-endian. The ping is the one
exception. Layout and bytes are those the SDK sends, except the length of a subscription, which the SDK gets wrong.
"""

import base64
import binascii
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from core.errors import AuthenticationError, ConfigurationError
from core.market import Instrument

PING = b"\x00\x01\x0b"
SOURCE = "FyersBot-0.1"
CHANNEL = 11
TOPICS_PER_FRAME = 1_500
"""The server takes no more in one subscription."""
DATA_TYPE = 6
_MESSAGE_TYPE = 51
_SEGMENT_DIGITS = 4
_TOKEN_START = 10
_SEGMENTS = {
    "1010": "nse_cm",
    "1011": "nse_fo",
    "1012": "cde_fo",
    "1020": "nse_com",
    "1120": "mcx_fo",
    "1210": "bse_cm",
    "1211": "bse_fo",
    "1212": "bcs_fo",
}
"""By the first digits of a fyToken."""
_ACCEPTED = b"K"


class AnswerKind(Enum):
    """What the server answers to; the value is the frame type."""

    AUTHENTICATION = 1
    SUBSCRIPTION = 4
    UNSUBSCRIPTION = 5
    PAUSE = 7
    RESUME = 8
    MODE = 12


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """The server's yes or no to one of our frames."""

    kind: AnswerKind
    accepted: bool


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A complaint in words, for example code 51001: more symbols than the plan allows."""

    code: int
    text: str
    about: AnswerKind | None
    """What it refers to, where the server says so."""


ServerFrame: TypeAlias = ServerAnswer | ServerMessage


def hsm_key(access_token: str) -> str:
    """Take the data socket's key out of an access token (a JWT, with or without `app_id:` before it).

    Raises `AuthenticationError` for a token that is not one of FYERS'.
    """
    parts = access_token.rpartition(":")[2].split(".")
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "==="))
        key = payload["hsm_key"]
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, str) or not 0 < len(key) < 1_000 or not key.isascii():
        raise AuthenticationError("the access token carries no hsm_key for the data socket; run `fyersbot login`")
    return key


def topic_of(instrument: Instrument, index_names: Mapping[str, str]) -> str:
    """Return the topic of a contract's quotes, for example `sf|nse_cm|3045`, or `if|nse_cm|Nifty 50` for an index.

    Raises `ConfigurationError` for a contract of a segment the data socket does not carry.
    """
    segment = _SEGMENTS.get(instrument.token[:_SEGMENT_DIGITS])
    if segment is None:
        raise ConfigurationError(
            f"symbol {instrument.symbol}: its token {instrument.token} belongs to no segment of the data socket"
        )
    if instrument.is_index:
        stem = instrument.symbol.partition(":")[2].removesuffix("-INDEX")
        return f"if|{segment}|{index_names.get(instrument.symbol, stem)}"
    return f"sf|{segment}|{instrument.token[_TOKEN_START:]}"


def authentication(key: str) -> bytes:
    """Return the first frame of a connection."""
    return _frame(1, (1, key.encode()), (2, b"P"), (3, b"\x01"), (4, SOURCE.encode()))


def full_mode() -> bytes:
    """Return the frame that asks for whole quotes, not last prices only."""
    return _frame(12, (1, struct.pack(">Q", 1 << CHANNEL)), (2, b"F"))


def subscriptions(topics: Sequence[str]) -> list[bytes]:
    """Return the frames that ask for topics; each is answered on its own."""
    frames = []
    for start in range(0, len(topics), TOPICS_PER_FRAME):
        names = [topic.encode() for topic in topics[start : start + TOPICS_PER_FRAME]]
        listing = struct.pack(">H", len(names)) + b"".join(bytes([len(name)]) + name for name in names)
        frames.append(_frame(4, (1, listing), (2, bytes([CHANNEL]))))
    return frames


def _frame(kind: int, *fields: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">BH", name, len(value)) + value for name, value in fields)
    return struct.pack(">HBB", len(body) + 2, kind, len(fields)) + body


def read_server_frame(frame: bytes) -> ServerFrame | None:
    """Read an answer or a message; None for a data frame and for what cannot be read. Never raises."""
    if len(frame) < 4 or frame[2] == DATA_TYPE:
        return None
    fields = _fields(frame)
    if frame[2] == _MESSAGE_TYPE:
        about = fields.get(3, b"")
        text = fields.get(2, b"").decode("utf-8", "replace")
        return ServerMessage(
            code=int.from_bytes(fields.get(1, b""), signed=True),
            text="".join(character if character.isprintable() else " " for character in text)[:300],
            about=_kind(about[0]) if about else None,
        )
    kind = _kind(frame[2])
    return None if kind is None or 1 not in fields else ServerAnswer(kind, fields[1] == _ACCEPTED)


def _kind(number: int) -> AnswerKind | None:
    return next((kind for kind in AnswerKind if kind.value == number), None)


def _fields(frame: bytes) -> dict[int, bytes]:
    """Return the fields up to the first that is cut short; the schema behind an accepted sign-in may be long."""
    fields: dict[int, bytes] = {}
    offset = 4
    for _ in range(frame[3]):
        if offset + 3 > len(frame):
            break
        name, length = struct.unpack_from(">BH", frame, offset)
        value = frame[offset + 3 : offset + 3 + length]
        if len(value) < length:
            break
        fields.setdefault(name, value)
        offset += 3 + length
    return fields
