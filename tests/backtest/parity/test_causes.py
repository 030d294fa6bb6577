"""What stands behind a refusal."""

import pytest

from backtest.parity.causes import Cause, cause_of_refusal, follows_from_others


@pytest.mark.parametrize(
    ("code", "detail", "by_hand", "cause"),
    [
        ("STALE_SIGNAL", "", False, Cause.TIMING),
        ("STALE_PRICE", "", False, Cause.FEED_GAP),
        ("CONDITION", "DISK: nearly full; FEED: no prices", False, Cause.FEED_GAP),
        ("CONDITION", "GAP: stood still", False, Cause.FEED_GAP),
        ("CONDITION", "DISK: nearly full", True, Cause.GATE),
        ("SAFETY_LEVEL", "level=NO_ENTRY", True, Cause.MANUAL_ACTION),
        ("SAFETY_LEVEL", "level=EXIT_ONLY", False, Cause.GATE),
        ("STOPPING", "", False, Cause.MANUAL_ACTION),
        ("SYMBOL_BLOCKED", "somebody else's", False, Cause.MANUAL_ACTION),
        ("MAX_POSITIONS", "", True, Cause.GATE),
    ],
)
def test_a_refusal_has_the_cause_of_its_code(code, detail, by_hand, cause):
    assert cause_of_refusal(code, detail, level_by_hand=by_hand) is cause


def test_only_a_refusal_for_what_else_there_is_follows_from_it():
    codes = ("SYMBOL_BUSY", "MAX_POSITIONS", "MARGIN", "PRICE_BAND", "BROKER_REFUSED")
    assert [follows_from_others(code) for code in codes] == [True, True, True, False, False]
