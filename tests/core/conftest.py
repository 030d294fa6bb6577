from datetime import date, time

import pytest

from core.instants import instant_at
from core.market import Instrument
from core.sessions import TradingDay

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
