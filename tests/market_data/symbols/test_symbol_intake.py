"""How a master comes in: from a server that may say anything, or from a file of the user's."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import BrokerError, ConfigurationError, DataError, StorageError
from core.instants import DAY, instant_of
from market_data.symbols.master_file import read_master
from market_data.symbols.symbol_archive import MemorySymbolArchive, instrument
from market_data.symbols.symbol_intake import download_masters, import_master
from runtime.clock import MarketClock

NOW = instant_of(datetime.fromisoformat("2026-01-06T08:45:00+05:30"))
TODAY = date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"


def entry(token: str = "10100000003045", **other: Any) -> dict[str, Any]:
    return {"fyToken": token, "minLotSize": 1, "tickSize": 0.05, "lastUpdate": "2026-01-06", **other}


class Broker:
    """A symbol master whose files are at hand; it counts how often it is asked."""

    def __init__(self, folder: Path, *, is_on_this_machine: bool = False) -> None:
        self.folder = folder
        self.is_on_this_machine = is_on_this_machine
        self.asked: list[str] = []

    def publish(self, segment: str, content: object) -> None:
        (self.folder / segment).write_text(content if isinstance(content, str) else json.dumps(content))

    def read_whole(self, segment: str, read: Callable[[Path], Any]) -> Any:
        self.asked.append(segment)
        if not (self.folder / segment).exists():
            raise BrokerError("no answer; check the network")
        return read(self.folder / segment)


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path)


@pytest.fixture
def archive() -> MemorySymbolArchive:
    return MemorySymbolArchive()


def download(archive: Any, broker: Broker, *segments: str, days: int = 0, force: bool = False) -> list[int | None]:
    clock = MarketClock(start=NOW + days * DAY)
    return [each.contracts for each in download_masters(archive, broker, clock, segments, lambda _: None, force=force)]  # type: ignore[arg-type]


def test_a_master_is_asked_for_once_a_day(archive, broker: Broker):
    broker.publish("NSE_CM", {SBIN: entry()})
    assert download(archive, broker, "NSE_CM") == [1]
    assert download(archive, broker, "NSE_CM") == [None]
    assert download(archive, broker, "NSE_CM", force=True) == [1]
    assert download(archive, broker, "NSE_CM", days=1) == [1]
    assert broker.asked == ["NSE_CM"] * 3
    assert archive.days("NSE_CM") == (TODAY, date(2026, 1, 7))


def test_one_segment_that_fails_keeps_no_other_from_being_kept(archive, broker: Broker):
    broker.publish("NSE_CM", {SBIN: entry()})
    broker.publish("BSE_CM", "<html>maintenance</html>")
    with pytest.raises(BrokerError, match=r"2 of 3 masters could not be kept \(MCX_COM, BSE_CM\): no answer"):
        download(archive, broker, "MCX_COM", "BSE_CM", "NSE_CM")
    assert archive.days("NSE_CM") == (TODAY,)
    assert archive.days("BSE_CM") == ()


def test_half_a_master_replaces_nothing(archive, broker: Broker):
    whole = {f"NSE:S{number}-EQ": entry() for number in range(10)}
    broker.publish("NSE_CM", whole)
    download(archive, broker, "NSE_CM")
    broker.publish("NSE_CM", dict(list(whole.items())[:3]))
    with pytest.raises(BrokerError, match="3 contracts, the master before has 10"):
        download(archive, broker, "NSE_CM", days=1)
    assert archive.days("NSE_CM") == (TODAY,)
    assert download(archive, broker, "NSE_CM", days=1, force=True) == [3]


def test_an_empty_master_is_refused_unless_it_is_a_simulators(archive, broker: Broker, tmp_path: Path):
    broker.publish("NSE_FO", {})
    with pytest.raises(BrokerError, match="holds no contracts"):
        download(archive, broker, "NSE_FO")
    assert download(archive, Broker(tmp_path, is_on_this_machine=True), "NSE_FO") == []
    assert archive.days("NSE_FO") == ()


def test_a_disk_that_refuses_ends_it_at_once(broker: Broker):
    class Full(MemorySymbolArchive):
        def put(self, *_: Any, **__: Any) -> None:
            raise StorageError("the disk is full")

    for segment in ("NSE_CM", "BSE_CM"):
        broker.publish(segment, {SBIN: entry()})
    with pytest.raises(StorageError):
        download(Full(), broker, "NSE_CM", "BSE_CM")
    assert broker.asked == ["NSE_CM"]


def test_a_file_is_kept_as_of_its_day_and_segment(archive, tmp_path: Path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({SBIN: entry(lastUpdate="2025-01-01", tickSize=0.1)}))
    taken = import_master(archive, path, date(2025, 1, 2), TODAY)
    assert (taken.segment, taken.contracts) == ("NSE_CM", 1)
    assert instrument(archive, SBIN, TODAY).tick == 10


def test_a_file_for_the_wrong_day_or_segment_is_refused(archive, tmp_path: Path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({SBIN: entry()}))
    with pytest.raises(ConfigurationError, match="is after today"):
        import_master(archive, path, date(2026, 1, 7), TODAY)
    with pytest.raises(DataError, match=r"has rows of 2026-01-06, after --date 2026-01-05"):
        import_master(archive, path, date(2026, 1, 5), TODAY)
    with pytest.raises(DataError, match="is the master of NSE_CM, not of NSE_FO"):
        import_master(archive, path, TODAY, TODAY, "NSE_FO")
    with pytest.raises(ConfigurationError, match="no such file"):
        import_master(archive, tmp_path / "none", TODAY, TODAY)
    assert archive.days("NSE_CM") == ()


def test_three_years_of_recorded_masters_tell_when_ticks_changed(archive, real_data: Path):
    names = {
        date(2025, 11, 10): "fyers_NSE_CM_2025-11-10.csv.gz",
        date(2021, 9, 23): "fyers_NSE_CM_2021-09-23_old_layout.csv.gz",
        date(2022, 9, 23): "fyers_NSE_CM_2022-09-23_middle_layout.csv.gz",
    }
    for day, name in names.items():
        archive.put("NSE_CM", day, read_master(real_data / "symbol_master" / name).table)
    for day, tick in ((date(2021, 12, 1), 5), (date(2024, 1, 1), 5), (date(2025, 11, 10), 50)):
        assert instrument(archive, "NSE:ABB-EQ", day).tick == tick
