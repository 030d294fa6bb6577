from dataclasses import replace
from datetime import date, time

import pytest

from core.instants import MINUTE, instant_at
from core.market import Timeframe
from core.sessions import TradingDay


def test_the_market_is_open_from_its_open_until_just_before_its_close(day: TradingDay) -> None:
    assert not day.is_open(day.open - 1)
    assert day.is_open(day.open)
    assert day.is_open(day.close - 1)
    assert not day.is_open(day.close)


def test_entries_end_before_the_market_does(day: TradingDay) -> None:
    assert day.entries_allowed(day.open)
    assert day.entries_allowed(day.no_entry_after - 1)
    assert not day.entries_allowed(day.no_entry_after)
    assert not day.entries_allowed(day.open - 1)


@pytest.mark.parametrize(
    ("timeframe", "count", "first", "last_but_one"),
    [
        (Timeframe.M1, 375, time(9, 16), time(15, 29)),
        (Timeframe.M5, 75, time(9, 20), time(15, 25)),
        (Timeframe.M15, 25, time(9, 30), time(15, 15)),
        (Timeframe.M60, 7, time(10, 15), time(15, 15)),
    ],
)
def test_candles_are_anchored_at_the_open_and_the_last_ends_at_the_close(
    day: TradingDay, timeframe: Timeframe, count: int, first: time, last_but_one: time
) -> None:
    closes = day.candle_closes(timeframe)

    assert len(closes) == count
    assert closes[0] == instant_at(day.date, first)
    assert closes[-2:] == (instant_at(day.date, last_but_one), day.close)


def test_a_daily_candle_closes_with_the_market(day: TradingDay) -> None:
    assert day.candle_closes(Timeframe.D) == (day.close,)


def test_a_daily_candle_waits_for_the_closing_auction(day: TradingDay) -> None:
    auctioned = replace(day, closing_price_at=day.close + 20 * MINUTE)

    assert auctioned.candle_closes(Timeframe.D) == (day.close + 20 * MINUTE,)
    assert auctioned.candle_closes(Timeframe.M5) == day.candle_closes(Timeframe.M5)


@pytest.mark.parametrize(
    ("timeframe", "start", "close"),
    [
        (Timeframe.M5, time(15, 25), time(15, 30)),
        (Timeframe.M60, time(14, 15), time(15, 15)),
        (Timeframe.M60, time(15, 15), time(15, 30)),
        (Timeframe.D, time(5, 30), time(15, 30)),
    ],
)
def test_a_candle_is_known_at_its_end_or_when_the_session_ends(
    day: TradingDay, timeframe: Timeframe, start: time, close: time
) -> None:
    assert day.candle_close(instant_at(day.date, start), timeframe) == instant_at(day.date, close)


def test_a_closing_price_from_before_the_close_is_refused(day: TradingDay) -> None:
    with pytest.raises(ValueError, match="its closing price comes before its close"):
        replace(day, closing_price_at=day.close - 1)


def test_an_instant_belongs_to_the_candle_that_began_last(day: TradingDay) -> None:
    start = instant_at(day.date, time(10, 15))

    assert day.candle_start(start, Timeframe.M60) == start
    assert day.candle_start(start + 59 * MINUTE, Timeframe.M60) == start
    assert day.candle_start(start - 1, Timeframe.M60) == day.open


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("no_entry_after", "open"),
        ("square_off", "open"),
        ("flat_by", "square_off"),
        ("close", "square_off"),
    ],
)
def test_a_day_whose_times_are_out_of_order_is_refused(day: TradingDay, field: str, other: str) -> None:
    with pytest.raises(ValueError, match="session of 2026-01-06 is out of order"):
        replace(day, **{field: getattr(day, other)})


# --- a session in two parts ---------------------------------------------------------------------------------------


def clock(hour: int, minute: int) -> int:
    return instant_at(date(2024, 3, 2), time(hour, minute))


SATURDAY = TradingDay(
    date=date(2024, 3, 2),
    open=clock(9, 15),
    no_entry_after=clock(9, 30),
    square_off=clock(9, 45),
    flat_by=clock(9, 50),
    close=clock(12, 30),
    breaks=((clock(10, 0), clock(11, 30)),),
)


def test_the_market_is_closed_in_a_pause() -> None:
    assert SATURDAY.is_open(clock(10, 0) - 1)
    assert not SATURDAY.is_open(clock(10, 0))
    assert not SATURDAY.is_open(clock(11, 30) - 1)
    assert SATURDAY.is_open(clock(11, 30))
    assert not SATURDAY.is_open(clock(12, 30))
    assert SATURDAY.hours == ((clock(9, 15), clock(10, 0)), (clock(11, 30), clock(12, 30)))


