from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instants import (
    IST,
    MINUTE,
    SECOND,
    from_epoch_seconds,
    instant_at,
    instant_of,
    ist_date,
    ist_datetime,
    ist_text,
    minute_of_day,
)

# 2026-01-06 09:15:00 IST = 03:45:00 UTC; 20,459 days after 1970-01-01
OPEN = (20_459 * 86_400 + 3 * 3_600 + 45 * 60) * SECOND


def test_the_open_of_a_day_in_india_is_known_in_all_its_forms() -> None:
    assert instant_at(date(2026, 1, 6), time(9, 15)) == OPEN
    assert instant_of(datetime(2026, 1, 6, 9, 15, tzinfo=IST)) == OPEN
    assert instant_of(datetime(2026, 1, 6, 3, 45, tzinfo=timezone.utc)) == OPEN
    assert from_epoch_seconds(OPEN // SECOND) == OPEN
    assert ist_date(OPEN) == date(2026, 1, 6)
    assert minute_of_day(OPEN) == 9 * 60 + 15
    assert ist_text(OPEN + 7 * SECOND) == "2026-01-06 09:15:07"


def test_the_date_in_india_changes_at_its_own_midnight() -> None:
    midnight = instant_at(date(2026, 1, 7), time(0, 0))

    assert ist_date(midnight - 1) == date(2026, 1, 6)
    assert minute_of_day(midnight - 1) == 1439
    assert ist_date(midnight) == date(2026, 1, 7)
    assert minute_of_day(midnight) == 0


@pytest.mark.hazard("T1")
def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"naive time 2026-01-06T09:15:00: give it a zone"):
        instant_of(datetime(2026, 1, 6, 9, 15))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(IST)))
def test_a_moment_survives_the_way_in_and_out_to_the_microsecond(moment: datetime) -> None:
    instant = instant_of(moment)

    assert ist_datetime(instant) == moment
    assert ist_date(instant) == moment.date()
    assert instant_at(moment.date(), moment.time().replace(tzinfo=None)) == instant
    assert instant_of(moment + timedelta(minutes=1)) == instant + MINUTE
