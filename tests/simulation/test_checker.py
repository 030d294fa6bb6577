"""Every invariant can fail: a world that is wrong in one way is found out."""

import pytest

from core import events
from core.events import Command, SafetyLevel
from core.instants import MILLISECOND, SECOND
from core.market import Side, Tick
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.positions import Trade
from core.state import BotState
from simulation.network import SECRET
from simulation.setting import RULES, SYMBOLS
from simulator.books import OrderChanged

SYMBOL, OTHER, THIRD = SYMBOLS


def intended(world, purpose=Purpose.ENTRY, quantity=10, price=80_000, symbol=SYMBOL):
    intent = OrderIntent(
        tag=world.tag(purpose),
        symbol=symbol,
        side=Side.BUY,
        quantity=quantity,
        type=OrderType.LIMIT,
        limit_price=price,
        product=Product.INTRADAY,
        purpose=purpose,
        reason="",
    )
    return events.OrderIntended(at=world.time.now, intent=intent)


def keep(world, *step):
    world.checker.kept(step, ["" for _ in step])


def be_ready(world):
    """Let the log allow entries, and a price be fresh."""
    now = world.time.now
    keep(world, events.DayBegan(at=now, day=world.hours.day), events.Reconciled(at=now, why=""))
    world.checker.given(Tick(SYMBOL, now, 80_000, 80_000, 80_000, 1), BotState())


def test_a_right_world_has_nothing_to_complain_of(world):
    be_ready(world)
    keep(world, intended(world))
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    world.rest(Purpose.STOP, Side.SELL, 10)
    assert not world.codes


def test_a_tag_that_comes_twice_is_found(world):
    order = world.rest(Purpose.ENTRY, Side.BUY, 10)
    world.checker.watch([OrderChanged(world.order(order.tag.removeprefix("1:"), Side.BUY, 10))])
    assert world.codes == ["I1"]


def test_an_order_that_comes_after_it_was_called_absent_is_found(world):
    order = world.order(world.tag(Purpose.ENTRY), Side.BUY, 10)
    tag = order.tag.removeprefix("1:")
    world.checker._log.intents.add(tag)
    keep(world, events.OrderAbsent(at=world.time.now, tag=tag))
    world.checker.watch([OrderChanged(order)])
    assert world.codes == ["I1"]


def test_an_order_that_nobody_wrote_down_is_found(world):
    world.checker.watch([OrderChanged(world.order(world.tag(Purpose.ENTRY), Side.BUY, 10))])
    assert world.codes == ["I2"]


