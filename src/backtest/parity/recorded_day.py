"""A day as the bot recorded it, and its receipt: log and candles in, rupees by cause out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from backtest.parity.day_candles import DayCandles, candles_in
from backtest.parity.live_day import read_day
from backtest.parity.opinions import opinions_on
from backtest.parity.prices import Market
from backtest.parity.rerun import Ground
from backtest.parity.waterfall import Receipt, explain
from core.errors import ConfigurationError, StorageError
from core.events import DayBegan, DeskSet
from core.market import Timeframe
from core.orders import Product
from core.ports import RowStream
from core.sessions import TradingDay
from core.signals import SignalProvider
from trading.event_log import Row
from trading.replay import Start
from trading.tick_tape import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDay:
    """One session in the event log, from the first start of the bot that came to it to the last."""

    before: Sequence[Row]
    """Everything in the log before it."""
    rows: Sequence[Row]
    session: TradingDay
    desk: DeskSet
    """What the bot was built from at its first start."""
    has_one_desk: bool
    """Whether it was built from the same at every start."""
    candles: DayCandles

    @classmethod
    def of(cls, rows: Sequence[Row], starts: Sequence[Start]) -> "RecordedDay":
        """Take the starts of one day, at least one, out of all rows of a log.

        Raises `ConfigurationError` for a day that was traded for delivery, `StorageError` for a start that did not
        record what its kernel was built from.
        """
        begins, ends = starts[0].rows[0].number - 1, starts[-1].rows[-1].number
        desk = starts[0].desk
        if desk.rules.timeframe is Timeframe.D or desk.rules.product is Product.CNC:
            raise ConfigurationError(
                f"{starts[0].day} was traded for delivery, in and out on different days, and parity compares one day; "
                "`fyersbot replay --verify` proves its decisions"
            )
        return cls(
            before=rows[:begins],
            rows=rows[begins:ends],
            session=_session_of(starts[0]),
            desk=desk,
            has_one_desk=all(replace(start.desk, at=desk.at) == desk for start in starts),
            candles=candles_in(rows[begins:ends]),
        )

    def market_of(self, ticks: Iterable[Seen] | None) -> Market:
        """Return the prices to trade on: the ticks of the day's tape, or without one the official candles."""
        if ticks is not None:
            return Market.of_ticks(ticks)
        return Market.of_bars(self.candles.as_official, self.session, self.desk.rules.timeframe)

    def receipt(self, market: Market, provider: SignalProvider, stream_for: Callable[[str], RowStream]) -> Receipt:
        """Trade the day again and explain what the bot did otherwise. Raises `StrategyError`."""
        desk = self.desk
        asked = self.session, desk.rules.timeframe, provider, stream_for
        instruments = {instrument.symbol: instrument for instrument in desk.instruments}
        live = read_day(self.before, self.rows, market)
        return explain(
            official=opinions_on(self.candles.as_official, *asked),
            recorded=opinions_on(self.candles.as_decided, *asked),
            live=live,
            ground=Ground(desk.rules, instruments, self.session, market, self.rows[-1].at, live.drift),
        )


def _session_of(start: Start) -> TradingDay:
    for row in start.rows:
        if row.kind == DayBegan.__name__ and isinstance(event := row.event, DayBegan):
            return event.day
    raise StorageError(f"row {start.rows[0].number} of the event log: this start came to no session")
