"""Commands alone: what they make of each level, in each state of things."""

from dataclasses import replace

import pytest

from core.events import Alarm, Command, CommandGiven, LevelChanged, SafetyLevel
from core.fold import apply
from core.latches import obey
from core.market import Side
from core.order_states import OrderState
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder

LIMIT = 1_000_000
RUN, NO_ENTRY, EXIT_ONLY, FLATTEN, FREEZE = SafetyLevel
TAG = "a-tag"


def told(state: BotState, command: Command) -> list:
    return obey(state, CommandGiven(at=1, command=command, why="because", key="k"), LIMIT)


def at(level: SafetyLevel, **values) -> BotState:
    return BotState(level=level, **({"reconciled": True, "flattened": True} | values))


def holding(level: SafetyLevel) -> BotState:
    position = OpenPosition("NSE:SBIN-EQ", Side.SELL, Product.INTRADAY, 1, None, 1, 1, 10, 800_000)
    return at(level, positions={"NSE:SBIN-EQ": position})


def waiting(level: SafetyLevel, order_state: OrderState) -> BotState:
    intent = OrderIntent(
        tag=TAG,
        symbol="NSE:INFY-EQ",
        side=Side.BUY,
        quantity=1,
        type=OrderType.LIMIT,
        limit_price=100,
        product=Product.INTRADAY,
        purpose=Purpose.ENTRY,
        reason="",
    )
    bot = at(level)
    bot.track(TrackedOrder(intent=intent, sent_at=1, state=order_state))
    return bot


@pytest.mark.hazard("P12")
@pytest.mark.parametrize("level", SafetyLevel)
@pytest.mark.parametrize(
    ("command", "meant"), [(Command.HALT, NO_ENTRY), (Command.EXIT_ONLY, EXIT_ONLY), (Command.FLATTEN, FLATTEN)]
)
def test_a_careful_command_raises_the_level_and_never_lowers_it(level, command, meant):
    changed = told(at(level), command)
    assert changed == ([LevelChanged(at=1, level=meant, why="because")] if level.value < meant.value else [])


@pytest.mark.parametrize("level", [NO_ENTRY, EXIT_ONLY, FLATTEN, FREEZE])
def test_when_all_is_flat_and_reconciled_every_level_can_be_lifted(level):
    assert told(at(level), Command.RESUME) == [LevelChanged(at=1, level=RUN, why="because")]


def test_a_bot_that_runs_has_nothing_to_resume():
    assert told(at(RUN), Command.RESUME) == []


@pytest.mark.parametrize("command", [Command.STOP, Command.STOP_FLAT])
def test_a_stop_moves_no_level(command):
    assert told(at(NO_ENTRY), command) == []


@pytest.mark.parametrize("level", [NO_ENTRY, EXIT_ONLY])
def test_a_halt_is_lifted_while_positions_are_open_and_books_unread(level):
    state = holding(level)
    state.reconciled = False
    assert [type(decision) for decision in told(state, Command.RESUME)] == [LevelChanged]


@pytest.mark.parametrize("level", [FLATTEN, FREEZE])
def test_a_resume_with_a_position_is_refused_and_names_it(level):
    (alarm,) = told(holding(level), Command.RESUME)
    assert isinstance(alarm, Alarm)
    assert alarm.code == "RESUME_REFUSED"
    assert f"stays {level.name}: not flat, open is -10 NSE:SBIN-EQ; " in alarm.message


@pytest.mark.parametrize("order_state", [state for state in OrderState if state.is_live])
def test_a_resume_with_an_order_that_may_still_trade_is_refused_and_names_it(order_state):
    (alarm,) = told(waiting(FLATTEN, order_state), Command.RESUME)
    assert "open is order a-tag in NSE:INFY-EQ" in alarm.message


@pytest.mark.hazard("P13")
def test_a_resume_waits_until_a_forced_exit_is_proven():
    (alarm,) = told(at(FLATTEN, flattened=False), Command.RESUME)
    assert "two readings of the books have not shown yet that all is closed" in alarm.message
    assert [type(decision) for decision in told(at(FREEZE, flattened=False), Command.RESUME)] == [LevelChanged]


def test_an_order_that_is_over_does_not_stand_in_the_way():
    assert [type(decision) for decision in told(waiting(FREEZE, OrderState.FILLED), Command.RESUME)] == [LevelChanged]


@pytest.mark.parametrize("level", [FLATTEN, FREEZE])
def test_a_resume_before_the_books_agree_is_refused(level):
    (alarm,) = told(at(level, reconciled=False), Command.RESUME)
    assert "books have not been read and agreed yet" in alarm.message


@pytest.mark.parametrize(("realised", "is_told"), [(-LIMIT, True), (-LIMIT + 1, False)])
def test_a_resume_beyond_the_loss_limit_says_that_entries_stay_refused(realised, is_told):
    (changed,) = told(at(FLATTEN, realised=realised), Command.RESUME)
    assert changed.level is RUN
    assert ("-10000.00 of -10000.00 rupees, so entries are refused until the next day" in changed.why) is is_told


def test_a_command_without_a_key_is_not_remembered_as_an_operators():
    state = BotState()
    given = CommandGiven(at=1, command=Command.HALT, why="a worker failed")
    apply(state, given)
    apply(state, replace(given, key="k7"))
    assert state.obeyed == {"k7"}
