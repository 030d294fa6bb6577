"""What every tick tape must do, run on each of them; and what only a file can suffer."""

import os
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvariantError, StorageError
from core.market import Tick
from trading.tick_tape import RECORD, FileTickTape, MemoryTickTape, TickTape, read_tape, tape_path, written_position

DAY, NEXT_DAY = date(2026, 1, 6), date(2026, 1, 7)
SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
WHOLE = st.integers(-(2**63), 2**63 - 1)
TICKS = st.builds(Tick, st.sampled_from([SBIN, INFY, "NSE:NIFTY50-INDEX", "é"]), WHOLE, WHOLE, WHOLE, WHOLE, WHOLE)


def tick(number: int, symbol: str = SBIN) -> Tick:
    return Tick(symbol, number, 80_000 + number, 79_995, 80_005, number * 10)


@pytest.fixture(params=["memory", "file"])
def tape(request, tmp_path) -> Iterator[TickTape]:
    tape = MemoryTickTape() if request.param == "memory" else FileTickTape(tmp_path / "live.ticks", DAY)
    yield tape
    tape.close()


@pytest.fixture
def file(tmp_path) -> Path:
    """A tape of six ticks in two symbols on disk."""
    tape = FileTickTape(tmp_path, DAY)
    for number in range(1, 7):
        tape.note(tick(number, INFY if number == 3 else SBIN), number + 100)
    tape.close()
    return tape.path


def test_a_new_tape_is_empty(tape):
    assert tape.position == 0
    assert list(tape.seen()) == []


def test_ticks_come_back_in_the_order_they_were_noted(tape):
    for number, symbol in ((3, SBIN), (1, INFY), (2, SBIN)):
        tape.note(tick(number, symbol), now=number + 50)
    tape.write()
    assert [(seen.tick, seen.now) for seen in tape.seen()] == [
        (tick(3), 53),
        (tick(1, INFY), 51),
        (tick(2), 52),
    ]


def test_a_position_tells_which_ticks_came_before_it(tape):
    positions = [0]
    for number in range(4):
        tape.note(tick(number, f"NSE:SHARE{number % 3}-EQ"), now=number)
        positions.append(tape.position)
    tape.write()
    assert positions == sorted(set(positions))
    assert [seen.position for seen in tape.seen()] == positions[1:]
    for place, position in enumerate(positions):
        assert [seen.tick.at for seen in tape.seen(after=position)] == list(range(place, 4))


def test_writing_and_closing_twice_is_allowed(tape):
    tape.note(tick(1), 1)
    tape.write()
    tape.write()
    tape.close()
    tape.close()
    assert [seen.tick for seen in tape.seen()] == [tick(1)]


def test_going_on_where_it_ended_changes_nothing(tape):
    tape.note(tick(1), 1)
    position = tape.position
    tape.go_on(DAY, position)
    tape.go_on(NEXT_DAY, 50)
    tape.go_on(None, 0)
    assert tape.position == position


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(TICKS, WHOLE), max_size=20))
def test_every_tick_that_fits_comes_back_as_it_was(tmp_path, ticks):
    tape = FileTickTape(tmp_path, DAY)
    start = tape.position
    for one, now in ticks:
        tape.note(one, now)
    tape.close()
    assert [(seen.tick, seen.now) for seen in tape.seen(start)] == ticks


def test_a_tape_that_is_opened_again_goes_on_where_it_ended(file):
    tape = FileTickTape(file.parent, DAY)
    assert tape.position == written_position(file) == 8  # six ticks and two names
    tape.note(tick(7, "NSE:TCS-EQ"), 107)
    tape.note(tick(8, INFY), 108)
    tape.close()
    symbols = [SBIN, SBIN, INFY, SBIN, SBIN, SBIN, "NSE:TCS-EQ", INFY]
    assert [seen.tick for seen in read_tape(file)] == [tick(n, symbol) for n, symbol in enumerate(symbols, start=1)]
    assert [seen.tick.at for seen in read_tape(file, after=8)] == [7, 8]


def test_what_is_noted_is_on_disk_only_when_it_is_written(tmp_path):
    tape = FileTickTape(tmp_path, DAY)
    tape.note(tick(1), 1)
    assert list(tape.seen()) == []
    tape.write()
    assert [seen.tick for seen in tape.seen()] == [tick(1)]
    tape.close()


def test_each_day_has_a_file_that_only_its_owner_may_read(file):
    assert file == tape_path(file.parent, DAY)
    assert file.name == "2026-01-06.tape"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_day_without_a_tape_has_no_position(tmp_path):
    assert written_position(tape_path(tmp_path, DAY)) == 0


