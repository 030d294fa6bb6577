"""Room on a disk that is nearly full, and the reserve that is given back when it is."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.instants import SECOND
from trading.disk_watch import LOOK_EVERY, RESERVE_FILE, DiskReserve, DiskWatch


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The megabytes that the disk says are free."""
    disk = SimpleNamespace(mb=1_000, asked=0)

    def statvfs(_path: Path) -> SimpleNamespace:
        disk.asked += 1
        return SimpleNamespace(f_bavail=disk.mb * 1_000, f_frsize=1_000)

    monkeypatch.setattr(os, "statvfs", statvfs)
    return disk


@pytest.mark.hazard("W4")
def test_too_little_room_is_doubted_until_there_is_clearly_enough(free: SimpleNamespace, tmp_path: Path) -> None:
    watch = DiskWatch(tmp_path, floor_mb=200)
    told = []
    for number, free.mb in enumerate([200, 199, 200, 249, 250, 200]):
        told.append(watch.look(number * LOOK_EVERY))
    assert [bool(each) for each in told] == [False, True, True, True, False, False]
    assert told[1] == f"{tmp_path}: 199 MB free, disk.floor_mb = 200"


def test_the_disk_is_asked_twice_a_minute_however_often_we_are(free: SimpleNamespace, tmp_path: Path) -> None:
    watch = DiskWatch(tmp_path, floor_mb=200)
    for quarter in range(4 * 120):
        watch.look(quarter * SECOND // 4)
    assert free.asked == 4


@pytest.mark.hazard("W4")
def test_the_reserve_takes_real_room_and_is_ours_alone(tmp_path: Path) -> None:
    reserve = DiskReserve(tmp_path, megabytes=2, floor_mb=0)
    reserve.hold()
    facts = (tmp_path / RESERVE_FILE).stat()
    assert facts.st_size == 2_000_000
    assert facts.st_blocks * 512 >= 2_000_000
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert reserve.release()
    assert not (tmp_path / RESERVE_FILE).exists()
    assert not reserve.release()


@pytest.mark.parametrize(("before", "wanted"), [(3, 2), (1, 2), (2, 2)])
def test_a_reserve_of_another_size_becomes_the_one_wanted(before: int, wanted: int, tmp_path: Path) -> None:
    for megabytes in (before, wanted):
        DiskReserve(tmp_path, megabytes, floor_mb=0).hold()
    assert (tmp_path / RESERVE_FILE).stat().st_size == wanted * 1_000_000


def test_no_reserve_is_made_where_it_would_eat_the_room_itself(
    free: SimpleNamespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    free.mb = 263
    DiskReserve(tmp_path, megabytes=64, floor_mb=200).hold()
    assert list(tmp_path.iterdir()) == []
    assert "no room for a reserve of 64 MB" in caplog.text
    DiskReserve(tmp_path, megabytes=0, floor_mb=200).hold()
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    precious = tmp_path / "precious"
    precious.write_text("untouched")
    (tmp_path / RESERVE_FILE).symlink_to(precious)
    DiskReserve(tmp_path, megabytes=1, floor_mb=0).hold()
    assert precious.read_text() == "untouched"
    assert "no reserve in" in caplog.text


@pytest.mark.hazard("W4")
def test_a_disk_that_fills_meanwhile_leaves_nothing_behind(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from trading.disk_watch import DiskReserve\n"
    program += "DiskReserve(Path(sys.argv[1]), 2, 0).hold()"

    def with_little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], preexec_fn=with_little_room, check=True, capture_output=True
    )
    assert list(tmp_path.iterdir()) == []
