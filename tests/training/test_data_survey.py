"""A training says of its candles what a backtest says of them, and refuses the same."""

from datetime import date, time

import numpy as np
import pytest

from core.errors import DataError
from core.instants import instant_at, ist_date
from core.market import Timeframe
from features.columns import CandleColumns
from training import data_survey
from training.data_survey import survey
from training.dataset import History
from training.histories import Histories, in_memory

from .walked_candles import BARS, FIRST, walked_history

SESSIONS = 10
ROWS = np.arange(SESSIONS * BARS)
SESSION, BAR = ROWS // BARS, ROWS % BARS
TUESDAY = date(2025, 1, 7)


def history(there=None, *, factor=None, symbol="NSE:SBIN-EQ", first=0, notes=()) -> History:
    """Two weeks of a share: the candles that are there, at prices times a factor."""
    candles = walked_history(1, SESSIONS).candles
    kept = np.ones(len(ROWS), dtype=bool) if there is None else there
    factors = np.ones(len(ROWS)) if factor is None else factor
    prices = (
        np.rint(each * factors).astype(np.int64)[kept]
        for each in (candles.opens, candles.highs, candles.lows, candles.closes)
    )
    return History(symbol, 5, CandleColumns(candles.starts[kept], *prices, candles.volumes[kept]), first, notes)


def of(*histories: History) -> Histories:
    return in_memory(histories, Timeframe.M5, "made")


def test_of_whole_candles_nothing_is_said_and_their_edges_are_those_of_all_symbols(calendar):
    found = survey(of(history(first=BARS), history(SESSION < 9, symbol="NSE:INFY-EQ", first=2 * BARS)), calendar)

    assert found.notes == ()
    assert found.first == instant_at(TUESDAY, time(9, 15))
    assert found.last == instant_at(date(2025, 1, 17), time(15, 25))


def test_holes_are_told_of_as_a_backtest_tells_them(calendar):
    there = (SESSION % 3 != 0) | (BAR < 15) | (BAR >= 45)

    assert survey(of(history(there)), calendar).notes == (
        "NSE:SBIN-EQ: 120 of 750 candles are missing; nothing is entered right after a hole",
    )


def test_a_split_is_suspected_where_no_night_leads(calendar):
    split = np.where(SESSION < 5, 1.0, 0.1)
    unadjusted = [history(factor=split, symbol=name) for name in ("NSE:SBIN-EQ", "NSE:INFY-EQ")]

    assert survey(of(*unadjusted), calendar).notes == (
        "NSE:SBIN-EQ, NSE:INFY-EQ: a split or bonus before 2025-01-13 is suspected; indicators run on across it",
    )


def test_what_only_warms_up_may_have_holes(calendar):
    assert survey(of(history(SESSION != 1, first=BARS)), calendar).notes == ()


def test_candles_of_which_more_than_a_fifth_are_missing_teach_only_on_request(calendar):
    holed = of(history((SESSION < 2) | (SESSION > 5)))

    with pytest.raises(DataError, match=r"300 of 750 candles are missing, among them 4 sessions.*--allow-holes"):
        survey(holed, calendar)
    assert len(survey(holed, calendar, allow_holes=True).notes) == 1


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (instant_at(FIRST, time(9, 0)), "lies outside the session"),
        (instant_at(date(2025, 1, 5), time(9, 15)), "lies on a day without trading"),
    ],
)
def test_a_candle_at_a_time_without_trading_is_refused(calendar, at, words):
    whole = history()
    starts = np.append(at, whole.candles.starts[1:])
    prices = whole.candles
    moved = CandleColumns(starts, prices.opens, prices.highs, prices.lows, prices.closes, prices.volumes)

    with pytest.raises(DataError, match=f"NSE:SBIN-EQ: candle .* {words}; clean the data"):
        survey(of(History("NSE:SBIN-EQ", 5, moved)), calendar)


def test_what_was_left_out_and_what_the_source_says_is_told_first(calendar):
    from_source = history(BAR != 3, notes=("NSE:SBIN-EQ: the candles end on 2025-01-17, the range on 2025-03-31",))
    histories = Histories(("NSE:SBIN-EQ",), Timeframe.M5, "made", {"NSE:SBIN-EQ": from_source}.__getitem__, ("left",))

    assert [each.split(": ")[-1][:11] for each in survey(histories, calendar).notes] == [
        "left",
        "the candles",
        "10 of 750 c",
    ]


def test_a_manifest_is_not_filled_with_notes(calendar, monkeypatch):
    monkeypatch.setattr(data_survey, "_MOST_NOTES", 2)
    halved_daily = history(factor=0.5**SESSION)

    notes = survey(of(halved_daily), calendar).notes
    assert (len(notes), notes[-1]) == (3, "7 notes more are left out here")


def test_symbols_are_looked_at_one_at_a_time(calendar):
    asked = []

    def read(symbol):
        asked.append(symbol)
        if symbol == "NSE:INFY-EQ":
            raise DataError("not there")
        return history(SESSION < 2)

    with pytest.raises(DataError, match="not there"):
        survey(Histories(("NSE:SBIN-EQ", "NSE:INFY-EQ", "NSE:TCS-EQ"), Timeframe.M5, "counted", read), calendar)
    assert asked == ["NSE:SBIN-EQ", "NSE:INFY-EQ"]


def test_the_last_day_is_that_of_the_last_candle(calendar):
    assert ist_date(survey(of(history(SESSION < 3)), calendar).last) == date(2025, 1, 8)
