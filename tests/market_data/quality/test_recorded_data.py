"""Real files with known defects: each is found, and what is found besides is listed here, true or not."""

import csv
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.instants import SECOND, ist_date
from market_data.candles.raw_candles import RawCandles
from market_data.quality.coverage import Coverage, coverage_of
from market_data.quality.findings import Finding, Kind, Spot, Weight
from market_data.quality.judgement import Judgement
from market_data.quality.sources import Wish, file_sources
from market_data.quality.vendor_comparison import Comparison
from market_data.trading_hours import HoursOf

from .conftest import Judge

FIVE_MINUTES = ["RELIANCE", "SBIN", "HDFCBANK", "TCS", "INFY", "ICICIBANK", "ITC", "LT", "TATAMOTORS", "NESTLEIND"]
ONE_MINUTE = {"RELIANCE": 9, "SBIN": 13, "HDFCBANK": 12, "TCS": 9, "INFY": 13, "ICICIBANK": 7, "ITC": 2, "LT": 2}
BHAVCOPIES_FROM_2019 = [
    *FIVE_MINUTES,
    *("BAJFINANCE", "WIPRO", "MRF", "YESBANK", "ADANIENT", "HDFC", "NIFTYBEES"),
]
BHAVCOPIES = [*BHAVCOPIES_FROM_2019, "IRCTC", "PAYTM"]
SPLITS = {
    "NIFTYBEES": "2019-12-19",
    "IRCTC": "2021-10-28",
    "NESTLEIND": "2024-01-05",
    "RELIANCE": "2024-10-28",
    "WIPRO": "2024-12-03",
}

SNAPSHOTS, FUTURES = "NSE_NIFTY_chain_snapshots_20250829", "NSE_FUT_ticks_2025-11-17"

TOLD = {
    *((f"NSE_{name}-EQ_5m", kind) for name in FIVE_MINUTES for kind in (Kind.EQUAL_DUPLICATES, Kind.DISORDER)),
    ("NSE_RELIANCE-EQ_5m", Kind.PARTIAL),
    *(("NSE_SBIN-EQ_5m_fyers", kind) for kind in (Kind.EQUAL_DUPLICATES, Kind.DISORDER, Kind.CLOSING_BAR)),
    *(("NSE_SBIN-EQ_1m_fyers", kind) for kind in (Kind.ABSENT, Kind.STRAY)),
    *((f"NSE_{name}-EQ_1m", Kind.DISORDER) for name in ONE_MINUTE),
    *(
        (f"NSE_{name}-INDEX_1m", kind)
        for name in ("NIFTY50", "NIFTYBANK", "FINNIFTY")
        for kind in (Kind.CLOSING_BAR, Kind.AFTER_CLOSE)
    ),
    *(("NSE_NIFTYBANK-INDEX_15m", kind) for kind in (Kind.IMPOSSIBLE, Kind.ABSENT)),
    ("NSE_RELIANCE-EQ_5m_yahoo", Kind.FIRST_WITHOUT_VOLUME),
    ("NSE_NIFTY50-INDEX_5m_yahoo", Kind.OFF_PAISA),
    *((f"NSE_NIFTY_ATM_{side}_5m", Kind.SPLICED) for side in ("CE", "PE")),
    *((f"NSE_{name}-EQ_1d", Kind.ABSENT) for name in BHAVCOPIES),
    *((f"NSE_{name}-EQ_1d", Kind.STRAY) for name in BHAVCOPIES_FROM_2019),
    *((f"NSE_{name}-EQ_1d", Kind.CORPORATE_ACTION) for name in SPLITS),
    ("NSE_NIFTYBEES-EQ_1d", Kind.LONELY_OPEN),
    *((f"NSE_{name}-EQ_1d_yahoo", Kind.OFF_PAISA) for name in ("INFY", "ITC")),
    *((f"NSE_{name}_FO_eod_2026-01-05_2026-01-09", Kind.UNTRADED) for name in ("NIFTY", "SBIN")),
    *((SNAPSHOTS, kind) for kind in (Kind.GAP, Kind.EMPTY_SIDE)),
    *(
        (f"{FUTURES}.parquet {name}", kind)
        for name in ("RELIND", "TCS")
        for kind in (Kind.WRONG_SIDE, Kind.EQUAL_DUPLICATES, Kind.DISORDER, Kind.GAP)
    ),
    *((f"NSE_NIFTY50-INDEX_1s_2022-08-{day}", Kind.PRE_OPEN) for day in (12, 29)),
    ("NSE_NIFTY50-INDEX_1s_2022-11-12", Kind.NO_SESSION),
}
"""What the notes that came with the files say, as defects and doubts."""

