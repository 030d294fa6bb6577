"""Symbol, timeframe and vendor out of the name of a file."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("NSE_SBIN-EQ_5m_kite.parquet", Series("NSE:SBIN-EQ", Timeframe.M5)),
        ("prices.parquet", None),
        ("NSE_SBIN-EQ_7m.parquet", None),
    ],
)
def test_a_series_is_symbol_and_timeframe_or_nothing(name: str, series: Series | None):
    assert series_named(Path(name)) == series
