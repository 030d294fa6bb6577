"""What every adapter of the port `HistoryRange` promises. One takes part by a fixture `archive`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

import pytest

from core.errors import BrokerError
from core.instants import Instant, instant_at, ist_date
from core.market import Timeframe
from core.ports import HistoryRange
from market_data.candles.candle_store import MemoryCandleStore, Series
from market_data.days import Days
from market_data.history.download import Download, plan_all
from simulator.market_history import MarketHistory

from .conftest import WeekdayCalendar

SBIN = "NSE:SBIN-EQ"
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
WEEK = Days(date(2025, 12, 29), date(2026, 1, 2))


@dataclass(frozen=True)
class Archive:
    """A source with SBIN's past, in the open market of `TUESDAY`."""

    source: HistoryRange
    clock: object
    now: Callable[[], Instant]


class HistoryRangeContract:
    """Subclasses provide the fixture `archive`."""

    @pytest.mark.parametrize(("timeframe", "bars"), [(Timeframe.M1, 375), (Timeframe.M15, 25), (Timeframe.D, 1)])
    def test_both_ends_of_a_range_are_in_it_and_nothing_else_is(self, archive: Archive, timeframe, bars):
        candles = archive.source.get_candles(SBIN, timeframe, WEEK.first, WEEK.last)

        assert [ist_date(candle.start) for candle in candles] == [day for day in WEEK for _ in range(bars)]
        assert all(before.start < after.start for before, after in pairwise(candles))

    def test_a_daily_candle_is_stamped_as_at_fyers(self, archive: Archive):
        (candle,) = archive.source.get_candles(SBIN, Timeframe.D, MONDAY, MONDAY)

        assert candle.start == instant_at(MONDAY, time(5, 30))

    def test_the_candle_that_is_forming_is_among_the_rows(self, archive: Archive):
        candles = archive.source.get_candles(SBIN, Timeframe.M60, TUESDAY, TUESDAY)

        assert candles[-1].start + Timeframe.M60.duration > archive.now() - Timeframe.M1.duration
        assert candles[-1].start <= archive.now()

    def test_days_without_trading_are_empty_and_no_error(self, archive: Archive):
        assert archive.source.get_candles(SBIN, Timeframe.M5, date(2026, 1, 3), date(2026, 1, 4)) == ()

    def test_a_symbol_nobody_knows_is_an_error_and_not_an_empty_history(self, archive: Archive):
        with pytest.raises(BrokerError, match="NSE:NOSUCHSHARE-EQ"):
            archive.source.get_candles("NSE:NOSUCHSHARE-EQ", Timeframe.M5, MONDAY, MONDAY)

    def test_a_download_from_it_keeps_whole_sessions_only(self, archive: Archive):
        store, series = MemoryCandleStore(), Series(SBIN, Timeframe.M5)
        calendar = WeekdayCalendar()
        days = Days(WEEK.first, TUESDAY)
        plans = plan_all(store, [series], days, lambda _: calendar, archive.clock)
        outcome = Download(archive.source, store, archive.clock, lambda *_: None).run(plans)

        assert outcome.stopped_by is None
        assert len(store.read(series, days)) == 6 * 75
        assert store.known(series) == (Days(WEEK.first, MONDAY),)


class TestFyersClientAgainstTheSimulator(HistoryRangeContract):
    @pytest.fixture
    def archive(self, open_market) -> Archive:
        return Archive(source=open_market.client, clock=open_market.clock, now=open_market.clock.now)


class TestMarketHistory(HistoryRangeContract):
    @pytest.fixture
    def archive(self, quiet_market) -> Archive:
        source = MarketHistory(quiet_market.market, quiet_market.clock)
        return Archive(source=source, clock=quiet_market.clock, now=quiet_market.clock.now)
