import pytest

from core.market import Candle, Side
from core.signals import Direction, FeatureRow, Needs


def test_the_user_numbers_the_directions() -> None:
    assert [Direction(number) for number in (0, 1, 2)] == [Direction.NONE, Direction.LONG, Direction.SHORT]


def test_a_direction_is_opened_by_its_side() -> None:
    assert Direction.LONG.side is Side.BUY
    assert Direction.SHORT.side is Side.SELL
    with pytest.raises(ValueError, match="no position has no side"):
        _ = Direction.NONE.side


def test_a_row_answers_by_name_and_lists_the_names_it_has() -> None:
    row = FeatureRow(
        symbol="NSE:SBIN-EQ",
        candle=Candle(0, 100, 101, 99, 100, 10),
        closed_at=300,
        columns={"rsi_14": 0, "open_gap": 1},
        values=(0.4, 0.01),
        atr=2.0,
    )

    assert row["open_gap"] == 0.01
    with pytest.raises(KeyError, match="no feature 'rsi_15'; this pipeline has rsi_14, open_gap"):
        _ = row["rsi_15"]


def test_a_provider_needs_no_warm_up_unless_it_says_so() -> None:
    assert Needs(features=("rsi_14",)).warm_up == 0
