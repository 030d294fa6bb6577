"""Trades that were not made, followed on made-up candles; the figures are worked out by hand."""

from dataclasses import replace
from datetime import date, time

import pytest

from core import events, exits
from core.charges import ChargeRates, round_trip
from core.drift import DriftTest
from core.drift_state import DriftState
from core.instants import DAY, MINUTE, SECOND, instant_at
from core.market import Candle, Instrument, Side, Timeframe
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import Direction
from core.sizing import SizingMethod, SizingRule
from trading.drift_figures import caution_data, caution_line, drift_data, drift_line
from trading.event_log import SqliteEventLog
from trading.shadow_ledger import Caution, ShadowLedger
from trading.shadow_reading import shadow_of_day

SBIN = "NSE:SBIN-EQ"
TUESDAY = date(2026, 1, 6)
RATES = ChargeRates(
    brokerage=3_000, brokerage_cap=2_000, stt_buy=0, stt_sell=2_500, exchange=297, sebi=10, ipft=10, stamp_buy=300,
    gst_percent=18,
)  # fmt: skip
RULES = TradingRules(
    timeframe=Timeframe.M5,
    product=Product.INTRADAY,
    sizing=SizingRule(method=SizingMethod.FIXED, quantity=10, capital_ppm=10**6, risk_ppm=2_500, max_order_value=10**8),
    charges=RATES,
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


def session(number: int = 0) -> TradingDay:
    day = TradingDay(
        date=TUESDAY,
        open=instant_at(TUESDAY, time(9, 15)),
        no_entry_after=instant_at(TUESDAY, time(14, 45)),
        square_off=instant_at(TUESDAY, time(15, 5)),
        flat_by=instant_at(TUESDAY, time(15, 10)),
        close=instant_at(TUESDAY, time(15, 30)),
    )
    moved = {
        name: getattr(day, name) + number * DAY for name in ("open", "no_entry_after", "square_off", "flat_by", "close")
    }
    return replace(day, date=date(2026, 1, 6 + number), **moved)


DESK = events.DeskSet(
    at=1,
    rules=RULES,
    instruments=(Instrument(symbol=SBIN, token="1", tick=5, lower_band=5, upper_band=10**7),),
    strategy="model",
    params="{}",
    strategy_sha256="",
    model="",
    model_sha256="",
    features_sha256="",
    history="",
    warm_up=0,
)


class Told:
    """A ledger, and all it was told."""

    def __init__(self, rules: TradingRules = RULES) -> None:
        self.ledger = ShadowLedger()
        self.log: list[events.Event] = []
        self.give(replace(DESK, rules=rules), events.DayBegan(at=2, day=session()))

    def give(self, *happened: events.Event) -> None:
        for event in happened:
            self.log.append(event)
            self.ledger.hear(event)

    def decided(self, bar: int, withheld=Direction.NONE, direction=Direction.NONE) -> None:
        start = session().open + bar * 5 * MINUTE
        self.give(
            events.Decided(
                at=start + 5 * MINUTE + SECOND,
                symbol=SBIN,
                candle=start,
                direction=direction,
                probability=0.7,
                source="model",
                reason="",
                features=(),
                atr=200.0,
                withheld=withheld,
            )
        )

    def refused(self, bar: int, code: str = "MODEL_DRIFT") -> None:
        at = session().open + (bar + 1) * 5 * MINUTE + SECOND
        self.give(events.EntryRefused(at=at, symbol=SBIN, code=code, detail=""))

    def candle(self, bar: int, open_: int, high: int, low: int, close: int) -> None:
        start = session().open + bar * 5 * MINUTE
        candle = Candle(start, open_, high, low, close, 1)
        self.give(events.HistoryArrived(at=start + 5 * MINUTE, symbol=SBIN, candles=(candle,), due=start))

    @property
    def net(self) -> list[int]:
        return [trade.net for trade in self.ledger.trades]


def net_of(quantity: int, bought: int, sold: int) -> int:
    values = quantity * bought, quantity * sold
    return values[1] - values[0] - 5 * quantity - round_trip(*values, RATES).total


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_withheld_long_is_entered_at_the_next_open_and_ends_at_its_target(told):
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_100, 79_900, 80_050)
    told.candle(5, 80_050, 80_700, 80_000, 80_650)
    [trade] = told.ledger.trades
    assert (trade.entry, trade.exit, trade.reason, trade.quantity) == (80_000, 80_600, "target", 10)
    assert (trade.caution, trade.direction, trade.day) == (Caution.ABSTAINED, Direction.LONG, TUESDAY)
    assert trade.net == net_of(10, 80_000, 80_600)


def test_a_withheld_short_ends_at_its_stop_in_the_candle_it_was_entered_in(told):
    told.decided(3, withheld=Direction.SHORT)
    told.candle(4, 80_000, 80_500, 79_900, 80_050)
    assert told.net == [net_of(10, 80_400, 80_000)]
    assert told.ledger.trades[0].reason == "stop_loss"


def test_what_is_left_at_square_off_ends_there_and_without_such_a_candle_at_the_last_price(told):
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_100, 79_900, 80_050)
    told.candle(70, 80_200, 80_250, 80_150, 80_210)
    assert [(trade.exit, trade.reason) for trade in told.ledger.trades] == [(80_200, "square_off")]
    told.decided(5, withheld=Direction.LONG)
    told.candle(71, 80_000, 80_100, 79_900, 80_050)  # too late to be usual: it is after the square-off
    assert told.ledger.trades[1].exit == 80_000


