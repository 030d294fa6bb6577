"""Days with a model in the kernel itself: what drift decides is decided again, and survives a restart at any point."""

from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import get_args

import pytest

from core import events
from core.charges import ChargeRates
from core.drift import DriftReference, DriftStep
from core.event_codec import decode, encode
from core.instants import DAY, MINUTE, SECOND, instant_at
from core.market import Candle, Instrument, Timeframe
from core.orders import Product
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import Direction, FeatureRow, Needs, Signal
from core.sizing import SizingMethod, SizingRule
from trading.kernel import Kernel

SBIN = "NSE:SBIN-EQ"
ROWS = 6
REFERENCE = DriftReference(
    novelty=tuple(1 + place / 100 for place in range(40)),
    sureness=tuple(0.4 + place / 1_000 for place in range(40)),
    variety=tuple(0.001 + place / 10_000 for place in range(40)),
    rows=ROWS,
    is_calibrated=True,
)


@dataclass
class CloseAsRow:
    symbol: str

    def update(self, candle: Candle) -> FeatureRow:
        return FeatureRow(self.symbol, candle, candle.start + 5 * MINUTE, {"close": 0}, (float(candle.close),), 200.0)


class Estranged:
    """A model whose inputs are strange from the third day on; the close says how much."""

    name = "model"
    needs = Needs(features=("close",))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal:
        novelty = now["close"] / 80_000
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=Direction.NONE,
            probability=0.4 + 0.001 * (now.candle.start // (5 * MINUTE) % 40),
            source=self.name,
            reason="",
            novelty=novelty,
            withheld=Direction.LONG if novelty > 2 else Direction.NONE,
        )


def kernel(rules: TradingRules) -> Kernel:
    instrument = Instrument(symbol=SBIN, token="1", tick=5, lower_band=5, upper_band=10**7)
    return Kernel(rules, {SBIN: instrument}, Estranged(), CloseAsRow, reference=REFERENCE)


def inputs_of(rules: TradingRules, day: TradingDay, number: int) -> list[events.Input]:
    """One day: a start, the candles of half an hour, the close."""
    moved = {
        name: getattr(day, name) + number * DAY for name in ("open", "no_entry_after", "square_off", "flat_by", "close")
    }
    today = replace(day, date=day.date + timedelta(days=number), **moved)
    at = today.open - 10 * MINUTE
    given: list[events.Input] = [
        events.Booted(at=at, boot=number + 1, log_id="A1", mode="paper", account="P", version="1", config_digest="d"),
        events.DeskSet(
            at=at,
            rules=rules,
            instruments=(),
            strategy="model",
            params="{}",
            strategy_sha256="",
            model="models/x/0001",
            model_sha256="a" * 64,
            features_sha256="",
            history="",
            warm_up=0,
        ),
        events.DayBegan(at=at, day=today),
    ]
    close = 80_000 if number < 2 else 240_000
    for row in range(ROWS + 1):
        start = today.open + row * 5 * MINUTE
        candle = Candle(start, close, close, close, close, 1)
        at = start + 5 * MINUTE
        given.append(events.CandleDue(at=at, start=start))
        given.append(events.HistoryArrived(at=at, symbol=SBIN, candles=(candle,), due=start))
    return [*given, events.PhaseReached(at=today.close, phase=events.Phase.CLOSE)]


@pytest.fixture
def rules() -> TradingRules:
    free = dict.fromkeys(("brokerage", "brokerage_cap", "stt_buy", "stt_sell", "exchange", "sebi", "ipft"), 0)
    return TradingRules(
        timeframe=Timeframe.M5,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.FIXED, quantity=10, capital_ppm=10**6, risk_ppm=2_500, max_order_value=10**8
        ),
        charges=ChargeRates(**free, stamp_buy=0, gst_percent=0),
        stop_atr=2.0,
        target_atr=3.0,
        limit_offset=0.005,
        price_buffer=0.002,
        capital=50_000_000,
        max_loss=1_000_000,
        max_positions=3,
        max_order_value=10**8,
        max_orders_per_day=200,
        max_price_age=MINUTE,
        entry_timeout=20 * SECOND,
        stop_patience=3 * SECOND,
        verify_after=2 * SECOND,
        protect_within=30 * SECOND,
        books_busy=5 * SECOND,
        books_idle=MINUTE,
        transit=43 * SECOND,
    )


@pytest.fixture
def day() -> TradingDay:
    at = {"open": time(9, 15), "no_entry_after": time(14, 45), "square_off": time(15, 5), "flat_by": time(15, 10)}
    tuesday = date(2026, 1, 6)
    hours = {name: instant_at(tuesday, moment) for name, moment in at.items()}
    return TradingDay(date=tuesday, close=instant_at(tuesday, time(15, 30)), **hours)


@pytest.fixture
def days(rules: TradingRules, day: TradingDay) -> list[events.Input]:
    return [event for number in range(9) for event in inputs_of(rules, day, number)]


@pytest.mark.hazard("M7")
def test_days_that_a_model_does_not_know_end_entries_and_are_decided_again_byte_for_byte(rules, days):
    first, second = kernel(rules), kernel(rules)
    log = [event for given in days for event in first.handle(given).events]
    again = [event for given in days for event in second.handle(given).events]

    assert first.state.drift.step is DriftStep.STOP
    assert [encode(event) for event in again] == [encode(event) for event in log]
    decided = [event for event in log if isinstance(event, events.Decided)]
    assert {event.withheld for event in decided} == {Direction.NONE, Direction.LONG}


@pytest.mark.hazard("M7")
@pytest.mark.parametrize("day_of_restart", range(1, 9))
def test_a_restart_between_any_two_days_changes_nothing(rules, days, day_of_restart):
    whole = kernel(rules)
    log = [event for given in days for event in whole.handle(given).events]
    booted = [place for place, event in enumerate(log) if isinstance(event, events.Booted)]

    restarted = kernel(rules)
    for event in log[: booted[day_of_restart]]:
        restarted.restore(decode(*encode(event)))
    rest = [event for event in log[booted[day_of_restart] :] if isinstance(event, get_args(events.Input))]
    decided = [event for given in rest for event in restarted.handle(given).events]

    assert [encode(event) for event in decided] == [encode(event) for event in log[booted[day_of_restart] :]]
    assert restarted.state.drift == whole.state.drift
