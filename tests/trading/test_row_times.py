"""Many instants are written for people as one is."""

import numpy as np

from core.instants import DAY
from trading.row_times import time_texts, times

MOMENT = 1_704_340_799_999_999_999


def test_the_texts_of_many_instants_are_those_of_each() -> None:
    instants = [MOMENT - DAY // 2, MOMENT, MOMENT + 1, MOMENT + 1_000_000, 1]

    assert time_texts(np.array(instants)) == [times("exit", at)["exit_time"] for at in instants]


def test_a_text_has_the_wall_clock_of_india_to_the_millisecond_below() -> None:
    assert time_texts(np.array([MOMENT])) == ["2024-01-04T09:29:59.999+05:30"]


def test_no_instants_have_no_texts() -> None:
    assert time_texts(np.array([], dtype=np.int64)) == []
