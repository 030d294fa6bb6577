"""Sessions of the commodity exchange, for its history: into the evening, on every weekday, for want of its holidays.

On a holiday that is taken for a session the broker has no candles, and that is remembered. Nobody may trade by this.
"""

from datetime import date

from core.instants import MINUTE, instant_at
from core.sessions import TradingDay
from market_data.commodity_hours import commodity_hours_on
from market_data.days import is_weekend
from market_data.session_rules import SessionRules
from market_data.trading_hours import Span, next_session


class CommodityCalendar:
    """The port `Calendar`. Sessions on weekends, as at Diwali and on a budget Sunday, are not known."""

    def __init__(self, rules: SessionRules) -> None:
        """`rules` say when commodities trade; the bot's own times count back from the close, as in short sessions."""
        self._hours = rules.commodity_hours
        self._before_end = rules.short_session_minutes

    def trading_day(self, day: date) -> TradingDay | None:
        """Return the hours of a weekday, None on a weekend. Raises `DataError` before the first known hours."""
        if is_weekend(day):
            return None
        hours = commodity_hours_on(self._hours, day)
        close = instant_at(day, hours.close)
        return TradingDay(
            date=day,
            open=instant_at(day, hours.open),
            close=close,
            no_entry_after=close - self._before_end.no_entry_after * MINUTE,
            square_off=close - self._before_end.square_off * MINUTE,
            flat_by=close - self._before_end.flat_by * MINUTE,
        )

    def trading_hours(self, day: date) -> tuple[Span, ...]:
        """Return from when to when a weekday trades, nothing on a weekend. Raises what `trading_day` does."""
        session = self.trading_day(day)
        return () if session is None else ((session.open, session.close),)

    def next_trading_day(self, after: date) -> TradingDay:
        """Return the hours of the next weekday. Raises `DataError` before the first known hours."""
        return next_session(self, after)
