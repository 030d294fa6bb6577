"""From settings, in rupees and seconds as people write them, to the rules the core works with."""

from collections.abc import Mapping

from core.charges import ChargeRates
from core.errors import ConfigurationError
from core.instants import SECOND
from core.market import Instrument, Timeframe
from core.orders import Product
from core.rules import TradingRules
from core.segments import NSE_CASH
from core.sizing import MILLION, SizingMethod, SizingRule
from runtime.clock import MarketClock
from runtime.settings import Settings, SizingSettings
from trading.fyers_mapping import RUPEE_SCALE

_TRANSIT_SECONDS = 30
_SIGNAL_SECONDS = 120
_BOOK_LAG_SECONDS = 5


def product_of(settings: Settings) -> Product:
    """Daily candles are traded for delivery, all others within the day."""
    return Product.CNC if settings.timeframe is Timeframe.D else Product.INTRADAY


def rules_of(
    settings: Settings, charges: ChargeRates, clock: MarketClock, product: Product | None = None
) -> TradingRules:
    """Return the rules of a run. Money in paise, times in market nanoseconds; `product` None: the timeframe's."""
    risk, exits = settings.risk, settings.exits
    product = product or product_of(settings)
    capital = int(risk.capital * 100)

    def wait(seconds: float) -> int:
        """A wait in market time, never shorter than the clock's shortest pause."""
        return int(clock.pause_seconds(seconds) * clock.speed * SECOND)

    def share(fraction: float) -> int:
        return round(capital * fraction)

    transit, books_idle = _transit(settings, clock), wait(60)
    return TradingRules(
        timeframe=settings.timeframe,
        product=product,
        sizing=sizing_of(settings),
        charges=charges,
        stop_atr=exits.stop_atr,
        target_atr=exits.target_atr,
        limit_offset=exits.limit_offset,
        price_buffer=risk.price_buffer,
        capital=capital,
        max_loss=share(risk.max_loss_fraction),
        max_positions=risk.max_positions,
        max_order_value=int(risk.max_order_value * 100),
        max_orders_per_day=risk.max_orders_per_day,
        max_price_age=int(risk.max_price_age * SECOND),
        entry_timeout=wait(20),
        stop_patience=wait(3),
        verify_after=wait(2),
        protect_within=int(clock.deadline_seconds(30) * clock.speed * SECOND),  # a stop needs calls, fast clock or not
        books_busy=wait(5),
        books_idle=books_idle,
        transit=transit,
        trail_atr=exits.trail_atr,
        max_signal_age=int(clock.deadline_seconds(_SIGNAL_SECONDS) * clock.speed * SECOND),
        feed_steady=wait(60),
        soft_loss=share(risk.soft_loss_fraction),
        max_symbol_value=share(risk.max_symbol_fraction),
        max_exposure=share(risk.max_exposure_fraction),
        max_open_value=share(risk.max_open_order_fraction),
        max_turnover=share(risk.max_turnover_fraction),
        max_orders_per_second=risk.max_orders_per_second,
        max_orders_per_minute=risk.max_orders_per_minute,
        max_books_age=2 * books_idle + transit,
        escalate_after=10 * wait(2),  # a ladder of exits takes so long, also on a fast clock
        desk_phone=settings.broker.desk_phone,
        drift_warn=settings.drift.warn,
        drift_shrink=settings.drift.shrink,
        drift_stop=settings.drift.stop,
        drift_size_ppm=round(settings.drift.size * MILLION),
        margin=(1.0 if product is Product.CNC else risk.margin_fraction) * (1 + risk.margin_buffer),
    )


def sizing_of(settings: Settings) -> SizingRule:
    """Return how many shares these settings trade, money in paise."""
    sizing = settings.sizing
    return SizingRule(
        method=SizingMethod(sizing.method),
        quantity=sizing.quantity,
        capital_ppm=round(sizing.capital_fraction * MILLION),
        risk_ppm=round(sizing.risk_fraction * MILLION),
        max_order_value=int(settings.risk.max_order_value * 100),
    )


def check_tradable(instruments: Mapping[str, Instrument]) -> None:
    """Refuse what is not of NSE's cash market, by what the symbol master says of it. Raises `ConfigurationError`."""
    for symbol, instrument in instruments.items():
        if not instrument.token.startswith(NSE_CASH) or instrument.scale != RUPEE_SCALE:
            raise ConfigurationError(
                f"symbols: {symbol} has token {instrument.token} and {instrument.scale} decimals in the symbol master: "
                f"only NSE cash and indices (tokens {NSE_CASH}..., {RUPEE_SCALE} decimals) are supported; take it off "
                "the list"
            )


def check_quantity(sizing: SizingSettings, instruments: Mapping[str, Instrument]) -> None:
    """Refuse a fixed quantity that no order could have. Raises `ConfigurationError` naming symbol, lot and limit."""
    if sizing.method != SizingMethod.FIXED.value:
        return
    for symbol, instrument in instruments.items():
        where = f"sizing.quantity = {sizing.quantity}: {symbol}"
        if sizing.quantity % instrument.lot:
            raise ConfigurationError(f"{where} trades in lots of {instrument.lot}; give a multiple of it")
        if instrument.freeze is not None and sizing.quantity >= instrument.freeze:
            raise ConfigurationError(f"{where} takes less than {instrument.freeze} in one order; give less")


def _transit(settings: Settings, clock: MarketClock) -> int:
    """How long after sending an order may still appear: call, transit and book lag, as long as they really take.

    A network deadline is never below half a wall second, which is many market seconds on a fast clock.
    """
    broker = settings.broker
    seconds = broker.connect_seconds + broker.read_seconds + _TRANSIT_SECONDS + _BOOK_LAG_SECONDS
    return int(clock.deadline_seconds(seconds) * clock.speed * SECOND)
