"""Candles from prices against a plain reference over the whole sequence, and each edge by itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.candle_builder import UNCOUNTED, VOLUME_FELL, CandleBuilder, ClosedBar
from core.instants import DAY, MINUTE, SECOND, instant_at
from core.market import Candle, Tick, Timeframe
from core.sessions import TradingDay

SBIN = "NSE:SBIN-EQ"
GAP = "the feed was down"
MINUTES = 12
TIMEFRAMES = (Timeframe.M1, Timeframe.M3, Timeframe.M5)


def merged(candles: Iterable[Candle], day: TradingDay, timeframe: Timeframe) -> list[Candle]:
    """Put closed candles of one session, oldest first, together to longer ones on the session's own grid."""
    longer = []
    for start, group in groupby(candles, key=lambda candle: day.candle_start(candle.start, timeframe)):
        parts = list(group)
        high, low = max(part.high for part in parts), min(part.low for part in parts)
        volume = sum(part.volume for part in parts)
        longer.append(Candle(start, parts[0].open, high, low, parts[-1].close, volume))
    return longer


def session(minutes: int = 375, opens: time = time(9, 15)) -> TradingDay:
    start = instant_at(date(2026, 1, 6), opens)
    close = start + minutes * MINUTE
    return TradingDay(
        date=date(2026, 1, 6),
        open=start,
        no_entry_after=close - 4 * MINUTE,
        square_off=close - 3 * MINUTE,
        flat_by=close - 2 * MINUTE,
        close=close,
    )


FULL = session()
SHORT = session(MINUTES)
PAUSED = replace(SHORT, breaks=((SHORT.open + 4 * MINUTE, SHORT.open + 7 * MINUTE),))
"""Candles of three and of five minutes run into its pause, and begin in it."""
HALTED = replace(SHORT, breaks=((SHORT.open + 6 * MINUTE, SHORT.open + 8 * MINUTE),))
"""Its pause lies within a candle of five minutes."""


def tick(seconds: float, price: int, volume: int = 0, day: TradingDay = FULL) -> Tick:
    """A price so many seconds after the open."""
    return Tick(SBIN, day.open + int(seconds * SECOND), price, 0, 0, volume)


def built(*ticks: Tick, minute: int = 0, day: TradingDay = FULL) -> ClosedBar:
    """The one-minute candle of a minute, when all of these have come."""
    builder = CandleBuilder(day, Timeframe.M1)
    for each in ticks:
        builder.add(each)
    return builder.close(day.open + minute * MINUTE)


def bar(minute: int, opens: int, high: int, low: int, close: int, volume: int) -> Candle:
    return Candle(FULL.open + minute * MINUTE, opens, high, low, close, volume)


# --- any sequence against the reference -------------------------------------------------------------------------------


def starts_of(day: TradingDay, timeframe: Timeframe) -> list[int]:
    return [day.candle_start(close - 1, timeframe) for close in day.candle_closes(timeframe)]


def reference(ticks: list[Tick], day: TradingDay, timeframe: Timeframe) -> list[Candle]:
    """All candles of a session from all its prices at once, each told by exchange time, then volume."""
    inside = sorted((each for each in ticks if day.is_open(each.at)), key=lambda each: (each.at, each.volume))
    candles = []
    for start in starts_of(day, timeframe):
        end = day.candle_close(start, timeframe)
        parts = [each for each in inside if start <= each.at < end]
        if parts:
            prices = [each.ltp for each in parts]
            before = max((each.volume for each in inside if each.at < start), default=0)
            volume = parts[-1].volume - before
            candles.append(Candle(start, prices[0], max(prices), min(prices), prices[-1], volume))
    return candles


def played(arrivals: list[Tick], day: TradingDay, timeframe: Timeframe) -> list[ClosedBar]:
    """Each candle is closed when all prices before its end, and whatever came among them, have come."""
    builder = CandleBuilder(day, timeframe)
    closed, position = [], 0
    for start in starts_of(day, timeframe):
        end = day.candle_close(start, timeframe)
        last = max((place for place, each in enumerate(arrivals) if each.at < end), default=-1)
        for each in arrivals[position : last + 1]:
            builder.add(each)
        position = max(position, last + 1)
        closed.append(builder.close(start))
    return closed


