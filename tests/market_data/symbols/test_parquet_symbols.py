"""The folder of symbol masters: what a crash, a stranger or a full disk leaves of it."""

import errno
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from core.errors import DataError, StorageError
from market_data import archive_files
from market_data.symbols.contract import FACTS
from market_data.symbols.contract_versions import no_versions
from market_data.symbols.parquet_symbols import ParquetSymbolArchive

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
SYMBOL = "NSE:NIFTY26JANFUT"


def contracts(lot: int = 75, count: int = 1) -> Any:
    rows = [
        dict.fromkeys(FACTS) | {"symbol": SYMBOL if not number else f"NSE:A{number:05}", "token": "1011", "lot": lot}
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows, pa.schema([no_versions().schema.field(name) for name in FACTS]))


@pytest.fixture
def archive(tmp_path: Path) -> ParquetSymbolArchive:
    archive = ParquetSymbolArchive(tmp_path)
    archive.put("NSE_FO", MONDAY, contracts())
    return archive


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "symbol_master" / "segment=NSE_FO" / "2026.parquet"


def test_a_file_that_another_process_replaced_is_read_again(archive: ParquetSymbolArchive, tmp_path: Path):
    assert archive.contract("NSE_FO", SYMBOL, TUESDAY).lot == 75
    ParquetSymbolArchive(tmp_path).put("NSE_FO", TUESDAY, contracts(lot=65))
    assert archive.contract("NSE_FO", SYMBOL, TUESDAY).lot == 65


def test_a_truncated_file_is_named_and_never_written_over(archive: ParquetSymbolArchive, file: Path):
    whole = file.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        for ask in (
            lambda: archive.days("NSE_FO"),
            lambda: archive.versions("NSE_FO"),
            lambda: archive.contract("NSE_FO", SYMBOL, MONDAY),
            lambda: archive.put("NSE_FO", TUESDAY, contracts()),
        ):
            with pytest.raises(DataError, match=r"2026\.parquet: cannot be read"):
                ask()
        assert file.read_bytes() == whole[:size]


def test_a_strangers_file_is_refused(archive: ParquetSymbolArchive, file: Path):
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata(None), file)
    with pytest.raises(DataError, match="was not written by the archive"):
        archive.days("NSE_FO")
    ours = '{"layout": 1, "segment": "NSE_CM", "days": []}'
    pq.write_table(table.replace_schema_metadata({b"fyersbot": ours}), file)
    with pytest.raises(DataError, match="says it is NSE_CM in layout 1, expected NSE_FO in layout 1"):
        archive.days("NSE_FO")


@pytest.mark.parametrize("place", ["archive", "archive/symbol_master"])
def test_a_file_in_place_of_the_archive_is_no_empty_archive(tmp_path: Path, place: str):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("not a folder")
    with pytest.raises(DataError, match=f"{place}: is no folder"):
        ParquetSymbolArchive(tmp_path / "archive").days("NSE_FO")


def test_a_full_disk_leaves_all_as_it_was(archive: ParquetSymbolArchive, file: Path, monkeypatch: pytest.MonkeyPatch):
    before = file.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(StorageError, match=r"cannot be written: No space left on device"):
        archive.put("NSE_FO", TUESDAY, contracts())
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == [".lock", "2026.parquet"]


def test_what_a_killed_process_left_is_no_master_and_goes_with_the_next(archive: ParquetSymbolArchive, file: Path):
    left = file.parent / ".2026.parquet.0123456789abcdef"
    left.write_bytes(b"half")
    assert archive.days("NSE_FO") == (MONDAY,)
    archive.put("NSE_FO", TUESDAY, contracts())
    assert not left.exists()


def test_a_second_writer_waits_and_then_says_why_it_gave_up(
    archive: ParquetSymbolArchive, file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archive_files, "LOCK_SECONDS", 0.05)
    with FileLock(file.parent / ".lock"), pytest.raises(StorageError, match="another process"):
        ParquetSymbolArchive(file.parents[2]).put("NSE_FO", TUESDAY, contracts())


def test_the_table_is_open_to_any_reader_of_parquet(archive: ParquetSymbolArchive, tmp_path: Path):
    table = pq.read_table(tmp_path / "symbol_master")
    assert table["segment"].to_pylist() == ["NSE_FO"]
    assert (table["first"].to_pylist(), table["lot"].to_pylist()) == ([MONDAY], [75])


def test_a_master_that_says_nothing_new_costs_next_to_no_room(archive: ParquetSymbolArchive, file: Path):
    archive.put("NSE_FO", MONDAY, contracts(count=3_000))
    once = file.stat().st_size
    for day in range(6, 26):
        archive.put("NSE_FO", date(2026, 1, day), contracts(count=3_000))
    assert file.stat().st_size < once * 1.2


def test_the_live_lookup_loads_none_of_this():
    modules = "market_data.symbols.symbol_master, market_data.symbols.symbols_verb"
    program = f"import sys, {modules}; print('pyarrow' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
