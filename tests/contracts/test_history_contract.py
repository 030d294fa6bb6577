"""What every adapter of the port `HistorySource` promises. One takes part by a fixture `archive`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise

import pytest

from core.errors import BrokerError
from core.instants import Instant, instant_at, ist_date, minute_of_day
from core.market import Timeframe
from core.ports import HistorySource
from simulator.market_history import MarketHistory

SBIN = "NSE:SBIN-EQ"
TUESDAY = date(2026, 1, 6)
OPEN_MINUTE = 9 * 60 + 15


@dataclass(frozen=True)
class Archive:
    """A source with SBIN's past, in the open market of `TUESDAY`."""

    source: HistorySource
    now: Callable[[], Instant]


class HistoryContract:
    """Subclasses provide the fixture `archive`."""

    @pytest.mark.parametrize("timeframe", [Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.M60])
    def test_the_newest_candle_is_the_last_one_that_closed(self, archive: Archive, timeframe: Timeframe):
        before = archive.now()
        candles = archive.source.get_historical_data(SBIN, timeframe, 30)
        after = archive.now()

        assert len(candles) == 30
        assert before - timeframe.duration < candles[-1].start + timeframe.duration <= after

    @pytest.mark.parametrize("timeframe", [Timeframe.M3, Timeframe.M60])
    def test_candles_are_in_order_on_the_grid_of_their_sessions(self, archive: Archive, timeframe: Timeframe):
        candles = archive.source.get_historical_data(SBIN, timeframe, 200)

        assert len(candles) == 200
        assert all(before.start < after.start for before, after in pairwise(candles))
        assert all((minute_of_day(candle.start) - OPEN_MINUTE) % timeframe.minutes == 0 for candle in candles)
        assert all(ist_date(candle.start).weekday() < 5 for candle in candles)

    def test_a_daily_candle_is_known_only_after_its_session(self, archive: Archive):
        candles = archive.source.get_historical_data(SBIN, Timeframe.D, 10)

        assert len(candles) == 10
        assert candles[-1].start == instant_at(TUESDAY - timedelta(days=1), time(5, 30))

    def test_asking_again_gives_the_same_candles(self, archive: Archive):
        first = archive.source.get_historical_data(SBIN, Timeframe.M15, 20)
        second = archive.source.get_historical_data(SBIN, Timeframe.M15, 20)

        common = {candle.start: candle for candle in first}
        assert all(common.get(candle.start, candle) == candle for candle in second)
        assert len(common) == 20

    def test_a_symbol_nobody_knows_is_an_error_and_not_an_empty_history(self, archive: Archive):
        with pytest.raises(BrokerError, match="NSE:NOSUCHSHARE-EQ"):
            archive.source.get_historical_data("NSE:NOSUCHSHARE-EQ", Timeframe.M5, 10)


class TestFyersClientAgainstTheSimulator(HistoryContract):
    @pytest.fixture
    def archive(self, open_market) -> Archive:
        return Archive(source=open_market.client, now=open_market.clock.now)


class TestMarketHistory(HistoryContract):
    @pytest.fixture
    def archive(self, quiet_market) -> Archive:
        return Archive(source=MarketHistory(quiet_market.market, quiet_market.clock), now=quiet_market.clock.now)
