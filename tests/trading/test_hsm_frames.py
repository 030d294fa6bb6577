import base64
import json
import struct

import pytest

from core.errors import AuthenticationError, ConfigurationError
from core.market import Instrument
from simulator import wire
from simulator.wire import FrameType
from trading.hsm_frames import (
    PING,
    TOPICS_PER_FRAME,
    AnswerKind,
    ServerAnswer,
    ServerMessage,
    authentication,
    full_mode,
    hsm_key,
    read_server_frame,
    subscriptions,
    topic_of,
)


def token(payload: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"header.{middle}.signature"


@pytest.mark.parametrize("text", [token({"hsm_key": "abc"}), "APP-100:" + token({"hsm_key": "abc"})])
def test_the_key_is_read_from_the_token(text: str) -> None:
    assert hsm_key(text) == "abc"


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b.c", "a.!.c", token({}), token([]), token({"hsm_key": 5}), token({"hsm_key": ""}), token("text")],
)
def test_a_token_without_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(AuthenticationError, match="hsm_key") as refused:
        hsm_key(text)
    assert not text or text not in str(refused.value)


def test_the_sign_in_has_the_bytes_the_sdk_sends_but_for_our_name() -> None:
    expected = "00 1f 01 04 01 00 03 61 62 63 02 00 01 50 03 00 01 01 04 00 0c"
    assert authentication("abc") == bytes.fromhex(expected) + b"FyersBot-0.1"


def test_the_mode_frame_has_the_bytes_the_sdk_sends_but_for_its_length() -> None:
    assert full_mode() == bytes.fromhex("00 11 0c 02 01 00 08 00 00 00 00 00 00 08 00 02 00 01 46")


def test_a_subscription_has_the_bytes_the_sdk_sends_but_for_its_length() -> None:
    (frame,) = subscriptions(["sf|nse_cm|3045"])
    assert frame == bytes.fromhex("00 1a 04 02 01 00 11 00 01 0e") + b"sf|nse_cm|3045" + bytes.fromhex("02 00 01 0b")


def test_the_ping_is_three_bytes() -> None:
    assert wire.decode_client_frame(PING) == wire.Ping()


def test_many_topics_are_asked_for_in_several_frames() -> None:
    topics = [f"sf|nse_cm|{number}" for number in range(TOPICS_PER_FRAME + 1)]
    first, second = (wire.decode_client_frame(frame) for frame in subscriptions(topics))
    assert first == wire.Subscribe(tuple(topics[:-1]), 11, wanted=True)
    assert second == wire.Subscribe(tuple(topics[-1:]), 11, wanted=True)


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("kind", list(AnswerKind))
def test_answers_are_read(kind: AnswerKind, accepted: bool) -> None:
    assert read_server_frame(wire.reply_frame(FrameType(kind.value), accepted)) == ServerAnswer(kind, accepted)


def test_the_live_answer_to_a_sign_in_is_read_though_a_schema_follows() -> None:
    schema = b"{" + b" " * 26_000 + b"}"
    body = b"\x01\x00\x01K" + b"\x02\x00\x02\x00\x02" + b"\x03" + struct.pack(">H", len(schema)) + schema
    assert read_server_frame(struct.pack(">HBB", 0, 1, 3) + body) == ServerAnswer(AnswerKind.AUTHENTICATION, True)


def test_a_message_in_words_is_read_and_cleaned() -> None:
    frame = wire.message_frame(51_001, "too many\x1b[31m", FrameType.SUBSCRIBE)
    assert read_server_frame(frame) == ServerMessage(51_001, "too many [31m", AnswerKind.SUBSCRIPTION)


def test_a_negative_code_about_nothing_we_know_is_read() -> None:
    body = b"\x01\x00\x04" + struct.pack(">i", -15) + b"\x03\x00\x01\x63"
    assert read_server_frame(struct.pack(">HBB", 0, 51, 2) + body) == ServerMessage(-15, "", None)


def test_no_cut_of_any_answer_raises() -> None:
    answers = wire.authentication_frame(True), wire.reply_frame(FrameType.MODE, True)
    for frame in (*answers, wire.message_frame(1, "x", FrameType.MODE)):
        for length in range(len(frame)):
            read_server_frame(frame[:length])
    assert read_server_frame(b"") is None
    assert read_server_frame(b"\x00\x00\x63\x00") is None
    assert read_server_frame(wire.data_frames(1, [b"\x00"])[0]) is None


@pytest.mark.parametrize(
    ("symbol", "fytoken", "topic"),
    [
        ("NSE:SBIN-EQ", "10100000003045", "sf|nse_cm|3045"),
        ("NSE:NIFTY26JANFUT", "101126012749508", "sf|nse_fo|49508"),
        ("BSE:SBIN-A", "1210000000500112", "sf|bse_cm|500112"),
        ("NSE:NIFTY50-INDEX", "101000000026000", "if|nse_cm|Nifty 50"),
        ("NSE:UNHEARDOF-INDEX", "101000000026999", "if|nse_cm|UNHEARDOF"),
    ],
)
def test_topics_are_named_as_the_feed_names_them(symbol: str, fytoken: str, topic: str) -> None:
    names = {"NSE:NIFTY50-INDEX": "Nifty 50"}
    assert topic_of(Instrument(symbol=symbol, token=fytoken, tick=5), names) == topic


def test_a_segment_the_feed_does_not_carry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="9999"):
        topic_of(Instrument(symbol="XXX:ODD", token="99990000000001", tick=5), {})
