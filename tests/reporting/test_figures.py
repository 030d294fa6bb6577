"""Figures as people read them."""

import pytest

from core.instants import DAY, HOUR, MINUTE
from reporting.figures import Figure, Form, Value, difference_text, duration_text


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (123_456_789, Form.RUPEES, "12,34,567.89"),
        (100, Form.PROFIT, "+1.00"),
        (-100.0, Form.PROFIT, "-1.00"),
        (0.1234, Form.SHARE, "12.34%"),
        (0.1234, Form.CHANGE, "+12.34%"),
        (-0.000001, Form.CHANGE, "0.00%"),
        (1234.5, Form.RATIO, "1,234.50"),
        (1234, Form.COUNT, "1,234"),
        (90 * MINUTE, Form.DURATION, "01:30"),
        (0, Form.INSTANT, "1970-01-01 05:30"),
        ("not yet", Form.INSTANT, "not yet"),
        (None, Form.RATIO, "n/a"),
        (0.99996, Form.CHANCE, "0.999"),
        (0.15, Form.CHANCE, "0.150"),
    ],
)
def test_a_value_is_written_for_people(value: Value, form: Form, text: str) -> None:
    assert Figure("name", value, form).text == text


@pytest.mark.parametrize(
    ("span", "text"),
    [(0, "00:00"), (DAY, "1 day 00:00"), (3 * DAY + 4 * HOUR, "3 days 04:00"), (-DAY - HOUR, "-1 day 01:00")],
)
def test_a_time_that_passed_is_written_in_days_and_hours(span: int, text: str) -> None:
    assert duration_text(span) == text


@pytest.mark.parametrize(
    ("mine", "theirs", "form", "text"),
    [
        (300, 100, Form.RUPEES, "+2.00"),
        (0.1, 0.15, Form.SHARE, "-5.00%"),
        (1.004, 1.0, Form.RATIO, "0.00"),
        (1.0, 1.004, Form.RATIO, "0.00"),
        (5, 3, Form.COUNT, "+2"),
        (HOUR, 2 * HOUR, Form.DURATION, "-01:00"),
        (3 * HOUR, 2 * HOUR, Form.DURATION, "+01:00"),
    ],
)
def test_a_difference_has_its_sign_unless_it_rounds_to_nothing(
    mine: float, theirs: float, form: Form, text: str
) -> None:
    difference = Figure("name", mine, form).difference(Figure("name", theirs, form))
    assert difference is not None
    assert difference_text(difference) == text


@pytest.mark.parametrize(
    ("mine", "theirs", "form"), [(None, 1, Form.RATIO), ("a", "b", Form.TEXT), (1, 2, Form.INSTANT)]
)
def test_what_cannot_be_subtracted_has_no_difference(mine: Value, theirs: Value, form: Form) -> None:
    assert Figure("name", mine, form).difference(Figure("name", theirs, form)) is None
