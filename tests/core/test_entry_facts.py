"""What the gate is told: sums that take the worse reading."""

from dataclasses import replace

import pytest

from core import events
from core.entry_facts import TWIN_WINDOW, gather
from core.instants import MINUTE, SECOND
from core.market import Instrument, Side, Tick
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.position_news import fill_to
from core.state import BotState
from core.tracking import OpenPosition, OrderState, TrackedOrder

NOW = 1_767_673_800 * SECOND
SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
ENTRY = OrderIntent(
    tag="e",
    symbol=SBIN,
    side=Side.BUY,
    quantity=10,
    type=OrderType.LIMIT,
    limit_price=80_000,
    product=Product.INTRADAY,
    purpose=Purpose.ENTRY,
    reason="",
)


@pytest.fixture
def state() -> BotState:
    return BotState(account="XY0001")


def facts(state: BotState, **intent):
    return gather(
        state,
        replace(ENTRY, **intent),
        Instrument(symbol=intent.get("symbol", SBIN), token="1", tick=5),
        Tick(SBIN, NOW, 80_000, 0, 0, 0),
        NOW,
        profit=0,
        stop=1,
        target=1,
        margin=0.5,
        signal_age=0,
    )


def order(state: BotState, tag: str, order_state: OrderState, age: int = MINUTE, **intent) -> TrackedOrder:
    return state.track(TrackedOrder(intent=replace(ENTRY, tag=tag, **intent), sent_at=NOW - age, state=order_state))


def position(state: BotState, symbol: str, quantity: int, side: Side = Side.BUY) -> None:
    held = OpenPosition(symbol, side, Product.INTRADAY, 1, None, 1, 1, quantity, quantity * 80_000)
    state.positions[symbol] = held


@pytest.mark.hazard("S21")
def test_exposure_is_what_is_held_and_what_may_still_fill(state):
    position(state, SBIN, 10)
    position(state, INFY, 5, Side.SELL)
    order(state, "u", OrderState.UNKNOWN, symbol=INFY, quantity=3)
    order(state, "w", OrderState.WORKING).filled = 4
    order(state, "c", OrderState.CANCELLED)
    order(state, "s", OrderState.WORKING, purpose=Purpose.STOP, limit_price=79_000)
    told = facts(state)
    assert told.symbol_value == (10 + 6) * 80_000
    assert told.exposure == (10 + 6 + 5 + 3) * 80_000
    assert told.open_value == (3 + 6) * 80_000 + 10 * 79_000
    assert told.positions == 2


@pytest.mark.hazard("S21")
def test_turnover_is_every_fill_of_the_day(state):
    order(state, "e", OrderState.FILLED).filled_value = 800_000
    order(state, "x", OrderState.CANCELLED, purpose=Purpose.EXIT).filled_value = 300_000
    assert facts(state).turnover == 1_100_000


@pytest.mark.hazard("S18")
def test_money_bound_since_it_was_read_is_gone(state):
    assert facts(state).free_funds is None
    state.funds = events.FundsRead(at=NOW, asked_at=NOW - 10 * SECOND, available=2_000_000, account="XY0001")
    seen = order(state, "a", OrderState.FILLED)
    seen.filled, seen.filled_value, seen.last_fill_at = 10, 800_000, NOW - 11 * SECOND
    assert facts(state).free_funds == 2_000_000
    seen.last_fill_at = NOW - 9 * SECOND
    assert facts(state).free_funds == 1_600_000
    order(state, "b", OrderState.UNKNOWN, symbol=INFY)
    order(state, "s", OrderState.WORKING, purpose=Purpose.STOP)
    assert facts(state).free_funds == 1_200_000


@pytest.mark.hazard("S21", "S22")
@pytest.mark.parametrize(
    ("age", "change", "is_twin"),
    [
        (0, {}, True),
        (TWIN_WINDOW - 1, {}, True),
        (TWIN_WINDOW, {}, False),
        (1, {"symbol": INFY}, False),
        (1, {"side": Side.SELL}, False),
        (1, {"quantity": 11}, False),
        (1, {"limit_price": 80_005}, False),
    ],
)
def test_a_twin_is_an_order_of_the_same_shape_a_moment_ago_whatever_became_of_it(state, age, change, is_twin):
    order(state, "t", OrderState.REJECTED, age)
    assert facts(state, **change).has_twin is is_twin


def test_the_pace_is_counted_up_to_now(state):
    for ago in (61 * SECOND, 59 * SECOND, SECOND // 2):
        state.activity.count_verb(NOW - ago)
    told = facts(state)
    assert (told.orders_in_second, told.orders_in_minute) == (1, 2)
    assert (told.account, told.token_account) == ("XY0001", "")


@pytest.mark.hazard("S4", "O11")
def test_what_an_exit_trades_after_its_position_was_closed_is_in_no_position(state):
    late = order(state, "x", OrderState.ABSENT, purpose=Purpose.EXIT, side=Side.SELL)
    assert facts(state).stray_at == 0
    fill_to(state, late, 10, 800_000, NOW)
    assert facts(state).stray_at == NOW
    assert facts(state, symbol=INFY).stray_at == 0
