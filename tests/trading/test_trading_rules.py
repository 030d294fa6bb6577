import pytest

from core.charges import ChargeRates
from core.errors import ConfigurationError
from core.instants import SECOND
from core.market import Instrument
from runtime.clock import MarketClock
from runtime.settings import Settings
from trading.trading_rules import check_tradable, rules_of

SHARE = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
FREE = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
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


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 30), (20.0, 30), (240.0, 120)])
def test_a_stop_has_the_time_that_its_calls_take_on_a_fast_clock_too(speed: float, seconds: int) -> None:
    clock = MarketClock(start=1_767_672_000 * SECOND, speed=speed)
    assert rules_of(Settings(), FREE, clock).protect_within == seconds * SECOND
