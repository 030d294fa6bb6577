from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.instants import instant_at
from trading.broker_row import LONGEST_TEXT, BrokerRow, plain_text, units


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from([2, 4]))
def test_every_price_on_the_wire_becomes_exactly_its_units(price, scale):
    assert units(price / 10**scale, scale) == price


def test_a_price_that_floats_cannot_hold_becomes_its_units():
    assert units(812.35, 2) == 81_235
    assert units(1.1, 2) == 110


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("value", [None, "25", 25.5, True, -1, float("inf"), float("nan"), 10**15, [25], {}])
def test_an_odd_quantity_is_refused_by_name(value):
    with pytest.raises(DataError, match=r"order book row: field 'qty' is .*expected a"):
        BrokerRow("order book row", {"qty": value}).whole("qty")


def test_a_whole_number_may_be_spelled_with_a_decimal_point():
    quantity = BrokerRow("order book row", {"qty": 25.0}).whole("qty")
    assert (quantity, type(quantity)) == (25, int)


def test_a_missing_field_is_refused_by_name():
    with pytest.raises(DataError, match="order book row: field 'qty' is missing"):
        BrokerRow("order book row", {}).whole("qty")


def test_a_missing_number_is_zero_only_where_zeros_are_left_out():
    assert BrokerRow("order socket order", {}, absent_is_zero=True).whole("qty_filled") == 0
    with pytest.raises(DataError, match="qty_filled"):
        BrokerRow("order socket order", {"qty_filled": None}, absent_is_zero=True).whole("qty_filled")


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("value", [None, "812.4", -0.05, float("inf"), float("nan"), True])
def test_an_odd_price_is_refused_by_name(value):
    with pytest.raises(DataError, match="limitPrice"):
        BrokerRow("order book row", {"limitPrice": value}).units("limitPrice", 2)


def test_money_may_be_below_zero_where_asked_for():
    assert BrokerRow("funds row", {"equityAmount": -12.5}).signed_units("equityAmount", 2) == -1_250


@pytest.mark.parametrize("value", [None, "", 1.5, True, "26112\n1", " 26112"])
def test_an_odd_identifier_is_refused(value):
    with pytest.raises(DataError, match="'id'"):
        BrokerRow("order book row", {"id": value}).identifier("id")


def test_an_identifier_may_be_a_number_on_the_wire():
    assert BrokerRow("row", {"id": 52605023}).identifier("id") == "52605023"


@pytest.mark.hazard("X9")
def test_words_lose_control_and_direction_characters_and_are_capped():
    assert plain_text("RMS:\r\n2026-11-20 [CRITICAL] forged\x1b[31m\u202e") == "RMS: 2026-11-20 [CRITICAL] forged [31m"
    assert len(plain_text("x" * 10_000)) == LONGEST_TEXT


@given(st.text(max_size=2_000))
def test_plain_text_is_always_one_short_line_that_can_be_written(text):
    plain = plain_text(text)

    assert len(plain) <= LONGEST_TEXT
    assert len(plain.splitlines()) <= 1
    plain.encode("utf-8")


@pytest.mark.hazard("T9")
@pytest.mark.parametrize("written", ["20-Nov-2026 10:31:02", "20-11-2026 10:31:02"])
def test_a_wall_time_is_in_india(written):
    row = BrokerRow("trade book row", {"orderDateTime": written})

    assert row.moment("orderDateTime") == instant_at(date(2026, 11, 20), time(10, 31, 2))


@pytest.mark.hazard("T9")
@pytest.mark.parametrize("value", [None, "", "2026-11-20", "20-Nov-2026 25:00:00", 5])
def test_an_odd_time_is_refused(value):
    with pytest.raises(DataError, match="orderDateTime"):
        BrokerRow("trade book row", {"orderDateTime": value}).moment("orderDateTime")


def test_a_row_that_is_no_object_is_refused():
    with pytest.raises(DataError, match="order book row: expected an object"):
        BrokerRow("order book row", ["id"])


@pytest.mark.hazard("O14")
@pytest.mark.parametrize(
    "value", ["9" * 5_000, "8589934593", 8589934593, -1, "-1", 1.5, True, "\N{SUPERSCRIPT TWO}", []]
)
def test_a_time_that_no_calendar_has_is_refused(value):
    with pytest.raises(DataError, match=r"field 'tt' is .*; expected epoch seconds"):
        BrokerRow("quote", {"tt": value}).epoch("tt")


@pytest.mark.hazard("O14")
def test_an_identifier_without_end_is_refused():
    with pytest.raises(DataError, match="field 'id'"):
        BrokerRow("order", {"id": 10**400}).identifier("id")
