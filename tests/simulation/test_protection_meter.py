"""Time without an exit order at the broker: true time, in which something could be done about it."""

import pytest

from core.instants import SECOND
from core.market import Side
from core.orders import Purpose
from simulation.plan import FaultClass
from simulation.protection_meter import is_too_long
from simulation.setting import SYMBOLS
from simulation.verdict import Spell

SYMBOL = SYMBOLS[0]


def wait(world, seconds):
    world.time.now += int(seconds * SECOND)
    world.meter.look(world.time.now)


def spells(world):
    world.meter.finish(world.time.now)
    return world.meter.spells


def test_a_spell_lasts_from_the_first_fill_to_the_order_that_covers_all_of_it(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    wait(world, 1.5)
    world.rest(Purpose.STOP, Side.SELL, 10)
    wait(world, 60)
    assert spells(world) == [Spell(1.5, SYMBOL, 0, None)]


@pytest.mark.parametrize(("seconds", "is_fresh"), [(0.1, True), (2, True), (2.1, False)])
def test_a_position_of_the_very_last_moment_may_have_its_stop_on_the_way(world, seconds, is_fresh):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    wait(world, seconds)
    assert world.meter.began_just_now(SYMBOL, world.time.now) is is_fresh


def test_a_position_that_nobody_could_look_after_for_long_did_not_begin_just_now(world):
    world.reachable = False
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    wait(world, 60)
    assert not world.meter.began_just_now(SYMBOL, world.time.now)


def test_an_order_for_a_part_covers_nothing(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    world.rest(Purpose.STOP, Side.SELL, 9)
    wait(world, 4)
    assert [spell.seconds for spell in spells(world)] == [4]


def test_an_order_on_the_wrong_side_covers_nothing(world):
    world.fill(Purpose.ENTRY, Side.SELL, 10)
    world.rest(Purpose.STOP, Side.SELL, 10)
    wait(world, 4)
    assert [spell.seconds for spell in spells(world)] == [4]


def test_time_in_which_nobody_can_act_is_not_counted(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    wait(world, 1)
    world.reachable = False
    wait(world, 0)
    wait(world, 100)
    world.reachable = True
    wait(world, 0)
    wait(world, 2)
    assert [spell.seconds for spell in spells(world)] == [3]


def test_a_position_that_others_trade_in_is_not_measured(world):
    world.truth.touch(SYMBOL, world.time.now)
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    wait(world, 50)
    assert not spells(world)


def test_a_lost_request_and_a_decision_to_leave_are_noted(world):
    world.fill(Purpose.ENTRY, Side.BUY, 10)
    wait(world, 5)
    world.meter.request_was_lost(SYMBOL, world.time.now)
    wait(world, 25)
    world.meter.exit_was_decided(SYMBOL, world.time.now)
    wait(world, 10)
    assert spells(world) == [Spell(40, SYMBOL, 1, 30)]


@pytest.mark.parametrize(
    ("spell", "session", "expected"),
    [
        (Spell(1.9, SYMBOL, 0, None), FaultClass.NONE, False),
        (Spell(2.1, SYMBOL, 0, None), FaultClass.NONE, True),
        (Spell(14.0, SYMBOL, 0, None), FaultClass.ONE, False),
        (Spell(16.0, SYMBOL, 0, None), FaultClass.ONE, True),
        (Spell(21.0, SYMBOL, 1, None), FaultClass.ONE, False),
        (Spell(34.9, SYMBOL, 1, None), FaultClass.MIX, False),
        (Spell(35.6, SYMBOL, 1, None), FaultClass.MIX, True),
        (Spell(60.0, SYMBOL, 1, 31.0), FaultClass.MIX, False),
        (Spell(60.0, SYMBOL, 1, 45.0), FaultClass.MIX, True),
        (Spell(200.0, SYMBOL, 3, 31.0), FaultClass.MIX, True),
        (Spell(200.0, SYMBOL, 4, 31.0), FaultClass.MIX, False),
        (Spell(214.0, SYMBOL, 4, 31.0), FaultClass.MIX, True),
    ],
)
def test_what_is_too_long_depends_on_how_bad_the_session_was(spell, session, expected):
    assert is_too_long(spell, session) is expected
