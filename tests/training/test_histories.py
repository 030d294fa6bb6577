"""What is trained on is read a symbol at a time, from files or the store, and refused by name where it is not there."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from backtest.candle_sources import Range
from core.errors import ConfigurationError, DataError
from core.instants import ist_date
from core.market import Timeframe
from features.specification import FeatureSpecification
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from training.data_survey import survey
from training.dataset import Dataset, build
from training.histories import Histories, in_files, in_memory, shares_of, stored
from training.sources import generated

from .label_rules import RULE
from .test_train import write_candles

SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
FIRST, MIDDLE, LAST = date(2025, 1, 1), date(2025, 1, 15), date(2025, 1, 31)


@pytest.fixture(scope="module")
def made(calendar) -> Histories:
    return in_memory(generated(SYMBOLS, Timeframe.M5, FIRST, LAST, 3, calendar), Timeframe.M5, "made")


@pytest.fixture(scope="module")
def archive(made, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for history in made:
        ParquetCandleStore(folder).put(Series(history.symbol, Timeframe.M5), Days(FIRST, LAST), history.candles)
    return folder


def rows(histories: Histories, calendar, folder: Path | None = None) -> Dataset:
    specification = FeatureSpecification.default()
    return build(histories, specification, histories.timeframe, calendar, lambda _: RULE, folder)


def test_the_store_gives_the_rows_of_the_candles_that_were_put_in(made, archive, calendar, tmp_path):
    histories = stored(archive, SYMBOLS, Timeframe.M5, Range())
    found = rows(histories, calendar, tmp_path)

    assert found.fingerprint() == rows(made, calendar).fingerprint()
    assert [each.tick for each in histories] == [each.tick for each in made]
    assert (histories.symbols, histories.source, len(histories)) == (SYMBOLS, "candle store, of any day", 2)


@pytest.mark.parametrize("kind", ["store", "file"])
def test_candles_before_the_range_warm_up_the_features_and_teach_nothing(archive, calendar, tmp_path, kind):
    symbols, later = SYMBOLS[:1], Range(first=MIDDLE)
    if kind == "store":
        whole, part = (stored(archive, symbols, Timeframe.M5, days) for days in (Range(), later))
    else:
        path = write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)
        whole, part = (in_files([path], None, days) for days in (Range(), later))

    everything, found = rows(whole, calendar), rows(part, calendar)
    wanted = np.array([ist_date(at) >= MIDDLE for at in everything.closed_at.tolist()])

    assert found.fingerprint() == everything.at(np.flatnonzero(wanted)).fingerprint()
    assert ist_date(survey(part, calendar).first) == MIDDLE
    assert str(MIDDLE) in part.source


def test_candles_are_read_anew_each_time_and_one_symbol_at_a_time(made):
    asked: list[str] = []

    def read(symbol: str):
        asked.append(symbol)
        return made.read(symbol)

    histories = Histories(SYMBOLS, Timeframe.M5, "counted", read)
    first = next(iter(histories))

    assert (first.symbol, asked) == (SYMBOLS[0], [SYMBOLS[0]])
    assert len(list(histories)) == 2
    assert asked == [SYMBOLS[0], *SYMBOLS]


@pytest.mark.parametrize(
    ("symbols", "timeframe", "days", "words"),
    [
        (("NSE:TCS-EQ",), Timeframe.M5, Range(), "NSE:TCS-EQ: the store .* has no candles of it, it has NSE:INFY-EQ"),
        (
            SYMBOLS,
            Timeframe.M15,
            Range(),
            "NSE:SBIN-EQ: the store .* has 5m candles of it and none of 15m; give another",
        ),
        (
            SYMBOLS,
            Timeframe.M5,
            Range(first=date(2025, 6, 1)),
            "5m: the store has no candles from 2025-06-01 on, it has ",
        ),
        (SYMBOLS, Timeframe.M5, Range(first=FIRST, last=FIRST), r"\d+ usable rows for training"),
    ],
    ids=["symbol", "timeframe", "range", "rows"],
)
def test_what_the_store_has_not_is_refused_with_what_it_has(
    archive: Path, calendar, symbols: Sequence[str], timeframe: Timeframe, days: Range, words: str
):
    with pytest.raises(DataError, match=words) as refusal:
        rows(stored(archive, symbols, timeframe, days), calendar)
    assert "\n" not in str(refusal.value)


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    with pytest.raises(DataError, match=r"holds no candles yet; `fyersbot download-data` or `fyersbot import-data`"):
        stored(tmp_path, SYMBOLS, Timeframe.M5, Range())
    assert not list(tmp_path.iterdir())


def test_a_damaged_year_is_named(archive, made, tmp_path):
    store = ParquetCandleStore(tmp_path)
    store.put(Series(SYMBOLS[0], Timeframe.M5), Days(FIRST, LAST), next(iter(made)).candles)
    [year] = tmp_path.rglob("*.parquet")
    year.write_bytes(year.read_bytes()[:500])

    with pytest.raises(DataError, match=r"2025\.parquet: cannot be read"):
        list(stored(tmp_path, SYMBOLS[:1], Timeframe.M5, Range()))


def test_files_outside_the_range_or_of_another_timeframe_are_refused_by_name(tmp_path, calendar):
    path = write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)

    with pytest.raises(
        DataError, match=r"5m\.parquet: .*no candles to 2024-12-31; there are some .*another --timerange"
    ):
        list(in_files([path], None, Range(last=date(2024, 12, 31))))
    with pytest.raises(ConfigurationError, match=r"5m\.parquet: holds 5m candles; leave out --timeframe"):
        in_files([path], Timeframe.M15, Range())


@pytest.mark.parametrize("kind", ["store", "file"])
def test_candles_that_begin_after_the_range_or_end_before_it_are_noted(archive, calendar, tmp_path, kind):
    days = Range(first=date(2024, 6, 1), last=date(2025, 6, 30))
    if kind == "store":
        found = stored(archive, SYMBOLS[:1], Timeframe.M5, days)
    else:
        found = in_files([write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)], None, days)

    assert survey(found, calendar).notes == (
        "NSE:SBIN-EQ: the candles begin on 2025-01-01, the range on 2024-06-01",
        "NSE:SBIN-EQ: the candles end on 2025-01-31, the range on 2025-06-30",
    )


def test_an_index_is_left_out_of_the_symbols_and_refused_alone_and_as_a_file():
    assert shares_of(("NSE:NIFTY50-INDEX", *SYMBOLS)) == SYMBOLS
    with pytest.raises(ConfigurationError, match="NSE:NIFTY50-INDEX: nothing to train on, as an index is not traded"):
        shares_of(("NSE:NIFTY50-INDEX",))
    with pytest.raises(ConfigurationError, match="no symbol: nothing to train on"):
        shares_of(())
    with pytest.raises(ConfigurationError, match=r"5m\.parquet: NSE:NIFTY50-INDEX is an index, which is not traded"):
        in_files([Path("NSE_NIFTY50-INDEX_5m.parquet")], None, Range())