def test_a_pause_says_when_trading_goes_on() -> None:
    assert SATURDAY.resumes_at(clock(10, 0) - 1) is None
    assert SATURDAY.resumes_at(clock(10, 0)) == clock(11, 30)
    assert SATURDAY.resumes_at(clock(11, 30)) is None


def test_nothing_is_entered_in_a_pause_even_where_entries_end_after_it() -> None:
    late = replace(SATURDAY, no_entry_after=clock(12, 0), square_off=clock(12, 15), flat_by=clock(12, 20))
    assert late.entries_allowed(clock(9, 59))
    assert not late.entries_allowed(clock(10, 0))
    assert late.entries_allowed(clock(11, 30))
    assert not SATURDAY.entries_allowed(clock(11, 30)), "the last entry was before the pause"


def test_time_in_a_pause_is_no_trading_time() -> None:
    assert SATURDAY.trading_time(clock(9, 0), clock(13, 0)) == 105 * MINUTE
    assert SATURDAY.trading_time(clock(9, 50), clock(11, 40)) == 20 * MINUTE
    assert SATURDAY.trading_time(clock(10, 10), clock(11, 20)) == 0
    assert SATURDAY.trading_time(clock(11, 40), clock(9, 50)) == 0


@pytest.mark.parametrize(("timeframe", "in_the_first", "in_the_second"), [(1, 45, 60), (3, 15, 20), (5, 9, 12)])
def test_both_parts_have_all_their_candles_and_the_pause_has_none(
    timeframe: int, in_the_first: int, in_the_second: int
) -> None:
    closes = SATURDAY.candle_closes(Timeframe(f"{timeframe}m"))

    assert len(closes) == in_the_first + in_the_second
    assert closes[in_the_first - 1 : in_the_first + 1] == (clock(10, 0), clock(11, 30) + timeframe * MINUTE)
    assert closes[-1] == clock(12, 30)


def test_an_hour_that_runs_into_the_pause_ends_with_it_and_one_that_begins_in_it_is_not_moved() -> None:
    assert SATURDAY.candle_closes(Timeframe.M60) == (clock(10, 0), clock(12, 15), clock(12, 30))
    assert SATURDAY.candle_close(clock(9, 15), Timeframe.M60) == clock(10, 0)
    assert SATURDAY.candle_close(clock(11, 15), Timeframe.M60) == clock(12, 15)
    assert SATURDAY.candle_start(clock(11, 30), Timeframe.M60) == clock(11, 15)
    assert SATURDAY.candle_start(clock(10, 0) - 1, Timeframe.M60) == clock(9, 15)


def test_a_candle_around_a_short_pause_is_one() -> None:
    halted = replace(SATURDAY, breaks=((clock(9, 55), clock(10, 5)),))

    assert halted.candle_closes(Timeframe.M60)[:2] == (clock(10, 15), clock(11, 15))
    assert halted.has_candle(clock(9, 15), Timeframe.M60)


def test_only_what_lies_in_the_pause_altogether_is_no_candle() -> None:
    starts = [clock(9, 15), clock(10, 15), clock(11, 15), clock(12, 15), clock(13, 15)]
    assert [SATURDAY.has_candle(start, Timeframe.M60) for start in starts] == [True, False, True, True, False]
    assert not SATURDAY.has_candle(clock(11, 25), Timeframe.M5)
    assert SATURDAY.has_candle(clock(11, 30), Timeframe.M5)


def test_trading_begins_once_in_each_part() -> None:
    minutes = range(clock(9, 15), clock(12, 30), 5 * MINUTE)
    first = [start for start in minutes if SATURDAY.begins_in(start, Timeframe.M5)]
    assert first == [clock(9, 15), clock(11, 30)]
    assert SATURDAY.begins_in(clock(11, 15), Timeframe.M60)


@pytest.mark.parametrize(
    "breaks",
    [
        ((clock(11, 30), clock(10, 0)),),
        ((clock(10, 0), clock(10, 0)),),
        ((clock(9, 0), clock(10, 0)),),
        ((clock(9, 15), clock(10, 0)),),
        ((clock(11, 30), clock(12, 30)),),
        ((clock(11, 0), clock(11, 30)), (clock(10, 0), clock(10, 30))),
        ((clock(10, 0), clock(11, 30)), (clock(11, 0), clock(12, 0))),
        ((clock(10, 0), clock(11, 0)), (clock(11, 0), clock(12, 0))),
    ],
)
def test_pauses_that_are_no_pauses_within_the_session_are_refused(breaks: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="its breaks are not in order, or not within it"):
        replace(SATURDAY, breaks=breaks)
