"""`fyersbot parity` on a day on disk: the receipt, and one line for what is wrong."""

import json
import sqlite3
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from backtest.parity.receipt_verb import print_parity, request_of
from core import events
from core.charges import ChargeRates
from core.errors import ConfigurationError, StorageError
from core.events import Phase
from core.instants import DAY, IST, MINUTE, SECOND, instant_at
from core.market import Candle, Instrument, Tick, Timeframe
from core.orders import Books, Fill, OrderReport, OrderStatus
from core.sessions import TradingDay
from features.columns import CandleColumns
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from runtime.clock import MarketClock
from runtime.settings import HistorySettings, Mode, PathSettings, Settings, SizingSettings, StrategySettings
from trading.desk_record import desk_of, kernel_of
from trading.event_log import SqliteEventLog
from trading.state_files import log_path, tape_folder
from trading.strategy_choice import choose_strategy
from trading.tick_tape import FileTickTape, tape_path
from trading.trading_rules import rules_of
from trading.writer import Writer

TUESDAY = date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
RATES = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
RISING = """
from core.signals import Direction, Needs, Signal


class Rising:
    name = "rising"
    needs = Needs(features=("return_1",))

    def on_data(self, now, before):
        if now["return_1"] < 0.0006:
            return None
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=Direction.LONG,
            probability=0.6,
            source=self.name,
            reason="yes",
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


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "rising.py").write_text(RISING)
    return Settings(
        symbols=(SBIN,),
        strategy=StrategySettings(name="rising", folder=tmp_path),
        sizing=SizingSettings(method="fixed", quantity=10),
        history=HistorySettings(candles=100),
        paths=PathSettings(state=tmp_path / "state", logs=tmp_path, cache=tmp_path, archive=tmp_path / "archive"),
    )


def report_of(sent: events.OrderIntended, status: OrderStatus, price: int = 0) -> OrderReport:
    intent, filled = sent.intent, sent.intent.quantity if price else 0
    return OrderReport(
        broker_id=f"26{intent.tag}",
        tag=intent.tag,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        product=intent.product.value,
        quantity=intent.quantity,
        filled=filled,
        filled_value=filled * price,
        limit_price=intent.limit_price,
        trigger_price=intent.trigger_price,
        status=status,
    )


def fill_of(report: OrderReport, at: int) -> Fill:
    return Fill(
        trade_number=report.broker_id,
        broker_id=report.broker_id,
        tag=report.tag,
        symbol=report.symbol,
        side=report.side,
        product=report.product,
        quantity=report.filled,
        price=report.filled_value // report.filled,
        at=at,
    )


def warm_up() -> tuple[Candle, ...]:
    start = instant_at(date(2026, 1, 5), time(9, 15))
    bars = [Candle(start + n * 5 * MINUTE, 80_000, 80_200, 79_800, 80_000, 1_000) for n in range(75)]
    today = instant_at(TUESDAY, time(9, 15))
    return *bars, *(Candle(today + n * 5 * MINUTE, 80_000, 80_200, 79_800, 80_000, 1_000) for n in range(4))


@pytest.fixture
def recorded(settings) -> Settings:
    """A day with one trade: in at 800.15 after a rise to 800.50, and out by its stop."""
    return record(settings, is_verified=True)


def record(settings: Settings, *, is_verified: bool) -> Settings:
    """Write such a day down; perhaps without the reading of the books that closes the trade."""
    now = instant_at(TUESDAY, time(9, 40))
    choice, sent = choose_strategy(settings), []
    instrument = Instrument(symbol=SBIN, token="10100000003045", tick=5, lower_band=5, upper_band=10**7)
    desk = desk_of(settings, rules_of(settings, RATES, MarketClock()), (instrument,), choice, now)
    log = SqliteEventLog(log_path(settings.paths.state, settings.mode))
    tape = FileTickTape(tape_folder(settings.paths.state, settings.mode), TUESDAY)
    writer = Writer(
        kernel_of(desk, choice, Weekdays()),
        log,
        lambda effect: sent.append(effect) if isinstance(effect, events.OrderIntended) else None,
        tape=tape,
    )
    writer.restore()

    def take(item) -> None:
        writer.take(item, now)

    def tick(price: int) -> None:
        nonlocal now
        now += SECOND
        take(Tick(SBIN, now, price, price - 5, price + 5, 100))

    facts = {"mode": "paper", "account": "PAPER", "version": "0.1.0", "config_digest": "d", "log_id": "A1"}
    take(events.Booted(at=now, boot=1, **facts))
    take(desk)
    take(events.DayBegan(at=now, day=Weekdays().trading_day(TUESDAY)))
    take(events.HistoryArrived(at=now, symbol=SBIN, candles=warm_up(), due=0))
    take(events.FundsRead(at=now, asked_at=now, available=10**9, account="PAPER"))
    take(events.BooksRead(at=now, asked_at=now, books=Books((), (), ())))
    take(events.PhaseReached(at=now, phase=Phase.OPEN))
    now -= SECOND
    tick(80_010)
    due = now - 5 * MINUTE
    take(events.CandleDue(at=now, start=due))
    candle = Candle(due, 80_000, 80_100, 79_900, 80_050, 500)
    take(events.HistoryArrived(at=now, symbol=SBIN, candles=(candle,), due=due))
    entry = report_of(sent[0], OrderStatus.FILLED, 80_015)
    take(events.OrderReported(at=now, report=entry))
    take(events.OrderReported(at=now, report=report_of(sent[1], OrderStatus.PENDING)))
    for price in (79_900, 79_000):
        tick(price)
    out = report_of(sent[1], OrderStatus.FILLED, 78_995)
    take(events.OrderReported(at=now, report=out))
    now += 2 * SECOND
    if is_verified:
        fills = tuple(fill_of(report, now) for report in (entry, out))
        take(events.BooksRead(at=now, asked_at=now - SECOND, books=Books((entry, out), fills, ())))
    writer.close()
    return settings


def parity(settings: Settings, *, as_json: bool = True, **wishes) -> int:
    typed = {"run": None, "state": None, "mode": None, "day": TUESDAY, "data": None, "budget": "0"} | wishes
    return print_parity(request_of(settings, **typed), settings, Weekdays(), as_json=as_json)


def official(tmp_path, close: float):
    """The candles of the day in a file, the one that was decided on with another close."""
    lines = ["timestamp,open,high,low,close,volume"]
    for number in range(75):
        start = datetime(2026, 1, 6, 9, 15, tzinfo=IST) + timedelta(minutes=5 * number)
        lines.append(f"{start.isoformat()},800.0,802.0,798.0,{close if number == 4 else 800.0:.2f},1000")
    file = tmp_path / "NSE_SBIN-EQ_5m.csv"
    file.write_text("\n".join(lines))
    return file


def test_a_recorded_day_is_explained_to_the_paisa(recorded, capsys):
    assert parity(recorded) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["live_net"] == said["backtest_net"] == -102.0
    assert set(said["waterfall"].values()) == {0.0}
    assert (said["prices"], said["official_candles"], said["notes"]) == ("ticks", "the log itself", [])
    [pair] = said["pairs"]
    assert pair["live"]["trade"]["exit_reason"] == pair["backtest"]["trade"]["exit_reason"] == "stop_loss"


def test_a_candle_that_a_file_revises_lands_in_data_revision(recorded, tmp_path, capsys):
    assert parity(recorded, data=official(tmp_path, 800.0)) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["backtest_net"], said["waterfall"]["data_revision"], said["live_net"]) == (0.0, -102.0, -102.0)


def test_a_rehearsal_is_not_held_against_the_archive_of_the_real_market(settings, tmp_path, capsys):
    run = tmp_path / "run"
    paths = settings.paths.model_copy(update={"state": run / "bot"})
    record(settings.model_copy(update={"paths": paths, "mode": Mode.LIVE}), is_verified=True)
    real = CandleColumns.of([replace(candle, start=candle.start + DAY) for candle in warm_up()[:75]])
    ParquetCandleStore(settings.paths.archive).put(Series(SBIN, Timeframe.M5), Days(TUESDAY, TUESDAY), real)
    assert parity(settings, run=run) == 0
    assert json.loads(capsys.readouterr().out)["official_candles"] == "the log itself"


def test_people_get_tables(recorded, capsys):
    assert parity(recorded, as_json=False) == 0
    said = capsys.readouterr().out
    for words in ("Parity of Tue 06 Jan 2026", "data revision", "-102.00", "within the budget of 0.00", "stop loss"):
        assert words in said


def test_more_than_the_budget_ends_with_one(settings, capsys):
    record(settings, is_verified=False)
    assert parity(settings) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["unexplained"], said["within_budget"], said["live_net"]) == (102.0, False, 0.0)
    assert parity(settings, budget="101.99") == 1
    assert parity(settings, budget="102") == 0


def test_without_a_tape_it_is_bars_and_says_so(recorded, capsys):
    tape_path(tape_folder(recorded.paths.state, recorded.mode), TUESDAY).unlink()
    parity(recorded)
    said = json.loads(capsys.readouterr().out)
    assert said["prices"] == "bars"
    assert said["notes"][0].startswith("no tick tape is left of the day")


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"day": date(2026, 1, 7)}, "holds no session of 2026-01-07"),
        ({"budget": "much"}, "--budget much: give rupees"),
        ({"budget": "-1"}, "--budget -1: give rupees"),
        ({"budget": "0.001"}, "--budget 0.001: give rupees"),
        ({"mode": "dream"}, "--mode dream: give paper or live"),
        ({"mode": "live"}, "there is no event log"),
    ],
)
def test_what_cannot_be_compared_is_one_line(recorded, wishes, why, capsys):
    with pytest.raises(ConfigurationError, match=why) as refused:
        parity(recorded, **wishes)
    assert "\n" not in str(refused.value)
    assert capsys.readouterr().out == ""


def test_a_log_that_was_altered_is_refused(recorded):
    with sqlite3.connect(log_path(recorded.paths.state, recorded.mode)) as connection:
        connection.execute("UPDATE events SET body = replace(body, '80015', '80025')")
    with pytest.raises(StorageError, match="altered"):
        parity(recorded)
