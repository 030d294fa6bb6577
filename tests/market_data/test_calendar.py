import csv
import json
import subprocess
import sys
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import read_table

from core.errors import ConfigurationError, DataError
from core.instants import SECOND, instant_at, ist_text
from core.market import Timeframe
from core.orders import Product
from core.sessions import TradingDay
from market_data.calendar import DayKind, NseCalendar
from market_data.session_rules import INSTALLED_RULES, Market, read_rules

MINIMAL = """
hours:
  - {from: 2020-01-01, open: "09:15", close: {shares: "15:30", shares_with_derivatives: "15:30", derivatives: "15:30"}}
intraday:
  - {from: 2020-01-01, no_entry_after: "14:45", square_off: "15:05", flat_by: "15:10"}
short_session_minutes: {no_entry_after: 30, square_off: 15, flat_by: 10}
"""


SHARED = NseCalendar()


@pytest.fixture(scope="module")
def calendar() -> NseCalendar:
    return SHARED


def hours(day: TradingDay | None) -> tuple[str, ...]:
    assert day is not None
    return tuple(ist_text(at)[11:16] for at in (day.open, day.no_entry_after, day.square_off, day.flat_by, day.close))


def rules(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "sessions.yaml"
    file.write_text(text)
    return file


def rows(file: Path) -> list[dict[str, str]]:
    with file.open() as lines:
        return list(csv.DictReader(lines))


@pytest.mark.hazard("T4")
def test_the_calendar_agrees_with_every_recorded_session_day_by_day(calendar: NseCalendar, real_data: Path) -> None:
    folder = real_data / "calendar"
    observed = {date.fromisoformat(row["date"]) for row in rows(folder / "sessions_observed.csv")}
    special = {date.fromisoformat(row["date"]) for row in rows(folder / "special_sessions.csv")}
    day, last, wrong = date(2019, 10, 1), max(observed), []
    while day <= last:
        is_session = calendar.trading_day(day) is not None
        if is_session != (day in observed or day in special):
            wrong.append(day)
        day += timedelta(days=1)
    assert wrong == []


def test_every_published_holiday_is_closed_and_no_other_weekday(calendar: NseCalendar, real_data: Path) -> None:
    listed = rows(real_data / "calendar" / "holidays_2020_2026.csv")
    holidays = {date.fromisoformat(row["date"]) for row in listed}
    days = calendar.days(date(2020, 1, 1), date(2026, 12, 31))
    assert len(holidays) > 90
    assert {day.date for day in days if day.kind in {DayKind.HOLIDAY, DayKind.CLOSURE}} == holidays


def test_every_special_session_of_the_list_is_known_and_no_other(calendar: NseCalendar, real_data: Path) -> None:
    listed = {date.fromisoformat(row["date"]) for row in rows(real_data / "calendar" / "special_sessions.csv")}
    days = calendar.days(date(2020, 1, 1), date(2026, 12, 31))
    assert {day.date for day in days if day.kind in {DayKind.SPECIAL, DayKind.HOURS_UNKNOWN}} == listed


def test_a_list_that_people_run_bots_on_is_wrong_where_it_is_known_to_be(
    calendar: NseCalendar, real_data: Path
) -> None:
    file = real_data / "calendar" / "holiday_list_as_published_by_a_collector.csv"
    listed = {date.fromisoformat(row["Date"]) for row in rows(file)}
    days = tuple(calendar.days(date(2020, 1, 1), date(2026, 12, 31)))
    missing = {str(day.date) for day in days if day.kind is DayKind.HOLIDAY and day.date not in listed}
    traded = {str(day.date): day.note for day in days if day.session is not None and day.date in listed}
    assert missing == {"2023-03-07", "2023-06-29", "2024-01-22", "2024-05-20", "2024-11-20"}
    muhurats = dict.fromkeys(("2022-10-24", "2024-11-01", "2025-10-21"), "muhurat")
    assert traded == {"2023-06-28": "", **muhurats}


@pytest.mark.parametrize("symbol", ["INFY", "ITC"])
def test_no_daily_candle_since_2005_lies_on_a_day_without_a_session(
    calendar: NseCalendar, real_data: Path, symbol: str
) -> None:
    table = read_table(real_data / "daily" / f"NSE_{symbol}-EQ_1d_yahoo.parquet", columns=["timestamp", "volume"])
    stamps, volumes = table.column("timestamp").to_pylist(), table.column("volume").to_pylist()
    traded = [stamp.date() for stamp, volume in zip(stamps, volumes, strict=True) if volume]
    assert min(traded) < date(2005, 1, 10)
    assert [day for day in traded if calendar.trading_day(day) is None] == []


def test_special_sessions_have_the_recorded_hours(calendar: NseCalendar, real_data: Path) -> None:
    compared = 0
    for row in rows(real_data / "calendar" / "special_sessions.csv"):
        if row["hours_ist"]:
            found = hours(calendar.trading_day(date.fromisoformat(row["date"])))
            assert f"{found[0]}-{found[-1]}" == f"{row['hours_ist'][:5]}-{row['hours_ist'][-5:]}", row["date"]
            compared += 1
    assert compared >= 8


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2023-06-01", ("09:15", "14:45", "15:05", "15:10", "15:30")),
        ("2026-07-31", ("09:15", "14:45", "15:05", "15:10", "15:30")),
        ("2026-08-03", ("09:15", "14:45", "15:05", "15:10", "15:15")),
        ("2023-11-12", ("18:15", "18:45", "19:00", "19:05", "19:15")),
        ("2025-10-21", ("13:45", "14:15", "14:30", "14:35", "14:45")),
        ("2024-03-02", ("09:15", "09:30", "09:45", "09:50", "12:30")),
        ("2026-02-01", ("09:15", "14:45", "15:05", "15:10", "15:30")),
        ("2024-01-20", ("09:15", "14:45", "15:05", "15:10", "15:30")),
        ("2009-12-31", ("09:55", "14:45", "15:05", "15:10", "15:30")),
        ("2010-01-04", ("09:00", "14:45", "15:05", "15:10", "15:30")),
        ("2010-10-15", ("09:00", "14:45", "15:05", "15:10", "15:30")),
        ("2010-10-18", ("09:15", "14:45", "15:05", "15:10", "15:30")),
        ("2012-04-28", ("11:15", "12:15", "12:30", "12:35", "12:45")),
        ("2013-11-14", ("09:15", "14:45", "15:05", "15:10", "15:30")),
        ("2017-10-19", ("18:30", "19:00", "19:15", "19:20", "19:30")),
    ],
)
def test_a_day_has_the_hours_of_its_date(calendar: NseCalendar, day: str, expected: tuple[str, ...]) -> None:
    assert hours(calendar.trading_day(date.fromisoformat(day))) == expected


