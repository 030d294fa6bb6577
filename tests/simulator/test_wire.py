"""Bytes of the data socket, compared with those the FYERS SDK and the live server produce."""

import contextlib
import struct
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.market import Instrument
from simulator import wire
from simulator.market import Quote
from simulator.wire import ABSENT, Authenticate, FrameType, SetMode, Subscribe, SwitchChannels

SHARE = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5, lower_band=64_600, upper_band=96_900)
QUOTE = Quote(
    symbol="NSE:SBIN-EQ",
    at=1_795_150_803_000_000_000,
    ltp=80_855,
    last_quantity=9,
    volume=540_259,
    bid=80_850,
    ask=80_860,
    bid_size=1_453,
    ask_size=863,
    open=81_365,
    high=81_705,
    low=80_760,
    previous_close=81_200,
    average=81_308,
    total_buy=250_000,
    total_sell=260_000,
)


def test_the_sign_in_frame_of_the_sdk_is_read() -> None:
    frame = bytes.fromhex("0022010401000361626302000150030001010400 0f") + b"PythonSDK-3.2.0"
    assert wire.decode_client_frame(frame) == Authenticate("abc", "PythonSDK-3.2.0")


@pytest.mark.parametrize(("kind", "wanted"), [("04", True), ("05", False)])
def test_subscribe_and_unsubscribe_are_read_in_spite_of_the_length_the_sdk_writes(kind: str, wanted: bool) -> None:
    frame = bytes.fromhex(f"0037{kind}02010011 00010e") + b"sf|nse_cm|3045" + bytes.fromhex("0200010b")
    assert wire.decode_client_frame(frame) == Subscribe(("sf|nse_cm|3045",), 11, wanted)


@pytest.mark.parametrize(("letter", "lite"), [("46", False), ("4c", True)])
def test_full_and_lite_mode_are_read(letter: str, lite: bool) -> None:
    frame = bytes.fromhex(f"00000c0201000800000000000008000200 01{letter}")
    assert wire.decode_client_frame(frame) == SetMode(frozenset({11}), lite)


@pytest.mark.parametrize(("kind", "paused"), [("07", True), ("08", False)])
def test_pause_and_resume_are_read(kind: str, paused: bool) -> None:
    frame = bytes.fromhex(f"0000{kind}010100080000000000000800")
    assert wire.decode_client_frame(frame) == SwitchChannels(frozenset({11}), paused)


def test_acknowledgement_and_ping_are_read() -> None:
    assert wire.decode_client_frame(bytes.fromhex("0009030101000400000007")) == wire.Acknowledge(7)
    assert wire.decode_client_frame(b"\x00\x01\x0b") == wire.Ping()


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_a_data_error(frame: bytes) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(wire.decode_client_frame(frame), get_args(wire.ClientMessage))


def test_a_frame_cut_in_its_last_field_is_a_data_error() -> None:
    frame = bytes.fromhex("0037040201001100010e") + b"sf|nse_cm|30"
    with pytest.raises(DataError, match="cut short"):
        wire.decode_client_frame(frame)


def test_an_accepted_sign_in_is_answered_in_the_layout_of_the_live_server() -> None:
    frame = wire.authentication_frame(accepted=True)
    assert frame[:4] == struct.pack(">HBB", len(frame) - 2, 1, 3)
    assert frame[4:8] == bytes.fromhex("0100014b")
    assert frame[8:13] == bytes.fromhex("0200020002")


def test_a_verdict_stands_at_byte_seven_where_the_sdk_looks_for_it() -> None:
    assert wire.reply_frame(FrameType.SUBSCRIBE, accepted=True)[2:8] == bytes.fromhex("04010100014b")
    assert wire.reply_frame(FrameType.MODE, accepted=False)[7:8] == b"N"


def test_a_message_carries_code_text_and_what_it_is_about() -> None:
    frame = wire.message_frame(51_001, "too many", FrameType.SUBSCRIBE)
    assert frame == bytes.fromhex("0018330301000400 00c73902000874 6f6f206d616e79 03000104")


def test_a_snapshot_holds_topic_values_scale_and_names() -> None:
    values = wire.symbol_values(QUOTE, SHARE)
    entry = wire.snapshot_entry(258, "sf|nse_cm|3045", values, SHARE)
    head = bytes.fromhex("5301020e") + b"sf|nse_cm|3045" + bytes([21])
    assert entry.startswith(head + struct.pack(">i", 80_855) + struct.pack(">i", 540_259))
    tail = bytes.fromhex("0000000102") + b"\x06nse_cm\x043045\x07SBIN-EQ"
    assert entry.endswith(tail)
    assert len(entry) == len(head) + 21 * 4 + len(tail)


def test_an_update_names_only_what_changed() -> None:
    before = wire.symbol_values(QUOTE, SHARE)
    after = wire.symbol_values(QUOTE._replace(ltp=80_860, volume=540_300), SHARE)
    numbers = struct.unpack(">21i", wire.update_entry(1, after, before)[4:])
    assert numbers == (80_860, 540_300, *[ABSENT] * 19)


def test_a_repeated_state_is_sent_whole() -> None:
    values = wire.index_values(QUOTE)
    assert struct.unpack(">6i", wire.update_entry(1, values, values)[4:]) == values


@pytest.mark.parametrize(("volume", "raw"), [(2**31 - 1, 2**31 - 1), (3_000_000_000, -1_294_967_296)])
def test_a_volume_beyond_32_bits_wraps_as_a_signed_number_does(volume: int, raw: int) -> None:
    entry = wire.lite_entry(1, volume)
    assert struct.unpack(">i", entry[3:])[0] == raw


def test_depth_starts_at_the_touch_and_an_index_has_none() -> None:
    prices = wire.depth_values(QUOTE, SHARE)[:10]
    assert prices == (80_850, 80_845, 80_840, 80_835, 80_830, 80_860, 80_865, 80_870, 80_875, 80_880)
    assert set(wire.depth_values(QUOTE._replace(bid=0, ask=0), SHARE)) == {0}


def test_many_entries_become_numbered_frames_that_fit_their_length_field() -> None:
    entries = [wire.lite_entry(number, number) for number in range(20_000)]
    frames = wire.data_frames(5, entries)
    assert len(frames) == 3
    assert [struct.unpack_from(">I", frame, 3)[0] for frame in frames] == [5, 6, 7]
    assert all(struct.unpack_from(">H", frame)[0] == len(frame) - 2 for frame in frames)
    assert b"".join(frame[9:] for frame in frames) == b"".join(entries)
    assert sum(struct.unpack_from(">H", frame, 7)[0] for frame in frames) == 20_000
