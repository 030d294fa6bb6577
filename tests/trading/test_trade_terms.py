"""The size of a trade by the settings is the size that the live bot gives it, and its words tell it from others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charges import ChargeRates
from core.entry_pricing import priced_entry
from core.errors import ConfigurationError
from core.market import Instrument, Side, Tick
from core.sizing import SizingMethod
from runtime.clock import MarketClock
from runtime.settings import ExitSettings, RiskSettings, Settings, SizingSettings
from trading.trade_terms import TradeTerms
from trading.trading_rules import rules_of

FREE = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
USUAL = TradeTerms()


def test_the_defaults_are_those_of_the_settings() -> None:
    assert TradeTerms.of(Settings()) == USUAL


@given(
    method=st.sampled_from(("fixed", "capital", "risk")),
    quantity=st.integers(1, 10_000),
    capital=st.decimals(1_000, 10_000_000, places=2),
    share=st.floats(0.01, 1),
    risk=st.floats(0.00001, 0.05),
    buffer=st.floats(0.0001, 0.02),
    stop=st.floats(0.1, 20),
    side=st.sampled_from(Side),
    price=st.integers(200, 1_000_000),
    atr=st.floats(0.1, 5_000),
    tick=st.sampled_from((1, 5, 10)),
)
def test_a_trade_has_the_size_that_the_live_bot_gives_it(
    method, quantity, capital, share, risk, buffer, stop, side, price, atr, tick
) -> None:
    settings = Settings(
        exits=ExitSettings(stop_atr=stop),
        risk=RiskSettings(capital=capital, price_buffer=buffer),
        sizing=SizingSettings(method=method, quantity=quantity, capital_fraction=share, risk_fraction=risk),
    )
    instrument = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=tick)
    last = Tick("NSE:SBIN-EQ", 0, price // tick * tick, 0, 0, 0)
    live = priced_entry(side, atr, last, instrument, rules_of(settings, FREE, MarketClock()))

    assert TradeTerms.of(settings).shares(side.sign, last.ltp, atr, tick) == live.quantity


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (SizingMethod.FIXED, "a fixed quantity of 1, worth at most 100,000 rupees"),
        (SizingMethod.CAPITAL, "as many shares as 100,000 rupees buy"),
        (SizingMethod.RISK, "as many shares as lose 1,250 rupees at the stop, worth at most 100,000 rupees"),
    ],
)
def test_the_size_is_told_in_words(method: SizingMethod, words: str) -> None:
    terms = replace(USUAL, sizing=replace(USUAL.sizing, method=method))
    assert terms.sizing_words == f"{words}, at a limit 0.2 % beyond the close"


def test_paise_are_told_where_there_are_some() -> None:
    small = replace(USUAL, capital=100_050, sizing=replace(USUAL.sizing, method=SizingMethod.CAPITAL))
    assert small.sizing_words.startswith("as many shares as 200.10 rupees buy")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stop_atr": 0.0}, "stop and target must be above 0"),
        ({"trail_atr": -1.0}, "not below it"),
        ({"capital": 400}, "largest position is of 80 paise; give more risk.capital"),
    ],
)
def test_what_is_no_trade_is_refused(change: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        replace(USUAL, **change)