@pytest.mark.parametrize(
    ("market", "close"),
    [(Market.SHARES, "15:30"), (Market.SHARES_WITH_DERIVATIVES, "15:15"), (Market.DERIVATIVES, "15:40")],
)
def test_since_the_closing_auction_the_close_depends_on_the_instrument(market: Market, close: str) -> None:
    calendar = NseCalendar(market=market)
    assert hours(calendar.trading_day(date(2026, 8, 3)))[-1] == close
    assert hours(calendar.trading_day(date(2026, 7, 31)))[-1] == "15:30"


@pytest.mark.parametrize(
    ("day", "market", "known"),
    [
        (date(2026, 7, 31), Market.SHARES_WITH_DERIVATIVES, "15:30"),
        (date(2026, 8, 3), Market.SHARES_WITH_DERIVATIVES, "15:35"),
        (date(2026, 8, 3), Market.SHARES, "15:30"),
        (date(2026, 8, 3), Market.DERIVATIVES, "15:40"),
    ],
)
def test_since_the_closing_auction_a_daily_candle_is_known_later_than_the_close(
    day: date, market: Market, known: str
) -> None:
    session = NseCalendar(market=market).trading_day(day)
    assert session is not None
    assert [ist_text(at)[11:16] for at in session.candle_closes(Timeframe.D)] == [known]