@pytest.mark.hazard("W5")
@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x80])
def test_a_flipped_byte_is_found_wherever_it_is_and_its_record_is_named(file, flip):
    content = file.read_bytes()
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
        with pytest.raises(StorageError, match=rf"{file}: record {place // RECORD} was altered"):
            list(read_tape(file))


@pytest.mark.hazard("W5")
@pytest.mark.parametrize("record", [1, 4, 7])
def test_a_record_that_is_missing_or_comes_twice_is_found(file, record):
    content = file.read_bytes()
    start, end = record * RECORD, (record + 1) * RECORD
    for damaged in (content[:start] + content[end:], content[:end] + content[start:]):
        file.write_bytes(damaged)
        with pytest.raises(StorageError, match=f"record {record if len(damaged) < len(content) else record + 1} was"):
            list(read_tape(file))


@pytest.mark.hazard("W3")
def test_a_torn_end_is_left_out_by_the_reader_and_cut_off_by_the_next_writer(file):
    content = file.read_bytes()
    for length in range(len(content) - 2 * RECORD + 1, len(content)):
        file.write_bytes(content[:length])
        whole = length // RECORD
        assert [seen.tick.at for seen in read_tape(file)] == list(range(1, whole - 2))
        tape = FileTickTape(file.parent, DAY)
        assert tape.position == whole - 1
        tape.note(tick(9), 109)
        tape.close()
        assert [seen.tick.at for seen in read_tape(file)] == [*range(1, whole - 2), 9]


@pytest.mark.parametrize("length", [0, 1, RECORD - 1])
def test_a_torn_header_is_written_anew(file, length):
    file.write_bytes(file.read_bytes()[:length])
    FileTickTape(file.parent, DAY).close()
    assert list(read_tape(file)) == []
    assert written_position(file) == 0


@pytest.mark.hazard("W3")
def test_zeros_that_a_power_cut_left_are_cut_off(file):
    content = file.read_bytes()
    file.write_bytes(content[:-RECORD] + bytes(3 * RECORD))
    tape = FileTickTape(file.parent, DAY)
    assert tape.position == 7
    tape.close()
    assert [seen.tick.at for seen in read_tape(file)] == [1, 2, 3, 4, 5]
    file.write_bytes(bytes(4 * RECORD))
    FileTickTape(file.parent, DAY).close()
    assert list(read_tape(file)) == []


def test_what_a_power_cut_took_leaves_its_positions_empty(file):
    file.write_bytes(file.read_bytes()[: -2 * RECORD])
    tape = FileTickTape(file.parent, DAY)
    tape.go_on(DAY, 8)
    assert tape.position == 8
    tape.note(tick(7), 107)
    tape.close()
    reading = read_tape(file)
    assert [next(reading).tick.at for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(StorageError, match="record 7 was lost in a power cut"):
        next(reading)
    assert [seen.tick.at for seen in read_tape(file, after=8)] == [7]


def test_a_file_that_is_no_tape_is_refused_by_name(file):
    file.write_bytes(b"something else that is longer than a record of a tape is" * 2)
    with pytest.raises(StorageError, match=f"{file}: record 0 was altered, or this is no tape; move it away"):
        FileTickTape(file.parent, DAY)


def test_a_link_in_the_place_of_a_tape_is_refused(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"")
    tape_path(tmp_path, DAY).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="cannot be opened"):
        FileTickTape(tmp_path, DAY)


def test_a_tape_that_is_not_there_cannot_be_read(tmp_path):
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        list(read_tape(tape_path(tmp_path, DAY)))


@pytest.mark.hazard("W4")
def test_what_a_full_disk_took_only_in_part_is_completed_when_there_is_room(tmp_path, monkeypatch):
    tape = FileTickTape(tmp_path, DAY)
    for number in range(1, 4):
        tape.note(tick(number), number)
    room = [RECORD + 7]
    write = os.write

    def scarce(file: int, content: bytearray) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = write(file, bytes(content)[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr("trading.tick_tape.os.write", scarce)
    for _ in range(2):
        with pytest.raises(StorageError, match="cannot be written: No space left on device; free space"):
            tape.write()
    room[0] = 10_000
    tape.note(tick(4), 4)
    tape.close()
    assert [seen.tick.at for seen in read_tape(tape.path)] == [1, 2, 3, 4]


@pytest.mark.parametrize("odd", [Tick(SBIN, 2**63, 1, 1, 1, 1), Tick("N" * 49, 1, 1, 1, 1, 1)])
def test_a_tick_that_no_market_sends_is_refused(tmp_path, odd):
    tape = FileTickTape(tmp_path, DAY)
    with pytest.raises(InvariantError, match="does not fit on the tick tape"):
        tape.note(odd, 1)
    tape.close()
