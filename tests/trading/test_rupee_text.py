import pytest

from trading.rupee_text import profit_style, rupees, short_symbol, signed_rupees


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (81_235, "812.35"),
        (123_456, "1,234.56"),
        (12_345_678, "1,23,456.78"),
        (123_456_789_012, "1,23,45,67,890.12"),
        (-12_345_678, "-1,23,456.78"),
        (-0.4, "0.00"),
    ],
)
def test_amounts_are_grouped_in_lakhs_and_crores(units: float, text: str) -> None:
    assert rupees(units) == text


def test_currency_prices_keep_their_four_decimals() -> None:
    assert rupees(832_575, scale=4) == "83.2575"


@pytest.mark.parametrize(("units", "text"), [(100, "+1.00"), (-100, "-1.00"), (0, "0.00"), (0.3, "0.00")])
def test_a_profit_carries_its_sign_and_nothing_carries_none(units: float, text: str) -> None:
    assert signed_rupees(units) == text


def test_colour_follows_the_sign() -> None:
    assert [profit_style(units) for units in (1, 0, -1)] == ["green", "dim", "red"]


@pytest.mark.parametrize(
    ("symbol", "short"),
    [("NSE:SBIN-EQ", "SBIN"), ("NSE:NIFTY50-INDEX", "NIFTY50-INDEX"), ("NSE:BAJAJ-AUTO-EQ", "BAJAJ-AUTO"), ("X", "X")],
)
def test_a_symbol_loses_only_what_all_have_in_common(symbol: str, short: str) -> None:
    assert short_symbol(symbol) == short
