"""What is made of answers that lack something, and of answers that say something else than the last one."""

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest

from core.errors import DataError
from core.instants import MINUTE, Instant, instant_at, ist_date
from core.market import Candle, Timeframe
from core.sessions import TradingDay
from market_data.candles.candle_store import Series
from market_data.days import Days
from market_data.history.history_fetch import FRUITLESS_ASKS, HistoryFetch

SERIES = Series("NSE:SBIN-EQ", Timeframe.M60)
MONDAY = date(2024, 1, 1)
FRIDAY = date(2024, 1, 5)
WEEK = Days(MONDAY, FRIDAY)


class Weekdays:
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


class LongAfter:
    """The clock of a later day, which stands still."""

    def now(self) -> Instant:
        return instant_at(date(2024, 6, 1), time(12, 0))


def session(day: date, close: int = 100, bars: int = 7) -> tuple[Candle, ...]:
    first = instant_at(day, time(9, 15))
    return tuple(Candle(first + hour * 60 * MINUTE, 100, 102, 98, close, 7) for hour in range(bars))


def days_of(days: Days) -> tuple[Candle, ...]:
    return tuple(candle for day in days if day.weekday() < 5 for candle in session(day))


class Broker:
    """Answers with all there is, as told to change it, and notes what it was asked for."""

    def __init__(self, change: Callable[[int, tuple[Candle, ...]], tuple[Candle, ...]] = lambda _, rows: rows) -> None:
        self.asked: list[Days] = []
        self._change = change

    def get_candles(self, symbol: str, timeframe: Timeframe, first: date, last: date) -> tuple[Candle, ...]:
        self.asked.append(Days(first, last))
        return self._change(len(self.asked), days_of(self.asked[-1]))


def fetch(broker: Broker, stored=(), days=WEEK):
    calls: list[None] = []
    fetched = HistoryFetch(broker, Weekdays(), LongAfter()).fetch(SERIES, days, stored, lambda: calls.append(None))
    assert len(calls) == len(broker.asked)
    return fetched


def without(rows: tuple[Candle, ...], *days: date) -> tuple[Candle, ...]:
    return tuple(row for row in rows if ist_date(row.start) not in days)


def test_a_full_answer_takes_one_call() -> None:
    broker = Broker()
    fetched = fetch(broker)

    assert fetched.candles == days_of(WEEK)
    assert (fetched.new, fetched.changed, fetched.dropped, fetched.absent) == (35, 0, 0, ())
    assert broker.asked == [WEEK]


def test_an_answer_without_a_row_is_believed_at_once() -> None:
    broker = Broker(lambda _, rows: ())
    fetched = fetch(broker)

    assert fetched.candles == ()
    assert fetched.absent == tuple(WEEK)
    assert len(broker.asked) == 1


def test_a_session_that_an_answer_left_out_once_is_asked_for_with_its_neighbours() -> None:
    wednesday = date(2024, 1, 3)
    broker = Broker(lambda call, rows: without(rows, wednesday) if call == 1 else rows)
    fetched = fetch(broker)

    assert fetched.candles == days_of(WEEK)
    assert broker.asked[1:] == [Days(date(2024, 1, 2), date(2024, 1, 4))]


def test_a_session_that_never_comes_is_asked_for_so_often_and_then_absent() -> None:
    wednesday = date(2024, 1, 3)
    broker = Broker(lambda _, rows: without(rows, wednesday))
    fetched = fetch(broker)

    assert fetched.absent == (wednesday,)
    assert fetched.candles == without(days_of(WEEK), wednesday)
    assert len(broker.asked) == 1 + FRUITLESS_ASKS


def test_of_several_gaps_each_gets_its_turn() -> None:
    tuesday, thursday = date(2024, 1, 2), date(2024, 1, 4)
    lost = {1: (tuesday, thursday), 2: (tuesday,)}
    broker = Broker(lambda call, rows: without(rows, *lost.get(call, (tuesday,))))
    fetched = fetch(broker)

    assert fetched.absent == (tuesday,)
    assert fetched.candles == without(days_of(WEEK), tuesday)


@pytest.mark.parametrize("most", [14, 15, 20, 34, 150, 303])
def test_answers_that_are_cut_off_at_a_number_of_rows_are_put_together_whole(most: int) -> None:
    days = Days(MONDAY, MONDAY + timedelta(days=60))
    for cut in (slice(-most, None), slice(0, most)):
        fetched = fetch(Broker(lambda _, rows, cut=cut: rows[cut]), days=days)
        assert fetched.candles == days_of(days)
        assert fetched.absent == fetched.kept == ()


def test_a_share_that_was_listed_in_the_middle_costs_the_asks_of_one_gap() -> None:
    listed = date(2024, 1, 4)
    broker = Broker(lambda _, rows: tuple(row for row in rows if ist_date(row.start) >= listed))
    fetched = fetch(broker)

    assert fetched.absent == (MONDAY, date(2024, 1, 2), date(2024, 1, 3))
    assert len(broker.asked) == 1 + FRUITLESS_ASKS


