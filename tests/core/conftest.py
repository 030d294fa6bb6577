from datetime import date, time

import pytest

from core.charges import ChargeRates
from core.instants import HOUR, MINUTE, SECOND, instant_at
from core.market import Instrument, Timeframe
from core.orders import Product
from core.rules import TradingRules
from core.sessions import TradingDay
from core.sizing import SizingMethod, SizingRule

A_TUESDAY = date(2026, 1, 6)


@pytest.fixture
def sbin() -> Instrument:
    """A share with a tick of five paise and today's band."""
    return Instrument(
        symbol="NSE:SBIN-EQ", token="10100000003045", tick=5, freeze=100_000, lower_band=72_000, upper_band=88_000
    )


@pytest.fixture
def day() -> TradingDay:
    """A full session with the default rules."""
    return TradingDay(
        date=A_TUESDAY,
        open=instant_at(A_TUESDAY, time(9, 15)),
        no_entry_after=instant_at(A_TUESDAY, time(14, 45)),
        square_off=instant_at(A_TUESDAY, time(15, 5)),
        flat_by=instant_at(A_TUESDAY, time(15, 10)),
        close=instant_at(A_TUESDAY, time(15, 30)),
    )


@pytest.fixture
def rules() -> TradingRules:
    """Ten shares a trade on five-minute candles, with the limits of a small account."""
    return TradingRules(
        timeframe=Timeframe.M5,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.FIXED, quantity=10, capital_ppm=1_000_000, risk_ppm=2_500, max_order_value=10**8
        ),
        charges=ChargeRates(
            brokerage=3_000,
            brokerage_cap=2_000,
            stt_buy=0,
            stt_sell=2_500,
            exchange=297,
            sebi=10,
            ipft=10,
            stamp_buy=300,
            gst_percent=18,
        ),
        stop_atr=2.0,
        target_atr=3.0,
        limit_offset=0.005,
        price_buffer=0.002,
        capital=50_000_000,
        max_loss=1_000_000,
        max_positions=3,
        max_order_value=10**8,
        max_orders_per_day=200,
        max_price_age=MINUTE,
        entry_timeout=20 * SECOND,
        stop_patience=3 * SECOND,
        verify_after=2 * SECOND,
        protect_within=30 * SECOND,
        books_busy=5 * SECOND,
        books_idle=MINUTE,
        transit=43 * SECOND,
        max_signal_age=6 * HOUR,
    )
