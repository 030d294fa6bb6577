"""Whose sessions does a symbol keep? A future trades on when its share has closed, crude oil until midnight.

Candles judged by another market's hours are dropped as lying outside, and days are taken for whole that are not.
"""

from market_data.calendar import NseCalendar
from market_data.commodity_calendar import CommodityCalendar
from market_data.session_rules import INSTALLED_RULES, Market, read_rules
from market_data.symbols.ticker import is_commodity, is_derivative
from market_data.trading_hours import MarketCalendar
from runtime.settings import Settings


class SymbolCalendars:
    """The calendar of each symbol; NSE and BSE keep the same days and hours."""

    def __init__(self, shares: MarketCalendar, derivatives: MarketCalendar, commodities: MarketCalendar) -> None:
        """`shares` also count for indices; whether a share has derivatives is not told apart."""
        self._shares = shares
        self._derivatives = derivatives
        self._commodities = commodities

    @classmethod
    def beside(cls, shares: MarketCalendar, settings: Settings) -> "SymbolCalendars":
        """Return those of some settings, with a calendar of shares that is open already.

        Raises `ConfigurationError` for a rules file that cannot be read.
        """
        paths = settings.paths
        rules = read_rules(paths.sessions or INSTALLED_RULES)
        return cls(shares, NseCalendar(paths.sessions, paths.cache, Market.DERIVATIVES), CommodityCalendar(rules))

    def of(self, symbol: str) -> MarketCalendar:
        """Return the calendar that a ticker's market keeps."""
        if is_commodity(symbol):
            return self._commodities
        return self._derivatives if is_derivative(symbol) else self._shares