def test_a_closing_price_that_comes_before_the_close_is_named(tmp_path: Path) -> None:
    text = MINIMAL.replace('derivatives: "15:30"}}', 'derivatives: "15:30"}, closing_price: {shares: "15:20"}}')
    calendar = NseCalendar(rules(tmp_path, text), market=Market.SHARES)
    with pytest.raises(ConfigurationError, match="session of 2026-11-20: its closing price comes before its close"):
        calendar.trading_day(date(2026, 11, 20))


@pytest.mark.hazard("T4")
def test_a_session_whose_hours_nobody_knows_is_not_traded(calendar: NseCalendar) -> None:
    assert calendar.trading_day(date(2026, 11, 8)) is None


@pytest.mark.parametrize(
    ("after", "following"),
    [
        ("2026-10-01", "2026-10-05"),
        ("2023-11-10", "2023-11-12"),
        ("2023-11-12", "2023-11-13"),
        ("2025-12-24", "2025-12-26"),
    ],
)
def test_the_next_session_skips_what_is_closed_and_finds_what_is_special(
    calendar: NseCalendar, after: str, following: str
) -> None:
    assert calendar.next_trading_day(date.fromisoformat(after)).date == date.fromisoformat(following)


@pytest.mark.hazard("T4")
@pytest.mark.parametrize("day", [date(2099, 1, 1), date(2099, 1, 3)])
def test_nobody_guesses_past_the_known_years_not_even_a_weekend(calendar: NseCalendar, day: date) -> None:
    with pytest.raises(DataError, match=r"the holidays of 2099 are not known: .* update exchange_calendars, or list"):
        calendar.trading_day(day)
    with pytest.raises(DataError, match="2099"):
        calendar.next_trading_day(day)


def test_nobody_guesses_before_the_first_rule(calendar: NseCalendar) -> None:
    with pytest.raises(DataError, match=r"2004-12-31 lies before the first hours .*; name a later day"):
        calendar.trading_day(date(2004, 12, 31))


def test_the_horizon_is_the_end_of_the_last_known_year(calendar: NseCalendar, tmp_path: Path) -> None:
    library = calendar.known_until(date(2026, 11, 20))
    assert library >= date(2026, 12, 31)
    years = f"years: {{{library.year + 1}: [{library.year + 1}-01-26], {library.year + 3}: []}}"
    extended = NseCalendar(rules(tmp_path, MINIMAL + years))
    assert extended.known_until(date(2026, 11, 20)) == date(library.year + 1, 12, 31)
    with pytest.raises(DataError):
        calendar.known_until(date(2099, 1, 1))


def test_a_year_can_be_given_by_hand(tmp_path: Path) -> None:
    calendar = NseCalendar(rules(tmp_path, MINIMAL + "years: {2099: [2099-01-01, 2099-01-26]}"))
    assert calendar.trading_day(date(2099, 1, 1)) is None
    assert calendar.trading_day(date(2099, 1, 2)) is not None
    assert calendar.trading_day(date(2099, 1, 3)) is None, "a Saturday"
    assert calendar.next_trading_day(date(2099, 1, 23)).date == date(2099, 1, 27)


def test_a_closure_and_a_session_can_be_added_without_code(tmp_path: Path) -> None:
    text = f"""{MINIMAL}
closures: [{{date: 2026-11-24, reason: election}}]
special_sessions: [{{date: 2026-11-08, kind: muhurat, hours: "18:15-19:15"}}]
"""
    calendar = NseCalendar(rules(tmp_path, text))
    assert calendar.trading_day(date(2026, 11, 24)) is None
    assert hours(calendar.trading_day(date(2026, 11, 8)))[0] == "18:15"


def test_the_cache_makes_the_library_unnecessary(tmp_path: Path) -> None:
    first = NseCalendar(cache=tmp_path).next_trading_day(date(2026, 11, 20))
    program = (
        "import sys; from datetime import date; from pathlib import Path; from market_data.calendar import NseCalendar;"
        f"print(NseCalendar(cache=Path({str(tmp_path)!r})).next_trading_day(date(2026, 11, 20)).date);"
        "print('pandas' in sys.modules, 'exchange_calendars' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == [first.date.isoformat(), "False", "False"]


def test_a_cache_that_cannot_be_written_is_told_of_once_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "cache"
    file.write_text("no folder")
    for _ in range(2):
        calendar = NseCalendar(cache=file)
        assert calendar.trading_day(date(2026, 10, 2)) is None
        assert calendar.trading_day(date(2025, 10, 2)) is None
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: nothing can be kept there, going on without; make room or set paths.cache"
    ]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"library": "exchange_calendars 1.0"}', "not json"])
