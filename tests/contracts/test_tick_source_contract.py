"""What every source of recorded ticks promises a backtest."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest

from backtest.bar_ticks import TickSource
from core.errors import DataError
from core.instants import SECOND, instant_at
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from market_data.ticks.tick_files import TickFile, is_tick_file

TUESDAY, WEDNESDAY = date(2026, 1, 6), date(2026, 1, 7)
SBIN, M_AND_M = "NSE:SBIN-EQ", "NSE:M&M-EQ"
OPEN = instant_at(TUESDAY, time(9, 15))
PRICES = [80_000, 80_005, 79_995]


def whole_archive(archive: Path) -> TickSource:
    return TickArchive(archive)


def one_file(archive: Path) -> TickSource:
    [path] = archive.rglob("symbol=NSE%3ASBIN-EQ/*.parquet")
    return TickFile(path)


@pytest.fixture(params=[whole_archive, one_file])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> TickSource:
    make: Callable[[Path], TickSource] = request.param
    with LiveTicks(tmp_path / "live.sqlite") as live:
        for symbol in (SBIN, M_AND_M):
            heard = [(OPEN + n * SECOND, symbol, OPEN, price, 0, 0, n) for n, price in enumerate(PRICES)]
            live.append(TUESDAY, heard, {symbol: 2})
        TickArchive(tmp_path / "archive").move_in(live, live.days()[0])
    return make(tmp_path / "archive")


def test_it_names_the_days_that_it_has(source: TickSource) -> None:
    assert list(source.days(SBIN)) == [TUESDAY]
    assert list(source.days("NSE:OTHER-EQ")) == []


def test_it_gives_the_ticks_of_a_day_in_the_order_they_were_heard(source: TickSource) -> None:
    ticks = source.read_ticks(SBIN, TUESDAY)
    assert ticks.ltp.tolist() == PRICES
    assert ticks.received.tolist() == [OPEN + n * SECOND for n in range(3)]
    assert (ticks.at.tolist(), ticks.scale) == ([OPEN] * 3, 2)


@pytest.mark.parametrize(("symbol", "day"), [(SBIN, WEDNESDAY), ("NSE:OTHER-EQ", TUESDAY)])
def test_it_refuses_what_it_does_not_have(source: TickSource, symbol: str, day: date) -> None:
    with pytest.raises(DataError, match=str(day)):
        source.read_ticks(symbol, day)


def test_a_file_of_anything_else_is_none_of_ticks(tmp_path: Path) -> None:
    path = tmp_path / "candles.parquet"
    path.write_text("open,high,low,close")
    assert not is_tick_file(path)
    assert not is_tick_file(tmp_path)
    with pytest.raises(DataError):
        TickFile(path)
