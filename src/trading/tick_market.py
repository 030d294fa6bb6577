"""Live ticks as a market: what the paper exchange trades against. It knows the present only."""

from collections.abc import Mapping

from core.errors import DataError
from core.instants import Instant
from core.market import Candle, Instrument, Tick, Timeframe
from core.ports import Calendar
from simulator.market import Quote

DISPLAYED = 1_000_000
"""Shares shown at the touch: a tick does not carry sizes, so paper orders of retail size fill whole."""


class TickMarket:
    """The newest ticks, kept until the exchange has stepped over them, asked for or not."""

    def __init__(self, instruments: Mapping[str, Instrument], calendar: Calendar) -> None:
        self._instruments = dict(instruments)
        self._calendar = calendar
        self._waiting: list[Quote] = []
        self._last: dict[str, Quote] = {}

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The contracts of the day."""
        return self._instruments

    @property
    def calendar(self) -> Calendar:
        """The sessions."""
        return self._calendar

    def instruments_at(self, now: Instant) -> Mapping[str, Instrument]:  # noqa: ARG002 - one day only
        """The contracts of the day, bands included."""
        return self._instruments

    def add(self, tick: Tick) -> None:
        """Take a tick as the next quote."""
        before = self._last.get(tick.symbol)
        quote = Quote(
            symbol=tick.symbol,
            at=tick.at,
            ltp=tick.ltp,
            last_quantity=max(0, tick.volume - before.volume) if before else 0,
            volume=tick.volume,
            bid=tick.bid or tick.ltp,
            ask=tick.ask or tick.ltp,
            bid_size=DISPLAYED,
            ask_size=DISPLAYED,
            open=before.open if before else tick.ltp,
            high=max(before.high, tick.ltp) if before else tick.ltp,
            low=min(before.low, tick.ltp) if before else tick.ltp,
            previous_close=before.previous_close if before else tick.ltp,
            average=tick.ltp,
            total_buy=DISPLAYED,
            total_sell=DISPLAYED,
        )
        self._last[tick.symbol] = quote
        self._waiting.append(quote)

    def forget_waiting(self) -> None:
        """Drop what the exchange did not ask for: with no order at work it looks at no price."""
        self._waiting.clear()

    def quotes(self, after: Instant, until: Instant) -> list[Quote]:  # noqa: ARG002 - what waits is what is new
        """Hand over what has arrived since the last call."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def quote(self, symbol: str, now: Instant) -> Quote | None:  # noqa: ARG002 - only the present is known
        """The last quote of a symbol."""
        return self._last.get(symbol)

    def candles(self, symbol: str, timeframe: Timeframe, start: Instant, end: Instant, now: Instant) -> list[Candle]:  # noqa: ARG002
        """Not known here. Raises `DataError`: paper trading takes its history from the broker."""
        raise DataError(f"no candles of {symbol} in a market of ticks; ask the history source")
