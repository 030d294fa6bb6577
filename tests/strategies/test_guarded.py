from dataclasses import dataclass, replace

import numpy as np
import pytest

from core.errors import NoSignalError, StrategyError
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
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says


@pytest.mark.parametrize("says", [None, SIGNAL])
def test_a_sound_strategy_is_heard(says):
    guarded = Guarded(Own(says))
    assert guarded.on_data(ROW, ROW) is says
    assert (guarded.name, guarded.needs) == ("own", Needs(features=()))


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ValueError("boom\nsecond line"), "ValueError: boom second line$"),
        (AssertionError(), "AssertionError$"),
        (SystemExit(0), "SystemExit: 0$"),
        (True, "returned bool"),
    ],
)
def test_whatever_else_it_does_is_told_with_strategy_symbol_and_candle(says, why):
    with pytest.raises(StrategyError, match=rf"strategy own on NSE:SBIN-EQ, candle 1970-01-01 05:30:00: {why}"):
        Guarded(Own(says)).on_data(ROW, ROW)


def test_a_person_who_interrupts_is_heard_through_it():
    with pytest.raises(KeyboardInterrupt):
        Guarded(Own(KeyboardInterrupt())).on_data(ROW, ROW)


@pytest.mark.parametrize("probability", [0, 0.0, 1, 1.0, np.float64(0.5)])
def test_a_probability_from_0_to_1_is_one(probability):
    signal = replace(SIGNAL, probability=probability)
    assert Guarded(Own(signal)).on_data(ROW, ROW) is signal


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"probability": float("nan")}, "returned the probability nan; return a float from 0 to 1"),
        ({"probability": -0.1}, "returned the probability -0.1;"),
        ({"probability": 1.5}, "returned the probability 1.5;"),
        ({"probability": None}, "returned the probability None;"),
        ({"probability": np.array([0.5, 0.6])}, "returned the probability array"),
        ({"direction": 1}, "returned the direction 1; return a Direction, as Direction.LONG"),
        ({"direction": "LONG"}, "returned the direction 'LONG';"),
    ],
)
def test_a_signal_that_is_none_is_told_with_strategy_symbol_and_candle(change, why):
    with pytest.raises(NoSignalError, match=rf"^strategy own on NSE:SBIN-EQ, candle 1970-01-01 05:30:00: {why}"):
        Guarded(Own(replace(SIGNAL, **change))).on_data(ROW, ROW)
