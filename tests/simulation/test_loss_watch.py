"""The loss limit is asked by trades and prices, and only where the bot can know all of it."""

from dataclasses import replace

import pytest

from core.events import SafetyLevel
from core.market import Side, Tick
from core.orders import Product, Purpose
from core.state import BotState
from core.tracking import OpenPosition
from simulation.loss_watch import LossWatch
from simulation.setting import SYMBOLS
from simulator.books import SOURCE_MOBILE, OrderChanged, Traded

from .conftest import trade_of

SYMBOL = SYMBOLS[0]
LIMIT = 10_000


def bought(quantity):
    return OpenPosition(
        symbol=SYMBOL,
        side=Side.BUY,
        product=Product.INTRADAY,
        plan=None,
        opened_at=1,
        entry_filled=quantity,
        entry_value=80_000 * quantity,
    )


@pytest.fixture
def watch(world):
    """Ten shares are held, bought at 80,000."""
    found = []
    watch = LossWatch(world.truth, LIMIT, lambda code, message: found.append((code, message)))
    watch.found = found
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    order = next(iter(world.truth.orders.values()))
    watch.watch([Traded(trade_of(order, world.time.now))])
    return watch


def show(world, watch, price, held=10, level=SafetyLevel.RUN):
    state = BotState()
    if held:
        state.positions[SYMBOL] = bought(held)
    watch.given(Tick(SYMBOL, world.time.now, price, price, price, 1), state)
    watch.look(level)


def test_an_open_loss_beyond_the_limit_forces_everything_closed(world, watch):
    show(world, watch, 79_000)
    show(world, watch, 78_999, level=SafetyLevel.FLATTEN)
    show(world, watch, 78_998, level=SafetyLevel.FREEZE)
    assert not watch.found
    show(world, watch, 78_997)
    show(world, watch, 78_996)
    assert [code for code, _ in watch.found] == ["I9"]
    assert "100.30 rupees are lost" in watch.found[0][1]


def test_what_the_bot_cannot_know_yet_is_not_held_against_it(world, watch):
    show(world, watch, 70_000, held=0)
    show(world, watch, 70_000, held=5)
    assert not watch.found


def test_where_others_trade_nothing_is_asked(world, watch):
    world.truth.touch(SYMBOL, world.time.now)
    show(world, watch, 70_000)
    assert not watch.found


def test_what_others_lost_in_a_symbol_is_no_loss_of_the_bot(world, watch):
    bought_by_hand = world.order("", Side.BUY, 100, filled=100, source=SOURCE_MOBILE)
    world.truth.take(OrderChanged(bought_by_hand), world.time.now)
    sold_by_hand = world.order("", Side.SELL, 100, filled=100, source=SOURCE_MOBILE)
    world.truth.take(OrderChanged(sold_by_hand), world.time.now)
    dear, cheap = trade_of(bought_by_hand, world.time.now), trade_of(sold_by_hand, world.time.now)
    watch.watch([Traded(replace(dear, price=90_000)), Traded(replace(cheap, price=80_000))])
    del world.truth.touched[SYMBOL]  # it was long ago
    show(world, watch, 79_000)
    assert not watch.found
    show(world, watch, 78_999)
    assert [code for code, _ in watch.found] == ["I9"]


def test_a_process_that_died_knows_no_price(world, watch):
    show(world, watch, 79_500)
    watch.process_died()
    other = SYMBOLS[1]
    watch.given(Tick(other, world.time.now, 1, 1, 1, 1), BotState())
    watch.look(SafetyLevel.RUN)
    assert not watch.found
