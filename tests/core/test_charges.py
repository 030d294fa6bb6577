"""Charges to the paisa. Every expected number is worked out by hand in the comment beside it."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charges import (
    ChargeRates,
    Charges,
    bill,
    broker_square_off,
    charges_for,
    delivery_sale,
    round_trip,
)
from core.market import Side

INTRADAY = ChargeRates(
    brokerage=3000,  # 0.03 %
    brokerage_cap=2000,  # Rs 20
    stt_buy=0,
    stt_sell=2500,  # 0.025 %
    exchange=297,  # 0.00297 %
    sebi=10,
    ipft=10,
    stamp_buy=300,  # 0.003 %
    gst_percent=18,
)
DELIVERY = ChargeRates(
    brokerage=30_000,  # 0.3 %
    brokerage_cap=2000,
    stt_buy=10_000,  # 0.1 %
    stt_sell=10_000,
    exchange=297,
    sebi=10,
    ipft=10,
    stamp_buy=1500,  # 0.015 %
    gst_percent=18,
    dp_charge=1250,
    square_off_fee=5000,
)
OPTIONS = ChargeRates(
    brokerage=0,
    brokerage_cap=0,
    brokerage_flat=2000,
    stt_buy=0,
    stt_sell=15_000,  # 0.15 % of the premium
    exchange=3503,
    clearing=900,
    sebi=10,
    ipft=50,
    stamp_buy=300,
    gst_percent=18,
)
CARDS = st.sampled_from((INTRADAY, DELIVERY, OPTIONS))
VALUES = st.integers(0, 10**12)
SIDES = st.sampled_from(Side)
PARTS = [field.name for field in fields(Charges)]


def test_an_intraday_purchase_of_fifty_thousand_rupees_costs_what_the_rate_card_says() -> None:
    # 100 shares at 500.00 = Rs 50,000.00 = 5,000,000 paise
    assert charges_for(Side.BUY, 5_000_000, INTRADAY) == Charges(
        brokerage=1500,  # 0.03 % of 50,000 = Rs 15.00, below the cap
        stt=0,  # sales only
        exchange=149,  # 0.00297 % of 50,000 = Rs 1.485, half up to 1.49
        sebi=5,  # 10 / crore x 50,000 = Rs 0.05
        ipft=5,  # the same
        gst=298,  # 18 % of (15.00 + 1.49 + 0.05) = 2.9772
        stamp=150,  # 0.003 % = Rs 1.50
    )


def test_an_intraday_sale_pays_transaction_tax_and_no_stamp_duty() -> None:
    # 100 shares at 510.00 = 5,100,000 paise
    assert charges_for(Side.SELL, 5_100_000, INTRADAY) == Charges(
        brokerage=1530,  # Rs 15.30
        stt=1275,  # 0.025 % of 51,000 = Rs 12.75
        exchange=151,  # 1.5147
        sebi=5,  # 0.051
        ipft=5,
        gst=303,  # 18 % of (15.30 + 1.51 + 0.05) = 3.0348
        stamp=0,
    )


def test_the_broker_never_takes_more_than_twenty_rupees_for_an_order() -> None:
    # 200 shares at 2,500.00 = Rs 500,000 = 50,000,000 paise; 0.03 % would be Rs 150
    bill = charges_for(Side.BUY, 50_000_000, INTRADAY)

    assert bill.brokerage == 2000
    # exchange Rs 14.85, IPFT Rs 0.50; GST 18 % of (20.00 + 14.85 + 0.50) = 6.363
    assert (bill.exchange, bill.ipft, bill.gst) == (1485, 50, 636)
    # 20.00 + 0 + 14.85 + 0.50 + 0.50 + 6.36 + 15.00
    assert bill.total == 5721


def test_delivery_pays_transaction_tax_on_both_sides() -> None:
    # Bought for Rs 6,000.00, sold for Rs 6,300.00
    bill = round_trip(600_000, 630_000, DELIVERY)

    assert bill == Charges(
        brokerage=3690,  # 0.3 %: Rs 18.00 + Rs 18.90, each below the cap
        stt=1230,  # 0.1 %: 6.00 + 6.30
        exchange=37,  # 0.1782 -> 0.18, 0.18711 -> 0.19
        sebi=2,  # 0.006 -> 0.01, 0.0063 -> 0.01
        ipft=2,
        gst=671,  # 18 % of (18.00 + 0.18 + 0.01) = 3.2742 -> 3.27; of (18.90 + 0.19 + 0.01) = 3.438 -> 3.44
        stamp=90,  # 0.015 % of 6,000 = 0.90
    )


def test_the_total_is_the_sum_of_its_parts() -> None:
    bill = round_trip(5_000_000, 5_100_000, INTRADAY)

    # 15.00+1.49+0.05+0.05+2.98+1.50 = 21.07 and 15.30+12.75+1.51+0.05+0.05+3.03 = 32.69
    assert bill.total == 2107 + 3269


def test_nothing_executed_costs_nothing() -> None:
    assert charges_for(Side.BUY, 0, INTRADAY) == Charges()


def test_a_negative_value_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 paise"):
        charges_for(Side.SELL, -1, INTRADAY)


@given(value=VALUES, more=st.integers(0, 10**9), side=SIDES, rates=CARDS)
def test_a_larger_order_never_costs_less(value: int, more: int, side: Side, rates: ChargeRates) -> None:
    less, more_of_it = charges_for(side, value, rates), charges_for(side, value + more, rates)

    assert all(getattr(less, part) <= getattr(more_of_it, part) for part in PARTS)


@given(value=VALUES, side=SIDES, rates=CARDS)
def test_no_part_of_a_bill_is_negative_and_all_make_up_the_total(value: int, side: Side, rates: ChargeRates) -> None:
    charges = charges_for(side, value, rates)
    parts = [getattr(charges, part) for part in PARTS]

    assert min(parts) >= 0
    assert charges.total == charges.contract_note == sum(parts)


@given(bought=VALUES, sold=VALUES, rates=CARDS)
def test_bills_add_up_part_by_part(bought: int, sold: int, rates: ChargeRates) -> None:
    bills = charges_for(Side.BUY, bought, rates), charges_for(Side.SELL, sold, rates), delivery_sale(rates)
    together = bills[0] + bills[1] + bills[2]

    assert {part: getattr(together, part) for part in PARTS} == {
        part: sum(getattr(each, part) for each in bills) for part in PARTS
    }


def test_an_option_of_next_to_nothing_pays_the_whole_flat_brokerage() -> None:
    # 75 at 0.05 = Rs 3.75: the brokerage is more than five times the premium
    charges = charges_for(Side.SELL, 375, OPTIONS)

    assert charges == Charges(brokerage=2000, stt=1, gst=360)  # STT 0.15 % = 0.0056; GST 18 % of 20.00


def test_what_the_broker_books_in_the_ledger_is_not_in_the_contract_note() -> None:
    # Rs 12.50 + 18 % = 14.75; Rs 50 + 18 % = 59.00
    charges = charges_for(Side.SELL, 630_000, DELIVERY) + delivery_sale(DELIVERY) + broker_square_off(DELIVERY)

    assert (charges.dp, charges.square_off) == (1475, 5900)
    assert charges.total == charges.contract_note + 1475 + 5900
    assert charges.contract_note == charges_for(Side.SELL, 630_000, DELIVERY).total


def test_a_card_without_such_fees_adds_none() -> None:
    assert delivery_sale(INTRADAY) == broker_square_off(INTRADAY) == Charges()


def test_the_formula_compiles_and_gives_the_same_to_the_paisa() -> None:
    numba = pytest.importorskip("numba")
    compiled = numba.njit(bill)

    for rates in (INTRADAY, DELIVERY, OPTIONS):
        for value in (0, 1, 375, 49_999, 2_500_000, 5_000_001, 10**9 + 7, 10**14):
            for is_buy in (True, False):
                assert compiled(is_buy, value, rates.figures) == bill(is_buy, value, rates.figures)


@given(value=st.integers(0, 10**12))
def test_rounding_moves_a_bill_by_less_than_half_a_paisa_for_each_part(value: int) -> None:
    bill = charges_for(Side.SELL, value, INTRADAY)
    exact = value * (2500 + 297 + 10 + 10) / 10**7

    assert abs(bill.stt + bill.exchange + bill.sebi + bill.ipft - exact) <= 4 * 0.5
