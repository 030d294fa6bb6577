"""What a run is made of: the strategy with its model and features, and enough history for both."""

import shutil
from collections.abc import Callable
from datetime import date, time
from functools import partial
from pathlib import Path

import pytest

from core.errors import ConfigurationError, ModelError
from core.events import Condition
from core.instants import instant_at, ist_datetime
from core.market import Instrument, Tick, Timeframe
from core.signals import Direction
from features.specification import DEFAULT_NAMES
from market_data.ticks.live_ticks import LiveTicks
from runtime.clock import MarketClock
from runtime.settings import (
    BrokerSettings,
    ClockSettings,
    DiskSettings,
    EndpointSettings,
    HistorySettings,
    Mode,
    ModelSettings,
    PathSettings,
    RateSettings,
    Settings,
    StrategySettings,
    TickSettings,
)
from trading.rate_budget import Lane
from trading.wiring import Wiring
from training.recipe import Recipe
from training.sources import generated
from training.train import TrainingOptions, train_model

from .bundle_spoiling import said, unsaid

DAY = date(2026, 1, 6)
FILTERED = """
from dataclasses import dataclass, replace
from core.signals import Direction, Needs
from strategies.model import ModelStrategy


@dataclass
class Filtered:
    predictor: object
    name: str = "filtered"
    needs: Needs = Needs(features=("sma_gap_200", "rsi_14"))

    def on_data(self, now, before):
        signal = ModelStrategy(self.predictor).on_data(now, before)
        against = now["sma_gap_200"] <= 0 if signal.direction is Direction.LONG else now["sma_gap_200"] > 0
        return replace(signal, direction=Direction.NONE, reason="against the trend") if against else signal
"""
PLAIN = """
from core.signals import Needs


class Plain:
    name = "plain"
    needs = Needs(features=(NAMES), warm_up=WARM_UP)

    def on_data(self, now, before):
        return None
"""

Wire = Callable[..., Wiring]


@pytest.fixture(scope="module")
def model(tmp_path_factory, calendar) -> Path:
    options = TrainingOptions(
        models=tmp_path_factory.mktemp("models"),
        symbols=("NSE:SBIN-EQ",),
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=20, depth=4, folds=2),
        jobs=1,
        features=("rsi_14", "return_1", "zscore_20"),
    )
    return train_model(options, calendar, progress=lambda _stage, _done: None)


@pytest.fixture
def wire(tmp_path, calendar) -> Wire:
    def made(name: str, content: str = "", model: Path = Path("none"), timeframe=Timeframe.M5, **history) -> Wiring:
        (tmp_path / f"{name}.py").write_text(content)
        settings = Settings(
            timeframe=timeframe,
            strategy=StrategySettings(name=name, folder=tmp_path),
            model=ModelSettings(path=model),
            history=HistorySettings(**history),
            paths=PathSettings(
                state=tmp_path, logs=tmp_path, cache=tmp_path, archive=tmp_path, live_ticks=tmp_path / "live.sqlite"
            ),
        )
        return Wiring(settings, MarketClock(), calendar, lambda _secret: None)

    return made


def test_the_model_strategy_has_the_models_features_in_its_order(wire, model):
    assert wire("model", model=model).choice.specification.names == ("rsi_14", "return_1", "zscore_20")


def test_a_users_strategy_filters_the_models_signal_by_an_indicator_of_its_own(wire, model, calendar):
    wiring = wire("filtered", FILTERED, model)
    assert wiring.choice.specification.names == ("rsi_14", "return_1", "zscore_20", "sma_gap_200")

    [history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 3, 3), date(2025, 3, 31), 5, calendar)
    stream = wiring.choice.stream_for(Timeframe.M5, calendar)("NSE:SBIN-EQ")
    rows = [row for row in map(stream.update, history.candles.candles()) if row is not None]
    signals = [wiring.choice.provider.on_data(row, row) for row in rows]
    assert len(signals) > 1_000
    assert all(row["sma_gap_200"] > 0 for row, it in zip(rows, signals, strict=True) if it.direction is Direction.LONG)
    assert any(signal.reason == "against the trend" for signal in signals)


