"""A cleaned copy changes only what has one honest reading, says every change, and never touches the file."""

import csv
import errno
import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import DataError, StorageError
from core.instants import DAY, MINUTE
from market_data.candles.candle_files import read_raw
from market_data.candles.raw_candles import RawCandles
from market_data.quality.cleaning import change_list_of, clean_files
from market_data.quality.findings import Kind
from market_data.trading_hours import HoursOf

from .conftest import Make, changed, picked, shifted, stacked, write

NAME = "NSE_SBIN-EQ_5m.parquet"


def dirty(make: Make) -> RawCandles:
    """Sessions with a row twice, two rows in the wrong order, a bar at the close and one before the open."""
    raw = make()
    order = np.arange(len(raw))
    order[[20, 21]] = [21, 20]
    outside = stacked(shifted(picked(raw, 374), 5 * MINUTE), shifted(picked(raw, 300), -15 * MINUTE))
    return stacked(raw.rows(order), picked(raw, 374), outside)


def listed(copy: Path) -> list[dict[str, str]]:
    with change_list_of(copy).open() as file:
        return list(csv.DictReader(file))


def test_a_dirty_file_becomes_the_clean_one(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    source = write(tmp_path / NAME, dirty(make))
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    (cleaned,) = clean_files([source], tmp_path / "clean", hours_of)
    for ours, clean in zip(read_raw(cleaned.copy).columns, make().columns, strict=True):
        np.testing.assert_array_equal(ours, clean)
    assert hashlib.sha256(source.read_bytes()).hexdigest() == before
    assert (cleaned.rows, cleaned.kept, cleaned.left) == (378, 375, ())


def test_every_change_is_listed(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    source = write(tmp_path / NAME, dirty(make))
    (cleaned,) = clean_files([source], tmp_path / "clean", hours_of)
    changes = [(row["row"], row["what"].partition(":")[0], row["after"]) for row in listed(cleaned.copy)]
    assert changes == [("21", "moved", "row 20"), *((row, "dropped", "") for row in ("375", "376", "377"))]
    assert sum(cleaned.counts.values()) == 4
    first = listed(cleaned.copy)[1]
    raw = make()
    assert first["file"] == NAME
    assert first["before"] == " ".join(f"{float(column[374]):.10g}" for column in raw.columns[1:])
    assert first["time"] == "2025-06-13 15:25:00"


def test_what_has_two_readings_is_left_and_named(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    raw = make()
    spoiled = changed(changed(raw, "highs", 40, raw.lows[40] - 1), "closes", 50, -3.0)
    sunday = shifted(raw.rows(np.arange(300, 375)), 2 * DAY)
    other = changed(picked(raw, 374), "volumes", 0, 5.0)
    source = write(tmp_path / NAME, stacked(spoiled, other, sunday))
    (cleaned,) = clean_files([source], tmp_path / "clean", hours_of)
    kinds = {each.kind for each in cleaned.left}
    assert kinds == {Kind.IMPOSSIBLE, Kind.NOT_A_PRICE, Kind.CONTRADICTIONS, Kind.NO_SESSION}
    assert (cleaned.kept, cleaned.counts) == (cleaned.rows, {})
    assert listed(cleaned.copy) == []


def test_still_rows_on_a_day_without_session_are_dropped(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    raw = make()
    still = RawCandles(raw.starts[300:] + 2 * DAY, *([raw.closes[300:]] * 4), raw.volumes[300:])
    (cleaned,) = clean_files([write(tmp_path / NAME, stacked(raw, still))], tmp_path / "clean", hours_of)
    assert (cleaned.kept, len(listed(cleaned.copy))) == (375, 75)


def test_the_copy_keeps_the_columns_and_types_of_the_file(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    source = write(tmp_path / NAME, dirty(make))
    table = pq.read_table(source)
    pq.write_table(table.append_column("vwap", pa.array(range(len(table)), type=pa.int32())), source)
    (cleaned,) = clean_files([source], tmp_path / "clean", hours_of)
    copy = pq.read_table(cleaned.copy)
    assert copy.schema.equals(pq.read_schema(source))
    assert copy["vwap"].to_pylist()[19:23] == [19, 21, 20, 22]


@pytest.mark.parametrize(
    ("ending", "has_header", "separator"), [("csv", True, ","), ("csv.gz", True, ";"), ("tsv", False, "\t")]
)
def test_the_copy_of_a_csv_is_written_as_its_file_is(
    make: Make, hours_of: HoursOf, tmp_path: Path, ending: str, has_header: bool, separator: str
) -> None:
    frame = pq.read_table(write(tmp_path / NAME, dirty(make))).to_pandas()
    frame["timestamp"] = frame["timestamp"].dt.strftime("%d-%b-%Y %H:%M")
    in_order = frame.iloc[[*range(20), 21, 20, *range(22, 375)]]
    for name, rows in ((f"NSE_SBIN-EQ_5m.{ending}", frame), (f"clean.{ending}", in_order)):
        rows.to_csv(tmp_path / name, index=False, header=has_header, sep=separator)
    (cleaned,) = clean_files([tmp_path / f"NSE_SBIN-EQ_5m.{ending}"], tmp_path / "clean", hours_of)
    assert (cleaned.rows, cleaned.kept, cleaned.left) == (378, 375, ())
    ours, wanted = cleaned.copy.read_bytes(), (tmp_path / f"clean.{ending}").read_bytes()
    unpacked = gzip.decompress if ending.endswith("gz") else bytes
    assert unpacked(ours) == unpacked(wanted)


def test_two_files_whose_lists_would_be_one_are_refused(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    one = write(tmp_path / NAME, make())
    pq.read_table(one).to_pandas().to_csv(one.with_suffix(".csv"), index=False)
    with pytest.raises(DataError, match=r"2 files are called NSE_SBIN-EQ_5m\.changes\.csv: .* different folders"):
        clean_files([one, one.with_suffix(".csv")], tmp_path / "clean", hours_of)
    assert not (tmp_path / "clean").exists()


def test_nothing_is_overwritten_and_then_nothing_is_written(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    one, two = (write(tmp_path / name, dirty(make)) for name in (NAME, "NSE_INFY-EQ_5m.parquet"))
    clean_files([two], tmp_path / "clean", hours_of)
    with pytest.raises(DataError, match="is there already"):
        clean_files([one, two], tmp_path / "clean", hours_of)
    assert not (tmp_path / "clean" / NAME).exists()
    with pytest.raises(DataError, match="is there already"):
        clean_files([one], tmp_path, hours_of)


def test_two_files_of_one_name_are_refused(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    files = [write(tmp_path / folder / NAME, make()) for folder in ("a", "b")]
    with pytest.raises(DataError, match="different folders"):
        clean_files(files, tmp_path / "clean", hours_of)


def test_a_file_of_which_nothing_would_be_left_is_refused(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    night = shifted(make(), 8 * 60 * MINUTE)
    with pytest.raises(DataError, match="is its time zone right"):
        clean_files([write(tmp_path / NAME, night)], tmp_path / "clean", hours_of)
    assert not (tmp_path / "clean").exists()


def test_a_folder_that_cannot_be_made_leaves_no_half_of_a_copy(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    source = write(tmp_path / NAME, make())
    (tmp_path / "clean").write_text("a file where the folder should be")
    with pytest.raises(StorageError):
        clean_files([source], tmp_path / "clean", hours_of)
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, "clean"]


def test_a_full_disk_leaves_no_list_without_its_copy_so_that_the_next_try_is_free(
    make: Make, hours_of: HoursOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / NAME, dirty(make))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises(StorageError):
            clean_files([source], tmp_path / "clean", hours_of)
    assert list((tmp_path / "clean").iterdir()) == []
    clean_files([source], tmp_path / "clean", hours_of)
