"""A surplus is told once, whatever its symbol is blocked for besides, and stops no more than it has to."""

import pytest

from core.events import Alarm, LevelChanged, SafetyLevel, SymbolBlocked
from core.market import Side
from core.orders import Product
from core.state import BotState
from core.tracking import OpenPosition
from trading.surplus import alarmed

SBIN = "NSE:SBIN-EQ"


def flipped(closed_elsewhere: int) -> OpenPosition:
    """Ten shares were held, and twelve were closed."""
    position = OpenPosition(symbol=SBIN, side=Side.BUY, product=Product.INTRADAY, opened_at=1, plan=None)
    position.entry_filled, position.exit_filled, position.closed_elsewhere = 10, 12, closed_elsewhere
    return position


@pytest.mark.hazard("P7")
@pytest.mark.parametrize("blocked", [{}, {SBIN: "somebody else's position is in it"}], ids=["free", "blocked"])
def test_a_surplus_that_others_made_is_told_once_and_leaves_the_other_symbols_alone(blocked):
    state = BotState(blocked=dict(blocked))
    alarm, block, level = alarmed(state, flipped(2), 5)
    assert isinstance(alarm, Alarm)
    assert isinstance(block, SymbolBlocked)
    assert isinstance(level, LevelChanged)
    assert (alarm.code, level.level) == ("POSITION_FLIPPED", SafetyLevel.NO_ENTRY)
    state.blocked[SBIN] = block.why
    assert alarmed(state, flipped(2), 6) == []


@pytest.mark.hazard("P7")
def test_a_surplus_that_others_made_only_a_part_of_freezes_the_bot():
    _, level = alarmed(BotState(), flipped(1), 5)
    assert isinstance(level, LevelChanged)
    assert level.level is SafetyLevel.FREEZE
