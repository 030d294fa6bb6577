"""What a name says before any list is read; the tickers are those of FYERS' masters."""

import pytest

from core.errors import ConfigurationError
from market_data.symbols.ticker import is_commodity, is_derivative, segments_of


@pytest.mark.parametrize(
    ("symbol", "segments", "derives"),
    [
        ("NSE:SBIN-EQ", ("NSE_CM",), False),
        ("NSE:M&M-EQ", ("NSE_CM",), False),
        ("NSE:BAJAJ-AUTO-EQ", ("NSE_CM",), False),
        ("NSE:NIFTY50-INDEX", ("NSE_CM",), False),
        ("BSE:SBIN-A", ("BSE_CM",), False),
        ("NSE:NIFTY25NOVFUT", ("NSE_FO", "NSE_CD"), True),
        ("NSE:BAJAJ-AUTO26NOVFUT", ("NSE_FO", "NSE_CD"), True),
        ("NSE:USDINR25N14FUT", ("NSE_FO", "NSE_CD"), True),
        ("NSE:USDINR26114FUT", ("NSE_FO", "NSE_CD"), True),
        ("NSE:NIFTY25N1125500CE", ("NSE_FO", "NSE_CD"), True),
        ("NSE:USDINR26JAN88.25CE", ("NSE_FO", "NSE_CD"), True),
        ("BSE:SENSEX25NOV84000PE", ("BSE_FO",), True),
        ("MCX:CRUDEOIL26JANFUT", ("MCX_COM",), True),
    ],
)
def test_a_name_tells_where_it_is_listed_and_whether_it_derives(
    symbol: str, segments: tuple[str, ...], derives: bool
) -> None:
    assert segments_of(symbol) == segments
    assert is_derivative(symbol) is derives
    assert is_commodity(symbol) is symbol.startswith("MCX:")


def test_an_unknown_exchange_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"'NYSE:IBM' names no known exchange \(NSE, BSE, MCX\), as NSE:SBIN-EQ"
    ):
        segments_of("NYSE:IBM")
