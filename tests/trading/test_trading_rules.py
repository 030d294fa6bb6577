import pytest

from core.errors import ConfigurationError
from core.market import Instrument
from trading.trading_rules import check_tradable

SHARE = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
INDEX = Instrument(symbol="NSE:NIFTY50-INDEX", token="101000000026000", tick=5)


def test_shares_and_indices_of_nse_pass() -> None:
    check_tradable({SHARE.symbol: SHARE, INDEX.symbol: INDEX})


@pytest.mark.parametrize(
    ("token", "scale"),
    [
        pytest.param("101226012812345", 4, id="currency"),
        pytest.param("101126012753001", 2, id="derivatives of shares"),
        pytest.param("1120260119999", 2, id="commodities"),
        pytest.param("1210000000500112", 2, id="BSE"),
        pytest.param("10100000003045", 4, id="four decimals"),
    ],
)
def test_a_contract_of_another_market_or_scale_is_refused_with_what_is_supported(token: str, scale: int) -> None:
    odd = Instrument(symbol="NSE:ODD-EQ", token=token, tick=5, scale=scale)
    with pytest.raises(ConfigurationError) as refused:
        check_tradable({SHARE.symbol: SHARE, odd.symbol: odd})
    assert str(refused.value) == (
        f"symbols: NSE:ODD-EQ has token {token} and {scale} decimals in the symbol master: only NSE cash and indices "
        "(tokens 1010..., 2 decimals) are supported; take it off the list"
    )
