"""Paths into the state: symbols with all their signs, copies only, and no misspelt field."""

import pytest

from core.errors import DataError
from core.events import SafetyLevel
from core.market import Side
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.positions import Trade
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder
from trading.state_path import StatePath

SBIN, DOTTED, AMPERSAND = "NSE:SBIN-EQ", "NSE:USDINR26JAN83.25CE", "NSE:M&M-EQ"


def position(symbol: str, stop: int) -> OpenPosition:
    return OpenPosition(
        symbol=symbol, side=Side.BUY, product=Product.INTRADAY, opened_at=1, plan=None, stop=stop, entry_filled=7
    )


@pytest.fixture
def state() -> BotState:
    intent = OrderIntent(
        tag="T1",
        symbol=SBIN,
        side=Side.BUY,
        quantity=7,
        type=OrderType.LIMIT,
        product=Product.CNC,
        purpose=Purpose.ENTRY,
        reason="",
    )
    trade = Trade(
        symbol=SBIN,
        side=Side.BUY,
        quantity=1,
        entry_at=1,
        entry_value=100,
        exit_at=2,
        exit_value=150,
        exit_reason="target",
        charges=10,
        stop=90,
        target=150,
        probability=0.5,
    )
    return BotState(
        level=SafetyLevel.FLATTEN,
        positions={SBIN: position(SBIN, 100), DOTTED: position(DOTTED, 200), AMPERSAND: position(AMPERSAND, 300)},
        orders={"T1": TrackedOrder(intent=intent, sent_at=1)},
        trades=[trade],
        obeyed={"b", "a"},
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("level", SafetyLevel.FLATTEN),
        ("realised", 0),
        ("is_flat", False),
        (f"positions.{SBIN}.stop", 100),
        (f"positions[{SBIN}].stop", 100),
        (f"positions[{DOTTED}].stop", 200),
        (f"positions.{AMPERSAND}.stop", 300),
        (f"positions.{SBIN}.signed_quantity", 7),
        (f"positions[{SBIN}]quantity", 7),
        ("orders.T1.intent.side", Side.BUY),
        ("trades.0.net", 40),
        ("trades.1.net", None),
        ("positions.NSE:INFY-EQ.stop", None),
        ("day.open", None),
        ("obeyed", frozenset({"a", "b"})),
    ],
)
def test_a_path_leads_to_its_value(state, path, value):
    assert StatePath(path).follow(state) == value


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("levle", "'levle' leads nowhere; there is access, account"),
        (f"positions.{SBIN}.stopp", "'stopp' leads nowhere; there is broker_exit_at"),
        ("level.value.more", "'value' leads nowhere; the path ends before it"),
        ("_boot", "'_boot' leads nowhere"),
        ("apply", "'apply' leads nowhere"),
        ("trades.first", "'first' leads nowhere"),
        ("", "cannot be read"),
        (".", "cannot be read"),
        ("level.", "cannot be read"),
        ("positions[NSE:SBIN-EQ", "cannot be read"),
        ("positions[]", "cannot be read"),
        ("positions..stop", "cannot be read"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_on_a_day_without_positions_too(path, complaint):
    with pytest.raises(DataError, match=complaint.replace("[", r"\[")):
        StatePath(path)


def test_what_is_returned_cannot_change_the_state(state):
    whole = StatePath("positions").follow(state)
    with pytest.raises(TypeError, match="does not support item"):
        whole[SBIN] = None
    whole[SBIN].stop = 1
    StatePath(f"positions.{SBIN}").follow(state).stop = 2
    assert state.positions[SBIN].stop == 100


def test_what_was_returned_does_not_change_with_the_state(state):
    positions, trades = StatePath("positions").follow(state), StatePath("trades").follow(state)
    order = StatePath("orders.T1").follow(state)
    state.positions[SBIN].stop = 5
    state.trades.clear()
    state.orders["T1"].quantity = 99
    assert positions[SBIN].stop == 100
    assert len(trades) == 1
    assert order.quantity == 7
