"""Tables that are no single candle series: ticks, snapshots of a chain, and rows of a whole market."""

from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.instants import SECOND, instant_at
from market_data.days import midnight
from market_data.quality.coverage import Coverage, coverage_of
from market_data.quality.findings import Kind
from market_data.quality.judgement import Judgement
from market_data.quality.sources import Wish, file_sources
from market_data.trading_hours import HoursOf

from .conftest import MONDAY, Make

SATURDAY = MONDAY - timedelta(days=2)
Covered = Callable[..., Coverage]


@pytest.fixture
def covered(hours_of: HoursOf, tmp_path: Path) -> Covered:
    """Write tables by name and judge them."""

    def coverage(**tables: pd.DataFrame) -> Coverage:
        for name, table in tables.items():
            table.to_parquet(tmp_path / f"{name}.parquet")
        sources, left_out = file_sources([tmp_path], Wish())
        return coverage_of(sources, hours_of, Wish(), left_out)

    return coverage


def ticks(day: date = MONDAY, begin: time = time(9, 15), seconds: int = 22_500, **columns: object) -> pd.DataFrame:
    """One price a second, by default of a whole session."""
    times = pd.to_datetime([instant_at(day, begin) + each * SECOND for each in range(seconds)], utc=True)
    prices = [800.0 + each % 7 * 0.05 for each in range(seconds)]
    return pd.DataFrame({"timestamp": times.tz_convert("Asia/Kolkata"), "last_price": prices, **columns})


def counts(judgement: Judgement) -> dict[Kind, int]:
    return {each.kind: each.rows for each in judgement.findings}


def test_a_whole_session_of_ticks_has_nothing_to_tell(covered: Covered) -> None:
    (judgement,) = covered(day=ticks()).judgements
    assert (judgement.rows, judgement.whole, judgement.findings) == (22_500, 1, ())
    assert judgement.unit == "spans of 1m"


def test_a_gap_a_row_twice_and_a_step_back_are_counted(covered: Covered) -> None:
    table = ticks()
    torn = pd.concat([table[:100], table[99:100], table[400:402][::-1], table[402:]])
    (judgement,) = covered(day=torn).judgements
    assert counts(judgement) == {Kind.GAP: 1, Kind.EQUAL_DUPLICATES: 1, Kind.DISORDER: 1}
    gap = judgement.of_kind(Kind.GAP)
    assert gap is not None
    assert gap.largest == 301
    assert gap.spots[0].what == "5 min 1 s until 09:21:40"


def test_what_is_seen_outside_the_session_is_named_for_what_it_is(covered: Covered) -> None:
    (judgement,) = covered(day=ticks(begin=time(8, 59, 30), seconds=22_500 + 930 + 20)).judgements
    assert counts(judgement) == {Kind.BEFORE_OPEN: 30, Kind.PRE_OPEN: 900, Kind.AFTER_CLOSE: 20}


def test_a_recording_that_begins_late_is_partial(covered: Covered) -> None:
    (judgement,) = covered(day=ticks(begin=time(12, 0), seconds=12_600)).judgements
    assert counts(judgement) == {Kind.PARTIAL: 1}
    assert (judgement.partial, judgement.completeness) == (1, 210 / 375)


def test_a_copy_under_the_date_of_a_closed_day_is_named_with_its_original(covered: Covered) -> None:
    friday = SATURDAY - timedelta(days=1)
    first, copy = covered(day_1=ticks(friday), day_2=ticks(SATURDAY)).judgements
    assert first.findings == ()
    assert counts(copy) == {Kind.STALE: 22_500, Kind.NO_SESSION: 22_500}
    stale = copy.of_kind(Kind.STALE)
    assert stale is not None
    assert "day_1.parquet but for the date" in stale.what


def test_books_are_judged_by_their_own_last_price(covered: Covered) -> None:
    table = ticks()
    book = {"bid": table.last_price - 0.05, "ask": table.last_price + 0.05, "open_interest": 75.0}
    table = table.assign(**book)
    table.loc[:1, "bid"], table.loc[2:4, "ask"], table.loc[5:8, "open_interest"] = 801.0, 0.0, 0.5
    (judgement,) = covered(day=table).judgements
    assert counts(judgement) == {Kind.CROSSED: 2, Kind.EMPTY_SIDE: 3, Kind.FRACTIONS: 4}


def test_a_bid_above_the_last_price_is_an_ask(covered: Covered) -> None:
    table = ticks()
    (judgement,) = covered(day=table.assign(bid_price=table.last_price + 0.05)).judgements
    wrong = judgement.of_kind(Kind.WRONG_SIDE)
    assert wrong is not None
    assert wrong.what == "bid_price lies above the last price in 100% of the rows that differ: it is the ask"


def test_each_symbol_of_a_table_is_judged_for_itself(covered: Covered, make: Make) -> None:
    both = pd.concat([ticks(symbol="NSE:SBIN-EQ"), ticks(begin=time(12, 0), seconds=12_600, symbol="NSE:TCS-EQ")])
    raw = make()
    columns = dict(zip(("open", "high", "low", "close", "volume"), raw.columns[1:], strict=True))
    stamps = pd.to_datetime(raw.starts, utc=True).tz_convert("Asia/Kolkata")
    candles = pd.DataFrame({"timestamp": stamps, **columns})
    lacking = candles.drop(index=range(10))
    market = pd.concat([candles.assign(symbol="NSE:INFY-EQ"), lacking.assign(symbol="NSE:ITC-EQ")])
    judgements = covered(ticks=both, market=market).judgements
    assert {each.source: counts(each) for each in judgements} == {
        "market.parquet NSE:INFY-EQ": {},
        "market.parquet NSE:ITC-EQ": {Kind.PARTIAL: 10},
        "ticks.parquet NSE:SBIN-EQ": {},
        "ticks.parquet NSE:TCS-EQ": {Kind.PARTIAL: 1},
    }


def test_a_whole_market_is_judged_as_one(covered: Covered) -> None:
    days = pd.to_datetime([midnight(MONDAY), midnight(MONDAY + timedelta(days=1))], utc=True)
    rows = [(day, "X", strike, 0.0, 0.0, 0.0, 5.0, 0) for strike in range(30) for day in days]
    rows += [(day, "X", strike, 5.0, 6.0, 4.0, 5.0, 9) for strike in range(30, 40) for day in days]
    rows += rows[-1:]
    table = pd.DataFrame(rows, columns=["timestamp", "symbol", "strike", "open", "high", "low", "close", "volume"])
    table["timestamp"] = table.timestamp.dt.tz_convert("Asia/Kolkata")
    (judgement,) = covered(chain=table).judgements
    assert str(judgement.series) == "X 40 contracts"
    assert counts(judgement) == {Kind.UNTRADED: 60, Kind.CONTRADICTIONS: 1}


def test_snapshots_of_a_chain_are_judged_as_one(covered: Covered) -> None:
    strikes = [ticks().iloc[::65].rename(columns={"last_price": "calls_ltp"}) for _ in range(21)]
    table = pd.concat([each.assign(strike_price=place) for place, each in enumerate(strikes)])
    table = table.sort_values("timestamp", kind="stable")
    (judgement,) = covered(chain=table).judgements
    assert (judgement.rows, judgement.whole, judgement.findings) == (21 * 347, 1, ())