def test_what_the_broker_corrected_is_taken_and_counted() -> None:
    stored = (*days_of(Days(MONDAY, date(2024, 1, 4))), *session(FRIDAY, close=101))
    fetched = fetch(Broker(), stored)

    assert fetched.candles == days_of(WEEK)
    assert (fetched.new, fetched.changed) == (0, 7)


@pytest.mark.parametrize("bars", [0, 3])
def test_an_answer_never_takes_away_what_is_stored(bars: int) -> None:
    thin = without(days_of(WEEK), FRIDAY) + session(FRIDAY, bars=bars)
    fetched = fetch(Broker(lambda _, rows: tuple(row for row in rows if row in thin)), days_of(WEEK))

    assert fetched.candles == days_of(WEEK)
    assert fetched.kept == (FRIDAY,)
    assert (fetched.new, fetched.changed, fetched.absent) == (0, 0, ())


def test_silence_about_stored_days_is_not_believed_at_once() -> None:
    broker = Broker(lambda call, rows: () if call == 1 else rows)
    assert fetch(broker, days_of(WEEK)).kept == ()
    assert broker.asked[:2] == [WEEK, WEEK]


def test_rows_of_other_days_are_left_out_and_counted() -> None:
    monday_after = session(date(2024, 1, 8))
    fetched = fetch(Broker(lambda _, rows: rows + monday_after))

    assert fetched.candles == days_of(WEEK)
    assert fetched.dropped == 7


def test_rows_that_contradict_each_other_are_refused() -> None:
    broker = Broker(lambda _, rows: (*rows, Candle(rows[-1].start, 100, 102, 98, 99, 7)))
    with pytest.raises(DataError, match="two different bars at 2024-01-05 15:15:00"):
        fetch(broker)


@pytest.mark.parametrize("cut", [slice(-31, None), slice(0, 31)])
def test_an_answer_that_was_cut_in_its_outermost_session_is_noticed(cut: slice) -> None:
    edge = MONDAY if cut.stop is None else FRIDAY
    broker = Broker(lambda _, rows: rows[cut])
    fetched = fetch(broker)

    assert fetched.candles == days_of(WEEK)
    assert fetched.absent == fetched.kept == ()
    assert broker.asked == [WEEK, Days(edge, edge)]


def test_a_cut_is_asked_about_before_longer_gaps_that_never_close() -> None:
    days = Days(MONDAY, MONDAY + timedelta(days=60))
    holes = [day for day in days if day.day in {10, 11, 12, 16, 17, 18, 19, 22, 23, 24}]
    whole = without(days_of(days), *holes)
    first = whole[9:]  # the first session and two candles of the second are cut off
    broker = Broker(lambda call, rows: first if call == 1 else without(rows, *holes))
    fetched = fetch(broker, days=days)

    assert fetched.candles == whole


def with_first(rows: tuple[Candle, ...], listed: Instant) -> tuple[Candle, ...]:
    return tuple(row for row in rows if row.start >= listed)


@pytest.mark.parametrize("day", [MONDAY, date(2024, 1, 4)])
def test_a_share_that_was_listed_at_eleven_costs_few_calls_and_is_believed(day: date) -> None:
    listed = instant_at(day, time(11, 0))
    broker = Broker(lambda _, rows: with_first(rows, listed))
    fetched = fetch(broker)

    assert fetched.candles == with_first(days_of(WEEK), listed)
    assert fetched.absent == tuple(missing for missing in WEEK if missing < day)
    assert fetched.kept == ()
    assert len(broker.asked) <= 1 + FRUITLESS_ASKS


def test_a_share_that_was_halted_on_the_last_day_is_asked_for_once_more() -> None:
    halted = instant_at(FRIDAY, time(12, 0))
    broker = Broker(lambda _, rows: tuple(row for row in rows if row.start < halted))
    fetched = fetch(broker)

    assert fetched.candles == tuple(row for row in days_of(WEEK) if row.start < halted)
    assert (fetched.absent, fetched.kept) == ((), ())
    assert broker.asked == [WEEK, Days(FRIDAY, FRIDAY)]


def test_a_share_that_is_traded_little_costs_no_further_call() -> None:
    thin = tuple(row for day in WEEK for row in session(day)[1:-1])
    broker = Broker(lambda _, rows: tuple(row for row in rows if row in thin))

    assert fetch(broker).candles == thin
    assert broker.asked == [WEEK]


def test_one_session_alone_is_believed_as_it_comes() -> None:
    broker = Broker(lambda _, rows: rows[3:])
    assert fetch(broker, days=Days(FRIDAY, FRIDAY)).candles == session(FRIDAY)[3:]
    assert len(broker.asked) == 1