UNTOLD_AND_TRUE = {
    ("NSE_INFY-EQ_60m", Kind.ABSENT),  # 2025-01-09 was traded
    *((f"NSE_{name}-INDEX_1m", Kind.ABSENT) for name in ("NIFTY50", "NIFTYBANK")),  # three ordinary days
    ("NSE_HDFCBANK-EQ_1m", Kind.FROZEN),  # three minutes filled in
    ("NSE_HDFCBANK-EQ_1d", Kind.CORPORATE_ACTION),  # the split of September 2019, inside the hole
    # Yahoo lacks special sessions and some ordinary days, and fills holidays in; the ITC series changes its level by
    # 4.7 in 2005, where a split was adjusted on the wrong day.
    *((f"NSE_{name}-EQ_1d_yahoo", kind) for name in ("INFY", "ITC") for kind in (Kind.ABSENT, Kind.FROZEN)),
    ("NSE_ITC-EQ_1d_yahoo", Kind.CORPORATE_ACTION),
    ("NSE_INFY-EQ_1d_yahoo", Kind.LONELY_OPEN),
    *((f"NSE_{name}-EQ_1d_yahoo", Kind.NO_SESSION) for name in ("INFY", "ITC")),  # two election days among them
    *((f"NSE_NIFTY50-INDEX_1s_2022-08-{day}", Kind.AFTER_CLOSE) for day in (12, 29)),  # five minutes at most
    *((f"{FUTURES}.parquet {name}", Kind.PARTIAL) for name in ("RELIND", "TCS")),  # an hour of a day
    *((SNAPSHOTS, kind) for kind in (Kind.PARTIAL, Kind.UNTRADED)),  # from 09:24; strikes without a trade
}

SPECIAL_DAYS = {
    *("2011-10-26", "2012-11-13", "2015-11-11", "2016-10-30", "2019-10-27", "2020-11-14"),
    *("2012-04-28", "2014-03-22", "2015-02-28", "2020-02-01"),
}
"""Evenings of Diwali whose hours are known, Saturdays and budget days: Yahoo has no row of them."""
ORDINARY_HOLES = {"2009-01-01", "2009-12-23", "2012-10-26", "2019-02-13", "2019-03-29"}
"""Where the two Yahoo files have a hole in the week; the second is of seven sessions."""


@pytest.fixture(scope="module")
def coverage(real_data: Path, hours_of: HoursOf) -> Coverage:
    sources, skipped = file_sources([real_data], Wish())
    return coverage_of(sources, hours_of, Wish(), skipped)


def of(coverage: Coverage, name: str) -> Judgement:
    return next(each for each in coverage.judgements if each.source == f"{name}.parquet")


def found(coverage: Coverage, name: str, kind: Kind) -> Finding:
    finding = of(coverage, name).of_kind(kind)
    assert finding is not None, f"{name}: {kind}"
    return finding


def days(spots: tuple[Spot, ...]) -> dict[str, int]:
    return {ist_date(spot.at).isoformat(): spot.rows for spot in spots}


def compared(coverage: Coverage, first: str, second: str) -> Comparison:
    names = (f"{first}.parquet", f"{second}.parquet")
    return next(each for each in coverage.comparisons if (each.first, each.second) == names)


def test_every_file_of_candles_is_judged_and_every_other_is_named(coverage: Coverage) -> None:
    assert len(coverage.judgements) == 69
    told = (each.partition(": ")[2] for each in coverage.left_out.skipped)
    reasons = Counter(re.split(r"[:,;] | \(one", each)[0] for each in told)
    assert reasons == {
        "rows of many contracts (a bhavcopy)": 1,  # a symbol master
        "its columns are not those of candles": 4,  # the calendar, the evidence, the manifest
        "no separator splits every line into 5 columns or more": 2,
        "rows without a header that do not prove to be candles": 5,  # symbol masters
    }
    assert coverage.left_out.unread == ()


