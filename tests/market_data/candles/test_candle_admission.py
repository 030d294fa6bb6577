"""What of a file may enter the store, and which days the store may then say it knows."""

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError
from core.instants import MINUTE, instant_at
from core.market import Timeframe
from market_data.calendar import NseCalendar
from market_data.candles.candle_admission import Admitted, admit
from market_data.candles.candle_store import Series
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days

FILE = Path("mine.csv")
SBIN = Series("NSE:SBIN-EQ", Timeframe.M15)
NOW = instant_at(date(2024, 6, 3), time(12, 0))
MONDAY = date(2024, 1, 15)


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> NseCalendar:
    return NseCalendar(cache=tmp_path_factory.mktemp("calendar"))


def candles_at(starts: list[int], price: float = 600.0) -> RawCandles:
    flat = np.full(len(starts), price)
    volumes = np.full(len(starts), 10.0)
    return RawCandles(np.array(starts, dtype=np.int64), flat, flat + 1, flat - 1, flat.copy(), volumes)


def session(*days: date, first: time = time(9, 15), minutes: int = 375) -> RawCandles:
    return candles_at([instant_at(day, first) + step * MINUTE for day in days for step in range(0, minutes, 15)])


def joined(*parts: RawCandles) -> RawCandles:
    return RawCandles(*(np.concatenate(columns) for columns in zip(*(part.columns for part in parts), strict=True)))


def week(first: date = MONDAY) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(5)]


@pytest.fixture
def judge(calendar: NseCalendar):
    def judged(raw: RawCandles, series: Series = SBIN, now: int = NOW) -> Admitted:
        return admit(FILE, series, raw, calendar, now)

    return judged


def test_a_clean_week_is_admitted_whole_and_nothing_is_counted(judge):
    admitted = judge(session(*week()))
    [(days, candles)] = admitted.runs
    assert days == Days(MONDAY, date(2024, 1, 19))
    assert (len(candles), candles.closes[0], candles.highs[0], candles.volumes[0]) == (125, 60_000, 60_100, 10)
    counts = admitted.repeated, admitted.disordered, admitted.outside, admitted.unfinished, admitted.rounded
    assert (admitted.rows, counts) == (125, (0, 0, 0, 0, 0))


def test_equal_rows_are_kept_once_and_rows_are_put_in_order(judge):
    raw = session(*week())
    shuffled = raw.rows(np.concatenate((np.arange(100, 125), np.arange(100), np.arange(25))))
    admitted = judge(shuffled)
    assert (admitted.candles, admitted.repeated, admitted.disordered) == (125, 25, 2)


def test_two_different_rows_of_one_time_refuse_the_file_with_the_remedy(judge):
    raw = session(MONDAY)
    with pytest.raises(DataError, match=r"mine\.csv: 1 row with another .* at 2024-01-15 09:15:00; keep one of each"):
        judge(joined(raw, replace(raw, volumes=raw.volumes + 1).rows(np.array([0]))))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("opens", np.nan),
        ("highs", 599.5),
        ("lows", 600.5),
        ("closes", np.inf),
        ("lows", 0.0),
        ("lows", 0.004),
        ("lows", -1.0),
        ("highs", 3e7),
        ("volumes", -1.0),
        ("volumes", np.nan),
        ("volumes", 1e13),
        ("volumes", 0.25),
    ],
)
def test_a_row_that_no_market_makes_refuses_the_file_with_the_remedy(judge, column: str, value: float):
    raw = session(MONDAY)
    getattr(raw, column)[3] = value
    with pytest.raises(DataError, match=r"1 row that no market makes, .* at 2024-01-15 10:00:00 .*; correct or remove"):
        judge(raw)


def test_rows_outside_the_sessions_are_left_out_and_their_days_named(judge):
    before_open = session(MONDAY, first=time(9, 0), minutes=15)
    after_close = session(MONDAY, first=time(15, 30), minutes=30)
    saturday = session(date(2024, 1, 13))
    admitted = judge(joined(saturday, before_open, session(*week()), after_close))
    assert (admitted.candles, admitted.outside) == (125, 25 + 1 + 2)
    assert admitted.days_outside == (date(2024, 1, 13),)


def test_a_file_of_which_most_rows_lie_outside_is_read_wrongly_and_refused(judge):
    evenings = session(*week(), first=time(18, 0), minutes=60)
    with pytest.raises(DataError, match=r"20 of 39 rows lie outside every session .*check zone, labels and dates"):
        judge(joined(session(MONDAY).rows(np.arange(19)), evenings))


