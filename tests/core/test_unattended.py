"""What it costs if the machine dies now: what the stops at the broker leave open."""

from dataclasses import replace

import pytest

from core.market import Instrument, Side
from core.order_states import OrderState
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder
from core.unattended import loss_if_left_alone

SBIN = "NSE:SBIN-EQ"
BANDED = {SBIN: Instrument(symbol=SBIN, token="1", tick=5, lower_band=64_000, upper_band=96_000)}
BANDLESS = {SBIN: replace(BANDED[SBIN], lower_band=None, upper_band=None)}


def holding(side: Side, covered: int = 10, limit: int = 0, state: OrderState = OrderState.WORKING, **order) -> BotState:
    """Ten shares at 800.00, so many of them under a stop with a limit."""
    bot = BotState()
    bot.positions[SBIN] = OpenPosition(SBIN, side, Product.INTRADAY, 0, None, entry_filled=10, entry_value=800_000)
    intent = OrderIntent(
        tag="stop",
        symbol=SBIN,
        side=side.opposite,
        quantity=covered,
        type=OrderType.STOP_LIMIT,
        limit_price=limit,
        trigger_price=limit,
        product=Product.INTRADAY,
        purpose=Purpose.STOP,
        reason="test",
    )
    if covered:
        bot.track(TrackedOrder(intent=replace(intent, **order), sent_at=0, state=state))
    return bot


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize(
    ("covered", "loss"),
    [(10, 10 * 800), (4, 4 * 800 + 6 * 16_000), (0, 10 * 16_000)],
    ids=["all", "a part", "nothing"],
)
def test_covered_shares_lose_to_the_limit_and_others_to_the_band(side, covered, loss):
    assert loss_if_left_alone(holding(side, covered, 80_000 - side.value * 800), BANDED) == loss


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_without_a_band_ten_per_cent_is_assumed(side):
    for instruments in (BANDLESS, {}):
        assert loss_if_left_alone(holding(side, 0), instruments) == 10 * 8_000


@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.UNKNOWN, OrderState.ZOMBIE, OrderState.REJECTED])
def test_a_stop_that_nobody_has_confirmed_covers_nothing(state):
    assert loss_if_left_alone(holding(Side.BUY, 10, 79_200, state), BANDED) == 160_000


def test_a_stop_of_another_product_covers_nothing():
    assert loss_if_left_alone(holding(Side.BUY, 10, 79_200, product=Product.CNC), BANDED) == 160_000


def test_a_stop_beyond_the_entry_loses_nothing_and_makes_up_for_nobody():
    assert loss_if_left_alone(holding(Side.BUY, 10, 81_000), BANDED) == 0


def test_nothing_held_loses_nothing():
    assert loss_if_left_alone(BotState(), BANDED) == 0
