"""Half a day in live mode over real sockets: trades, a report, an event log, and books that agree."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import events
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from trading.event_log import SqliteEventLog

from .conftest import DAY, Books, Hire, Open, assert_books_agree, assert_nothing_came_from_the_future, short_day

pytestmark = pytest.mark.e2e


def test_half_a_day_is_traded_reported_and_flat(open_market: Open, hire: Hire) -> None:
    market = open_market("13:10", 360)
    bot = hire(market, strategy={"name": "simple_ma_crossover", "params": {"fast": 2, "slow": 4}})
    bot.start()
    assert bot.wait() == 0, bot.said[-3000:]

    summary = bot.summary
    assert {"date", "mode", "trades", "net_pnl", "charges", "flat"} <= set(summary)
    assert summary["date"] == str(DAY)
    assert (summary["mode"], summary["flat"]) == ("live", True)
    assert summary["trades"] >= 1
    assert json.loads((market.home / "logs" / str(DAY) / "summary.json").read_text()) == summary

    archive = TickArchive(market.home / "archive")
    recorded = {symbol: archive.read_ticks(symbol, DAY) for symbol in summary["symbols"]}
    assert min(len(ticks) for ticks in recorded.values()) > 1_000
    assert all((np.diff(ticks.at) >= 0).all() and ticks.ltp.min() > 0 for ticks in recorded.values())

    happened = bot.events()
    assert isinstance(happened[0], events.Booted)
    assert len([event for event in happened if isinstance(event, events.TradeClosed)]) == summary["trades"]
    market.stop()
    books = Books.of(market)
    assert len(books.fills) >= 2 * summary["trades"]
    assert_books_agree(bot, books)
    assert_nothing_came_from_the_future(happened)


def test_the_live_process_opens_its_model_without_the_libraries_that_trained_it(
    open_market: Open, hire: Hire, trained: Path
) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, model={"path": str(trained)})
    bot.start()
    bot.wait_for("Feed data: live")
    bot.wait_for("Reconciled")
    loaded = Path(f"/proc/{bot.pid}/maps").read_text()
    assert bot.stop() == 0, bot.said
    assert "/numpy/" in loaded  # else this looks at the wrong process
    assert [name for name in ("sklearn", "scipy", "numba", "llvmlite") if f"/{name}/" in loaded] == []


def test_paper_trades_on_live_prices_and_sends_no_order(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 60)
    bot = hire(market, mode="paper", **short_day(market.home, "10:12", "10:13", "10:14"))
    bot.start()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said

    summary = bot.summary
    assert (summary["mode"], summary["flat"]) == ("paper", True)
    assert summary["trades"] >= 1
    with LiveTicks(market.home / "live_market_data.sqlite") as live:
        [day] = live.days()  # its market is open still: nobody has archived it
    assert day.ticks > 100
    market.stop()
    books = Books.of(market)
    assert (books.orders, books.fills) == ({}, ())


def test_a_day_on_candles_of_its_own_is_traded_flat_and_replays_identically(open_market: Open, hire: Hire) -> None:
    """Over the wire at sixty times the speed, half a market minute is what half a second is in earnest."""
    market = open_market("10:00", 60)
    settings = short_day(market.home, "10:14", "10:15", "10:16") | {"candles": {"source": "ticks", "wait": 30}}
    bot = hire(market, **settings)
    bot.start()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said

    candles = bot.summary["built_candles"]
    assert (bot.summary["flat"], bot.summary["trades"] >= 1) == (True, True)
    assert candles["built"] >= 15
    assert candles["compared"] == candles["identical"] >= 15
    happened = bot.events()
    decided = {(event.symbol, event.candle): event.at for event in happened if isinstance(event, events.Decided)}
    built = [event for event in happened if isinstance(event, events.CandleBuilt)]
    assert all(decided[event.symbol, event.candle.start] == event.at for event in built)
    assert asked_of_the_log(market.home, "replay", "--verify")["identical"]
    receipt = asked_of_the_log(market.home, "parity")
    assert receipt["unexplained"] == receipt["waterfall"]["unexplained"] == 0
    assert receipt["live_net"] == bot.summary["net_pnl"]
    assert round(receipt["backtest_net"] + sum(receipt["waterfall"].values()), 2) == receipt["live_net"]
    assert (receipt["prices"], receipt["waterfall"]["data_revision"], receipt["waterfall"]["features"]) == (
        "ticks",
        0,
        0,
    )


def asked_of_the_log(home: Path, verb: str, *options: str) -> dict[str, Any]:
    """Run a verb over the log of the bot; it must end well."""
    command = [sys.executable, "-m", "cli", verb, "--state", "bot", "--mode", "live", *options, "--json"]
    ended = subprocess.run(
        [*command, "--config", "bot.yaml"], cwd=home, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


TAPE_DAY = date(2023, 6, 1)
TAPE = Path(os.environ.get("NSE_DATA_DIR", "")) / "NSE_SBIN-EQ_5m_fyers.parquet"


@pytest.mark.skipif("NSE_DATA_DIR" not in os.environ, reason="NSE_DATA_DIR is not set: no recorded market to play")
def test_a_recorded_day_is_traded_from_the_command_line(home: Path) -> None:
    (home / "bot.yaml").write_text("strategy: {name: follow, folder: strategies}\nexits: {target_atr: 1.0}\n")
    command = [sys.executable, "-m", "cli", "trade", "--tape", str(TAPE), "--date", str(TAPE_DAY), "--speed", "600"]
    ended = subprocess.run(
        [*command, "--json", "--config", "bot.yaml"], cwd=home, capture_output=True, text=True, timeout=200, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    summary = json.loads(ended.stdout)
    assert {"date", "mode", "trades", "net_pnl", "charges", "flat"} <= set(summary)
    assert (summary["date"], summary["mode"], summary["flat"]) == (str(TAPE_DAY), "live", True)
    assert summary["symbols"] == ["NSE:SBIN-EQ"]
    assert summary["trades"] >= 1
    with SqliteEventLog(home / "data" / "runs" / f"{TAPE_DAY}-001" / "bot" / "live.sqlite") as log:
        assert_nothing_came_from_the_future(list(log.read()))
