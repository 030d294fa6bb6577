"""Rows against the calendar: absent, partial, stray, outside the hours, and copies of another day."""

from datetime import date

import numpy as np
import pytest

from core.instants import DAY, MINUTE
from core.market import Timeframe
from market_data.calendar import NseCalendar
from market_data.days import Days
from market_data.quality.findings import Kind, Weight
from market_data.quality.judgement import DayState
from market_data.quality.session_grid import SessionGrid

from .conftest import FRIDAY, MONDAY, WEEK, Judge, Make, changed, found, picked, shifted, stacked, without


def test_a_session_without_candles_is_absent(make: Make, judged: Judge) -> None:
    judgement = judged(without(make(), slice(75, 150)))
    assert (judgement.sessions, judgement.whole, judgement.absent) == (5, 4, 1)
    assert judgement.completeness == 0.8
    assert judgement.days[1].state is DayState.ABSENT
    assert found(judgement, Kind.ABSENT).spots[0].at == make().starts[75] - 555 * MINUTE


def test_days_asked_for_are_judged_beyond_the_rows(make: Make, judged: Judge) -> None:
    judgement = judged(make(), days=Days(date(2025, 6, 2), date(2025, 6, 20)))
    assert (judgement.sessions, judgement.absent) == (15, 10)
    assert "in 2 pieces" in found(judgement, Kind.ABSENT).what


def test_a_session_never_downloaded_is_told_from_one_known_to_be_empty(make: Make, judged: Judge) -> None:
    raw = without(make(), slice(75, 225))
    known = (Days(MONDAY, date(2025, 6, 10)), Days(date(2025, 6, 12), FRIDAY))
    judgement = judged(raw, known=known)
    assert found(judgement, Kind.ABSENT).what == "1 of 5 sessions have no candle, in one piece: never downloaded"
    empty = found(judgement, Kind.EMPTY)
    assert empty.what == "1 of 5 sessions have no candle, in one piece: the broker has none of them"
    assert empty.kind.weight is Weight.NOTE
    assert [each.state for each in judgement.days[1:3]] == [DayState.EMPTY, DayState.ABSENT]
    assert (judgement.sessions, judgement.whole, judgement.absent, judgement.empty) == (5, 3, 1, 1)


def test_sessions_known_to_be_empty_are_no_lack_of_candles(make: Make, judged: Judge) -> None:
    judgement = judged(without(make(), slice(75, 225)), known=(WEEK,))
    assert judgement.completeness == 1
    assert [each.kind for each in judgement.findings] == [Kind.EMPTY]
    assert judged(without(make(), slice(75, 225))).absent == 2, "a file does not know what there never was"


def test_a_partial_session_says_which_candles_it_lacks(make: Make, judged: Judge) -> None:
    judgement = judged(without(make(), slice(0, 9)))
    (spot,) = found(judgement, Kind.PARTIAL).spots
    assert (spot.rows, spot.what) == (9, "lacks 09:15 to 09:55")
    assert (judgement.days[0].present, judgement.days[0].state) == (66, DayState.PARTIAL)


def test_a_candle_that_is_there_twice_does_not_fill_a_hole(make: Make, judged: Judge) -> None:
    raw = make()
    judgement = judged(stacked(without(raw, slice(10, 11)), picked(raw, 12)))
    assert judgement.days[0].present == 74


def test_a_session_before_a_long_hole_is_stray(make: Make, judged: Judge) -> None:
    alone, rest = make(Days(date(2025, 4, 1), date(2025, 4, 1))), make()
    (spot,) = found(judged(stacked(alone, rest)), Kind.STRAY).spots
    assert spot.rows == 1
    assert judged(rest).of_kind(Kind.STRAY) is None
    pair = stacked(alone, rest.rows(np.arange(75)))
    assert judged(pair).of_kind(Kind.STRAY) is None, "of two alike neither is the rest"


@pytest.mark.parametrize(
    ("minutes", "kind"),
    [(-15, Kind.BEFORE_OPEN), (375, Kind.CLOSING_BAR), (400, Kind.AFTER_CLOSE), (2, Kind.OFF_GRID)],
)
def test_a_row_outside_the_grid_is_named_by_where_it_lies(make: Make, judged: Judge, minutes: int, kind: Kind) -> None:
    raw = make()
    judgement = judged(stacked(raw, shifted(picked(raw, 0), minutes * MINUTE)))
    assert found(judgement, kind).rows == 1
    assert judgement.days[0].is_troubled
    assert judgement.whole == 5


def test_rows_on_a_sunday_have_no_session(make: Make, judged: Judge) -> None:
    raw = make()
    judgement = judged(stacked(raw, shifted(raw.rows(np.arange(300, 375)), 2 * DAY)))
    assert found(judgement, Kind.NO_SESSION).rows == 75
    assert judgement.days[-1].state is DayState.UNEXPECTED