def test_exits_for_more_than_there_is_are_found(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    world.rest(Purpose.STOP, Side.SELL, 10)
    assert not world.codes
    world.rest(Purpose.EXIT, Side.SELL, 10)
    assert world.codes == ["I3"]


def test_a_position_that_our_own_exit_turns_around_is_found(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    world.fill(Purpose.EXIT, Side.SELL, 15)
    assert world.codes == ["I3"]


def test_an_exit_that_opens_a_position_is_found(world):
    world.fill(Purpose.STOP, Side.SELL, 5)
    assert world.codes == ["I3"]


def test_what_others_trade_is_not_ours_to_answer_for(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    world.checker.watch([OrderChanged(world.order("", Side.SELL, 10, source="M"))])
    world.fill(Purpose.STOP, Side.SELL, 15)
    assert not world.codes


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: keep(world, events.LevelChanged(at=world.time.now, level=SafetyLevel.NO_ENTRY, why="")),
        lambda world: keep(world, events.BooksFailed(at=world.time.now, why="")),
        lambda world: keep(world, events.AccessChanged(at=world.time.now, valid=False, why="")),
        lambda world: keep(world, events.SymbolBlocked(at=world.time.now, symbol=SYMBOL, why="")),
        lambda world: keep(
            world,
            events.ConditionChanged(at=world.time.now, condition=events.Condition.CLOCK, holds=True, why=""),
        ),
        lambda world: setattr(world.time, "now", world.time.now + RULES.max_price_age + SECOND),
        lambda world: setattr(world.time, "now", world.hours.day.no_entry_after),
    ],
)
def test_an_entry_without_leave_is_found(world, spoil):
    be_ready(world)
    spoil(world)
    keep(world, intended(world))
    assert set(world.codes) == {"I6"}


def test_an_entry_before_the_books_agreed_is_found(world):
    be_ready(world)
    keep(world, booted(world))
    keep(world, intended(world))
    assert world.codes == ["I6"]


@pytest.mark.parametrize("purpose", [Purpose.STOP, Purpose.EXIT])
def test_an_order_of_any_kind_before_the_books_agreed_is_found(world, purpose):
    be_ready(world)
    keep(world, booted(world), intended(world, purpose=purpose))
    assert world.codes == ["I6"]


def booted(world):
    return events.Booted(at=world.time.now, boot=2, log_id="AB", mode="live", account="", version="", config_digest="")


def test_an_entry_beside_a_position_is_found(world):
    be_ready(world)
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    keep(world, intended(world))
    assert world.codes == ["I1"]


def test_an_exit_decided_beside_one_that_works_is_found(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    world.rest(Purpose.STOP, Side.SELL, 10)
    be_ready(world)
    keep(world, intended(world, Purpose.EXIT))
    assert world.codes == ["I1"]


def test_an_intent_that_is_written_twice_is_found(world):
    be_ready(world)
    event = intended(world)
    keep(world, event)
    keep(world, event)
    assert world.codes == ["I1"]


@pytest.mark.parametrize(("quantity", "price"), [(1_000_000, 80_000), (10, 200_000)])
def test_an_entry_that_is_too_large_or_outside_the_band_is_found(world, quantity, price):
    be_ready(world)
    keep(world, intended(world, quantity=quantity, price=price))
    assert set(world.codes) == {"I7"}


def test_an_entry_beside_too_many_positions_is_found(world):
    be_ready(world)
    world.fill(Purpose.ENTRY, Side.BUY, 10, symbol=OTHER)
    world.fill(Purpose.ENTRY, Side.BUY, 10, symbol=THIRD)
    keep(world, intended(world))
    assert world.codes == ["I7"]


@pytest.mark.parametrize(("calls", "apart"), [(9, 100 * MILLISECOND), (161, 300 * MILLISECOND)])
def test_too_many_calls_in_a_window_are_found(world, calls, apart):
    for _ in range(calls):
        assert not world.codes
        world.checker.called(True)
        world.time.now += apart
    assert world.codes == ["I8"]


def test_a_level_that_falls_by_itself_is_found(world):
    now = world.time.now
    keep(world, events.LevelChanged(at=now, level=SafetyLevel.FLATTEN, why=""))
    keep(world, events.LevelChanged(at=now, level=SafetyLevel.RUN, why=""))
    assert world.codes == ["I9"]


def test_a_level_that_the_operator_lowers_is_right(world):
    now = world.time.now
    keep(world, events.LevelChanged(at=now, level=SafetyLevel.FLATTEN, why=""))
    keep(
        world,
        events.CommandGiven(at=now, command=Command.RESUME, why=""),
        events.LevelChanged(at=now, level=SafetyLevel.RUN, why=""),
    )
    assert not world.codes


def test_flat_that_is_not_flat_is_found(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    keep(world, events.FlatVerified(at=world.time.now))
    assert world.codes == ["I10"]


def test_a_working_order_is_not_flat_either(world):
    world.rest(Purpose.ENTRY, Side.BUY, 10)
    keep(world, events.FlatVerified(at=world.time.now))
    assert world.codes == ["I10"]


def test_a_closed_trade_that_left_shares_behind_is_found(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    now = world.time.now
    trade = Trade(
        symbol=SYMBOL,
        side=Side.BUY,
        quantity=10,
        entry_at=now,
        entry_value=800_000,
        exit_at=now,
        exit_value=800_000,
        exit_reason="target",
        charges=0,
        stop=1,
        target=0,
        probability=1.0,
    )
    keep(world, events.TradeClosed(at=now, trade=trade))
    assert world.codes == ["I10"]


def test_a_secret_in_the_log_is_found(world):
    world.checker.kept([events.BooksFailed(at=world.time.now, why="")], [f'["{SECRET}"]'])
    assert world.codes == ["I12"]


def test_only_the_first_violations_are_kept(world):
    for _ in range(100):
        world.checker.complain("I1", "again")
    assert len(world.codes) < 50