def test_what_is_found_is_known_and_true(coverage: Coverage) -> None:
    alarms = {
        (each.source.removesuffix(".parquet"), finding.kind)
        for each in coverage.judgements
        for weight in (Weight.DEFECT, Weight.DOUBT)
        for finding in each.of_weight(weight)
    }
    assert alarms - TOLD - UNTOLD_AND_TRUE == set()
    assert TOLD - alarms == set()
    assert UNTOLD_AND_TRUE - alarms == set()


@pytest.mark.parametrize("name", ["INFY", "ITC"])
def test_in_sixteen_years_of_a_vendor_nothing_is_called_absent_that_is_there_nor_strange_that_was_traded(
    coverage: Coverage, name: str
) -> None:
    absent = days(found(coverage, f"NSE_{name}-EQ_1d_yahoo", Kind.ABSENT).spots)
    strange = days(found(coverage, f"NSE_{name}-EQ_1d_yahoo", Kind.NO_SESSION).spots)
    assert absent.keys() == SPECIAL_DAYS | ORDINARY_HOLES
    frozen = days(found(coverage, f"NSE_{name}-EQ_1d_yahoo", Kind.FROZEN).spots)
    assert strange.keys() == frozen.keys(), "a row on a day without session that shows a trade"


@pytest.mark.parametrize("name", FIVE_MINUTES)
def test_the_five_minute_files_have_two_days_twice_and_three_special_sessions(coverage: Coverage, name: str) -> None:
    twice = found(coverage, f"NSE_{name}-EQ_5m", Kind.EQUAL_DUPLICATES)
    assert days(twice.spots) == {"2023-10-09": 75, "2024-01-17": 75}
    special = found(coverage, f"NSE_{name}-EQ_5m", Kind.SPECIAL)
    assert days(special.spots) == {"2023-11-12": 12, "2024-01-20": 75, "2024-03-02": 21}


def test_the_morning_of_a_demerger_is_partial(coverage: Coverage) -> None:
    (spot,) = found(coverage, "NSE_RELIANCE-EQ_5m", Kind.PARTIAL).spots
    assert (ist_date(spot.at), spot.what) == (date(2023, 7, 20), "lacks 09:15 to 09:55")


def test_the_fyers_file_has_seams_two_closing_bars_and_muhurat(coverage: Coverage) -> None:
    name = "NSE_SBIN-EQ_5m_fyers"
    assert days(found(coverage, name, Kind.EQUAL_DUPLICATES).spots) == {"2022-12-19": 75, "2023-06-19": 75}
    assert days(found(coverage, name, Kind.CLOSING_BAR).spots) == {"2023-04-18": 1, "2023-06-20": 1}
    assert days(found(coverage, name, Kind.SPECIAL).spots) == {"2022-10-24": 12}


@pytest.mark.parametrize(("name", "steps"), ONE_MINUTE.items())
def test_the_one_minute_files_of_2016_are_not_sorted_but_whole(coverage: Coverage, name: str, steps: int) -> None:
    assert found(coverage, f"NSE_{name}-EQ_1m", Kind.DISORDER).rows == steps
    assert of(coverage, f"NSE_{name}-EQ_1m").whole == 18


@pytest.mark.parametrize("name", ["NIFTY50", "NIFTYBANK"])
def test_the_indices_run_on_after_the_close_of_a_saturday(coverage: Coverage, name: str) -> None:
    late = [found(coverage, f"NSE_{name}-INDEX_1m", kind) for kind in (Kind.CLOSING_BAR, Kind.AFTER_CLOSE)]
    assert sum(each.rows for each in late) == 167
    assert all(set(days(each.spots)) == {"2024-01-20"} for each in late)
    assert found(coverage, f"NSE_{name}-INDEX_1m", Kind.NO_VOLUME).rows == 29_522