def test_a_cache_that_is_old_or_broken_is_made_again(tmp_path: Path, content: str) -> None:
    file = tmp_path / "holidays-2026.json"
    file.write_text(content)
    assert NseCalendar(cache=tmp_path).trading_day(date(2026, 10, 2)) is None
    assert "2026-10-02" in json.loads(file.read_text())["closed"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("09:15", "9:15"), 'hours.0.open: write a time as "HH:MM"'),
        (('"09:15"', "555"), 'hours.0.open: write a time as "HH:MM"'),
        (("from: 2020-01-01, open", "from: 2020-1-1, open"), "hours.0.from: write a date as YYYY-MM-DD"),
        (("from: 2020-01-01, open", "from: 2020-02-30, open"), "hours.0.from"),
        (('derivatives: "15:30"}}', 'other: "15:30"}}'), "hours.0.close"),
        ((', derivatives: "15:30"}', "}"), "close: derivatives is missing"),
        (("square_off: 15", "squareoff: 15"), "short_session_minutes.square_off"),
        (("square_off: 15", "square_off: -1"), "must be greater than 0"),
        (("hours:", "hurs:"), "hours"),
    ],
)
def test_a_mistake_in_the_rules_is_named(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    assert change[0] in MINIMAL
    with pytest.raises(ConfigurationError) as refusal:
        NseCalendar(rules(tmp_path, MINIMAL.replace(*change)))
    assert str(refusal.value).startswith(f"{tmp_path / 'sessions.yaml'}: ")
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ('special_sessions: [{date: 2026-11-08, kind: x, hours: "18:15"}]', "write hours as"),
        ('special_sessions: [{date: 2026-11-08, kind: x, hours: "18:15-25:15"}]', "write hours as"),
        ('special_sessions: [{date: 2026-11-08, kind: x, hours: "1:00-2:00 and 3:00-4:00"}]', "write hours as"),
        ("special_sessions: [{date: 2026-11-08, kind: x, hours: 5}]", "write hours as"),
        (
            "closures: [{date: 2026-11-24, reason: a}, {date: 2026-11-24, reason: b}]",
            "closures: 2026-11-24 is listed twice, first under closures",
        ),
        (
            """
closures: [{date: 2026-11-08, reason: a}]
special_sessions: [{date: 2026-11-08, kind: muhurat, hours: unknown}]
""",
            "closures: 2026-11-08 is listed twice, first under special_sessions",
        ),
        ("special_sessions: [{date: 2026-11-08, hours: unknown}]", "special_sessions.0.kind: Field required"),
        ("closures: [{date: 2026-11-08}]", "closures.0.reason: Field required"),
        (
            'broker_square_off: [{from: 2020-01-01, product: MIS, at: {shares: "15:15"}}]',
            "broker_square_off.0.product: must be",
        ),
        ("broker_square_off: [{from: 2020-01-01, product: INTRADAY, at: {}}]", "broker_square_off.0.at"),
        (
            'broker_square_off: [{from: 2021-01-01, product: INTRADAY, at: {shares: "15:15", derivatives: "15:10"}}]',
            "intraday: flat_by 15:10 of 2020-01-01 is not before the broker's square-off 15:10 of 2021-01-01",
        ),
        (
            'commodity_hours: [{from: 2020-01-01, open: "09:00", close: "23:30"}]',
            "commodity_hours.0.close_in_us_winter: Field required",
        ),
        ("years: {2027: [2028-01-26]}", "2028-01-26 is listed under another year"),
        ("yearly_holidays: {26-01: Republic Day}", 'write a day of every year as "MM-DD"'),
        (
            "holiday_names: [{date: 2026-03-03, name: Holi}, {date: 2026-03-03, name: Dhuleti}]",
            "holiday_names: 2026-03-03 is listed twice",
        ),
    ],
)
def test_a_mistake_in_an_exception_is_named(tmp_path: Path, added: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        NseCalendar(rules(tmp_path, MINIMAL + added))


@pytest.mark.parametrize(
    ("date_of_the_second", "reason"),
    [
        ("2019-01-01", "hours: 2019-01-01 stands after 2020-01-01; list them oldest first"),
        ("2020-01-01", "hours: 2020-01-01 is listed twice; keep one of the two"),
    ],
)
def test_dated_rules_out_of_order_are_refused(tmp_path: Path, date_of_the_second: str, reason: str) -> None:
    added = MINIMAL.splitlines()[2].replace("2020-01-01", date_of_the_second)
    with pytest.raises(ConfigurationError, match=reason):
        NseCalendar(rules(tmp_path, MINIMAL.replace("intraday:", f"{added}\nintraday:")))


def test_a_session_too_short_for_its_limits_is_named_when_asked_for(tmp_path: Path) -> None:
    added = 'special_sessions: [{date: 2026-11-08, kind: x, hours: "18:15-18:30"}]'
    with pytest.raises(ConfigurationError, match="session of 2026-11-08 is out of order"):
        NseCalendar(rules(tmp_path, MINIMAL + added)).trading_day(date(2026, 11, 8))


def test_the_installed_rules_are_part_of_this_tree() -> None:
    assert Path(__file__).parents[2] / "config" / "sessions.yaml" == INSTALLED_RULES


# --- what every date is -----------------------------------------------------------------------------------------------

LAST_KNOWN = date(2026, 12, 31)
known_days = st.dates(date(2005, 1, 1), LAST_KNOWN)


@given(known_days)
def test_a_date_has_a_session_exactly_when_its_kind_says_so(day: date) -> None:
    found = SHARED.day(day)
    assert found.date == day
    assert (found.session is not None) is (found.kind in {DayKind.REGULAR, DayKind.SPECIAL})
    assert SHARED.trading_day(day) == found.session
    if found.kind in {DayKind.SPECIAL, DayKind.HOURS_UNKNOWN, DayKind.CLOSURE}:
        assert found.note
        assert found.source


@given(known_days)
def test_india_has_one_time_all_year(day: date) -> None:
    session = SHARED.trading_day(day)
    if session is not None:
        midnight = (day - date(1970, 1, 1)) // timedelta(days=1) * 86_400 - (5 * 60 + 30) * 60
        hour, minute = hours(session)[0].split(":")
        assert session.open == (midnight + (int(hour) * 60 + int(minute)) * 60) * SECOND


@given(known_days, known_days)
def test_the_days_of_a_range_are_every_date_once(first: date, last: date) -> None:
    last = min(last, first + timedelta(days=400))
    assert [day.date for day in SHARED.days(first, last)] == [
        first + timedelta(days=number) for number in range((last - first).days + 1)
    ]


def test_a_year_ends_and_begins_without_a_gap(calendar: NseCalendar) -> None:
    for year in range(2005, 2026):
        following = calendar.next_trading_day(date(year, 12, 25)).date
        days = [day.date for day in calendar.days(date(year, 12, 26), date(year + 1, 1, 10)) if day.session]
        assert days[0] == following
        assert any(day.year == year + 1 for day in days)


def test_a_leap_day_is_a_day_like_others(calendar: NseCalendar) -> None:
    kinds = {year: calendar.day(date(year, 2, 29)).kind for year in (2008, 2012, 2016, 2020, 2024)}
    assert kinds == dict.fromkeys((2008, 2012, 2016, 2024), DayKind.REGULAR) | {2020: DayKind.WEEKEND}


def test_a_session_in_two_parts_knows_its_break(calendar: NseCalendar) -> None:
    saturday = calendar.trading_day(date(2024, 3, 2))
    assert saturday is not None
    assert [[ist_text(edge)[11:16] for edge in pause] for pause in saturday.breaks] == [["10:00", "11:30"]]
    assert saturday.flat_by < saturday.breaks[0][0]
    assert calendar.trading_hours(saturday.date) == saturday.hours


@pytest.mark.parametrize(
    ("day", "kind", "note"),
    [
        ("2026-11-08", DayKind.HOURS_UNKNOWN, "muhurat"),
        ("2026-11-10", DayKind.HOLIDAY, "Diwali-Balipratipada"),
        ("2024-11-20", DayKind.HOLIDAY, ""),
        ("2026-11-14", DayKind.WEEKEND, ""),
        ("2026-11-16", DayKind.REGULAR, ""),
        ("2025-10-21", DayKind.SPECIAL, "muhurat"),
        ("2013-11-15", DayKind.CLOSURE, "Moharram moved from the 14th"),
    ],
)
def test_the_kind_of_a_date_says_why(calendar: NseCalendar, day: str, kind: DayKind, note: str) -> None:
    found = calendar.day(date.fromisoformat(day))
    assert (found.kind, found.note) == (kind, note)


# --- the broker's own square-off ----------------------------------------------------------------------------------


@pytest.mark.hazard("T6")
@pytest.mark.parametrize("market", list(Market))
def test_the_bot_is_flat_before_the_broker_squares_off(market: Market) -> None:
    calendar = NseCalendar(market=market)
    for day in calendar.days(date(2026, 1, 1), LAST_KNOWN):
        square_off = calendar.broker_square_off(Product.INTRADAY, day.date)
        assert square_off is not None or day.kind is DayKind.HOURS_UNKNOWN
        if day.session is not None and square_off is not None:
            assert day.session.flat_by < square_off == instant_at(day.date, time(15, 15))


@pytest.mark.parametrize("product", [Product.CNC, Product.MARGIN])
def test_what_stays_overnight_is_not_squared_off(calendar: NseCalendar, product: Product) -> None:
    assert calendar.broker_square_off(product, date(2026, 1, 6)) is None


def test_the_square_off_of_an_evening_is_not_known(calendar: NseCalendar) -> None:
    assert calendar.broker_square_off(Product.INTRADAY, date(2023, 11, 12)) is None
    assert calendar.broker_square_off(Product.INTRADAY, date(2026, 2, 1)) == instant_at(date(2026, 2, 1), time(15, 15))


def test_a_square_off_changes_with_its_date(tmp_path: Path) -> None:
    added = """
broker_square_off:
  - {from: 2020-01-01, product: INTRADAY, at: {shares_with_derivatives: "15:20"}}
  - {from: 2020-01-01, product: MARGIN, at: {derivatives: "15:25"}}
  - {from: 2021-01-01, product: INTRADAY, at: {shares_with_derivatives: "15:15"}}
"""
    calendar = NseCalendar(rules(tmp_path, MINIMAL + added))
    times = [calendar.broker_square_off(Product.INTRADAY, day) for day in (date(2020, 12, 31), date(2021, 1, 1))]
    assert times == [instant_at(date(2020, 12, 31), time(15, 20)), instant_at(date(2021, 1, 1), time(15, 15))]
    assert calendar.broker_square_off(Product.MARGIN, date(2021, 1, 1)) is None, "another market's"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 11, 10), "Diwali-Balipratipada"),
        (date(2024, 8, 15), "Independence Day"),
        (date(2024, 5, 20), ""),
    ],
)
def test_a_holiday_has_its_name_where_somebody_wrote_it_down(calendar: NseCalendar, day: date, name: str) -> None:
    found = calendar.day(day)
    assert (found.kind, found.note) == (DayKind.HOLIDAY, name)


def test_a_name_makes_no_holiday(calendar: NseCalendar) -> None:
    assert calendar.day(date(2026, 8, 15)).kind is DayKind.WEEKEND
    assert calendar.day(date(2026, 8, 15)).note == ""


def test_every_name_of_the_installed_file_belongs_to_a_holiday(calendar: NseCalendar) -> None:
    installed = read_rules(INSTALLED_RULES)
    assert {calendar.day(each.date).kind for each in installed.holiday_names} == {DayKind.HOLIDAY}
    assert all(each.source for each in installed.holiday_names)


def test_names_are_those_of_the_recorded_list(calendar: NseCalendar, real_data: Path) -> None:
    listed = {
        row["date"]: row["name"].lower()
        for row in rows(real_data / "calendar" / "holidays_2020_2026.csv")
        if row["name"]
    }
    assert len(listed) > 10
    assert {day: calendar.day(date.fromisoformat(day)).note.lower() for day in listed} == listed
