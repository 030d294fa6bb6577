"""The numbers a trader chooses, in the units the core works in. Wiring builds them from the settings, once."""

from dataclasses import dataclass

from core.charges import ChargeRates
from core.instants import MINUTE, SECOND
from core.market import Timeframe
from core.orders import Product
from core.sizing import SizingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingRules:
    """Limits and habits of one run. Money in paise, times in nanoseconds, shares of price as fractions."""

    timeframe: Timeframe
    product: Product
    sizing: SizingRule
    charges: ChargeRates
    stop_atr: float
    target_atr: float
    limit_offset: float
    """Distance of a resting stop's limit beyond its trigger."""
    price_buffer: float
    """Distance of a marketable limit beyond the last price."""
    capital: int
    max_loss: int
    """Loss of the day, realised plus marked to market, that closes everything."""
    max_positions: int
    max_order_value: int
    max_orders_per_day: int
    max_price_age: int
    entry_timeout: int
    """An entry that is not filled by then is cancelled."""
    stop_patience: int
    """A triggered stop that is not filled by then is chased."""
    verify_after: int
    """A change the books do not show by then is acted on."""
    protect_within: int
    """A position without a stop at the broker for this long is closed."""
    books_busy: int
    """Pause between readings of the books while an order is live."""
    books_idle: int
    """Pause between readings while nothing is live."""
    transit: int
    """Longest time after sending at which an order of unknown outcome may still appear in the books."""
    feed_steady: int = MINUTE
    """How long prices must have come in again before entries follow them."""
    soft_loss: int = 500_000
    """Loss of the day, as for `max_loss`, that ends entries until an operator resumes."""
    max_symbol_value: int = 25_000_000
    """Value of all that is held or may fill in one symbol."""
    max_exposure: int = 50_000_000
    """The same over all symbols."""
    max_open_value: int = 100_000_000
    """Value of all our orders that may still trade."""
    max_turnover: int = 1_000_000_000
    """Value of all fills of the day, both sides."""
    max_orders_per_second: int = 6
    """Orders, changes and cancels after which an entry has to stand back; so for the minute."""
    max_orders_per_minute: int = 60
    max_books_age: int = 3 * MINUTE
    """Age at which the last complete reading of the books is too old to enter on."""
    escalate_after: int = 20 * SECOND
    """A forced exit of everything that is not proven by then calls for a person."""
    desk_phone: str = ""
    """The broker's dealing desk, for that call; empty: not known."""
    margin: float = 1.05
    """Money that must be free at the broker for each unit of an order's value, buffer included."""
    trail_atr: float = 0.0
    """Distance of a trailing stop behind the best price, in multiples of the average true range; 0 for none."""
    max_signal_age: int = 2 * MINUTE
    """Age, since its candle closed, at which a signal is too old to enter on."""
    drift_warn: float = 0.05
    """Rate of false alarms, over the life of a model, at which evidence of drift is told; so for the next two."""
    drift_shrink: float = 0.01
    """At this one entries are smaller."""
    drift_stop: float = 0.001
    """At this one there are no entries, until an operator resumes or a new model comes."""
    drift_size_ppm: int = 500_000
    """What is left of an entry then, in parts per million."""

    @property
    def ask_again_after(self) -> int:
        """Pause before a change or cancel that came to nothing is asked for again."""
        return 5 * self.verify_after