@st.composite
def days_of_ticks(draw) -> list[Tick]:
    """Prices of a short session with a few from outside it; the cumulative volume only grows."""
    times = sorted(draw(st.lists(st.integers(-60, MINUTES * 60 + 90), max_size=60)))
    ticks, volume = [], 0
    for at in times:
        volume += draw(st.integers(1, 500)) if at >= 0 else 0
        ticks.append(tick(at, draw(st.integers(1, 10**6)), volume, SHORT))
    return ticks


@settings(max_examples=150)
@given(ticks=days_of_ticks(), timeframe=st.sampled_from(TIMEFRAMES))
def test_every_candle_is_that_of_all_prices_at_once(ticks, timeframe):
    closed = played(ticks, SHORT, timeframe)
    assert [each.candle for each in closed if each.candle] == reference(ticks, SHORT, timeframe)
    assert not any(each.fault for each in closed)


@settings(max_examples=150)
@given(ticks=days_of_ticks(), day=st.sampled_from((PAUSED, HALTED)), timeframe=st.sampled_from(TIMEFRAMES))
def test_prices_of_a_pause_are_in_no_candle_and_those_after_it_are_in_theirs(ticks, day, timeframe):
    closed = played(ticks, day, timeframe)
    assert [each.candle for each in closed if each.candle] == reference(ticks, day, timeframe)


def test_a_price_of_the_pause_does_not_follow_on_the_candle_before_it():
    builder = CandleBuilder(PAUSED, Timeframe.M5)
    for each in (tick(-1, 100, 5), tick(1, 100, 10), tick(300, 900, 20), tick(421, 110, 30)):
        builder.add(each)
    assert builder.close(PAUSED.open).candle == bar(0, 100, 100, 100, 100, 5)
    assert builder.close(PAUSED.open + 5 * MINUTE).candle == bar(5, 110, 110, 110, 110, 20)


@settings(max_examples=150)
@given(ticks=days_of_ticks(), data=st.data(), timeframe=st.sampled_from(TIMEFRAMES))
def test_order_and_repeats_make_no_difference_while_a_candle_is_open(ticks, data, timeframe):
    repeats = data.draw(st.lists(st.sampled_from(ticks), max_size=20)) if ticks else []
    arrivals = data.draw(st.permutations(ticks + repeats))
    closed = played(arrivals, SHORT, timeframe)
    assert [each.candle for each in closed if each.candle] == reference(ticks, SHORT, timeframe)


