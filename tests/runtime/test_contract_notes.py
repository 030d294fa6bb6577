"""Contract notes worked by hand from the rates that `config/charges.yaml` has and names the sources of, to the paisa.

Every line of arithmetic is in rupees; a sum that ends in half a paisa goes up. No program was asked for a figure here.
"""

from datetime import date
from pathlib import Path

import pytest

from core.charges import Charges, broker_square_off, charges_for, delivery_sale
from core.market import Side
from core.orders import Product
from core.segments import Segment
from runtime.charge_rates import ChargeTable, DatedRates

SUMMER = date(2025, 6, 10)
LAST_OLD, FIRST_NEW = date(2024, 9, 30), date(2024, 10, 1)


@pytest.fixture(scope="module")
def table() -> ChargeTable:
    return ChargeTable.load(Path(__file__).parents[2] / "config" / "charges.yaml")


class Desk:
    """Orders of one segment and product, in rupees."""

    def __init__(self, table: ChargeTable, segment: Segment, product: Product) -> None:
        self._table, self._segment, self._product = table, segment, product

    def card(self, day: date) -> DatedRates:
        return self._table.rates_on(day, self._product, self._segment)

    def bought(self, day: date, rupees: float) -> Charges:
        return charges_for(Side.BUY, round(rupees * 100), self.card(day).rates)

    def sold(self, day: date, rupees: float) -> Charges:
        return charges_for(Side.SELL, round(rupees * 100), self.card(day).rates)


@pytest.fixture(scope="module")
def intraday(table: ChargeTable) -> Desk:
    return Desk(table, Segment.EQUITY, Product.INTRADAY)


@pytest.fixture(scope="module")
def delivery(table: ChargeTable) -> Desk:
    return Desk(table, Segment.EQUITY, Product.CNC)


@pytest.fixture(scope="module")
def futures(table: ChargeTable) -> Desk:
    return Desk(table, Segment.FUTURES, Product.MARGIN)


@pytest.fixture(scope="module")
def options(table: ChargeTable) -> Desk:
    return Desk(table, Segment.OPTIONS, Product.INTRADAY)


def test_a_small_trade_within_the_day(intraday: Desk) -> None:
    # 100 shares bought at 250.00 = 25,000.00
    assert intraday.bought(SUMMER, 25_000.00) == Charges(
        brokerage=750,  # 0.03 % = 7.50
        exchange=74,  # 0.00297 % = 0.7425
        sebi=3,  # 10 a crore = 0.025
        ipft=3,  # the same
        gst=149,  # 18 % of 7.50 + 0.74 + 0.03 = 8.27: 1.4886
        stamp=75,  # 0.003 %
    )
    # and sold at 251.50 = 25,150.00
    assert intraday.sold(SUMMER, 25_150.00) == Charges(
        brokerage=755,  # 7.545
        stt=629,  # 0.025 % = 6.2875
        exchange=75,  # 0.746955
        sebi=3,  # 0.02515
        ipft=3,
        gst=150,  # 18 % of 7.55 + 0.75 + 0.03 = 8.33: 1.4994
    )
    # 7.50+0.74+0.03+0.03+1.49+0.75 = 10.54; 7.55+6.29+0.75+0.03+0.03+1.50 = 16.15
    assert (intraday.bought(SUMMER, 25_000.00) + intraday.sold(SUMMER, 25_150.00)).total == 1054 + 1615


def test_a_large_trade_within_the_day_pays_no_more_than_the_cap(intraday: Desk) -> None:
    # 500 bought at 1,000.00: 0.03 % would be 150.00
    assert intraday.bought(SUMMER, 500_000) == Charges(
        brokerage=2000,
        exchange=1485,  # 14.85
        sebi=50,
        ipft=50,
        gst=636,  # 18 % of 20.00 + 14.85 + 0.50 = 35.35: 6.363
        stamp=1500,
    )
    # sold at 990.00 = 495,000.00
    assert intraday.sold(SUMMER, 495_000) == Charges(
        brokerage=2000,
        stt=12_375,
        exchange=1470,  # 14.7015
        sebi=50,  # 0.495
        ipft=50,
        gst=634,  # 18 % of 20.00 + 14.70 + 0.50 = 35.20: 6.336
    )
    # 57.21 + 165.79
    assert (intraday.bought(SUMMER, 500_000) + intraday.sold(SUMMER, 495_000)).total == 22_300


