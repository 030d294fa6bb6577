"""`fyersbot download-data` as a program that is killed: what it stored is whole, and the next one goes on."""

import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from core.market import Timeframe
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from trading.call_journal import CallJournal
from trading.rehearsal import bot_environment

from .conftest import DAY, Market, Open

pytestmark = pytest.mark.e2e

SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
YEARS = Days(date(2024, 1, 1), date(2025, 12, 31))
COMMAND = (
    *(sys.executable, "-m", "cli", "download-data", "--symbols", ",".join(SYMBOLS), "--timeframe", "5m,D", "--json"),
    *("--from", "2024-01-01", "--to"),
)
CALLS = 2 * (8 + 2)
"""Two years of five-minute candles take eight calls, daily ones two."""
SPEED = 20.0


def signed_in(market: Market) -> dict[str, str]:
    """What points the program at a market; it may take its time to answer, so that no call is made twice for that."""
    return {
        **bot_environment(market.plan, market.endpoints),
        "FYERSBOT__AUTH__ACCESS_TOKEN": market.endpoints["access_token"],
        "FYERSBOT__BROKER__READ_SECONDS": "600",
    }


def start(home: Path, environment: dict[str, str], to: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, to], cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: "subprocess.Popen[str]") -> dict[str, object]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def calls_made(home: Path) -> int:
    return len(list(CallJournal(home / "bot").calls(DAY)))


def candles(archive: Path) -> dict[Series, object]:
    store = ParquetCandleStore(archive)
    return {
        Series(symbol, timeframe): store.read(Series(symbol, timeframe), YEARS).candles()
        for symbol in SYMBOLS
        for timeframe in (Timeframe.M5, Timeframe.D)
    }


def test_a_download_that_is_killed_twice_is_as_one_that_was_not_and_makes_hardly_more_calls(
    open_market: Open, home: Path
) -> None:
    market = open_market("18:00", SPEED)
    environment = signed_in(market)
    for calls in (4, 11):
        process = start(home, environment, "2025-12-31")
        deadline = time.monotonic() + 60
        while calls_made(home) < calls:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.communicate()
    done = finish(start(home, environment, "2025-12-31"))

    assert done["complete"] is True
    # Each death costs the answer that was under way, and a tail is asked for where the next one goes on.
    assert calls_made(home) <= CALLS + 2 * 2
    untouched = {**os.environ, **environment, "FYERSBOT__PATHS__ARCHIVE": "other"}
    assert finish(start(home, untouched, "2025-12-31"))["requests"] == CALLS
    kept, whole = candles(market.plan.folder / "archive"), candles(home / "other")
    assert kept == whole
    assert all(whole.values())

    assert finish(start(home, environment, "2025-12-31"))["requests"] == 0
    assert finish(start(home, environment, DAY.isoformat()))["requests"] == 4
    assert finish(start(home, environment, DAY.isoformat()))["requests"] == 4


def test_limits_that_the_broker_enforces_are_never_broken(open_market: Open, home: Path) -> None:
    market = open_market("18:00", SPEED)
    environment = signed_in(market)
    both = [start(home, environment, "2025-12-31") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        assert "too many calls" not in err
        assert json.loads(out)["complete"] is True
