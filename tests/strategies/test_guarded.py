from dataclasses import dataclass

import pytest

from core.errors import StrategyError
from core.market import Candle
from core.signals import Direction, FeatureRow, Needs, Signal
from strategies.guarded import Guarded

ROW = FeatureRow("NSE:SBIN-EQ", Candle(0, 1, 1, 1, 1, 1), 1, {}, (), 1.0)
SIGNAL = Signal(symbol="NSE:SBIN-EQ", at=1, direction=Direction.LONG, probability=1.0, source="own", reason="told")


NOTHING = Needs(features=())


@dataclass
class Own:
    """Says what the test says, or raises it."""

    says: object
    name: str = "own"
    needs: Needs = NOTHING

    def on_data(self, now, before):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.mark.parametrize("says", [None, SIGNAL])
def test_a_sound_strategy_is_heard(says):
    guarded = Guarded(Own(says))
    assert guarded.on_data(ROW, ROW) is says
    assert (guarded.name, guarded.needs) == ("own", Needs(features=()))


@pytest.mark.parametrize(
    ("says", "why"),
    [(ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"), (True, "returned bool")],
)
def test_whatever_else_it_does_is_told_with_strategy_symbol_and_candle(says, why):
    with pytest.raises(StrategyError, match=rf"strategy own on NSE:SBIN-EQ, candle 1970-01-01 05:30:00: {why}"):
        Guarded(Own(says)).on_data(ROW, ROW)
