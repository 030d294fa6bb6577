import json
import os
from datetime import date, time
from pathlib import Path

import pytest

from core.errors import DataError
from core.instants import MINUTE, instant_at, ist_date
from core.market import Candle, Timeframe
from core.sessions import TradingDay
from market_data.calendar import NseCalendar
from market_data.history.history_checks import check_history
from trading.fyers_mapping import candles_from

FRIDAY = date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)


class Weekdays:
    """Every weekday is a session from 09:15 to 15:30."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )


@pytest.fixture(scope="module")
def calendar() -> Weekdays:
    return Weekdays()


def bar(at: time, day: date = FRIDAY, close: int = 100) -> Candle:
    return Candle(instant_at(day, at), 100, 101, 99, close, 7)


def checked(rows, calendar, now=time(11, 0), timeframe=Timeframe.M5):
    return check_history(rows, "NSE:SBIN-EQ", timeframe, calendar, instant_at(FRIDAY, now))


@pytest.mark.hazard("M5")
def test_the_bar_that_is_still_forming_is_left_out(calendar):
    rows = [bar(time(10, 50)), bar(time(10, 55)), bar(time(11, 0))]

    history = checked(rows, calendar)

    assert history.candles == tuple(rows[:2])
    assert history.forming == 1


def test_a_bar_is_closed_at_the_very_instant_of_its_close(calendar):
    assert checked([bar(time(10, 55))], calendar, now=time(11, 0)).candles == (bar(time(10, 55)),)
    assert checked([bar(time(10, 55))], calendar, now=time(10, 59, 59)).candles == ()


@pytest.mark.parametrize("at", [time(9, 0), time(9, 10), time(15, 30), time(15, 55)])
def test_bars_outside_the_session_are_dropped_and_counted(calendar, at):
    history = checked([bar(at)], calendar, now=time(23, 0))

    assert history.candles == ()
    assert history.outside == 1


def test_bars_of_a_day_without_trading_are_dropped_and_counted(calendar):
    assert checked([bar(time(10, 0), SATURDAY)], calendar).outside == 1


def test_a_day_that_came_twice_counts_once(calendar):
    day = [bar(time(9, 15)), bar(time(9, 20))]

    history = checked(day + day, calendar)

    assert history.candles == tuple(day)
    assert history.repeated == 2


def test_two_versions_of_one_bar_are_refused(calendar):
    with pytest.raises(DataError, match="NSE:SBIN-EQ: two different bars at 2026-11-20 09:15:00"):
        checked([bar(time(9, 15)), bar(time(9, 15), close=101)], calendar)


def test_bars_that_come_newest_first_are_sorted(calendar):
    day = [bar(time(9, 15)), bar(time(9, 20)), bar(time(9, 25))]

    assert checked(reversed(day), calendar).candles == tuple(day)


@pytest.mark.parametrize("at", [time(9, 16), time(9, 17, 30), time(10, 3)])
def test_a_bar_off_the_grid_is_refused(calendar, at):
    with pytest.raises(DataError, match="off the 5m grid"):
        checked([bar(at)], calendar)


def test_hour_bars_are_anchored_at_the_open_and_the_last_one_is_short(calendar):
    hours = [bar(time(9 + hour, 15)) for hour in range(7)]

    assert checked(hours, calendar, now=time(15, 30), timeframe=Timeframe.M60).candles == tuple(hours)
    assert checked(hours, calendar, now=time(15, 29), timeframe=Timeframe.M60).forming == 1


def test_a_daily_bar_closes_with_its_session(calendar):
    daily = [bar(time(5, 30), date(2026, 11, 19)), bar(time(5, 30))]

    assert checked(daily, calendar, now=time(15, 29), timeframe=Timeframe.D).candles == tuple(daily[:1])
    assert checked(daily, calendar, now=time(15, 30), timeframe=Timeframe.D).candles == tuple(daily)


def test_a_daily_bar_is_not_known_before_the_closing_auction_has_set_its_close():
    calendar = NseCalendar()
    before, since = date(2026, 7, 31), date(2026, 8, 3)

    def known(day: date, at: time) -> bool:
        rows = [bar(time(5, 30), day)]
        return bool(check_history(rows, "NSE:SBIN-EQ", Timeframe.D, calendar, instant_at(day, at)).candles)

    assert [known(before, time(15, 29)), known(before, time(15, 30))] == [False, True]
    assert [known(since, time(15, 15)), known(since, time(15, 34)), known(since, time(15, 35))] == [False, False, True]


def test_a_daily_bar_that_is_not_stamped_as_a_day_is_refused(calendar):
    with pytest.raises(DataError, match="expected 05:30:00"):
        checked([bar(time(0, 0))], calendar, timeframe=Timeframe.D)


DRILL = date(2024, 3, 2)
"""A Saturday with trading from 09:15 to 10:00 and from 11:30 to 12:30."""


@pytest.fixture(scope="module")
def exchange_calendar(tmp_path_factory):
    return NseCalendar(cache=tmp_path_factory.mktemp("calendar"))


@pytest.mark.parametrize(("timeframe", "kept", "outside"), [(Timeframe.M1, 105, 90), (Timeframe.M60, 3, 1)])
def test_bars_in_the_pause_of_a_session_are_left_out(exchange_calendar, timeframe, kept, outside):
    starts = range(instant_at(DRILL, time(9, 15)), instant_at(DRILL, time(12, 30)), timeframe.duration)
    rows = [Candle(start, 100, 101, 99, 100, 7) for start in starts]

    history = check_history(rows, "NSE:SBIN-EQ", timeframe, exchange_calendar, instant_at(DRILL, time(18, 0)))

    assert (len(history.candles), history.outside) == (kept, outside)


def test_the_bar_that_a_pause_cuts_short_is_closed_when_the_pause_begins(exchange_calendar):
    rows = [bar(time(9, 15), DRILL)]
    for now, forming in ((time(9, 59), 1), (time(10, 0), 0)):
        history = check_history(rows, "NSE:SBIN-EQ", Timeframe.M60, exchange_calendar, instant_at(DRILL, now))
        assert history.forming == forming


def captures() -> list[dict]:
    folder = os.environ.get("NSE_DATA_DIR")
    if not folder:
        pytest.skip("NSE_DATA_DIR is not set: no recorded market data")
    recorded = json.loads((Path(folder) / "fyers" / "history_captures.json").read_text())
    return [capture for capture in recorded if capture["response"].get("candles")]


def test_every_recorded_answer_comes_out_clean(calendar):
    frames = {timeframe.resolution: timeframe for timeframe in Timeframe}
    seen = 0
    for capture in captures():
        request = capture["request"]
        timeframe = frames[request["resolution"]]
        now = capture["received_epoch_ms"] * 1_000_000
        rows = candles_from(capture["response"], request["symbol"])

        history = check_history(rows, request["symbol"], timeframe, calendar, now)

        assert len(history.candles) + history.forming + history.outside + history.repeated == len(rows)
        assert history.forming <= 1
        assert all(
            candle.start + min(timeframe.duration, 1440 * MINUTE) <= now or timeframe is Timeframe.D
            for candle in history.candles
        )
        assert [candle.start for candle in history.candles] == sorted({candle.start for candle in history.candles})
        seen += len(history.candles)
    assert seen > 1_500


def test_a_recorded_day_that_ran_from_nine_to_four_keeps_its_75_bars(calendar):
    (capture,) = [
        capture
        for capture in captures()
        if capture["request"]["range_from"] == capture["request"]["range_to"] == "2023-09-21"
        and capture["request"]["symbol"] == "NSE:SBIN-EQ"
    ]
    rows = candles_from(capture["response"], "NSE:SBIN-EQ")

    history = check_history(rows, "NSE:SBIN-EQ", Timeframe.M5, calendar, capture["received_epoch_ms"] * 1_000_000)

    assert len(rows) == 85
    assert len(history.candles) == 75
    assert history.outside == 10


def test_the_recorded_answers_inside_a_session_lose_exactly_their_forming_bar(calendar):
    inside = [
        capture
        for capture in captures()
        if capture["request"]["resolution"] != "D"
        and ist_date(capture["received_epoch_ms"] * 1_000_000).isoformat().replace("-0", "-")
        == capture["request"]["range_to"].replace("-0", "-")
        and capture["received_epoch_ms"] * 1_000_000
        < instant_at(ist_date(capture["received_epoch_ms"] * 1_000_000), time(15, 30))
    ]
    frames = {timeframe.resolution: timeframe for timeframe in Timeframe}

    assert len(inside) >= 8
    for capture in inside:
        symbol, now = capture["request"]["symbol"], capture["received_epoch_ms"] * 1_000_000
        rows = candles_from(capture["response"], symbol)
        timeframe = frames[capture["request"]["resolution"]]

        history = check_history(rows, symbol, timeframe, calendar, now)

        assert history.candles == rows[: len(history.candles)]
        assert history.forming == len(rows) - len(history.candles)
        assert (
            history.candles[-1].start + timeframe.duration <= now < history.candles[-1].start + 2 * timeframe.duration
        )
