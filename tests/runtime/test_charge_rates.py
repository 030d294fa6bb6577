from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.orders import Product
from core.segments import Segment
from runtime.charge_rates import ChargeTable
from runtime.strict_yaml import read_yaml

SHIPPED = Path(__file__).parents[2] / "config" / "charges.yaml"
LATER = """
  - from: 2030-01-01
    sources: [sebi-2019]
    sebi: 7
"""


@pytest.fixture(scope="module")
def table() -> ChargeTable:
    return ChargeTable.load(SHIPPED)


@pytest.mark.parametrize(
    ("day", "exchange", "ipft"),
    [
        (date(2023, 3, 31), 345, 0),
        (date(2023, 4, 1), 325, 10),
        (date(2024, 3, 31), 325, 10),
        (date(2024, 9, 30), 322, 10),
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


@pytest.mark.parametrize("product", [Product.INTRADAY, Product.MARGIN])
def test_derivatives_cost_the_same_within_the_day_and_over_night(table: ChargeTable, product: Product) -> None:
    day = date(2026, 4, 1)

    assert table.rates_on(day, product, Segment.FUTURES).rates.stt_sell == 5_000
    assert table.rates_on(day, product, Segment.OPTIONS).rates.stt_sell == 15_000


def test_a_day_before_the_first_card_uses_the_first_and_says_so(table: ChargeTable) -> None:
    dated = table.rates_on(date(2015, 6, 1), Product.INTRADAY)

    assert dated.is_assumed
    assert dated.valid_from == date(2020, 7, 1)
    assert dated.rates == table.rates_on(date(2020, 7, 1), Product.INTRADAY).rates


@pytest.mark.parametrize(
    ("segment", "product"),
    [
        (Segment.EQUITY, Product.INTRADAY),
        (Segment.EQUITY, Product.CNC),
        *((segment, Product.MARGIN) for segment in Segment if segment is not Segment.EQUITY),
    ],
)
def test_the_list_of_cards_says_the_same_as_asking_for_each_day(
    table: ChargeTable, segment: Segment, product: Product
) -> None:
    cards = table.cards(product, segment)

    for (first, rates), (_, before) in pairwise(reversed(cards)):
        assert table.rates_on(first, product, segment).rates == rates
        assert table.rates_on(first - timedelta(days=1), product, segment).rates == before
    assert [first for first, _ in cards] == sorted({first for first, _ in cards})


def test_every_source_is_the_source_of_something() -> None:
    content = read_yaml(SHIPPED)
    lists = [*content["equity"].values(), *(content[each.value] for each in Segment if each is not Segment.EQUITY)]

    assert {name for entries in lists for entry in entries for name in entry["sources"]} == set(content["sources"])


def test_a_product_without_a_card_is_an_error_that_lists_those_there_are(table: ChargeTable) -> None:
    with pytest.raises(ConfigurationError, match="no charges for equity MARGIN; it has equity INTRADAY, equity CNC"):
        table.rates_on(date(2026, 1, 6), Product.MARGIN)


def test_a_later_entry_changes_what_it_states_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "charges.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8") + LATER, encoding="utf-8")
    before, after = (
        ChargeTable.load(path).rates_on(day, Product.MARGIN, Segment.COMMODITY_OPTIONS)
        for day in (date(2029, 12, 31), date(2030, 1, 1))
    )

    assert (before.valid_from, after.valid_from) == (date(2024, 10, 1), date(2030, 1, 1))
    assert after.rates == replace(before.rates, sebi=7)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("stt_sell: 2500", "stt_sel: 2500"), "equity.INTRADAY.0.stt_sell: Field required"),
        (("exchange: 345", "exchange: 0.00345"), "equity.INTRADAY.1.exchange: Input should be a valid integer"),
        (("exchange: 345", "exchang: 345"), "equity.INTRADAY.1.exchang: Extra inputs are not permitted"),
        (("exchange: 345", "exchange: -1"), "equity.INTRADAY.1.exchange: Input should be greater than or equal to 0"),
        (("stt_sell: 1250", "stt_sell: true"), "futures.3.stt_sell: Input should be a valid integer"),
        (("sources: [nse-2021]", "sources: []"), "equity.INTRADAY.1.sources: Tuple should have at least 1 item"),
        (("sources: [nse-2021]\n", "\n"), "equity.INTRADAY.1.sources: Field required"),
        (
            ("sources: [nse-2021]", "sources: [nse-2012]"),
            "equity.INTRADAY.1.sources: nse-2012 is not among the sources",
        ),
        (("from: 2023-04-01", "from: 2021-04-01"), "equity.INTRADAY: dates must rise"),
        (("from: 2023-04-01", "from: 2023-04-31"), "equity.INTRADAY.3.from: Input should be a valid date"),
        (("  INTRADAY:", "  INTRADY:"), "equity.INTRADY"),
        (("\nfutures:", "\nfutures: 5\nfuture:"), "futures: Input should be a valid tuple"),
        (("\nequity:", "\nequity: ["), "line "),
        (("brokerage: 3000", "brokerage: 3000\n      brokerage: 1"), "the key 'brokerage' appears twice"),
        (("\nequity:", "\na: &a [1]\nb: [*a, *a]\nequity:"), "aliases (*name) are not allowed"),
        (("\nequity:", f"\ndeep: {'[' * 30}{']' * 30}\nequity:"), "nested deeper than 20 levels"),
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