def test_the_fifteen_minute_file_has_377_impossible_candles(coverage: Coverage) -> None:
    finding = found(coverage, "NSE_NIFTYBANK-INDEX_15m", Kind.IMPOSSIBLE)
    assert (finding.rows, finding.largest) == (377, pytest.approx(80.1))
    assert sum(spot.what == "by 0.05" for spot in finding.spots) > 300


def test_finnifty_has_closing_bars_and_a_day_that_runs_on(coverage: Coverage) -> None:
    assert found(coverage, "NSE_FINNIFTY-INDEX_1m", Kind.CLOSING_BAR).rows == 12
    assert days(found(coverage, "NSE_FINNIFTY-INDEX_1m", Kind.AFTER_CLOSE).spots) == {"2026-04-28": 9}


def test_the_bhavcopies_begin_with_a_stray_session_and_lack_two(coverage: Coverage) -> None:
    finding = found(coverage, "NSE_SBIN-EQ_1d", Kind.ABSENT)
    assert days(finding.spots) == {"2019-08-26": 24, "2021-11-04": 1, "2022-08-08": 1}
    assert days(found(coverage, "NSE_SBIN-EQ_1d", Kind.STRAY).spots) == {"2019-08-23": 1}


def test_shares_that_were_merged_listed_and_renamed_are_shorter_than_their_fellows(coverage: Coverage) -> None:
    shorter = {
        each.source: tuple(ist_date(spot.at).isoformat() for spot in finding.spots)
        for each in coverage.judgements
        if (finding := each.of_kind(Kind.SHORTER))
    }
    assert shorter == {
        "NSE_HDFC-EQ_1d.parquet": ("2023-07-12",),
        "NSE_IRCTC-EQ_1d.parquet": ("2019-10-14",),
        "NSE_LTIM-EQ_1d.parquet": ("2022-12-05",),
        "NSE_PAYTM-EQ_1d.parquet": ("2021-11-18",),
    }


def test_every_corporate_action_of_the_evidence_is_found_and_no_other_gap_taken_for_one(
    coverage: Coverage, real_data: Path
) -> None:
    with (real_data / "daily/corporate_action_evidence.csv").open() as file:
        rows = list(csv.DictReader(file))
    listing = ("IRCTC", "2019-10-14")
    missed = []
    for row in rows:
        name, day = row["symbol"], row["date"]
        if row["evidence"] == "adjusted_to_raw_factor_change":
            comparison = compared(coverage, f"NSE_{name}-EQ_1d", f"NSE_{name}-EQ_1d_adj")
            changes = {at.isoformat(): ratio for at, ratio in comparison.changes}
            assert changes[day] == pytest.approx(float(row["ratio"]), rel=1e-3)
        elif (name, day) != listing:
            kinds = (Kind.CORPORATE_ACTION, Kind.LONELY_OPEN, Kind.OVERNIGHT_GAP)
            judgement = of(coverage, f"NSE_{name}-EQ_1d")
            seen = [kind for kind in kinds if (each := judgement.of_kind(kind)) and day in days(each.spots)]
            if SPLITS.get(name) == day:
                assert seen == [Kind.CORPORATE_ACTION]
            elif len(seen) != 1 or Kind.CORPORATE_ACTION in seen:
                missed.append((name, day))
    assert missed == []


def test_two_vendors_of_one_share_differ_as_measured(coverage: Coverage) -> None:
    comparison = compared(coverage, "NSE_SBIN-EQ_5m", "NSE_SBIN-EQ_5m_fyers")
    assert comparison.common == 4125
    assert comparison.same_close == pytest.approx(0.61, abs=0.005)
    assert comparison.beyond_tick == pytest.approx(0.20, abs=0.005)
    assert comparison.largest == pytest.approx(0.45)
    assert comparison.volume_difference == pytest.approx(0.004, abs=0.001)


def test_the_official_close_is_not_the_last_trade(coverage: Coverage) -> None:
    pairs = [compared(coverage, f"NSE_{name}-EQ_1d", f"NSE_{name}-EQ_5m") for name in FIVE_MINUTES]
    assert all(0.0005 < each.median_difference < 0.0012 for each in pairs)
    assert all(each.largest_share < 0.0091 for each in pairs if "INFY" not in each.first)
    infy = compared(coverage, "NSE_INFY-EQ_1d", "NSE_INFY-EQ_5m")
    assert (ist_date(infy.largest_at), round(infy.largest_share, 4)) == (date(2024, 1, 11), 0.0175)


