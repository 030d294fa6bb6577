"""A download as a whole: what is in the store after answers that lack, lie, fail or end in the middle."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from core.errors import AuthenticationError, BotError, BrokerError, DataError, RateLimitError, StorageError
from core.instants import Instant, instant_at, ist_date
from core.market import Candle, Timeframe
from core.sessions import TradingDay
from features.columns import CandleColumns
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import MemoryCandleStore, Series
from market_data.days import Days
from market_data.history.download import FAILURES_IN_A_ROW, Download, Outcome, plan_all
from market_data.history.download_report import json_of, notes_of, table_of
from market_data.trading_hours import next_session
from trading.fyers_mapping import candles_from

SBIN, INFY = Series("NSE:SBIN-EQ", Timeframe.M60), Series("NSE:INFY-EQ", Timeframe.M60)
YEAR = Days(date(2023, 1, 2), date(2023, 12, 29))
NOW = instant_at(date(2024, 1, 3), time(18, 0))


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

    def next_trading_day(self, after: date) -> TradingDay:
        return next_session(self, after)


class Still:
    """A clock that stands still."""

    def __init__(self, at: Instant = NOW) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at

    def steady(self) -> Instant:
        return self.at


class Broker:
    """Knows seven candles a session; `spoil` may change an answer or raise instead."""

    def __init__(self, spoil: Callable[[str, Days, tuple[Candle, ...]], tuple[Candle, ...]] | None = None) -> None:
        self.asked: list[tuple[str, Days]] = []
        self._spoil = spoil or (lambda _symbol, _days, rows: rows)

    def get_candles(self, symbol: str, timeframe: Timeframe, first: date, last: date) -> tuple[Candle, ...]:
        days = Days(first, last)
        self.asked.append((symbol, days))
        return self._spoil(symbol, days, rows_of(days, timeframe))


def rows_of(days: Days, timeframe: Timeframe = Timeframe.M60) -> tuple[Candle, ...]:
    sessions = (instant_at(day, time(9, 15)) for day in days if day.weekday() < 5)
    return tuple(
        Candle(start + bar * timeframe.duration, 100 + bar, 102 + bar, 98, 101 + bar, 7)
        for start in sessions
        for bar in range(7)
    )


def download(broker, store, series=(SBIN,), days=YEAR, clock=None, *, with_empty=False) -> Outcome:
    clock = clock or Still()
    plans = plan_all(store, series, days, lambda _: Weekdays(), clock, with_empty=with_empty)
    return Download(broker, store, clock, lambda *_: None).run(plans)


def refused(error: BotError, symbol: str = "", since: date = date.min):
    def spoil(asked: str, days: Days, rows):
        if symbol in {"", asked} and days.first >= since:
            raise error
        return rows

    return spoil


def test_a_year_is_stored_whole_and_a_second_run_asks_for_nothing() -> None:
    store, broker = MemoryCandleStore(), Broker()
    first, again = download(broker, store, (SBIN, INFY)), download(broker, store, (SBIN, INFY))

    assert store.read(SBIN, YEAR).candles() == rows_of(YEAR)
    assert [report.calls for report in first.reports] == [4, 4]
    assert [report.new for report in first.reports] == [260 * 7] * 2
    assert [(report.calls, report.known, report.sessions) for report in again.reports] == [(0, 260, 260)] * 2


def test_a_second_run_up_to_today_asks_for_the_newest_session_alone() -> None:
    store, broker = MemoryCandleStore(), Broker()
    days = Days(date(2023, 12, 1), date(2024, 1, 3))
    download(broker, store, days=days)
    broker.asked.clear()
    [report] = download(broker, store, days=days).reports

    assert broker.asked == [("NSE:SBIN-EQ", Days(date(2024, 1, 3), date(2024, 1, 3)))]
    assert (report.new, report.changed) == (0, 0)


def test_the_last_day_of_a_run_is_asked_for_again_by_the_next_one_that_goes_on() -> None:
    store, broker = MemoryCandleStore(), Broker(lambda _symbol, _days, rows: rows[:-2])
    download(broker, store, days=Days(date(2024, 1, 1), date(2024, 1, 3)))
    later = Broker()
    days = Days(date(2024, 1, 4), date(2024, 1, 5))
    [report] = download(later, store, days=days, clock=Still(NOW + 4 * 86_400 * 10**9)).reports

    assert later.asked == [("NSE:SBIN-EQ", Days(date(2024, 1, 3), date(2024, 1, 5)))]
    assert store.read(SBIN, Days(date(2024, 1, 1), date(2024, 1, 5))).candles() == rows_of(
        Days(date(2024, 1, 1), date(2024, 1, 5))
    )
    assert report.new == 16


def test_days_of_which_the_broker_knows_nothing_are_remembered() -> None:
    listed = date(2023, 8, 1)
    store = MemoryCandleStore()
    broker = Broker(lambda _symbol, _days, rows: tuple(row for row in rows if ist_date(row.start) >= listed))
    [first] = download(broker, store).reports
    broker.asked.clear()
    [second] = download(broker, store).reports

    assert (first.absent[0], first.absent[-1]) == (date(2023, 1, 2), date(2023, 7, 31))
    assert broker.asked == []
    assert (second.known, second.empty) == (260, len(first.absent))
    assert "sessions from 2023-01-02 to 2023-07-31; that is remembered" in notes_of(Outcome((first,), None), YEAR)[0]


SPRING, SUMMER, AUTUMN = Days(date(2023, 4, 12), date(2023, 7, 20)), date(2023, 7, 21), date(2023, 10, 29)
"""The second call of a year, and the first days of the third and the fourth."""


def silent_once(*firsts: date):
    """A broker that says once of each call that begins on these days that it has no data."""
    left = set(firsts)

    def spoil(_symbol: str, days: Days, rows):
        if days.first in left:
            left.remove(days.first)
            return ()
        return rows

    return Broker(spoil)


@pytest.mark.parametrize(
    "firsts", [[YEAR.first], [SPRING.first], [AUTUMN], [SPRING.first, SUMMER], [YEAR.first, SPRING.first]]
)
def test_silence_beside_sessions_with_candles_is_asked_about_once_more_in_smaller_calls(firsts: list[date]) -> None:
    store, broker = MemoryCandleStore(), silent_once(*firsts)
    [report] = download(broker, store).reports

    assert store.read(SBIN, YEAR).candles() == rows_of(YEAR)
    assert (report.new, report.empty, report.absent) == (260 * 7, 0, ())
    again = [days for _, days in broker.asked[4:]]
    assert len(again) <= 2 * len(firsts)
    assert max((days.last - days.first).days for days in again) < 50
    broker.asked.clear()
    assert download(broker, store).reports[0].calls == 0


def test_silence_that_lasts_is_believed_after_the_second_word_and_remembered() -> None:
    suspended = Days(SPRING.first, date(2023, 10, 28))
    broker = Broker(lambda _symbol, _days, rows: tuple(row for row in rows if ist_date(row.start) not in suspended))
    store = MemoryCandleStore()
    [first] = download(broker, store).reports
    calls = [days for _, days in broker.asked]
    broker.asked.clear()
    [second] = download(broker, store).reports

    assert first.calls == 4 + 4
    assert calls[4:] == [
        Days(SPRING.first, date(2023, 5, 31)),
        Days(date(2023, 6, 1), SPRING.last),
        Days(SUMMER, date(2023, 9, 8)),
        Days(date(2023, 9, 9), suspended.last),
    ]
    assert (first.absent[0], first.absent[-1]) == (SPRING.first, date(2023, 10, 27))
    assert (second.calls, second.known, second.empty) == (0, 260, len(first.absent))


def test_silence_before_a_share_was_listed_within_a_call_is_believed_at_once() -> None:
    listed = date(2023, 8, 1)
    broker = Broker(lambda _symbol, _days, rows: tuple(row for row in rows if ist_date(row.start) >= listed))
    [report] = download(broker, MemoryCandleStore()).reports

    assert [days.first for _, days in broker.asked].count(YEAR.first) == 1
    assert (report.known, report.absent[-1]) == (260, date(2023, 7, 31))


def test_silence_about_a_range_before_the_stored_one_is_asked_about_once_more() -> None:
    store, quarter = MemoryCandleStore(), Days(date(2023, 10, 2), date(2023, 12, 29))
    download(Broker(), store, days=Days(date(2024, 1, 1), date(2024, 1, 2)))
    [report] = download(silent_once(quarter.first), store, days=quarter).reports

    assert (report.calls, report.empty) == (3, 0)
    assert store.read(SBIN, quarter).candles() == rows_of(quarter)


def test_silence_takes_nothing_away_that_another_program_has_stored_meanwhile() -> None:
    store, theirs = MemoryCandleStore(), Days(date(2023, 2, 1), date(2023, 2, 3))
    listed = Days(date(2023, 11, 10), YEAR.last)

    def spoil(_symbol: str, days: Days, rows):
        if days.first == AUTUMN:
            store.put(SBIN, theirs, CandleColumns.of(rows_of(theirs)))
        return tuple(row for row in rows if ist_date(row.start) in listed)

    download(Broker(spoil), store)
    assert store.read(SBIN, YEAR).candles() == (*rows_of(theirs), *rows_of(listed))


def test_silence_is_not_remembered_when_the_second_word_does_not_come() -> None:
    def spoil(_symbol: str, days: Days, rows):
        if days.first == SPRING.first:
            if days != SPRING:
                raise RateLimitError("too many")
            return ()
        return rows

    store = MemoryCandleStore()
    assert isinstance(download(Broker(spoil), store).stopped_by, RateLimitError)
    assert store.known(SBIN) == (Days(YEAR.first, date(2023, 4, 11)), Days(SUMMER, YEAR.last))


def test_a_silent_session_of_the_tail_costs_one_call_a_run() -> None:
    newest = date(2024, 1, 3)
    broker = Broker(lambda _symbol, _days, rows: tuple(row for row in rows if ist_date(row.start) != newest))
    store, days = MemoryCandleStore(), Days(date(2024, 1, 1), newest)
    download(broker, store, days=days)
    assert [report.calls for _ in range(2) for report in download(broker, store, days=days).reports] == [1, 1]


def test_what_was_remembered_as_empty_can_be_asked_for_again() -> None:
    hole = date(2023, 5, 3)
    store = MemoryCandleStore()
    download(Broker(lambda _symbol, _days, rows: tuple(row for row in rows if ist_date(row.start) != hole)), store)
    mended = Broker()
    [report] = download(mended, store, with_empty=True).reports

    assert mended.asked == [("NSE:SBIN-EQ", Days(hole, hole))]
    assert (report.new, report.empty) == (7, 0)
    assert store.read(SBIN, YEAR).candles() == rows_of(YEAR)


def test_a_contradiction_spoils_its_own_call_and_leaves_the_store_as_it_was() -> None:
    def twice(symbol: str, days: Days, rows):
        if symbol == "NSE:SBIN-EQ" and date(2023, 6, 1) in days:
            return (*rows, Candle(rows[-1].start, 1, 1, 1, 1, 1))
        return rows

    store = MemoryCandleStore()
    outcome = download(Broker(twice), store, (SBIN, INFY))
    spoiled, whole = outcome.reports

    assert outcome.stopped_by is None
    assert spoiled.error.startswith("history of NSE:SBIN-EQ: two different bars at ")
    assert whole.error == ""
    assert (whole.known, spoiled.known) == (260, 260 - 72)
    assert len(store.known(SBIN)) == 2
    assert download(Broker(), store, (SBIN, INFY)).reports[0].new == 72 * 7


def test_a_symbol_that_the_broker_refuses_does_not_stop_the_others() -> None:
    store = MemoryCandleStore()
    broker = Broker(refused(BrokerError("invalid symbol"), "NSE:SBIN-EQ"))
    outcome = download(broker, store, (SBIN, INFY))

    assert outcome.stopped_by is None
    assert [report.error for report in outcome.reports] == ["invalid symbol", ""]
    assert store.known(SBIN) == ()
    assert outcome.reports[1].known == 260


def test_a_network_that_is_gone_ends_the_download_after_a_few_series() -> None:
    many = tuple(Series(f"NSE:S{number}-EQ", Timeframe.M60) for number in range(9))
    broker = Broker(refused(BrokerError("no connection")))
    outcome = download(broker, MemoryCandleStore(), many)

    assert isinstance(outcome.stopped_by, BrokerError)
    assert len(broker.asked) == FAILURES_IN_A_ROW
    assert outcome.reports[-1].error == "not asked for: the download had ended"


@pytest.mark.parametrize("error", [AuthenticationError("token"), RateLimitError("too many")])
def test_what_the_account_is_refused_ends_the_download_and_what_came_before_stays(error: BotError) -> None:
    store = MemoryCandleStore()
    outcome = download(Broker(refused(error, since=date(2023, 6, 1))), store, (SBIN, INFY))

    assert outcome.stopped_by is error
    first, second = outcome.reports
    assert (first.calls, second.calls) == (3, 0)
    assert store.read(SBIN, YEAR).candles() == rows_of(Days(date(2023, 1, 2), date(2023, 7, 20)))
    assert download(Broker(), store, (SBIN, INFY)).reports[0].calls == 2


def test_a_full_disk_ends_the_download() -> None:
    class Full(MemoryCandleStore):
        def put(self, series: Series, days: Days, candles: CandleColumns) -> None:
            raise StorageError("no space left on device")

    broker = Broker()
    outcome = download(broker, Full(), (SBIN, INFY))

    assert isinstance(outcome.stopped_by, StorageError)
    assert len(broker.asked) == 1


def test_a_series_that_cannot_be_read_is_told_and_the_others_go_on() -> None:
    class Damaged(MemoryCandleStore):
        def known(self, series: Series) -> tuple[Days, ...]:
            if series == SBIN:
                raise DataError("2023.parquet: cannot be read")
            return super().known(series)

    outcome = download(Broker(), Damaged(), (SBIN, INFY))
    assert [report.error for report in outcome.reports] == ["2023.parquet: cannot be read", ""]
    assert outcome.reports[1].known == 260


def test_progress_knows_the_calls_that_gaps_add() -> None:
    hole = date(2023, 5, 3)
    told: list[tuple[int, int]] = []
    store, broker = (
        MemoryCandleStore(),
        Broker(lambda _s, _d, rows: tuple(r for r in rows if ist_date(r.start) != hole)),
    )
    plans = plan_all(store, [SBIN], YEAR, lambda _: Weekdays(), Still())
    run = Download(broker, store, Still(), lambda _what, made, planned: told.append((made, planned)))
    run.run(plans)

    assert [made for made, _ in told] == list(range(6))
    assert told[0] == (0, 4)
    assert told[-1] == (5, 6)


def test_the_report_says_the_same_to_people_and_to_programs() -> None:
    store = MemoryCandleStore()
    outcome = download(Broker(refused(BrokerError("invalid symbol"), "NSE:SBIN-EQ")), store, (SBIN, INFY))
    content = json.loads(json.dumps(json_of(outcome, YEAR, 1.5)))

    assert content["complete"] is False
    assert content["requests"] == 5
    assert [each["missing"] for each in content["series"]] == [260, 0]
    assert content["series"][0]["error"] == "invalid symbol"
    assert table_of(outcome).row_count == 2
    assert notes_of(outcome, YEAR) == ["NSE:SBIN-EQ 60m: invalid symbol"]


class Recorded:
    """Answers as FYERS once did, whatever is asked for."""

    def __init__(self, rows: tuple[Candle, ...]) -> None:
        self._rows = rows

    def get_candles(self, symbol: str, timeframe: Timeframe, first: date, last: date) -> tuple[Candle, ...]:
        return self._rows


def test_recorded_answers_are_stored_without_what_was_forming_or_outside(real_data: Path) -> None:
    captures = json.loads((real_data / "fyers" / "history_captures.json").read_text())
    frames = {timeframe.resolution: timeframe for timeframe in Timeframe}
    calendar, stored = NseCalendar(), 0
    for capture in captures:
        response, request = capture["response"], capture["request"]
        if response.get("s") != "ok" or request["resolution"] not in frames:
            continue
        series = Series(request["symbol"], frames[request["resolution"]])
        rows, clock = candles_from(response, series.symbol), Still(capture["received_epoch_ms"] * 1_000_000)
        days = Days(ist_date(rows[0].start), ist_date(rows[-1].start))
        if (days.last - days.first).days > 99:
            continue
        store = MemoryCandleStore()
        plans = plan_all(store, [series], days, lambda _: calendar, clock)
        [report] = Download(Recorded(rows), store, clock, lambda *_: None).run(plans).reports
        assert report.error == ""
        held = store.read(series, days).candles()
        assert set(held) <= set(rows)
        for candle in held:
            session = calendar.trading_day(ist_date(candle.start))
            assert session is not None
            assert session.candle_close(candle.start, series.timeframe) <= clock.now()
            assert series.timeframe is Timeframe.D or session.is_open(candle.start)
        stored += len(held)
    assert stored > 500


def test_a_day_that_is_not_over_is_left_for_the_evening() -> None:
    noon = Still(instant_at(date(2024, 1, 3), time(12, 0)))
    store, broker = MemoryCandleStore(), Broker()
    days = Days(date(2024, 1, 1), date(2024, 1, 3))
    [report] = download(broker, store, days=days, clock=noon).reports

    assert report.sessions == 2
    assert store.known(SBIN) == (Days(date(2024, 1, 1), date(2024, 1, 2)),)
    noon.at += 6 * 3_600 * 10**9
    [report] = download(broker, store, days=days, clock=noon).reports
    assert (report.sessions, report.new) == (3, 7)
    assert timedelta(days=2) == store.known(SBIN)[0].last - store.known(SBIN)[0].first


class Evenings(Weekdays):
    """A market that trades into the evening."""

    def trading_day(self, day: date) -> TradingDay | None:
        session = super().trading_day(day)
        return session and replace(session, open=instant_at(day, time(9, 0)), close=instant_at(day, time(23, 30)))


def test_each_series_is_judged_by_the_hours_of_its_own_market() -> None:
    crude, day = Series("MCX:CRUDEOIL24JANFUT", Timeframe.M60), date(2024, 1, 2)
    start = instant_at(day, time(9, 0))
    evening = tuple(Candle(start + bar * Timeframe.M60.duration, 100, 102, 98, 101, 7) for bar in range(15))
    markets = {crude.symbol: Evenings(), SBIN.symbol: Weekdays()}
    broker = Broker(lambda symbol, _days, rows: evening if symbol == crude.symbol else rows)
    store, clock = MemoryCandleStore(), Still()
    plans = plan_all(store, (SBIN, crude), Days(day, date(2024, 1, 3)), markets.__getitem__, clock)
    reports = Download(broker, store, clock, lambda *_: None).run(plans).reports

    assert store.read(crude, Days(day, day)).candles() == evening
    assert [(report.sessions, report.dropped) for report in reports] == [(2, 0), (1, 0)]