def test_shares_held_over_night_and_sold(delivery: Desk) -> None:
    # 40 bought at 500.00 = 20,000.00; 0.3 % would be 60.00
    bought = delivery.bought(SUMMER, 20_000)
    assert bought == Charges(
        brokerage=2000,
        stt=2000,  # 0.1 %
        exchange=59,  # 0.594
        sebi=2,
        ipft=2,
        gst=371,  # 18 % of 20.00 + 0.59 + 0.02 = 20.61: 3.7098
        stamp=300,  # 0.015 %
    )
    # sold at 520.00 = 20,800.00
    sold = delivery.sold(SUMMER, 20_800) + delivery_sale(delivery.card(SUMMER).rates)
    assert sold == Charges(
        brokerage=2000,
        stt=2080,
        exchange=62,  # 0.61776
        sebi=2,  # 0.0208
        ipft=2,
        gst=372,  # 18 % of 20.00 + 0.62 + 0.02 = 20.64: 3.7152
        dp=1475,  # 12.50 and 18 % of it, 2.25
    )
    # 20.00+20.00+0.59+0.02+0.02+3.71+3.00 = 47.34; 20.00+20.80+0.62+0.02+0.02+3.72 = 45.18
    assert (bought.total, sold.contract_note, sold.total) == (4734, 4518, 4518 + 1475)


def test_delivery_was_free_of_brokerage_until_october_2024(delivery: Desk) -> None:
    before = delivery.sold(LAST_OLD, 20_800) + delivery_sale(delivery.card(LAST_OLD).rates)
    assert before == Charges(
        stt=2080,
        exchange=67,  # 0.00322 % = 0.66976
        sebi=2,
        ipft=2,
        gst=12,  # 18 % of 0.67 + 0.02 = 0.69: 0.1242
        dp=1829,  # 15.50 and 2.79
    )
    after = delivery.sold(FIRST_NEW, 20_800) + delivery_sale(delivery.card(FIRST_NEW).rates)
    # as in June 2025 but for the depository: 3.50 and 0.63
    assert (after.contract_note, after.dp) == (4518, 413)


@pytest.mark.parametrize(
    ("day", "stt", "exchange", "gst"),
    [
        # 0.0125 % = 80.9375; 0.00188 % = 12.173; 18 % of 20.00 + 12.17 + 3.24 + 0.65 = 36.06: 6.4908
        (LAST_OLD, 8094, 1217, 649),
        # 0.02 % = 129.50; 0.00173 % = 11.20175; 18 % of 20.00 + 11.20 + 3.24 + 0.65 = 35.09: 6.3162
        (FIRST_NEW, 12_950, 1120, 632),
        (date(2026, 3, 31), 12_950, 1120, 632),
        (date(2026, 4, 1), 32_375, 1120, 632),  # 0.05 % = 323.75
    ],
)
def test_a_future_sold_before_and_after_the_tax_rose(futures: Desk, day: date, stt: int, exchange: int, gst: int) -> None:
    # 25 at 25,900.00 = 647,500.00
    assert futures.sold(day, 647_500) == Charges(
        brokerage=2000,  # 0.03 % would be 194.25
        stt=stt,
        exchange=exchange,
        clearing=324,  # 0.0005 % = 3.2375
        sebi=65,  # 0.6475
        ipft=65,
        gst=gst,
    )


def test_a_future_bought_pays_stamp_duty_and_no_tax(futures: Desk) -> None:
    bought = futures.bought(date(2026, 4, 1), 647_500)

    assert (bought.stt, bought.stamp) == (0, 1295)  # 0.002 %
    # 20.00 + 11.20 + 3.24 + 0.65 + 0.65 + 6.32 + 12.95
    assert bought.total == 5501


def test_an_option_is_charged_on_its_premium(options: Desk) -> None:
    # 75 bought at 120.00 = 9,000.00
    assert options.bought(SUMMER, 9_000) == Charges(
        brokerage=2000,
        exchange=315,  # 0.03503 % = 3.1527
        clearing=81,  # 0.009 %
        sebi=1,  # 0.009
        ipft=5,  # 50 a crore = 0.045
        gst=432,  # 18 % of 20.00 + 3.15 + 0.81 + 0.05 = 24.01: 4.3218
        stamp=27,  # 0.003 %
    )
    # sold at 150.00 = 11,250.00
    assert options.sold(SUMMER, 11_250) == Charges(
        brokerage=2000,
        stt=1125,  # 0.1 %
        exchange=394,  # 3.940875
        clearing=101,  # 1.0125
        sebi=1,  # 0.01125
        ipft=6,  # 0.05625
        gst=450,  # 18 % of 20.00 + 3.94 + 1.01 + 0.06 = 25.01: 4.5018
    )
    # 28.61 + 40.77
    assert (options.bought(SUMMER, 9_000) + options.sold(SUMMER, 11_250)).total == 6938


