from datetime import date
from pathlib import Path

import pytest

from backtest.candle_sources import Range
from core.errors import ConfigurationError
from core.market import Timeframe
from runtime.settings import PathSettings, Settings
from training.data_wish import GENERATED, DataWish
from training.train import TrainingOptions

FILE = Path("NSE_SBIN-EQ_5m.parquet")


def test_the_store_is_asked_for_by_its_word_and_spelt_as_for_a_backtest() -> None:
    wish = DataWish.of([Path("store")], ["NSE:SBIN-EQ,NSE:INFY-EQ"], "5M", "20230701-20231231")

    assert not wish.allow_holes
    assert TrainingOptions.of(Settings(), data=DataWish.of([], allow_holes=True)).allow_holes
    assert wish == DataWish(
        is_stored=True,
        symbols=("NSE:SBIN-EQ", "NSE:INFY-EQ"),
        timeframe=Timeframe.M5,
        span=Range(first=date(2023, 7, 1), last=date(2023, 12, 31)),
    )


def test_what_is_not_said_is_the_settings_or_the_files() -> None:
    settings = Settings(symbols=("NSE:TCS-EQ",), timeframe=Timeframe.M15, paths=PathSettings(archive=Path("here")))
    stored = TrainingOptions.of(settings, data=DataWish.of([Path("store")]))
    filed = TrainingOptions.of(settings, data=DataWish.of([FILE], days="20240101-"))
    neither = TrainingOptions.of(settings)

    assert (stored.store, stored.symbols, stored.timeframe) == (Path("here"), ("NSE:TCS-EQ",), Timeframe.M15)
    assert (filed.store, filed.data, filed.timeframe) == (None, (FILE,), None)
    assert filed.span.first == date(2024, 1, 1)
    assert (neither.store, neither.data, neither.first, neither.last) == (None, (), GENERATED.first, GENERATED.last)


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        (None, GENERATED.first, GENERATED.last),
        ("20250301-", date(2025, 3, 1), GENERATED.last),
        ("20240101-20240331", date(2024, 1, 1), date(2024, 3, 31)),
    ],
)
def test_a_range_also_says_what_is_generated(days: str | None, first: date, last: date) -> None:
    options = TrainingOptions.of(Settings(), data=DataWish.of([], days=days))

    assert (options.first, options.last) == (first, last)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (([Path("store"), FILE],), "--data store and --data FILE: give one or the other"),
        (([FILE], ["NSE:INFY-EQ"]), "--symbols NSE:INFY-EQ: of files their names say it; leave --symbols out"),
        (([], (), "7m"), "--timeframe 7m: must be one of"),
        (([], (), None, "2023"), "--timerange 2023: give two dates"),
    ],
)
def test_wishes_that_contradict_each_other_are_refused(wish: tuple, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        DataWish.of(*wish)
