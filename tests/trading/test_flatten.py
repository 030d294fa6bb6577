import pytest

from core.market import Side
from core.orders import Product
from core.state import BotState
from core.tracking import OpenPosition
from trading.flatten import most_at_risk_first


def held(symbol: str, quantity: int, value: int, unprotected_since: int = 0) -> OpenPosition:
    return OpenPosition(
        symbol=symbol,
        side=Side.BUY,
        product=Product.INTRADAY,
        opened_at=1,
        plan=None,
        entry_filled=quantity,
        entry_value=value,
        unprotected_since=unprotected_since,
    )


@pytest.mark.hazard("P13")
def test_what_has_no_stop_is_closed_before_what_costs_more_and_the_costly_before_the_cheap() -> None:
    positions = [held("CHEAP", 10, 1_000), held("COSTLY", 1, 9_000), held("BARE", 1, 10, unprotected_since=5)]
    state = BotState(positions={position.symbol: position for position in positions})
    assert most_at_risk_first(state, ["NONE", *state.positions]) == ["BARE", "COSTLY", "CHEAP", "NONE"]


def test_shares_that_were_sold_already_are_no_risk() -> None:
    half_sold, whole = held("HALF", 10, 9_000), held("WHOLE", 10, 5_000)
    half_sold.exit_filled = 5
    state = BotState(positions={position.symbol: position for position in (half_sold, whole)})
    assert most_at_risk_first(state, state.positions) == ["WHOLE", "HALF"]
