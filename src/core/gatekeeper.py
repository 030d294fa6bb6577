"""Every reason to refuse an entry, each one a small named rule. The last code before the wire.

The gate looks at orders that open risk only: it never refuses to reduce it. Rules are asked in the order of the
table; the first refusal is recorded with its code and the numbers that made it.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from core.activity import FAILURES
from core.entry_facts import TWIN_WINDOW, EntryFacts
from core.events import SafetyLevel
from core.instants import SECOND, ist_text
from core.market import Side
from core.orders import OrderIntent, Product
from core.refusals import Refusal
from core.rules import TradingRules

Rule: TypeAlias = Callable[[OrderIntent, EntryFacts, TradingRules], str | None]
"""Returns the detail of a refusal, or None to pass."""


class Refused(NamedTuple):
    """Why an entry may not be sent."""

    code: Refusal
    detail: str
    """The numbers that made it."""


def refuse_entry(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> Refused | None:
    """Return the first refusal of an entry, or None when every rule passes."""
    for code, rule in RULES:
        detail = rule(intent, facts, rules)
        if detail is not None:
            return Refused(code, detail)
    return None


def _stopping(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "the bot is stopping" if facts.stopping else None


def _safety_level(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return None if facts.level is SafetyLevel.RUN else f"level={facts.level.name}"


def _condition(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "; ".join(f"{held.name}: {why}" for held, why in facts.conditions.items()) or None


def _access(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return None if facts.access else "the token is dead; run `fyersbot login`"


def _account(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    if facts.token_account in {"", facts.account}:
        return None
    return f"the token opens {facts.token_account}, this run is for {facts.account}"


def _strategy(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return f"it has failed since the start: {facts.strategy_fault}" if facts.strategy_fault else None


def _drift(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return f"the market has left the model: {facts.drift}" if facts.drift else None


def _circuit(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    if facts.now >= facts.paused_until:
        return None
    return f"{FAILURES} orders failed within a minute; entries pause until {ist_text(facts.paused_until)}"


def _reconciled(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return None if facts.reconciled else "the books have not been read and agreed yet"


def _books(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return "the broker's books could not be read the last time" if facts.books_failed else None


def _fresh_books(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    age = facts.now - facts.books_at
    if age <= rules.max_books_age:
        return None
    return f"the last complete reading is {age / SECOND:.1f}s old, limit={rules.max_books_age / SECOND:.1f}s"


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


def _stray(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    """An entry that meets shares of the other side closes them, and its stop then opens what nobody wants."""
    if facts.stray_shares:
        return f"the broker shows {facts.stray_shares} in it, and none of them is ours"
    if facts.stray_at > facts.books_at:
        return f"shares were traded beside our positions at {ist_text(facts.stray_at)}, and no reading is younger"
    return None


def _twin(_intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    return f"the same order was sent within {TWIN_WINDOW // SECOND}s" if facts.has_twin else None


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


def _orders_per_minute(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.orders_in_minute < rules.max_orders_per_minute:
        return None
    return f"orders within a minute={facts.orders_in_minute}, limit={rules.max_orders_per_minute}"


def _orders_per_second(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.orders_in_second < rules.max_orders_per_second:
        return None
    return f"orders within a second={facts.orders_in_second}, limit={rules.max_orders_per_second}"


def _fresh_signal(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    """After a pause candles of long ago are decided on late: they say nothing of now."""
    if facts.signal_age <= rules.max_signal_age:
        return None
    return f"age={facts.signal_age / SECOND:.1f}s, limit={rules.max_signal_age / SECOND:.1f}s"


def _fresh_price(_intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.tick is None:
        return "no price has been seen"
    age = facts.now - facts.tick.at
    if age <= rules.max_price_age:
        return None
    return f"age={age / SECOND:.1f}s, limit={rules.max_price_age / SECOND:.1f}s"


def _band(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    """Where the limits of the day are unknown, a stop may be refused when it is needed, and an exit never end."""
    if facts.instrument.lower_band is not None and facts.instrument.upper_band is not None:
        return None
    return f"the symbol master of today has no price band of {intent.symbol}"


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
    return _above("value", _worth(intent), rules.max_order_value)


def _symbol_exposure(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    return _above(f"value in {intent.symbol}", facts.symbol_value + _worth(intent), rules.max_symbol_value)


def _total_exposure(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    return _above("value over all symbols", facts.exposure + _worth(intent), rules.max_exposure)


def _open_orders(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    return _above("value of open orders", facts.open_value + _worth(intent), rules.max_open_value)


def _turnover(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    return _above("turnover of the day", facts.turnover + _worth(intent), rules.max_turnover)


def _margin(intent: OrderIntent, facts: EntryFacts, rules: TradingRules) -> str | None:
    if facts.free_funds is None:
        return "the money at the broker has not been read yet"
    return _above("money needed", round(_worth(intent) * rules.margin), facts.free_funds)


def _stop(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    """A protective stop must be computable and valid before the entry is sent."""
    sign, price, stop = intent.side.value, intent.limit_price, facts.stop
    if stop > 0 and stop == facts.instrument.clamp(stop) and (price - stop) * sign > 0:
        return None
    return f"stop={stop}, entry={price}: not on the protective side inside the band"


def _target(intent: OrderIntent, facts: EntryFacts, _rules: TradingRules) -> str | None:
    """A target must be worth waiting for: beyond the last price, on the side of profit."""
    sign, last = intent.side.value, facts.tick.ltp if facts.tick else intent.limit_price
    if facts.target > 0 and (facts.target - last) * sign > 0:
        return None
    return f"target={facts.target}, last price={last}: not on the side of profit"


def _worth(intent: OrderIntent) -> int:
    return intent.quantity * intent.limit_price


def _above(what: str, value: int, limit: int) -> str | None:
    return None if value <= limit else f"{what}={value / 100:.2f}, limit={limit / 100:.2f}"


RULES: tuple[tuple[Refusal, Rule], ...] = (
    (Refusal.STOPPING, _stopping),
    (Refusal.SAFETY_LEVEL, _safety_level),
    (Refusal.CONDITION, _condition),
    (Refusal.NO_ACCESS, _access),
    (Refusal.WRONG_ACCOUNT, _account),
    (Refusal.STRATEGY_FAULT, _strategy),
    (Refusal.MODEL_DRIFT, _drift),
    (Refusal.CIRCUIT_OPEN, _circuit),
    (Refusal.NOT_RECONCILED, _reconciled),
    (Refusal.NO_BOOKS, _books),
    (Refusal.STALE_BOOKS, _fresh_books),
    (Refusal.SESSION_CLOSED, _session),
    (Refusal.ENTRIES_CLOSED, _entries),
    (Refusal.SYMBOL_BLOCKED, _blocked),
    (Refusal.SYMBOL_BUSY, _busy),
    (Refusal.STRAY_SHARES, _stray),
    (Refusal.DUPLICATE, _twin),
    (Refusal.NOT_TRADABLE, _tradable),
    (Refusal.SHORT_DELIVERY, _short_delivery),
    (Refusal.LOSS_LIMIT, _loss_limit),
    (Refusal.MAX_POSITIONS, _max_positions),
    (Refusal.MAX_ORDERS, _max_orders),
    (Refusal.ORDERS_PER_MINUTE, _orders_per_minute),
    (Refusal.ORDERS_PER_SECOND, _orders_per_second),
    (Refusal.STALE_SIGNAL, _fresh_signal),
    (Refusal.STALE_PRICE, _fresh_price),
    (Refusal.PRICE_BAND, _band),
    (Refusal.PRICE_SANITY, _price),
    (Refusal.QUANTITY_SANITY, _quantity),
    (Refusal.ORDER_VALUE, _value),
    (Refusal.SYMBOL_EXPOSURE, _symbol_exposure),
    (Refusal.TOTAL_EXPOSURE, _total_exposure),
    (Refusal.OPEN_ORDERS, _open_orders),
    (Refusal.TURNOVER, _turnover),
    (Refusal.MARGIN, _margin),
    (Refusal.STOP_SANITY, _stop),
    (Refusal.TARGET_SANITY, _target),
)