@pytest.mark.parametrize(
    ("day", "stt", "exchange", "gst"),
    [
        # 0.0625 % = 7.03125; 0.0495 % = 5.56875; 18 % of 20.00 + 5.57 + 1.01 + 0.06 = 26.64: 4.7952
        (LAST_OLD, 703, 557, 480),
        (FIRST_NEW, 1125, 394, 450),
        (date(2026, 4, 1), 1688, 394, 450),  # 0.15 % = 16.875
    ],
)
def test_an_option_sold_before_and_after_the_tax_rose(options: Desk, day: date, stt: int, exchange: int, gst: int) -> None:
    sold = options.sold(day, 11_250)

    assert (sold.stt, sold.exchange, sold.gst) == (stt, exchange, gst)


def test_commodities_pay_what_mcx_takes(table: ChargeTable) -> None:
    # 100 barrels at 5,800.00 = 580,000.00
    assert Desk(table, Segment.COMMODITY_FUTURES, Product.MARGIN).sold(SUMMER, 580_000) == Charges(
        brokerage=2000,
        stt=5800,  # CTT 0.01 %
        exchange=1218,  # 0.0021 %
        clearing=1044,  # 0.0018 %
        sebi=58,
        gst=767,  # 18 % of 20.00 + 12.18 + 10.44 = 42.62: 7.6716
    )
    # 100 at 210.00 = 21,000.00
    assert Desk(table, Segment.COMMODITY_OPTIONS, Product.INTRADAY).bought(SUMMER, 21_000) == Charges(
        brokerage=2000,
        exchange=878,  # 0.0418 % = 8.778
        clearing=1050,  # 0.05 %
        sebi=2,  # 0.021
        gst=707,  # 18 % of 20.00 + 8.78 + 10.50 = 39.28: 7.0704
        stamp=63,  # 0.003 %
    )


@pytest.mark.parametrize(
    ("day", "exchange", "sebi", "ipft", "gst"),
    [
        (date(2020, 12, 31), 325, 5, 0, 419),  # 18 % of 20.00 + 3.25 = 23.25: 4.185
        (date(2021, 1, 1), 345, 5, 0, 422),  # 18 % of 23.45: 4.221
        (date(2021, 4, 1), 345, 10, 0, 422),
        (date(2023, 4, 1), 325, 10, 10, 420),  # 18 % of 20.00 + 3.25 + 0.10 = 23.35: 4.203
        (date(2024, 4, 1), 322, 10, 10, 420),  # 18 % of 23.32: 4.1976
        (FIRST_NEW, 297, 10, 10, 415),  # 18 % of 23.07: 4.1526
    ],
)
def test_a_lakh_sold_within_the_day_through_the_years(
    intraday: Desk, day: date, exchange: int, sebi: int, ipft: int, gst: int
) -> None:
    assert intraday.sold(day, 100_000) == Charges(
        brokerage=2000, stt=2500, exchange=exchange, sebi=sebi, ipft=ipft, gst=gst
    )


def test_a_day_before_all_that_is_known_pays_the_first_rates_and_is_marked(intraday: Desk) -> None:
    long_ago = date(2015, 6, 1)

    assert intraday.card(long_ago).is_assumed
    assert not intraday.card(date(2020, 7, 1)).is_assumed
    # 20.00 + 3.25 + 0.05 + 18 % of 23.25 = 4.185 + 3.00
    assert intraday.bought(long_ago, 100_000).total == 3049


@pytest.mark.parametrize(("day", "fee"), [(LAST_OLD, 2360), (FIRST_NEW, 5900)])  # 20.00 + 3.60; 50.00 + 9.00
def test_a_position_that_the_broker_squares_off_costs_a_fee(intraday: Desk, day: date, fee: int) -> None:
    assert broker_square_off(intraday.card(day).rates) == Charges(square_off=fee)
