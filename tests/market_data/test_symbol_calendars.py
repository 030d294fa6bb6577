"""Each symbol by its own market's hours."""

from datetime import date, timedelta

import pytest

from core.errors import DataError
from core.instants import ist_text
from core.ports import Calendar
from market_data.calendar import NseCalendar
from market_data.commodity_calendar import CommodityCalendar
from market_data.session_rules import INSTALLED_RULES, read_rules
from market_data.symbol_calendars import SymbolCalendars
from runtime.settings import Settings

AFTER_THE_AUCTION = date(2026, 8, 3)


def hours(calendar: Calendar, day: date) -> str:
    session = calendar.trading_day(day)
    assert session is not None
    return f"{ist_text(session.open)[11:16]}-{ist_text(session.close)[11:16]}"


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("NSE:SBIN-EQ", "09:15-15:15"),
        ("BSE:SENSEX-INDEX", "09:15-15:15"),
        ("NSE:NIFTY26AUGFUT", "09:15-15:40"),
        ("BSE:SENSEX26AUG84000PE", "09:15-15:40"),
        ("MCX:CRUDEOIL26AUGFUT", "09:00-23:30"),
    ],
)
def test_a_symbol_keeps_the_hours_of_its_market(symbol: str, expected: str) -> None:
    calendars = SymbolCalendars.beside(NseCalendar(), Settings())
    assert hours(calendars.of(symbol), AFTER_THE_AUCTION) == expected


@pytest.fixture
def commodities() -> CommodityCalendar:
    return CommodityCalendar(read_rules(INSTALLED_RULES))


def test_commodities_trade_on_weekdays_into_the_evening(commodities: CommodityCalendar) -> None:
    friday = date(2026, 1, 9)
    assert hours(commodities, friday) == "09:00-23:55"
    assert commodities.trading_day(friday + timedelta(days=1)) is None
    assert commodities.next_trading_day(friday).date == date(2026, 1, 12)


def test_what_is_not_known_of_commodities_is_said(commodities: CommodityCalendar) -> None:
    with pytest.raises(DataError, match="commodity hours of 2016-06-01 are not known"):
        commodities.trading_day(date(2016, 6, 1))
