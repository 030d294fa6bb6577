"""What a desk was made of is found again: the model by its hash, wherever it lies now, and only that one."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core.charges import ChargeRates
from core.errors import ModelError
from core.events import DeskSet
from core.market import Instrument, Timeframe
from runtime.clock import MarketClock
from runtime.settings import ModelSettings, Settings, StrategySettings
from trading.desk_record import choice_of, desk_of, kernel_of
from trading.strategy_choice import choose_strategy
from trading.trading_rules import rules_of
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

RATES = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)


@pytest.fixture(scope="module")
def model(tmp_path_factory, calendar) -> Path:
    options = TrainingOptions(
        models=tmp_path_factory.mktemp("models"),
        symbols=("NSE:SBIN-EQ",),
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=5, depth=3, folds=2),
        jobs=1,
        features=("rsi_14", "return_1"),
    )
    return train_model(options, calendar, progress=lambda _stage, _done: None)


def recorded(settings: Settings) -> DeskSet:
    return desk_of(settings, rules_of(settings, RATES, MarketClock()), (SBIN,), choose_strategy(settings), 7)


def settings_for(model: Path) -> Settings:
    return Settings(model=ModelSettings(path=model))


def test_a_record_names_model_and_features_by_their_hashes(model):
    desk = recorded(settings_for(model.parent / "latest"))
    assert desk.model == str(model)
    assert desk.model_sha256 == hashlib.sha256((model / "manifest.yaml").read_bytes()).hexdigest()
    assert desk.features_sha256 == choose_strategy(settings_for(model)).specification.schema_hash
    assert (desk.strategy, desk.params, desk.strategy_sha256) == ("model", "{}", "")
    assert (desk.history, desk.warm_up) == ("https://api-t1.fyers.in/data", 600)


def test_the_kernel_of_a_record_has_its_rules_and_contracts(model, calendar):
    desk = recorded(settings_for(model))
    kernel = kernel_of(desk, choice_of(desk, settings_for(model)), calendar)
    assert kernel.engine.rules == desk.rules
    assert dict(kernel.engine.instruments) == {"NSE:SBIN-EQ": SBIN}
    assert kernel.engine.provider.name == "model"


@pytest.mark.parametrize("named", ["other/latest", "other/0001"])
def test_a_model_that_has_moved_is_found_beside_the_one_the_settings_name(model, tmp_path, named):
    desk = replace(recorded(settings_for(model)), model=str(tmp_path / "gone" / "0001"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "0007").symlink_to(model)
    choice = choice_of(desk, settings_for(tmp_path / named))
    assert choice.model == str(tmp_path / "other" / "0007")
    assert choice.model_sha256 == desk.model_sha256


def test_another_model_is_refused_with_its_hash(model, tmp_path):
    desk = replace(recorded(settings_for(model)), model_sha256="ab" * 32)
    with pytest.raises(ModelError, match=r"manifest SHA-256 abababababababab\.\.\., which is neither there nor in"):
        choice_of(desk, settings_for(model))


def test_strategy_parameters_and_timeframe_come_from_the_record_and_not_from_the_settings():
    params = {"fast": 3, "slow": 8}
    settings = Settings(timeframe=Timeframe.M15, strategy=StrategySettings(name="simple_ma_crossover", params=params))
    desk = recorded(settings)
    assert desk.params == '{"fast": 3, "slow": 8}'
    assert (desk.model, desk.model_sha256) == ("", "")
    choice = choice_of(desk, Settings())
    assert choice.provider.provider == choose_strategy(settings).provider.provider