@pytest.mark.hazard("V10")
def test_money_is_not_traded_with_whatever_was_trained_last(tmp_path, model, calendar):
    newest, chosen = recorded(model, tmp_path).parent / "latest", tmp_path / "default" / "0001"
    with pytest.raises(ConfigurationError, match="the next training must not change what is traded"):
        wired(tmp_path, calendar, newest, Mode.LIVE)
    models = [wired(tmp_path, calendar, *each).choice.model for each in ((newest, Mode.PAPER), (chosen, Mode.LIVE))]
    assert models == [str(chosen), str(chosen)]


def recorded(model: Path, models: Path) -> Path:
    """A copy of a model that says that it is of recorded candles."""
    folder = Path(shutil.copytree(model, models / "default" / "0001"))
    said("training.market", "recorded")(folder)
    said("training.source", "candle store, all days")(folder)
    return folder


def wired(folder: Path, calendar, model: Path, mode: Mode, **settings: object) -> Wiring:
    paths = PathSettings(state=folder, logs=folder, cache=folder, archive=folder)
    asked = Settings(mode=mode, model=ModelSettings(path=model), paths=paths, **settings)
    return Wiring(asked, MarketClock(), calendar, lambda _secret: None)


@pytest.mark.hazard("V10")
def test_money_is_not_traded_with_a_model_of_a_market_that_never_was(tmp_path, model, calendar):
    of_before = Path(shutil.copytree(model, tmp_path / "before" / "0001"))
    unsaid("training.market")(of_before)
    for folder in (model, of_before):
        with pytest.raises(
            ModelError, match=r"0001 was trained on a generated market, which is not for money; train on"
        ):
            wired(tmp_path, calendar, folder, Mode.LIVE)
        assert wired(tmp_path, calendar, folder, Mode.PAPER).choice.model == str(folder)

    schemes = {name: "ws" if "socket" in name else "http" for name in EndpointSettings.model_fields}
    here = {name: f"{scheme}://127.0.0.1:1/a" for name, scheme in schemes.items()}
    simulator = BrokerSettings(endpoints=EndpointSettings(**here))
    rehearsed = wired(tmp_path, calendar, model, Mode.LIVE, broker=simulator, symbols=("NSE:SBIN-EQ",))
    assert rehearsed.choice.warnings == ()


def test_a_model_whose_data_end_after_today_is_not_traded_and_market_time_is_no_date(tmp_path, model, calendar):
    folder = recorded(model, tmp_path)
    said("training.last", "2099-01-01T15:25:00+05:30")(folder)
    for mode in Mode:
        with pytest.raises(ModelError, match="its data end on 2099-01-01, after today"):
            wired(tmp_path, calendar, folder, mode)
    start = ist_datetime(instant_at(DAY, time(9)))
    assert wired(tmp_path, calendar, folder, Mode.PAPER, clock=ClockSettings(start=start)).choice.model == str(folder)


@pytest.mark.hazard("S9")
def test_two_bots_with_one_journal_of_calls_keep_the_limits_of_the_account_together(tmp_path, calendar):
    """Each has a state folder of its own, as the lock on it asks for."""
    budgets = []
    for bot in ("money", "paper"):
        paths = PathSettings(state=tmp_path / bot, calls=tmp_path / "calls", cache=tmp_path, archive=tmp_path)
        settings = Settings(symbols=["NSE:SBIN-EQ"], paths=paths, strategy=StrategySettings(name="simple_ma_crossover"))
        budgets.append(Wiring(settings, MarketClock(), calendar, lambda _secret: None).budget)
    now, made = instant_at(date(2026, 11, 20), time(10)), 0
    while any(budget.reserve(Lane.EXIT, False, now) == 0 for budget in budgets):
        made += 1
    assert made == RateSettings().per_second


def test_a_call_that_the_broker_refuses_for_the_number_of_calls_is_reported_to_the_kernel(wire):
    wiring, inbox = wire("plain", PLAIN.replace("NAMES", "").replace("WARM_UP", "0")), []
    wiring.budget.on_refusal = partial(wiring._report_refusal, inbox.append)
    wiring.budget.pause(0)
    [doubt] = inbox
    assert (doubt.condition, doubt.holds) == (Condition.RATE, True)