def test_a_day_that_ends_without_candles_ends_what_is_followed_at_its_last_price(told):
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_100, 79_900, 80_050)
    told.give(events.PhaseReached(at=session().close, phase=events.Phase.CLOSE))
    assert [(trade.exit, trade.reason) for trade in told.ledger.trades] == [(80_050, "square_off")]
    told.decided(4, withheld=Direction.LONG)
    told.give(events.DayBegan(at=session(1).open, day=session(1)))
    assert len(told.ledger.trades) == 1, "without a candle since, there was no trade"


def test_an_entry_refused_for_drift_is_followed_and_one_refused_for_money_is_not(told):
    told.decided(3, direction=Direction.LONG)
    told.refused(3, code="MARGIN")
    told.candle(4, 80_000, 80_700, 79_900, 80_050)
    assert told.ledger.trades == []
    told.decided(4, direction=Direction.LONG)
    told.refused(4)
    told.candle(5, 80_000, 80_700, 79_900, 80_050)
    assert [(trade.caution, trade.exit) for trade in told.ledger.trades] == [(Caution.DRIFT, 80_600)]


def test_of_an_entry_that_drift_made_smaller_the_missing_shares_are_followed(told):
    told.decided(3, direction=Direction.LONG)
    plan = events.EntryPlan(
        direction=Direction.LONG, probability=0.7, atr=200.0, stop_atr=2.0, target_atr=3.0, full_quantity=10
    )
    intent = OrderIntent(
        tag="T",
        symbol=SBIN,
        side=Side.BUY,
        quantity=4,
        type=OrderType.LIMIT,
        limit_price=80_160,
        product=Product.INTRADAY,
        purpose=Purpose.ENTRY,
        reason="",
    )
    told.give(events.OrderIntended(at=session().open + 20 * MINUTE, intent=intent, plan=plan))
    told.give(events.LevelsSet(at=session().open + 20 * MINUTE, symbol=SBIN, stop=79_600, target=80_600))
    told.candle(4, 80_000, 80_700, 79_900, 80_050)
    assert [(trade.caution, trade.quantity) for trade in told.ledger.trades] == [(Caution.SHRUNK, 6)]


def test_one_trade_is_followed_in_a_symbol_at_a_time_and_none_beside_a_position(told):
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_100, 79_900, 80_050)
    told.decided(4, withheld=Direction.SHORT)
    told.candle(5, 80_000, 80_700, 79_900, 80_050)
    assert [trade.direction for trade in told.ledger.trades] == [Direction.LONG]
    told.give(events.LevelsSet(at=session().open + 35 * MINUTE, symbol=SBIN, stop=79_600, target=80_600))
    told.decided(6, withheld=Direction.LONG)
    told.candle(7, 80_000, 80_700, 79_900, 80_050)
    assert len(told.ledger.trades) == 1


def test_after_the_last_entry_nothing_is_followed(told):
    told.decided(65, withheld=Direction.LONG)
    told.candle(66, 80_000, 80_700, 79_900, 80_050)
    assert told.ledger.trades == []


def test_the_stop_trails_where_the_live_one_would():
    told = Told(replace(RULES, trail_atr=2.0))
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_500, 79_900, 80_400)
    told.candle(5, 80_400, 80_400, 79_500, 79_600)
    [trade] = told.ledger.trades
    assert (trade.reason, trade.exit) == ("stop_loss", 80_100)


def test_the_stop_trails_as_often_as_the_live_one_may():
    told = Told(replace(RULES, trail_atr=2.0, target_atr=100.0))
    told.decided(3, withheld=Direction.LONG)
    for step in range(25):
        price = 80_000 + 100 * step
        told.candle(4 + step, price, price + 100, price, price + 100)
    told.candle(29, 82_500, 82_500, 81_000, 81_000)
    [trade] = told.ledger.trades
    assert (trade.reason, trade.exit) == ("stop_loss", 79_600 + exits.MOST_CHANGES * 100)


def test_the_day_is_read_from_the_log_and_another_day_is_not(told, tmp_path):
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_700, 79_900, 80_050)
    with SqliteEventLog(tmp_path / "paper.sqlite") as log:
        log.append(told.log)
        assert shadow_of_day(tmp_path / "paper.sqlite", TUESDAY) == told.ledger.trades
        assert shadow_of_day(tmp_path / "paper.sqlite", date(2026, 1, 5)) == []


def test_what_caution_cost_or_saved_is_told_in_rupees(told):
    assert caution_data(()) is None
    assert caution_line(()) == ""
    told.decided(3, withheld=Direction.LONG)
    told.candle(4, 80_000, 80_700, 79_900, 80_050)
    net = net_of(10, 80_000, 80_600)
    assert net > 0
    data = caution_data(told.ledger.trades)
    assert data is not None
    assert data["saved_total"] == data["saved"]["abstained"] == -net / 100
    assert caution_line(told.ledger.trades) == f"Caution cost ₹ {net / 100:.2f} over 1 trade: 1 not made for doubt"
    told.decided(5, withheld=Direction.SHORT)
    told.candle(6, 80_000, 81_900, 79_900, 80_050)
    told.decided(7, withheld=Direction.SHORT)
    told.candle(8, 80_000, 81_900, 79_900, 80_050)
    assert caution_line(told.ledger.trades).startswith("Caution saved ₹ ")


def test_drift_is_told_with_the_evidence_of_each_test():
    assert drift_data(DriftState()) is None
    assert drift_line(DriftState(model="a" * 64)) == "", "the strategy that runs asks no model"
    drift = DriftState(
        model="a" * 64, is_used=True, bets={DriftTest.INPUTS: (1.0, 1.5)}, seen={DriftTest.INPUTS: [1, 2]}
    )
    assert drift_line(drift) == "Drift none: evidence inputs 2.50, over 2 sessions"
    assert drift_data(drift) == {"step": "NONE", "why": None, "sessions": 2, "evidence": {"inputs": 2.5}}
