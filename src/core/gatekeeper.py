"""Every reason to refuse an entry, each one a small named rule. The last code before the wire.

The gate looks at orders that open risk only: it never refuses to reduce it. Rules are asked in the order of the
table; the first refusal is recorded with its code and the numbers that made it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from core.events import Condition, SafetyLevel
from core.instants import SECOND, Instant, ist_text
from core.market import Instrument, Side, Tick
from core.orders import OrderIntent, Product
from core.rules import TradingRules
from core.sessions import TradingDay


class Refusal(Enum):
    """Why an entry was refused; the value is the code in the log."""

    STOPPING = "STOPPING"
    SAFETY_LEVEL = "SAFETY_LEVEL"
    CONDITION = "CONDITION"
    NO_ACCESS = "NO_ACCESS"
    NOT_RECONCILED = "NOT_RECONCILED"
    NO_BOOKS = "NO_BOOKS"
    SESSION_CLOSED = "SESSION_CLOSED"
    ENTRIES_CLOSED = "ENTRIES_CLOSED"
    SYMBOL_BLOCKED = "SYMBOL_BLOCKED"
    SYMBOL_BUSY = "SYMBOL_BUSY"
    NOT_TRADABLE = "NOT_TRADABLE"
    SHORT_DELIVERY = "SHORT_DELIVERY"
    LOSS_LIMIT = "LOSS_LIMIT"
    MAX_POSITIONS = "MAX_POSITIONS"
    MAX_ORDERS = "MAX_ORDERS"
    STALE_PRICE = "STALE_PRICE"
    PRICE_SANITY = "PRICE_SANITY"
    QUANTITY_SANITY = "QUANTITY_SANITY"
    ORDER_VALUE = "ORDER_VALUE"
    STOP_SANITY = "STOP_SANITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """What the gate may look at, gathered at one instant."""

    now: Instant
    day: TradingDay | None
    level: SafetyLevel
    conditions: Mapping[Condition, str]
    """The doubts that hold, each with its reason."""
    access: bool
    reconciled: bool
    books_failed: bool
    """Whether the newest attempt to read the broker's books came to nothing."""
    stopping: bool
    blocked: str
    """Why the symbol is blocked; empty when it is not."""
    busy: bool
    """Whether the symbol has a position or a live order of ours."""
    positions: int
    """Open positions and live entries, over all symbols."""
    profit: int
    """Realised plus marked to market of the day, in units."""
    orders_today: int
    instrument: Instrument
    tick: Tick | None
    stop: int
    target: int


Rule: TypeAlias = Callable[[OrderIntent, EntryFacts, TradingRules], str | None]
"""Returns the detail of a refusal, or None to pass."""


def refuse_entry(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> tuple[Refusal, str] | None:
    """Return the first refusal of an entry with its detail, or None when every rule passes."""
    for code, rule in RULES:
        detail = rule(intent, facts, rules)
        if detail is not None:
            return code, detail
    return None


def _stopping(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "the bot is stopping" if facts.stopping else None


def _safety_level(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return None if facts.level is SafetyLevel.RUN else f"level={facts.level.name}"


def _condition(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "; ".join(f"{held.name}: {why}" for held, why in facts.conditions.items()) or None


def _access(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return None if facts.access else "the token is dead; run `fyersbot login`"


def _reconciled(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return None if facts.reconciled else "the books have not been read and agreed yet"


def _books(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "the broker's books could not be read the last time" if facts.books_failed else None


def _session(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    if facts.day is not None and facts.day.is_open(facts.now):
        return None
    return f"now={ist_text(facts.now)}, outside the session"


def _entries(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    if facts.day is None or intent.product is Product.CNC or facts.day.entries_allowed(facts.now):
        return None
    return f"now={ist_text(facts.now)}, no entries after {ist_text(facts.day.no_entry_after)}"


def _blocked(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return facts.blocked or None


def _busy(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "a position or a live order of ours is in it" if facts.busy else None


def _tradable(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return f"{intent.symbol} is an index" if facts.instrument.is_index else None


def _short_delivery(intent: OrderIntent, _facts: EntryFacts, _rules: TradingRules) -> str | None:
    if intent.product is Product.CNC and intent.side is Side.SELL:
        return "delivery shares cannot be sold short"
    return None


def _loss_limit(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.profit > -rules.max_loss:
        return None
    return f"profit={facts.profit / 100:.2f}, limit={-rules.max_loss / 100:.2f}"


def _max_positions(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.positions < rules.max_positions:
        return None
    return f"positions={facts.positions}, limit={rules.max_positions}"


def _max_orders(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.orders_today < rules.max_orders_per_day:
        return None
    return f"orders={facts.orders_today}, limit={rules.max_orders_per_day}"


def _fresh_price(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.tick is None:
        return "no price has been seen"
    age = facts.now - facts.tick.at
    if age <= rules.max_price_age:
        return None
    return f"age={age / SECOND:.1f}s, limit={rules.max_price_age / SECOND:.1f}s"


def _price(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    instrument, price = facts.instrument, intent.limit_price
    if price <= 0 or price % instrument.tick:
        return f"price={price}, not a positive multiple of the tick {instrument.tick}"
    if price != instrument.clamp(price):
        return f"price={price}, outside the band {instrument.lower_band}..{instrument.upper_band}"
    return None


def _quantity(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    instrument, quantity = facts.instrument, intent.quantity
    if quantity <= 0 or quantity % instrument.lot:
        return f"quantity={quantity}, not a positive multiple of the lot {instrument.lot}"
    if instrument.freeze is not None and quantity >= instrument.freeze:
        return f"quantity={quantity}, at or above the freeze quantity {instrument.freeze}"
    return None


def _value(intent: OrderIntent, _facts: EntryFacts, rules: TradingRules) -> str | None:
    value = intent.quantity * intent.limit_price
    if value <= rules.max_order_value:
        return None
    return f"value={value / 100:.2f}, limit={rules.max_order_value / 100:.2f}"


def _stop(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    """A protective stop must be computable and valid before the entry is sent."""
    sign, price, stop = intent.side.value, intent.limit_price, facts.stop
    if stop > 0 and stop == facts.instrument.clamp(stop) and (price - stop) * sign > 0:
        return None
    return f"stop={stop}, entry={price}: not on the protective side inside the band"


RULES: tuple[tuple[Refusal, Rule], ...] = (
    (Refusal.STOPPING, _stopping),
    (Refusal.SAFETY_LEVEL, _safety_level),
    (Refusal.CONDITION, _condition),
    (Refusal.NO_ACCESS, _access),
    (Refusal.NOT_RECONCILED, _reconciled),
    (Refusal.NO_BOOKS, _books),
    (Refusal.SESSION_CLOSED, _session),
    (Refusal.ENTRIES_CLOSED, _entries),
    (Refusal.SYMBOL_BLOCKED, _blocked),
    (Refusal.SYMBOL_BUSY, _busy),
    (Refusal.NOT_TRADABLE, _tradable),
    (Refusal.SHORT_DELIVERY, _short_delivery),
    (Refusal.LOSS_LIMIT, _loss_limit),
    (Refusal.MAX_POSITIONS, _max_positions),
    (Refusal.MAX_ORDERS, _max_orders),
    (Refusal.STALE_PRICE, _fresh_price),
    (Refusal.PRICE_SANITY, _price),
    (Refusal.QUANTITY_SANITY, _quantity),
    (Refusal.ORDER_VALUE, _value),
    (Refusal.STOP_SANITY, _stop),
)
