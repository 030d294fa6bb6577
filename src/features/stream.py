"""Features as the market goes: one closed candle in, one complete row out, the same bits as the batch path."""

import math

from core.errors import DataError
from core.instants import Instant, ist_date, ist_text
from core.market import Candle, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from core.signals import FeatureRow
from features.indicators import Bar, Value, picker
from features.specification import FeatureSpecification


class FeatureStream:
    """The features of one symbol; a `core.ports.RowStream`. Feed it every closed candle, oldest first, once."""

    def __init__(
        self, specification: FeatureSpecification, symbol: str, timeframe: Timeframe, calendar: Calendar
    ) -> None:
        """`calendar` knows when each candle's session ends, and so when the candle closes."""
        self.specification = specification
        self.symbol = symbol
        self.timeframe = timeframe
        places = {each: place for place, each in enumerate(specification.indicators)}
        self._meters = tuple(each.live() for each in specification.indicators)
        self._recipes = tuple(
            (picker([places[each] for each in recipe.indicators]), recipe.formula, recipe.guard)
            for recipe in (feature.recipe for feature in specification.features)
        )
        self._calendar = calendar
        self._last: Instant | None = None
        self._session: TradingDay | None = None

    def update(self, candle: Candle) -> FeatureRow | None:
        """Take the next closed candle; return its row, or None while warming up or when a feature has no value.

        Raises `DataError` for a candle that does not come after the one before it, or on a day without trading; the
        stream is then unchanged.
        """
        bar, session = self._bar(candle)
        values = [meter.update(bar) for meter in self._meters]
        if None in values:
            return None
        average_true_range = values[0]
        if not isinstance(average_true_range, float) or average_true_range <= 0:
            return None
        row = self._row(values)
        if row is None:
            return None
        closed_at = session.candle_close(candle.start, self.timeframe)
        return FeatureRow(self.symbol, candle, closed_at, self.specification.columns, row, average_true_range)

    def _bar(self, candle: Candle) -> tuple[Bar, TradingDay]:
        if self._last is not None and candle.start <= self._last:
            raise DataError(
                f"{self.symbol}: candle {ist_text(candle.start)} does not come after {ist_text(self._last)}; "
                "feed each closed candle once, in order of time"
            )
        day, session = ist_date(candle.start), self._session
        opens_session = session is not None and session.date != day
        if session is None or opens_session:
            session = self._calendar.trading_day(day)
            if session is None:
                raise DataError(f"{self.symbol}: candle {ist_text(candle.start)} lies on a day without trading")
        self._last, self._session = candle.start, session
        high, low, close = candle.high, candle.low, candle.close
        prices = candle.open, high, low, close, candle.volume, high + low + close
        return Bar(tuple(map(float, prices)), candle, opens_session), session

    def _row(self, values: list[Value | None]) -> tuple[float, ...] | None:
        """Apply the formulas; None when a guard is not above zero."""
        row = []
        for pick, formula, guard in self._recipes:
            inputs = pick(values)
            if guard is not None and not guard(*inputs) > 0:
                return None
            row.append(formula(*inputs))
        # A sum is finite only if each part is: one test instead of one per feature.
        return tuple(row) if math.isfinite(sum(row)) else None