def test_sessions_at_odd_times_are_sessions(judge):
    muhurat = session(date(2023, 11, 12), first=time(18, 15), minutes=60)
    saturday = joined(session(date(2024, 3, 2), minutes=45), session(date(2024, 3, 2), first=time(11, 30), minutes=60))
    assert judge(joined(muhurat, saturday)).candles == 4 + 7


def test_rows_in_the_pause_of_a_session_are_left_out(judge):
    saturday = session(date(2024, 3, 2), minutes=195)
    admitted = judge(saturday)
    assert (admitted.candles, admitted.outside) == (3 + 4, 6)
    assert admitted.days_outside == ()


def test_a_candle_off_the_grid_of_its_session_refuses_the_file(judge):
    with pytest.raises(DataError, match=r"the candle at 2024-01-15 09:20:00 is off the 15m grid .*labels"):
        judge(session(MONDAY, first=time(9, 20)))


def test_a_session_that_the_file_lacks_is_never_claimed_and_a_holiday_is_no_gap(judge):
    days = [day for day in week() if day != date(2024, 1, 17)]
    after_republic_day = [date(2024, 1, 25), date(2024, 1, 29)]
    admitted = judge(session(*days, *after_republic_day))
    assert [days for days, _ in admitted.runs] == [
        Days(date(2024, 1, 15), date(2024, 1, 16)),
        Days(date(2024, 1, 18), date(2024, 1, 19)),
        Days(date(2024, 1, 25), date(2024, 1, 29)),
    ]


@pytest.mark.parametrize("kept", [slice(5, None), slice(None, -1)])
def test_a_day_that_the_file_cuts_short_at_its_end_is_left_out(judge, kept: slice):
    raw = session(*week())
    admitted = judge(raw.rows(np.arange(len(raw))[kept]))
    assert (admitted.candles, admitted.unfinished) == (100, len(raw.starts[kept]) - 100)
    [(days, _)] = admitted.runs
    assert (days.last - days.first).days == 3


def test_a_day_in_the_middle_with_missing_candles_is_taken_as_it_is(judge):
    raw = session(*week())
    admitted = judge(raw.rows(np.delete(np.arange(125), [30, 49, 50])))
    assert (admitted.candles, len(admitted.runs)) == (122, 1)


def test_the_candle_that_is_still_forming_takes_its_day_with_it(judge):
    during = instant_at(date(2024, 1, 19), time(15, 20))
    admitted = judge(session(*week()), now=during)
    assert (admitted.candles, admitted.unfinished) == (100, 25)


def test_a_candle_of_the_future_refuses_the_file(judge):
    with pytest.raises(DataError, match=r"has a candle of 2024-01-15 15:15:00, which is still to come"):
        judge(session(MONDAY), now=instant_at(MONDAY, time(12, 0)))


def test_a_file_without_one_whole_session_is_refused(judge):
    with pytest.raises(DataError, match=r"no whole session of NSE:SBIN-EQ 15m: its 4 rows are of a day that the file"):
        judge(session(MONDAY, minutes=60))


def test_prices_between_two_paise_are_rounded_and_counted(judge):
    raw = session(MONDAY)
    raw.closes[:] = 600.1 + 0.2  # 600.3000000000001: a float's noise is no fraction
    raw.opens[2:5] = 600.1234
    admitted = judge(raw)
    [(_, candles)] = admitted.runs
    assert admitted.rounded == 3
    assert (candles.opens[2], candles.closes[2]) == (60_012, 60_030)


def test_fractions_of_a_share_are_rounded_and_counted(judge):
    raw = session(MONDAY)
    raw.volumes[2:5] = 1_234.6
    raw.volumes[7] = 0.0
    admitted = judge(raw)
    [(_, candles)] = admitted.runs
    assert (admitted.rounded_volumes, admitted.rounded) == (3, 0)
    assert (candles.volumes[2], candles.volumes[7]) == (1_235, 0)


def test_days_are_one_candle_each_and_before_the_first_known_hours_taken_as_they_are(judge):
    daily = Series("NSE:SBIN-EQ", Timeframe.D)
    old = [date(2009, 1, 5), date(2009, 1, 6), date(2009, 1, 9)]
    admitted = judge(candles_at([instant_at(day, time()) for day in [*old, *week()]]), daily)
    assert [days for days, _ in admitted.runs] == [
        Days(old[0], old[1]),
        Days(old[2], old[2]),
        Days(MONDAY, date(2024, 1, 19)),
    ]


def test_minutes_of_days_whose_hours_nobody_knows_are_refused(judge):
    with pytest.raises(DataError, match="the calendar does not know the hours of 2004-01-05"):
        judge(session(date(2004, 1, 5)))
