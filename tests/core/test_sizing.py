from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sizing import SizingMethod, SizingRule, quantity_for

# Rs 5 lakh of capital: a position at most 20 % of it (Rs 1 lakh), an order at most Rs 2.5 lakh, risk 0.25 % (Rs 1,250)
CAPITAL = 50_000_000
RULE = SizingRule(
    method=SizingMethod.RISK, quantity=75, capital_ppm=200_000, risk_ppm=2_500, max_order_value=25_000_000
)


def size(rule: SizingRule = RULE, **changes: int | None) -> int:
    facts: dict[str, int | None] = {
        "capital": CAPITAL, "price": 60_000, "stop_distance": 900, "lot": 1, "freeze": None,
    }  # fmt: skip
    return quantity_for(rule, **(facts | changes))  # type: ignore[arg-type]


def test_a_fixed_quantity_is_what_was_asked_for() -> None:
    assert size(replace(RULE, method=SizingMethod.FIXED)) == 75


def test_a_share_of_capital_buys_as_many_as_it_pays_for() -> None:
    # Rs 1,00,000 / Rs 600 = 166.67
    assert size(replace(RULE, method=SizingMethod.CAPITAL)) == 166


def test_risk_per_trade_divides_the_risked_money_by_the_stop_distance() -> None:
    # Rs 1,250 / Rs 9 = 138.9
    assert size() == 138


def test_a_tight_stop_cannot_take_more_than_the_capital_share() -> None:
    # Rs 1,250 / Rs 1 = 1250 shares would be Rs 7.5 lakh; the share of capital pays for 166
    assert size(stop_distance=100) == 166


def test_an_order_stays_within_its_largest_value() -> None:
    # Rs 30,000 / Rs 600 = 50
    assert size(replace(RULE, max_order_value=3_000_000)) == 50


@pytest.mark.hazard("S13")
def test_quantities_are_whole_lots() -> None:
    assert size(lot=50) == 100


@pytest.mark.hazard("S12")
def test_the_freeze_quantity_itself_is_refused_by_the_exchange_so_we_stay_below() -> None:
    assert size(freeze=138) == 137
    assert size(freeze=139) == 138


def test_a_trade_too_small_for_one_lot_is_not_made() -> None:
    assert size(lot=500) == 0
    assert size(price=20_000_000) == 0


def test_no_capital_means_no_trade() -> None:
    assert size(capital=0) == 0
    assert size(capital=-10_000_000) == 0


@pytest.mark.parametrize("fact", ["price", "stop_distance", "lot"])
def test_impossible_facts_are_refused(fact: str) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        size(**{fact: 0})


@given(
    method=st.sampled_from(SizingMethod),
    capital=st.integers(-(10**9), 10**11),
    price=st.integers(1, 10**8),
    stop_distance=st.integers(1, 10**6),
    lot=st.integers(1, 5_000),
    freeze=st.none() | st.integers(1, 10**6),
)
def test_no_bound_is_ever_crossed(
    method: SizingMethod, capital: int, price: int, stop_distance: int, lot: int, freeze: int | None
) -> None:
    rule = replace(RULE, method=method)

    quantity = quantity_for(rule, capital=capital, price=price, stop_distance=stop_distance, lot=lot, freeze=freeze)

    assert quantity >= 0
    assert quantity % lot == 0
    assert quantity * price <= rule.max_order_value
    assert quantity * price * 5 <= max(capital, 0)
    assert freeze is None or quantity < freeze