def test_a_muhurat_session_is_expected_and_told(make: Make, judged: Judge) -> None:
    judgement = judged(make(Days(date(2023, 11, 9), date(2023, 11, 13))))
    (spot,) = found(judgement, Kind.SPECIAL).spots
    assert (spot.rows, spot.what) == (12, "18:15-19:15")
    assert judgement.whole == judgement.sessions == 4
    assert Kind.SPECIAL.weight is Weight.NOTE


def test_a_session_with_a_break_expects_nothing_in_it(make: Make, judged: Judge, calendar: NseCalendar) -> None:
    saturday = Days(date(2024, 3, 2), date(2024, 3, 2))
    raw = make(saturday)
    assert len(raw) == 21
    judgement = judged(stacked(raw, shifted(picked(raw, 8), 10 * MINUTE)))
    assert found(judgement, Kind.IN_BREAK).rows == 1
    hours = SessionGrid(calendar, saturday, Timeframe.M60)
    assert len(hours.starts) == 3, "09:15, 11:15 and 12:15: the hour that begins in the break reaches into trading"


@pytest.mark.parametrize("timeframe", [each for each in Timeframe if each is not Timeframe.D])
@pytest.mark.parametrize("day", [date(2024, 3, 1), date(2024, 3, 2), date(2025, 10, 21)])
def test_candles_are_expected_where_the_bot_has_them_close(
    calendar: NseCalendar, day: date, timeframe: Timeframe
) -> None:
    session = calendar.trading_day(day)
    assert session is not None
    closing = [session.candle_start(close - 1, timeframe) for close in session.candle_closes(timeframe)]
    assert SessionGrid(calendar, Days(day, day), timeframe).starts.tolist() == closing


def test_days_before_the_calendar_are_not_judged_but_told(make: Make, judged: Judge) -> None:
    raw = make(timeframe=Timeframe.D)
    judgement = judged(shifted(raw, -25 * 365 * DAY), Timeframe.D)
    assert found(judgement, Kind.UNJUDGED).rows == 5
    assert judgement.sessions == 0
    assert judgement.completeness == 1.0


def test_a_session_of_unknown_hours_is_told_and_not_expected_in_any_timeframe(make: Make, judged: Judge) -> None:
    for timeframe, rows in ((Timeframe.M5, 75), (Timeframe.D, 1)):
        judgement = judged(shifted(make(Days(FRIDAY, FRIDAY), timeframe), 513 * DAY), timeframe)
        assert found(judgement, Kind.UNKNOWN_HOURS).rows == rows
        assert judgement.sessions == 0


def test_a_session_that_repeats_another_day_is_a_stale_copy(make: Make, judged: Judge) -> None:
    raw = make()
    copied = stacked(raw.rows(np.arange(300)), shifted(raw.rows(np.arange(225, 300)), DAY))
    (spot,) = found(judged(copied), Kind.STALE).spots
    assert (spot.rows, spot.what) == (75, "the same as 2025-06-12")


def test_a_daily_candle_that_repeats_the_one_before_is_stale(make: Make, judged: Judge) -> None:
    raw = make(timeframe=Timeframe.D)
    copied = stacked(raw.rows(np.arange(4)), shifted(picked(raw, 3), DAY))
    assert found(judged(copied, Timeframe.D), Kind.STALE).rows == 1


def test_a_daily_candle_may_be_stamped_at_midnight_here_or_in_greenwich(make: Make, judged: Judge) -> None:
    raw = make(timeframe=Timeframe.D)
    assert judged(raw, Timeframe.D).whole == judged(shifted(raw, 330 * MINUTE), Timeframe.D).whole == 5


def test_still_rows_after_the_close_are_counted_as_such(make: Make, judged: Judge) -> None:
    raw = make()
    last = picked(raw, 74)
    for column in ("opens", "highs", "lows"):
        last = changed(last, column, 0, raw.closes[74])
    late = stacked(*(shifted(last, minutes * MINUTE) for minutes in (10, 15, 20)))
    assert found(judged(stacked(raw, late)), Kind.AFTER_CLOSE).what == "3 rows after the close, on 1 day, all flat"


def test_a_row_outside_the_session_is_no_price_to_compare_with(make: Make, judged: Judge) -> None:
    raw = make()
    late = shifted(picked(raw, 74), 30 * MINUTE)
    for column in ("opens", "highs", "lows", "closes"):
        late = changed(late, column, 0, 1600.0)
    assert [each.kind for each in judged(stacked(raw, late)).findings] == [Kind.AFTER_CLOSE, Kind.DISORDER]
