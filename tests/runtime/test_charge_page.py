from datetime import date
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.orders import Product
from core.segments import Segment
from runtime.charge_page import ChargePage, Deal
from runtime.charge_rates import ChargeTable

DAY = date(2025, 6, 10)


@pytest.fixture(scope="module")
def table() -> ChargeTable:
    return ChargeTable.load(Path(__file__).parents[2] / "config" / "charges.yaml")


def deal(
    *, day: date = DAY, product: Product = Product.CNC, buy: float = 0.0, sell: float = 0.0, squared_off: bool = False
) -> Deal:
    return Deal(day=day, segment=Segment.EQUITY, product=product, buy=buy, sell=sell, is_squared_off=squared_off)


def test_a_sale_of_delivered_shares_has_the_depository_in_it_and_a_purchase_has_not(table: ChargeTable) -> None:
    page = ChargePage(deal(buy=20_000, sell=20_800), table).data()

    # worked by hand in test_contract_notes
    assert (page["buy"]["total"], page["buy"]["dp"]) == (47.34, 0)
    assert (page["sell"]["total"], page["sell"]["dp"]) == (59.93, 14.75)
    assert page["together"]["total"] == 107.27
    assert (page["rates_from"], page["is_assumed"]) == ("2025-06-02", False)


def test_the_broker_takes_its_fee_once_for_the_deal(table: ChargeTable) -> None:
    free, dear = (
        ChargePage(deal(product=Product.INTRADAY, buy=25_000, sell=25_150, squared_off=squared_off), table).data()
        for squared_off in (False, True)
    )

    assert dear["together"]["total"] == pytest.approx(free["together"]["total"] + 59)
    assert (dear["buy"], dear["sell"]) == (free["buy"], free["sell"])


def test_the_page_shows_what_is_charged_and_leaves_out_what_is_not(
    table: ChargeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    ChargePage(deal(buy=20_000, sell=20_800), table).print()

    lines = {line.rsplit(maxsplit=3)[0].strip(): line.split()[-3:] for line in capsys.readouterr().out.splitlines()}
    assert lines["Depository, with GST"] == ["0.00", "14.75", "14.75"]
    assert lines["Total"] == ["47.34", "59.93", "107.27"]
    assert "Clearing" not in lines


def test_a_day_before_all_rates_is_said_to_be_one(table: ChargeTable, capsys: pytest.CaptureFixture[str]) -> None:
    ChargePage(deal(day=date(2012, 1, 2), sell=20_800), table).print()

    assert "No rates are known for that day: it is charged by the first ones, of 2020-07-01." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("buy", "sell", "complaint"),
    [
        (0, 0, "nothing to charge"),
        (-1, 0, "--buy -1: must lie within 0"),
        (0, float("nan"), "--sell nan: must lie within 0"),
        (float("inf"), 0, "--buy inf: must lie within 0"),
    ],
)
def test_what_cannot_be_charged_is_refused(table: ChargeTable, buy: float, sell: float, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        ChargePage(deal(buy=buy, sell=sell), table)
