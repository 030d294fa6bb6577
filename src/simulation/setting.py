"""What every session has in common: three shares, one day, the rules of a careful trader."""

from dataclasses import dataclass, replace
from datetime import date, time
from types import MappingProxyType

from core.charges import ChargeRates
from core.events import DeskSet
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Instrument, Timeframe
from core.orders import Product
from core.rules import TradingRules
from core.sessions import TradingDay
from core.sizing import SizingMethod, SizingRule
from runtime.settings import BrokerSettings, RateSettings
from simulation.dice import draw

DATE = date(2026, 1, 6)
CALM = 120 * SECOND
"""How long everything has to settle after the last fault."""
CANDLE = 20 * SECOND
"""Candles come faster than a real market's, so that a short session has many wishes."""
BAND_PERCENT = 5
CAPITAL = 50_000_000
FUNDS = 200_000_000
BROKER = BrokerSettings()
ACCOUNT = "XS00001"
CRASH_LIMIT = 12
"""Starts within ten minutes that are called a crash loop: kills are daily bread here."""
CONNECT, READ = int(BROKER.connect_seconds * SECOND), int(BROKER.read_seconds * SECOND)

PRICES = {"NSE:SBIN-EQ": 80_000, "NSE:RELIANCE-EQ": 140_000, "NSE:INFY-EQ": 160_000}
SYMBOLS = tuple(PRICES)


def _listed(place: int, symbol: str, price: int) -> Instrument:
    swing = price * BAND_PERCENT // 100
    return Instrument(
        symbol=symbol,
        token=f"10100000000{place:03}",
        tick=5,
        freeze=100_000,
        lower_band=price - swing,
        upper_band=price + swing,
    )


INSTRUMENTS = MappingProxyType(
    {symbol: _listed(place, symbol, price) for place, (symbol, price) in enumerate(PRICES.items(), start=1)}
)
CHARGES = ChargeRates(
    brokerage=3_000,
    brokerage_cap=2_000,
    stt_buy=0,
    stt_sell=2_500,
    exchange=297,
    sebi=10,
    ipft=10,
    stamp_buy=300,
    gst_percent=18,
)
RULES = TradingRules(
    timeframe=Timeframe.M1,
    product=Product.INTRADAY,
    sizing=SizingRule(
        method=SizingMethod.RISK, quantity=1, capital_ppm=200_000, risk_ppm=2_500, max_order_value=25_000_000
    ),
    charges=CHARGES,
    stop_atr=2.0,
    target_atr=3.0,
    limit_offset=0.005,
    price_buffer=0.002,
    capital=CAPITAL,
    max_loss=CAPITAL // 50,
    max_positions=2,
    max_order_value=25_000_000,
    max_orders_per_day=400,
    max_price_age=15 * SECOND,
    entry_timeout=20 * SECOND,
    stop_patience=3 * SECOND,
    verify_after=2 * SECOND,
    protect_within=30 * SECOND,
    books_busy=5 * SECOND,
    books_idle=60 * SECOND,
    transit=int((BROKER.connect_seconds + BROKER.read_seconds + 35) * SECOND),
    feed_steady=10 * SECOND,
)
DESK = DeskSet(
    at=0,
    rules=RULES,
    instruments=tuple(INSTRUMENTS.values()),
    strategy="oracle",
    params="{}",
    strategy_sha256="",
    model="",
    model_sha256="",
    features_sha256="",
    history="",
    warm_up=3,
)


def is_tight(seed: int) -> bool:
    """Whether a session has so little room for calls that the budget itself is tried: one in ten."""
    return draw(seed, "tight budget", 0) < 0.1


def rates_of(seed: int) -> RateSettings:
    """Return the call budget of a session."""
    rates = BROKER.rates
    return rates.model_copy(update={"per_minute": 48, "per_second": 4}) if is_tight(seed) else rates


def rules_of(seed: int) -> TradingRules:
    """Return the rules of a session: in one of ten the loss limit is within reach of what is open."""
    is_near = draw(seed, "near loss limit", 0) < 0.1
    return replace(RULES, max_loss=CAPITAL // 500, soft_loss=CAPITAL // 500) if is_near else RULES


@dataclass(frozen=True, slots=True)
class Hours:
    """When a session of faults begins and ends, and on what kind of day."""

    start: Instant
    end_of_faults: Instant
    day: TradingDay


def hours_of(seed: int, minutes: int) -> Hours:
    """Return the hours of a session; one in seven ends in the square-off of the day."""
    squares_off = draw(seed, "squares off", 0) < 1 / 7
    start = instant_at(DATE, time(10, 0))
    end = start + minutes * MINUTE
    last_entry = end - 4 * MINUTE if squares_off else instant_at(DATE, time(14, 45))
    square_off = end - 2 * MINUTE if squares_off else instant_at(DATE, time(15, 5))
    flat_by = end + CALM // 2 if squares_off else instant_at(DATE, time(15, 10))
    day = TradingDay(
        date=DATE,
        open=instant_at(DATE, time(9, 15)),
        close=instant_at(DATE, time(15, 30)),
        no_entry_after=last_entry,
        square_off=square_off,
        flat_by=flat_by,
    )
    return Hours(start, end, day)


class OneDay:
    """A calendar that knows one session. Implements `core.ports.Calendar`."""

    def __init__(self, day: TradingDay) -> None:
        self._day = day

    def trading_day(self, day: date) -> TradingDay | None:
        """The session, on its date."""
        return self._day if day == self._day.date else None

    def next_trading_day(self, after: date) -> TradingDay:  # noqa: ARG002 - there is one
        """The session."""
        return self._day
