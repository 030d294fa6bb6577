"""Symbol, timeframe and vendor out of the name of a file."""

from pathlib import Path

import pytest

from core.errors import DataError
from core.market import Timeframe
from market_data.candles.candle_names import FileName, name_of, series_named
from market_data.candles.candle_store import Series


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe", "vendor"),
    [
        ("NSE_SBIN-EQ_5m.parquet", "NSE:SBIN-EQ", Timeframe.M5, ""),
        ("NSE_M&M-EQ_1d_fyers.csv.gz", "NSE:M&M-EQ", Timeframe.D, "fyers"),
        ("NSE_NIFTY50-INDEX_D.csv", "NSE:NIFTY50-INDEX", Timeframe.D, ""),
        ("NSE_SBIN-EQ_5m (1).csv", "NSE:SBIN-EQ", Timeframe.M5, ""),
        ("NSE_SBIN-EQ_7m.csv", "NSE:SBIN-EQ", None, ""),
    ],
)
def test_a_name_tells_symbol_timeframe_and_vendor(name: str, symbol: str, timeframe: Timeframe | None, vendor: str):
    assert name_of(Path("folder", name)) == FileName(symbol, timeframe, vendor)


@pytest.mark.parametrize("name", ["SBIN.csv", "NSE_SBIN-EQ.csv", "NSE_SBIN-EQ_5minutes.csv", "nse_SBIN-EQ_5m.csv"])
def test_any_other_name_tells_nothing(name: str):
    assert name_of(Path(name)) is None


def test_a_series_is_named_with_its_vendor():
    assert series_named(Path("NSE_SBIN-EQ_5m_kite.parquet")) == (Series("NSE:SBIN-EQ", Timeframe.M5), "kite")


@pytest.mark.parametrize("name", ["prices.parquet", "NSE_SBIN-EQ_7m.parquet"])
def test_a_name_without_a_series_is_refused_with_one_that_would_do(name: str):
    with pytest.raises(DataError, match=rf"{name}: the name does not tell .* NSE_SBIN-EQ_5m\.parquet"):
        series_named(Path(name))
