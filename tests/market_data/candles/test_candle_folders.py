"""What somebody else put among the candles is named and hinders nobody; what every reader passes over is not told."""

from datetime import date
from pathlib import Path

import pytest

from market_data.candles.candle_store import MemoryCandleStore
from market_data.candles.parquet_candles import TABLE, ParquetCandleStore
from market_data.days import Days

from .store_candles import SERIES, candles

DAYS = Days(date(2025, 1, 1), date(2025, 1, 2))
FRAME = "timeframe=1m"
FOLDER = f"{FRAME}/symbol=NSE%3ASBIN-EQ"


@pytest.fixture
def store(tmp_path: Path) -> ParquetCandleStore:
    """A store of one series."""
    store = ParquetCandleStore(tmp_path)
    store.put(SERIES, DAYS, candles(DAYS, 100))
    return store


def whole(store: ParquetCandleStore) -> bool:
    """Whether the one series is listed as it would be without anything beside it."""
    twin = MemoryCandleStore()
    twin.put(SERIES, DAYS, candles(DAYS, 100))
    return store.holdings() == twin.holdings()


def test_a_store_that_nobody_else_wrote_to_has_no_strays(store: ParquetCandleStore, tmp_path: Path) -> None:
    assert store.strays() == ()
    assert ParquetCandleStore(tmp_path / "not there yet").strays() == ()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (
            "timeframe=7m/symbol=NSE%3ASBIN-EQ/2025.parquet",
            "no folder of a timeframe (timeframe=1m, 3m, 5m, 15m, 60m, D)",
        ),
        ("notes/2025.parquet", "no folder of a timeframe (timeframe=1m, "),
        ("timeframe=D", "no folder of a timeframe (timeframe=1m, "),
        (f"{FRAME}/symbol=NSE:SBIN-EQ/2025.parquet", "no folder of a symbol (as symbol=NSE%3ASBIN-EQ)"),
        (f"{FRAME}/NSE%3ATCS-EQ/2025.parquet", "no folder of a symbol (as symbol=NSE%3ASBIN-EQ)"),
        (f"{FRAME}/symbol=NSE%3ATCS-EQ", "no folder of a symbol (as symbol=NSE%3ASBIN-EQ)"),
        (f"{FOLDER}/2025 copy.parquet", "no year of candles (as 2026.parquet)"),
        (f"{FOLDER}/2025.parquet.part", "no year of candles (as 2026.parquet)"),
        (f"{FOLDER}/old/2024.parquet", "no year of candles (as 2026.parquet)"),
    ],
)
def test_what_is_none_of_ours_is_named_in_one_line_and_hides_nothing(
    store: ParquetCandleStore, tmp_path: Path, place: str, expected: str
) -> None:
    path = tmp_path / TABLE / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    [line] = store.strays()
    named, _, reason = line.partition(": is ")
    assert path.is_relative_to(named)
    assert reason.startswith(expected)
    assert reason.endswith("; passed over, move it away")
    assert whole(store)


@pytest.mark.parametrize("folder", ["", FRAME, FOLDER])
@pytest.mark.parametrize("name", [".DS_Store", "._2025.parquet", ".2025.parquet.0123456789abcdef"])
def test_hidden_and_half_written_files_are_passed_over_in_silence(
    store: ParquetCandleStore, tmp_path: Path, folder: str, name: str
) -> None:
    (tmp_path / TABLE / folder / name).write_bytes(b"PAR1")
    assert store.strays() == ()
    assert whole(store)
