"""The history call against a generated market and against what FYERS was seen to answer."""

import json
from datetime import date, time, timedelta
from typing import Any

import pytest

from core.errors import DataError
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Candle, Timeframe
from core.ports import Calendar
from simulator import history
from simulator.generator import GeneratedMarket
from simulator.history import HistoryQuery
from simulator.replies import Refusal

SBIN = "NSE:SBIN-EQ"
TUESDAY = date(2026, 1, 6)
NOW = instant_at(TUESDAY, time(10, 2, 30))


@pytest.fixture(scope="module")
def market(calendar: Calendar) -> GeneratedMarket:
    return GeneratedMarket(calendar, 7, (SBIN,))


def query(**changes: str) -> HistoryQuery:
    asked = {"symbol": SBIN, "resolution": "5", "date_format": "1", "cont_flag": "1"}
    return history.read_query(asked | {"range_from": "2026-01-06", "range_to": "2026-01-06"} | changes, NOW)


def refusal(**changes: str) -> dict[str, Any]:
    with pytest.raises(Refusal) as refused:
        query(**changes)
    response = refused.value.response()
    assert response.status == 422
    assert isinstance(response.body, bytes)
    body = json.loads(response.body)
    assert isinstance(body, dict)
    return body


def test_a_day_holds_its_candles_up_to_the_forming_one(market: GeneratedMarket) -> None:
    rows = history.rows_of(query(), market, NOW)
    opened = instant_at(TUESDAY, time(9, 15)) // SECOND
    assert [row[0] for row in rows] == [opened + 300 * place for place in range(10)]
    last_quote = market.quote(SBIN, NOW)
    assert last_quote is not None
    assert rows[-1][4] == last_quote.ltp / 100
    assert sum(row[5] for row in rows) == last_quote.volume


def test_an_epoch_range_includes_the_candle_that_starts_at_its_end(market: GeneratedMarket) -> None:
    start = instant_at(TUESDAY, time(9, 20)) // SECOND
    asked = query(date_format="0", range_from=str(start), range_to=str(start + 300))
    assert [row[0] for row in history.rows_of(asked, market, NOW)] == [start, start + 300]


def test_a_daily_row_is_stamped_midnight_utc_and_the_time_of_day_of_the_range_does_not_matter(
    market: GeneratedMarket,
) -> None:
    noon = instant_at(date(2026, 1, 5), time(12, 10)) // SECOND
    asked = query(resolution="D", date_format="0", range_from=str(noon), range_to=str(noon + 85))
    rows = history.rows_of(asked, market, NOW)
    assert [row[0] for row in rows] == [instant_at(date(2026, 1, 5), time(5, 30)) // SECOND]


def test_other_lengths_are_merged_on_the_grid_of_the_session(market: GeneratedMarket) -> None:
    tens = history.rows_of(query(resolution="10"), market, NOW)
    fives = history.rows_of(query(), market, NOW)
    assert [row[0] for row in tens] == [row[0] for row in fives[::2]]
    assert tens[0] == [
        fives[0][0],
        fives[0][1],
        max(fives[0][2], fives[1][2]),
        min(fives[0][3], fives[1][3]),
        fives[1][4],
        fives[0][5] + fives[1][5],
    ]


def test_a_merged_candle_that_started_before_the_range_is_left_out_whole(market: GeneratedMarket) -> None:
    start = instant_at(TUESDAY, time(9, 20)) // SECOND
    asked = query(resolution="10", date_format="0", range_from=str(start), range_to=str(start + 600))
    assert [row[0] for row in history.rows_of(asked, market, NOW)] == [start + 300]


def test_an_empty_range_is_told_where_the_last_candle_before_it_stands(market: GeneratedMarket) -> None:
    sunday = query(resolution="1", range_from="2026-01-04", range_to="2026-01-04")
    assert history.rows_of(sunday, market, NOW) == []
    friday_close = instant_at(date(2026, 1, 2), time(15, 30))
    assert history.stamp_before(sunday, market, NOW) == (friday_close - MINUTE) // SECOND


def test_one_digit_months_and_days_are_understood() -> None:
    assert query(range_from="2026-1-6", range_to="2026-1-6") == query()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"range_from": "2026-01-06", "range_to": "2026-01-05"}, {"from"}),
        ({"range_from": "1767673800", "range_to": "1767673800"}, {"date_format"}),
        ({"range_from": "2026-19-12"}, {"date_format"}),
        ({"range_to": ""}, {"date_format"}),
        ({"date_format": "0"}, {"date_format"}),
        ({"date_format": "2"}, {"date_format"}),
        ({"range_from": "2026-01-07", "range_to": "2026-01-07"}, {"range_from"}),
        ({"range_from": "2026-01-08", "range_to": "2026-01-07"}, {"from", "range_from"}),
        ({"resolution": "7"}, {"resolution"}),
        ({"resolution": "1W"}, {"resolution"}),
    ],
)
def test_everything_wrong_with_the_parameters_is_listed_at_once(changes: dict[str, str], named: set[str]) -> None:
    body = refusal(**changes)
    assert (body["code"], body["message"]) == (-50, "Invalid input")
    assert set(body["data"]) == named


@pytest.mark.parametrize(("resolution", "longest"), [("D", "2025-01-05"), ("5", "2025-09-28")])
def test_the_longest_range_is_a_year_of_days_or_a_hundred_days_of_minutes(resolution: str, longest: str) -> None:
    assert query(resolution=resolution, range_from=longest).end > NOW
    too_early = str(date.fromisoformat(longest) - timedelta(days=1))
    assert refusal(resolution=resolution, range_from=too_early)["code"] == -339


def test_a_length_the_market_cannot_make_is_refused_by_name(market: GeneratedMarket) -> None:
    class DaysOnly(GeneratedMarket):
        def candles(
            self, symbol: str, timeframe: Timeframe, start: Instant, end: Instant, now: Instant
        ) -> list[Candle]:
            if timeframe is not Timeframe.D:
                raise DataError("this tape has days only")
            return super().candles(symbol, timeframe, start, end, now)

    with pytest.raises(Refusal, match="Invalid input"):
        history.rows_of(query(), DaysOnly(market.calendar, 7, (SBIN,)), NOW)