@settings(max_examples=300)
@given(ticks=days_of_ticks(), late=st.sets(st.integers(0, 59)))
def test_a_late_price_changes_no_closed_candle_and_its_volume_goes_to_no_other(ticks, late):
    """A candle is that of the prices that were there at its close; the next one's volume is still its own."""
    builder, candles, kept = CandleBuilder(SHORT, Timeframe.M1), [], []
    waiting = list(ticks)
    for start in range(SHORT.open, SHORT.close, MINUTE):
        now = [each for each in waiting if each.at < start + MINUTE]
        waiting = waiting[len(now) :]
        for number, each in enumerate(now):
            if (number + start // MINUTE) % 60 not in late:
                builder.add(each)
                kept += [each] if SHORT.is_open(each.at) else []
        closed = builder.close(start)
        held_back = [each for number, each in enumerate(now) if (number + start // MINUTE) % 60 in late]
        for each in held_back:
            builder.add(each)
        if closed.candle:
            candles.append(closed.candle)
            parts = [each for each in kept if start <= each.at < start + MINUTE]
            before = max((each.volume for each in ticks if SHORT.open <= each.at < start), default=0)
            most = max(each.volume for each in parts)
            assert closed.candle.volume == most - before
            assert (closed.candle.open, closed.candle.close) == (parts[0].ltp, parts[-1].ltp)
    assert [each.start for each in candles] == sorted({SHORT.candle_start(each.at, Timeframe.M1) for each in kept})


@settings(max_examples=100)
@given(ticks=days_of_ticks(), timeframe=st.sampled_from(TIMEFRAMES))
def test_longer_candles_are_the_minutes_put_together(ticks, timeframe):
    minutes = [each.candle for each in played(ticks, SHORT, Timeframe.M1) if each.candle]
    longer = [each.candle for each in played(ticks, SHORT, timeframe) if each.candle]
    assert merged(minutes, SHORT, timeframe) == longer


# --- one edge each ----------------------------------------------------------------------------------------------------


def test_a_candle_has_first_highest_lowest_and_last_price_and_the_volume_between():
    closed = built(tick(0, 500, 10), tick(20, 520, 15), tick(30, 490, 15), tick(59.9, 505, 40))
    assert closed == ClosedBar(bar(0, 500, 520, 490, 505, 40), 4, 0, "")


def test_the_end_of_a_minute_belongs_to_the_next_one():
    builder = CandleBuilder(FULL, Timeframe.M1)
    for each in (tick(59, 500, 10), tick(60, 600, 30)):
        builder.add(each)
    assert builder.close(FULL.open).candle == bar(0, 500, 500, 500, 500, 10)
    assert builder.close(FULL.open + MINUTE).candle == bar(1, 600, 600, 600, 600, 20)


def test_a_price_of_the_next_candle_may_come_before_this_one_is_closed():
    builder = CandleBuilder(FULL, Timeframe.M1)
    for each in (tick(59, 500, 10), tick(61, 600, 30), tick(59.5, 510, 20)):
        builder.add(each)
    assert builder.close(FULL.open).candle == bar(0, 500, 510, 500, 510, 20)
    assert builder.close(FULL.open + MINUTE).candle == bar(1, 600, 600, 600, 600, 10)


@pytest.mark.hazard("D10")
def test_a_late_price_is_counted_and_changes_nothing():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.add(tick(10, 500, 10))
    assert builder.close(FULL.open).candle == bar(0, 500, 500, 500, 500, 10)
    builder.add(tick(50, 999, 15))
    builder.add(tick(70, 501, 18))
    assert builder.close(FULL.open + MINUTE) == ClosedBar(bar(1, 501, 501, 501, 501, 3), 1, 1, "")


def test_a_minute_without_a_price_has_no_candle_and_none_is_filled_in():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.add(tick(10, 500, 10))
    builder.close(FULL.open)
    assert builder.close(FULL.open + MINUTE) == ClosedBar(None, 0, 0, "")
    builder.add(tick(130, 510, 25))
    assert builder.close(FULL.open + 2 * MINUTE) == ClosedBar(bar(2, 510, 510, 510, 510, 15), 1, 0, "")


def test_an_index_has_no_volume():
    assert built(tick(1, 500), tick(2, 501), tick(2, 499)).candle == bar(0, 500, 501, 499, 499, 0)


def test_prices_before_the_open_and_from_the_close_on_make_no_candle():
    before, opening = tick(-400, 1, 700), tick(0, 500, 900)
    assert built(before, opening).candle == bar(0, 500, 500, 500, 500, 200)
    last, after = tick(375 * 60 - 1, 510, 990), tick(375 * 60, 999, 5_000)
    assert built(opening, last, after, minute=374).candle == bar(374, 510, 510, 510, 510, 90)


def test_a_price_at_the_close_makes_no_bar_of_its_own():
    assert built(tick(375 * 60, 500, 1), minute=375).candle is None


def test_what_another_day_says_counts_for_nothing():
    yesterday = tick(0, 500, 900_000)._replace(at=FULL.open - DAY)
    assert built(yesterday, tick(5, 501, 20)).candle == bar(0, 501, 501, 501, 501, 20)


def test_a_price_of_before_the_open_that_comes_late_takes_no_volume_back():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.add(tick(1, 500, 100))
    builder.close(FULL.open)
    builder.add(tick(-5, 499, 0))
    builder.add(tick(61, 501, 130))
    assert builder.close(FULL.open + MINUTE).candle == bar(1, 501, 501, 501, 501, 30)


def test_a_count_of_before_the_open_that_begins_anew_was_another_days():
    assert built(tick(-900, 500, 900_000), tick(5, 501, 20)) == ClosedBar(bar(0, 501, 501, 501, 501, 20), 1, 0, "")


def test_the_last_candle_of_a_session_is_cut_short_by_its_close():
    day = session(67, opens=time(18, 15))
    builder = CandleBuilder(day, Timeframe.M60)
    for each in (tick(10, 500, 5, day), tick(60 * 60, 501, 9, day), tick(67 * 60, 502, 20, day)):
        builder.add(each)
    starts = [day.open, day.open + 60 * MINUTE]
    assert [builder.close(start).candle.volume for start in starts] == [5, 4]


def test_a_session_with_a_break_has_no_candle_in_it():
    day = session(195)
    builder = CandleBuilder(day, Timeframe.M5)
    for each in (tick(44 * 60, 500, 5, day), tick(135 * 60, 501, 9, day)):
        builder.add(each)
    closed = [builder.close(day.open + number * 5 * MINUTE).candle for number in range(39)]
    assert [number for number, candle in enumerate(closed) if candle] == [8, 27]


def test_a_daily_candle_is_not_made_of_prices():
    with pytest.raises(ValueError, match="closing auction"):
        CandleBuilder(FULL, Timeframe.D)


def test_a_candle_that_nobody_closed_ends_with_the_next():
    builder = CandleBuilder(FULL, Timeframe.M1)
    for each in (tick(10, 500, 10), tick(70, 501, 18)):
        builder.add(each)
    assert builder.close(FULL.open + MINUTE).candle == bar(1, 501, 501, 501, 501, 8)
    assert builder.close(FULL.open).candle is None


# --- what is not whole ------------------------------------------------------------------------------------------------


@pytest.mark.hazard("D1")
def test_a_candle_with_a_gap_is_not_whole_and_the_next_one_is():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.add(tick(10, 500, 10))
    builder.miss(FULL.open + 30 * SECOND, GAP)
    builder.add(tick(40, 501, 900))
    builder.add(tick(70, 502, 910))
    assert builder.close(FULL.open).fault == GAP
    assert builder.close(FULL.open + MINUTE) == ClosedBar(bar(1, 502, 502, 502, 502, 10), 1, 0, "")


def test_after_a_gap_volume_is_counted_from_a_price_that_came_since():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.add(tick(10, 500, 10))
    builder.miss(FULL.open + 30 * SECOND, GAP)
    builder.close(FULL.open)
    builder.add(tick(70, 502, 910))
    builder.add(tick(130, 503, 915))
    assert builder.close(FULL.open + MINUTE).fault == UNCOUNTED
    assert builder.close(FULL.open + 2 * MINUTE) == ClosedBar(bar(2, 503, 503, 503, 503, 5), 1, 0, "")


def test_a_gap_before_the_open_takes_nothing_from_the_session():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.miss(FULL.open - MINUTE, GAP)
    builder.add(tick(0, 500, 10))
    assert builder.close(FULL.open) == ClosedBar(bar(0, 500, 500, 500, 500, 10), 1, 0, "")


def test_the_first_price_after_a_late_start_brings_the_volume_of_before():
    builder = CandleBuilder(FULL, Timeframe.M1)
    builder.miss(FULL.open + 90 * SECOND, GAP)
    for each in (tick(95, 500, 10_000), tick(110, 501, 10_050), tick(121, 502, 10_060)):
        builder.add(each)
    assert builder.close(FULL.open + MINUTE).fault == GAP
    assert builder.close(FULL.open + 2 * MINUTE) == ClosedBar(bar(2, 502, 502, 502, 502, 10), 1, 0, "")


@pytest.mark.hazard("D10")
def test_a_volume_that_falls_spoils_its_candle_and_no_volume_is_negative():
    closed = built(tick(1, 500, 100), tick(2, 501, 40), tick(3, 502, 120))
    assert closed == ClosedBar(bar(0, 500, 502, 500, 502, 120), 3, 0, VOLUME_FELL)


def test_a_volume_that_stays_lower_spoils_every_candle_until_it_is_passed():
    builder = CandleBuilder(FULL, Timeframe.M1)
    for each in (tick(1, 500, 100), tick(61, 501, 5), tick(62, 501, 8), tick(121, 502, 50), tick(181, 503, 130)):
        builder.add(each)
    closed = [builder.close(FULL.open + minute * MINUTE) for minute in range(4)]
    assert [each.fault for each in closed] == ["", VOLUME_FELL, VOLUME_FELL, ""]
    assert [each.candle.volume for each in closed if each.candle] == [100, 0, 0, 30]


def test_prices_of_one_second_are_told_apart_by_their_volume():
    assert built(tick(5, 502, 30), tick(5, 500, 10), tick(5, 501, 20)).candle == bar(0, 500, 502, 500, 502, 30)


def test_candles_are_put_together_on_the_sessions_own_grid():
    minutes = [bar(0, 5, 9, 4, 6, 10), bar(2, 6, 7, 3, 7, 5), bar(5, 8, 8, 8, 8, 1)]
    five = merged(minutes, FULL, Timeframe.M5)
    assert five == [replace(minutes[0], high=9, low=3, close=7, volume=15), minutes[2]]
