"""The sockets in the wall: what the inside asks of the outside.

A port has one contract suite in `tests/contracts`, and each adapter keeps it. Two adapters each have `Calendar` (the
exchange's, a tape's), `HistorySource` and `HistoryRange` (the client, a simulated market), `Broker` (the client, paper)
and `Predictor` (arrays, pickles). `Clock` has one, held to its suite at several speeds, and so has `RowStream`, held to
the batch path. `TickFeed` has one too, and no suite yet: that comes with the second feed.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from core.instants import Instant
from core.market import Candle, Tick, Timeframe
from core.orders import BrokerPosition, Fill, Funds, OrderChange, OrderIntent, OrderReport, Outcome, Profile
from core.sessions import TradingDay
from core.signals import FeatureRow, Prediction


class Clock(Protocol):
    """The one clock. Market time may run faster than wall time; every wait goes through here."""

    def now(self) -> Instant:
        """Market time."""
        ...

    def steady(self) -> Instant:
        """Market time that nobody can set: begins as `now` and never steps. For lengths of time only, never a date."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait a number of market seconds, never less than 50 ms of wall time."""
        ...

    def pause_seconds(self, seconds: float) -> float:
        """Wall seconds to wait for a number of market seconds: never less than 0.05."""
        ...

    def deadline_seconds(self, seconds: float) -> float:
        """Wall seconds a network call may take: `seconds / speed`, never less than 0.5."""
        ...

    def wall_at(self, instant: Instant) -> datetime:
        """The aware wall time at which the market clock will show an instant, for APScheduler."""
        ...


class Calendar(Protocol):
    """Which days are sessions, and their hours."""

    def trading_day(self, day: date) -> TradingDay | None:
        """The session of a date, or None when the market is closed. Raises `DataError` past the known horizon."""
        ...

    def next_trading_day(self, after: date) -> TradingDay:
        """The first session after a date. Raises `DataError` past the known horizon."""
        ...


class HistorySource(Protocol):
    """Closed candles of the past."""

    def get_historical_data(self, symbol: str, timeframe: Timeframe, num_candles: int) -> tuple[Candle, ...]:
        """Return up to the last `num_candles` closed candles, oldest first; the forming one is never among them.

        Raises `AuthenticationError`, `RateLimitError`, `DataError` for rows that break the rules, `BrokerError`.
        """
        ...


class HistoryRange(Protocol):
    """The past by dates, for whoever keeps it."""

    def get_candles(self, symbol: str, timeframe: Timeframe, first: date, last: date) -> tuple[Candle, ...]:
        """Return what the source has of some days, both included, as it came: to be checked, the forming one included.

        One call to the source; no rows where it has none. A daily candle is stamped 05:30 IST of its date. Raises
        `AuthenticationError`, `RateLimitError`, `DataError` for rows that cannot be read, `BrokerError` for all else,
        also for a symbol that the source does not know.
        """
        ...


class Broker(Protocol):
    """The trading account. The four verbs never raise for what the broker or network does: they return an outcome."""

    def place_order(self, intent: OrderIntent) -> Outcome:
        """Send an order once."""
        ...

    def modify_order(self, change: OrderChange) -> Outcome:
        """Give a resting order new absolute values."""
        ...

    def cancel_order(self, broker_id: str) -> Outcome:
        """Ask to cancel a resting order."""
        ...

    def exit_position(self, symbol: str, product: str) -> Outcome:
        """Ask the broker to close one position; the broker computes the quantity."""
        ...

    def get_orders(self) -> tuple[OrderReport, ...]:
        """Return the whole order book of the day. Raises `BrokerError` and its children; so do the reads below."""
        ...

    def get_trades(self) -> tuple[Fill, ...]:
        """Return the whole trade book of the day."""
        ...

    def get_open_positions(self) -> tuple[BrokerPosition, ...]:
        """Return the position book, closed rows of the day included."""
        ...

    def get_funds(self) -> Funds:
        """Return the money at the broker."""
        ...

    def get_profile(self) -> Profile:
        """Return whose account this is; the cheapest proof that the token lives."""
        ...


class TickFeed(Protocol):
    """Live prices for a set of symbols. It reconnects by itself and never gives up in market hours."""

    def start(self, symbols: Sequence[str], on_tick: Callable[[Tick], None]) -> None:
        """Connect, subscribe and deliver ticks on the feed's own thread."""
        ...

    def stop(self) -> None:
        """Disconnect and join the thread. Safe to call twice."""
        ...

    def age_seconds(self, symbol: str) -> float:
        """Market seconds since anything was heard that vouches for this symbol's price; infinity before the first."""
        ...


class Predictor(Protocol):
    """A trained classifier."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names and order of the features it was trained on."""
        ...

    def predict(self, row: FeatureRow) -> Prediction:
        """Classify one complete row; earlier rows do not matter.

        Raises `ModelError` for a row without one of its features, `InvariantError` for one that holds NaN or infinity.
        """
        ...


class RowStream(Protocol):
    """Features of one symbol, one closed candle at a time; the same numbers as the batch path, bit for bit."""

    def update(self, candle: Candle) -> FeatureRow | None:
        """Take the next closed candle; return its row, or None while warming up or when a feature has no value.

        Raises `DataError` for a candle that does not come after the one before it, and is then as before.
        """
        ...
