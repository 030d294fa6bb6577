"""A day on disk whose features were computed live, candle by candle, and an archive that knows the same candles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from core import events
from core.charges import ChargeRates
from core.instants import MINUTE, instant_at, ist_date
from core.market import Candle, CandleSource, Instrument, Timeframe
from core.sessions import TradingDay
from features.columns import CandleColumns
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from runtime.clock import MarketClock
from runtime.settings import PathSettings, Settings, StrategySettings
from trading.desk_record import desk_of, kernel_of
from trading.event_log import SqliteEventLog
from trading.state_files import log_path
from trading.strategy_choice import choose_strategy
from trading.trading_rules import rules_of
from trading.writer import Writer

TUESDAY = date(2026, 1, 6)
SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
FREE = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
LEANING = """
from core.signals import Direction, Needs, Signal


class Leaning:
    name = "leaning"
    needs = Needs(features=("rsi_14", "ema_gap_9", "return_1"))

    def on_data(self, now, before):
        direction = Direction.LONG if now["rsi_14"] > before["rsi_14"] else Direction.SHORT
        if abs(now["ema_gap_9"]) < 0.0005:
            return None
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=direction, probability=0.6, source=self.name, reason="so"
        )
"""


class Weekdays:
    """09:15 to 15:30 from Monday to Friday."""

    def trading_day(self, day: date) -> TradingDay | None:
        hours = {"open": (9, 15), "no_entry_after": (14, 45), "square_off": (15, 5), "flat_by": (15, 10)}
        moments = {name: instant_at(day, time(*at)) for name, at in {**hours, "close": (15, 30)}.items()}
        return TradingDay(date=day, **moments) if day.weekday() < 5 else None

    def next_trading_day(self, after: date) -> TradingDay:
        days = (self.trading_day(after + timedelta(days=number)) for number in range(1, 8))
        return next(day for day in days if day is not None)


def walk(symbol: str, sessions: int) -> list[Candle]:
    """Candles of 5 minutes of so many sessions, the last of them Tuesday's."""
    chance = np.random.default_rng(len(symbol) + sum(map(ord, symbol)))
    days, day = [], TUESDAY
    while len(days) < sessions:
        days.insert(0, day) if day.weekday() < 5 else None
        day -= timedelta(days=1)
    candles, close = [], 80_000
    for each in days:
        for number in range(75):
            open_ = close
            close = max(1_000, open_ + 5 * int(chance.integers(-40, 41)))
            high = max(open_, close) + 5 * int(chance.integers(0, 20))
            low = min(open_, close) - 5 * int(chance.integers(0, 20))
            start = instant_at(each, time(9, 15)) + number * 5 * MINUTE
            candles.append(Candle(start, open_, high, low, close, int(chance.integers(500, 5_000))))
    return candles


@dataclass
class Bot:
    """Records a day as the live bot does, from a start on."""

    settings: Settings
    history: dict[str, list[Candle]]
    """What the broker has of each symbol, up to the end of the day."""
    calendar: Weekdays = field(default_factory=Weekdays)
    boots: int = 0

    def trade(self, first: int = 0, last: int = 20, warm_up: int = 600, *, is_rehearsal: bool = False) -> None:
        """Start before a candle of the day, warm up, and decide on the candles up to another, by their numbers."""
        settings, at = self.settings, instant_at(TUESDAY, time(9, 15)) + first * 5 * MINUTE
        choice = choose_strategy(settings)
        instruments = tuple(
            Instrument(symbol=symbol, token="1", tick=5, lower_band=5, upper_band=10**7) for symbol in self.history
        )
        desk = desk_of(settings, rules_of(settings, FREE, MarketClock()), instruments, choice, at)
        log = SqliteEventLog(log_path(settings.paths.state, settings.mode))
        writer = Writer(kernel_of(desk, choice, self.calendar), log, lambda _effect: None)
        writer.restore()
        self.boots += 1
        facts = {"mode": "paper", "account": "PAPER", "version": "0.1.0", "config_digest": "d", "log_id": "A1"}
        writer.take(events.Booted(at=at, boot=self.boots, is_rehearsal=is_rehearsal, **facts), at)
        writer.take(desk, at)
        writer.take(events.DayBegan(at=at, day=self.calendar.trading_day(TUESDAY)), at)
        for symbol, candles in self.history.items():
            known = tuple(each for each in candles if each.start + 5 * MINUTE <= at)[-warm_up:]
            writer.take(events.HistoryArrived(at=at, symbol=symbol, candles=known, due=0), at)
        for number in range(first, last):
            due = instant_at(TUESDAY, time(9, 15)) + number * 5 * MINUTE
            at = due + 5 * MINUTE
            writer.take(events.CandleDue(at=at, start=due), at)
            for symbol, candles in self.history.items():
                [candle] = [each for each in candles if each.start == due]
                writer.take(events.HistoryArrived(at=at, symbol=symbol, candles=(candle,), due=due), at)
        writer.close()

    def archive(self, revise: Callable[[str, list[Candle]], list[Candle]] = lambda _symbol, candles: candles) -> None:
        """Put the history, perhaps a revised one, into the archive."""
        store = ParquetCandleStore(self.settings.paths.archive)
        for symbol, candles in self.history.items():
            revised = revise(symbol, list(candles))
            days = Days(ist_date(revised[0].start), TUESDAY)
            store.put(Series(symbol, Timeframe.M5), days, CandleColumns.of(revised))


@pytest.fixture
def calendar() -> Weekdays:
    return Weekdays()


@pytest.fixture
def new_bot(tmp_path) -> Callable[..., Bot]:
    (tmp_path / "leaning.py").write_text(LEANING)

    def make(symbols: Sequence[str] = (SBIN, INFY), state: Path = tmp_path / "state", **changes: object) -> Bot:
        usual = Settings(
            symbols=tuple(symbols),
            strategy=StrategySettings(name="leaning", folder=tmp_path),
            paths=PathSettings(state=state, logs=tmp_path, cache=tmp_path, archive=tmp_path / "archive"),
        )
        return Bot(usual.model_copy(update=changes), {symbol: walk(symbol, 12) for symbol in symbols})

    return make


@pytest.fixture
def bot(new_bot) -> Bot:
    return new_bot()


@pytest.fixture
def make_desk(bot) -> Callable[[CandleSource], events.DeskSet]:
    """Write down a desk that decides on candles of a source."""
    settings = bot.settings

    def make(candles: CandleSource) -> events.DeskSet:
        desk = desk_of(settings, rules_of(settings, FREE, MarketClock()), (), choose_strategy(settings), 0)
        return replace(desk, candles=candles)

    return make
