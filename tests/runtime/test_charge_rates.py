from datetime import date
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.orders import Product
from runtime.charge_rates import ChargeTable

SHIPPED = Path(__file__).parents[2] / "config" / "charges.yaml"


@pytest.fixture(scope="module")
def table() -> ChargeTable:
    return ChargeTable.load(SHIPPED)


@pytest.mark.parametrize(
    ("day", "exchange", "ipft"),
    [
        (date(2023, 3, 31), 345, 0),
        (date(2023, 4, 1), 325, 10),
        (date(2024, 9, 30), 325, 10),
        (date(2024, 10, 1), 297, 10),
        (date(2030, 1, 1), 297, 10),
    ],
)
def test_each_day_has_the_rates_of_its_time(table: ChargeTable, day: date, exchange: int, ipft: int) -> None:
    dated = table.rates_on(day, Product.INTRADAY)

    assert (dated.rates.exchange, dated.rates.ipft, dated.is_assumed) == (exchange, ipft, False)


def test_delivery_is_taxed_on_both_sides(table: ChargeTable) -> None:
    rates = table.rates_on(date(2026, 1, 6), Product.CNC).rates

    assert (rates.stt_buy, rates.stt_sell, rates.stamp_buy) == (10_000, 10_000, 1_500)


def test_a_day_before_the_first_card_uses_the_first_and_says_so(table: ChargeTable) -> None:
    dated = table.rates_on(date(2015, 6, 1), Product.INTRADAY)

    assert dated.is_assumed
    assert dated.valid_from == date(2021, 4, 1)
    assert dated.rates == table.rates_on(date(2021, 4, 1), Product.INTRADAY).rates


def test_a_product_without_a_card_is_an_error_that_lists_those_there_are(table: ChargeTable) -> None:
    with pytest.raises(ConfigurationError, match="no charges for product MARGIN; it has INTRADAY, CNC"):
        table.rates_on(date(2026, 1, 6), Product.MARGIN)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("stt_sell: 2500", "stt_sel: 2500"), "equity.INTRADAY.0.stt_sell: Field required"),
        (("exchange: 345", "exchange: 0.00345"), "equity.INTRADAY.0.exchange: Input should be a valid integer"),
        (("from: 2023-04-01", "from: 2021-04-01"), "equity.INTRADAY: dates must rise"),
        (("  INTRADAY:", "  INTRADY:"), "equity.INTRADY"),
        (("equity:", "equity: ["), "line "),
        (("brokerage: 3000", "brokerage: 3000\n      brokerage: 1"), "the key 'brokerage' appears twice"),
        (("equity:", "a: &a [1]\nb: [*a, *a]\nequity:"), "aliases (*name) are not allowed"),
        (("equity:", f"deep: {'[' * 30}{']' * 30}\nequity:"), "nested deeper than 20 levels"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "charges.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        ChargeTable.load(path)

    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"charges\.yaml: there is no such file"):
        ChargeTable.load(tmp_path / "charges.yaml")