def test_a_later_bonus_is_seen_as_another_level(coverage: Coverage) -> None:
    for name in ("HDFCBANK", "NESTLEIND"):
        comparison = compared(coverage, f"NSE_{name}-EQ_1d", f"NSE_{name}-EQ_1d_adj")
        assert comparison.is_apart
        assert comparison.factor == pytest.approx(0.5, rel=1e-3)


def test_an_answer_of_the_broker_runs_on_to_four_o_clock(real_data: Path, judged: Judge) -> None:
    exchanges = json.loads((real_data / "fyers/history_captures.json").read_text())
    rows = next(rows for each in exchanges if len(rows := each["response"].get("candles", [])) == 85)
    table = np.array(rows, dtype=np.float64).T
    raw = RawCandles(table[0].astype(np.int64) * SECOND, *table[1:])
    judgement = judged(raw)
    outside = (Kind.BEFORE_OPEN, Kind.CLOSING_BAR, Kind.AFTER_CLOSE)
    counts = [finding.rows if (finding := judgement.of_kind(kind)) else 0 for kind in outside]
    assert counts == [3, 1, 6]
    assert judgement.whole == judgement.sessions == 1


@pytest.mark.parametrize(("name", "rows", "untraded"), [("NIFTY", 7501, 2319), ("SBIN", 1175, 589)])
def test_contracts_without_a_trade_are_no_candles(coverage: Coverage, name: str, rows: int, untraded: int) -> None:
    judgement = of(coverage, f"NSE_{name}_FO_eod_2026-01-05_2026-01-09")
    assert (judgement.rows, judgement.sessions, judgement.whole) == (rows, 5, 5)
    assert [(each.kind, each.rows) for each in judgement.findings] == [(Kind.UNTRADED, untraded)]


def test_the_bid_of_the_futures_ticks_is_an_ask(coverage: Coverage) -> None:
    parts = [f"{FUTURES}.parquet {name}" for name in ("RELIND", "TCS")]
    judgements = [each for each in coverage.judgements if each.source in parts]
    kinds = (Kind.EQUAL_DUPLICATES, Kind.DISORDER, Kind.GAP)
    counts = [[finding.rows for kind in kinds if (finding := each.of_kind(kind))] for each in judgements]
    assert counts == [[303, 19, 1], [299, 19, 1]]
    gaps = [finding.largest for each in judgements if (finding := each.of_kind(Kind.GAP))]
    assert gaps == [pytest.approx(2274.17, abs=0.01), pytest.approx(2286.30, abs=0.01)]
    sides = [finding.what for each in judgements if (finding := each.of_kind(Kind.WRONG_SIDE))]
    assert all(what.startswith("bid_price_2 ") and what.endswith("it is the ask") for what in sides)
    assert len(sides) == 2


def test_prices_of_the_pre_open_are_named_and_a_saturday_is_no_session(coverage: Coverage) -> None:
    early = found(coverage, "NSE_NIFTY50-INDEX_1s_2022-08-12", Kind.PRE_OPEN)
    assert [(spot.rows, spot.what) for spot in early.spots] == [(891, "16529.40 to 17659.65, then 17659.65")]
    assert found(coverage, "NSE_NIFTY50-INDEX_1s_2022-08-29", Kind.PRE_OPEN).rows == 797
    assert found(coverage, "NSE_NIFTY50-INDEX_1s_2022-11-12", Kind.NO_SESSION).rows == 23_582


def test_the_chain_has_gaps_and_empty_sides_and_whole_numbers(coverage: Coverage) -> None:
    finding = found(coverage, SNAPSHOTS, Kind.GAP)
    assert (finding.rows, finding.largest) == (4, 1132)
    assert found(coverage, SNAPSHOTS, Kind.EMPTY_SIDE).rows == 8
    assert of(coverage, SNAPSHOTS).of_kind(Kind.FRACTIONS) is None
