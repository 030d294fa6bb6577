"""What somebody typed, understood or refused."""

from datetime import date, time

import pytest

from core.errors import (
    AuthenticationError,
    BrokerError,
    ConfigurationError,
    DataError,
    RateLimitError,
    StorageError,
)
from core.instants import instant_at
from core.market import Timeframe
from market_data.candles.candle_store import Series
from market_data.days import Days
from market_data.history.download import Outcome, SeriesReport
from runtime.settings import Settings
from trading.history_download import Downloaded, DownloadWish, wish_of

TODAY = date(2026, 1, 6)


class Noon:
    def now(self) -> int:
        return instant_at(TODAY, time(12, 0))


def wish(symbols=(), timeframes=None, first=date(2025, 12, 1), last=None) -> DownloadWish:
    settings = Settings(symbols=("NSE:TCS-EQ",), timeframe=Timeframe.M15)
    return wish_of(settings, Noon(), symbols=symbols, timeframes=timeframes, first=first, last=last, with_empty=False)


def outcome(*errors: str, stopped_by=None, new: int = 0) -> Downloaded:
    reports = tuple(
        SeriesReport(Series(f"NSE:S{number}-EQ", Timeframe.D), 5, error=error, new=new)
        for number, error in enumerate(errors)
    )
    return Downloaded(wish(), Outcome(reports, stopped_by), 1.0)


def test_symbols_come_between_commas_and_in_several_options_each_once() -> None:
    symbols = ["NSE:SBIN-EQ, NSE:INFY-EQ", "NSE:SBIN-EQ", "NSE:M&M-EQ,"]
    assert wish(symbols).symbols == ("NSE:SBIN-EQ", "NSE:INFY-EQ", "NSE:M&M-EQ")


def test_every_symbol_is_wanted_in_every_timeframe() -> None:
    assert [str(series) for series in wish(["NSE:A-EQ,NSE:B-EQ"], "1m,D").series] == [
        "NSE:A-EQ 1m",
        "NSE:A-EQ D",
        "NSE:B-EQ 1m",
        "NSE:B-EQ D",
    ]


def test_what_is_not_typed_comes_from_the_settings_and_ends_today() -> None:
    assert wish() == DownloadWish(
        symbols=("NSE:TCS-EQ",), timeframes=(Timeframe.M15,), days=Days(date(2025, 12, 1), TODAY)
    )


@pytest.mark.parametrize("timeframes", ["", "1", "1m;5m", "5m,1h"])
def test_a_timeframe_that_is_none_is_named_with_those_there_are(timeframes: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--timeframe .*: must be one of 1m, 3m, 5m, 15m, 60m, D"):
        wish(timeframes=timeframes)


def test_a_series_that_is_not_whole_makes_the_command_fail_with_the_first_reason() -> None:
    done = outcome("", "refused", "refused too")
    assert isinstance(done.failure, DataError)
    assert str(done.failure) == (
        "2 of 3 series are not whole; NSE:S1-EQ D: refused; what came is stored, run it again for the rest"
    )
    assert outcome("", "").failure is None


def test_a_dead_token_that_stopped_a_download_is_its_failure() -> None:
    error = AuthenticationError("run `fyersbot login`")
    assert outcome("gone", stopped_by=error).failure is error


def test_a_disk_that_stopped_a_download_is_told_with_what_to_do() -> None:
    failure = outcome("gone", stopped_by=StorageError("2025.parquet cannot be written: no space left")).failure
    assert isinstance(failure, StorageError)
    assert str(failure) == (
        "2025.parquet cannot be written: no space left; what came is stored, make room there and run it again for the "
        "rest"
    )


@pytest.mark.parametrize("error", [BrokerError("no answer"), RateLimitError("too many calls")])
def test_what_may_pass_is_told_with_what_to_do(error: BrokerError) -> None:
    failure = outcome("gone", stopped_by=error).failure
    assert isinstance(failure, BrokerError)
    assert str(failure) == f"{error}; what came is stored, run it again later for the rest"


def test_a_download_that_brought_something_has_that_to_tell() -> None:
    error = BrokerError("gone")
    assert not outcome("gone", stopped_by=error).has_achieved
    assert outcome("gone", stopped_by=error, new=1).has_achieved


def test_symbols_that_are_empty_are_refused_and_do_not_mean_those_of_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="--symbols '' names none"):
        wish([""])
