import pytest

from core.errors import ConfigurationError
from core.market import Instrument
from core.segments import Segment, segment_of


def contract(symbol: str, token: str) -> Instrument:
    return Instrument(symbol=symbol, token=token, tick=5)


@pytest.mark.parametrize(
    ("symbol", "token", "segment"),
    [
        ("NSE:SBIN-EQ", "10100000003045", Segment.EQUITY),
        ("NSE:RELIANCE-EQ", "10100000002885", Segment.EQUITY),  # ends in CE before the series
        ("NSE:NIFTY26JANFUT", "101126012735001", Segment.FUTURES),
        ("NSE:SBIN26JANFUT", "101126012735002", Segment.FUTURES),
        ("NSE:NIFTY26JAN25000CE", "101126012735003", Segment.OPTIONS),
        ("NSE:NIFTY26JAN25000PE", "101126012735004", Segment.OPTIONS),
        ("MCX:CRUDEOIL26JANFUT", "1120260119449534", Segment.COMMODITY_FUTURES),
        ("MCX:CRUDEOIL26JAN5800PE", "1120260114449535", Segment.COMMODITY_OPTIONS),
    ],
)
def test_a_contract_is_charged_by_the_cards_of_its_market(symbol: str, token: str, segment: Segment) -> None:
    assert segment_of(contract(symbol, token)) is segment


@pytest.mark.parametrize(
    ("symbol", "token"),
    [
        ("NSE:NIFTY50-INDEX", "101000000026000"),
        ("NSE:USDINR26JANFUT", "101226012710001"),
        ("BSE:SENSEX26JANFUT", "121126012710001"),
        ("NSE:NIFTY26JAN", "101126012735009"),
    ],
)
def test_a_contract_without_known_charges_is_refused(symbol: str, token: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{symbol} has token {token}: no charges are known"):
        segment_of(contract(symbol, token))