def test_every_tick_of_the_feed_is_recorded_unless_somebody_wants_none(wire, calendar, tmp_path):
    wiring, day = wire("plain", PLAIN.replace("NAMES", "").replace("WARM_UP", "0")), calendar.trading_day(DAY)
    currency = Instrument(symbol="NSE:USDINR26JANFUT", token="1", tick=25, scale=4)
    recorder = wiring._recorder(day, {currency.symbol: currency})
    recorder.take(Tick(currency.symbol, day.open, 902_500, 902_475, 902_525, 1), day.open)
    recorder.close()
    with LiveTicks(tmp_path / "live.sqlite") as live:
        assert [(each.day, each.ticks) for each in live.days()] == [(DAY, 1)]
        assert live.symbols() == {1: (currency.symbol, 4)}

    wiring.settings = wiring.settings.model_copy(update={"ticks": TickSettings(record=False)})
    assert wiring._recorder(day, {currency.symbol: currency}) is None


def test_a_disk_below_its_floor_is_left_to_the_event_log(wire, calendar, caplog, tmp_path, monkeypatch):
    monkeypatch.setattr("trading.disk_watch._free_bytes", lambda _folder: 100_000_000)
    wiring, day = wire("plain", PLAIN.replace("NAMES", "").replace("WARM_UP", "0")), calendar.trading_day(DAY)
    wiring.settings = wiring.settings.model_copy(update={"disk": DiskSettings(floor_mb=256)})
    recorder = wiring._recorder(day, {})
    recorder.take(Tick("NSE:SBIN-EQ", day.open, 80_000, 79_995, 80_005, 1), day.open)
    recorder.close()
    assert ": 100 MB free, disk.floor_mb = 256; trading goes on" in caplog.text
    assert not (tmp_path / "live.sqlite").exists()


def test_a_rule_needs_no_model_and_reads_what_it_names(wire):
    content = PLAIN.replace("NAMES", "'ema_gap_9',").replace("WARM_UP", "0")
    assert wire("plain", content).choice.specification.names == ("ema_gap_9",)


def test_a_strategy_that_names_no_features_may_read_all_of_the_default(wire, model):
    content = FILTERED.replace('features=("sma_gap_200", "rsi_14")', "features=()")
    names = wire("filtered", content, model).choice.specification.names
    assert names[:3] == ("rsi_14", "return_1", "zscore_20")
    assert set(names) == {*DEFAULT_NAMES, "rsi_14", "return_1", "zscore_20"}


@pytest.mark.parametrize(
    ("features", "warm_up", "timeframe", "needed"),
    [
        ("'sma_gap_500',", 0, Timeframe.M5, 501),
        ("'sma_gap_500',", 20, Timeframe.M5, 521),
        ("'vwap_gap',", 0, Timeframe.M1, 377),
        ("'vwap_gap',", 0, Timeframe.M5, 77),
    ],
)
def test_a_history_too_short_for_the_first_decision_is_refused_with_both_numbers(
    wire, features, warm_up, timeframe, needed
):
    content = PLAIN.replace("NAMES", features).replace("WARM_UP", str(warm_up))
    wire("plain", content, timeframe=timeframe, candles=needed)
    with pytest.raises(ConfigurationError) as refused:
        wire("plain", content, timeframe=timeframe, candles=needed - 1)
    assert str(refused.value) == (
        f"history.candles = {needed - 1}: strategy plain needs {needed} closed {timeframe.value} candles before its "
        f"first decision; set history.candles to {needed} or more, or shorten its features"
    )


@pytest.mark.parametrize("features", ["'sma_gap_100',", "'vwap_gap',", "'macd_histogram_12_26_9',"])
def test_that_many_candles_are_exactly_enough(wire, calendar, features):
    content = PLAIN.replace("NAMES", features).replace("WARM_UP", "0")
    with pytest.raises(ConfigurationError) as refused:
        wire("plain", content.replace("warm_up=0", "warm_up=1000"), candles=50)
    needed = int(str(refused.value).split("needs ")[1].split()[0]) - 1000

    [history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 3, 3), date(2025, 3, 7), 5, calendar)
    candles = history.candles.candles()[30 : 30 + needed]
    stream = wire("plain", content).choice.stream_for(Timeframe.M5, calendar)("NSE:SBIN-EQ")
    assert [row is not None for row in map(stream.update, candles)][-2:] == [True, True]
