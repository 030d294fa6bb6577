"""A model is traded as it learned to, or somebody is told: market, symbols, exits and size, each with its words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from core.errors import ModelError
from core.instants import instant_at
from runtime.settings import BrokerSettings, EndpointSettings, ExitSettings, RiskSettings, Settings, SizingSettings
from trading.bundle import Manifest, MarketKind, read_manifest
from trading.model_fit import check_fits, refuse_generated, refuse_later
from trading.trade_terms import TradeTerms
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

SBIN = "NSE:SBIN-EQ"
EXITS = "with a stop of 2 and a target of 3 average true ranges; exits asks for a stop of "
SIZE = "at a limit 0.2 % beyond the close; sizing and risk ask for "


@pytest.fixture(scope="module")
def manifest_of(tmp_path_factory, calendar) -> Callable[..., Manifest]:
    """The manifest of a small model of a generated market that was trained with the default terms, but for some."""

    def make(**changes: float) -> Manifest:
        options = TrainingOptions(
            models=tmp_path_factory.mktemp("models"),
            symbols=(SBIN,),
            first=date(2025, 1, 1),
            last=date(2025, 1, 31),
            features=("rsi_14", "return_1"),
            trade=replace(TradeTerms(), **changes),
            recipe=Recipe.quick(trees=5, depth=3, folds=2),
            jobs=1,
        )
        folder: Path = train_model(options, calendar, progress=lambda _stage, _done: None)
        return read_manifest(folder / "manifest.yaml")

    return make


@pytest.fixture(scope="module")
def generated(manifest_of) -> Manifest:
    return manifest_of()


@pytest.fixture(scope="module")
def manifest(generated) -> Manifest:
    """The same, as of recorded candles."""
    return of_recorded(generated)


def of_recorded(manifest: Manifest) -> Manifest:
    return taught_by(manifest, market=MarketKind.RECORDED, source="candle store, all days")


def taught_by(manifest: Manifest, **changes: object) -> Manifest:
    return manifest.model_copy(update={"training": manifest.training.model_copy(update=changes)})


def trading(settings: Settings, *symbols: str) -> Settings:
    return settings.model_copy(update={"symbols": symbols or (SBIN,)})


def at_a_simulator() -> Settings:
    names = EndpointSettings.model_fields
    urls = {name: f"{'ws' if name.endswith('socket') else 'http'}://127.0.0.1:1/a" for name in names}
    return Settings(broker=BrokerSettings(endpoints=EndpointSettings(**urls)))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), []),
        (Settings(exits=ExitSettings(stop_atr=9.0)), [f"{EXITS}9 and a target of 3"]),
        (Settings(exits=ExitSettings(target_atr=2.5)), [f"{EXITS}2 and a target of 2.5"]),
        (Settings(exits=ExitSettings(trail_atr=1.5)), [f"{EXITS}2 that trails by 1.5 and a target of 3"]),
        (Settings(sizing=SizingSettings(method="fixed")), [f"{SIZE}a fixed quantity of 1"]),
        (Settings(sizing=SizingSettings(risk_fraction=0.0001)), [f"{SIZE}as many shares as lose 50 rupees"]),
        (Settings(risk=RiskSettings(capital=200_000)), [f"{SIZE}as many shares as lose 500 rupees at the stop"]),
        (Settings(risk=RiskSettings(max_order_value=50_000)), [f"{SIZE}as many shares as lose 1,250 rupees"]),
        (
            Settings(exits=ExitSettings(stop_atr=1.0), sizing=SizingSettings(method="capital")),
            [f"{EXITS}1 and a target of 3", f"{SIZE}as many shares as 100,000 rupees buy"],
        ),
    ],
)
def test_trades_other_than_those_of_the_labels_are_warned_of(
    manifest: Manifest, settings: Settings, words: list[str]
) -> None:
    warnings = check_fits(manifest, trading(settings))
    assert len(warnings) == len(words)
    for found, expected in zip(warnings, words, strict=True):
        assert found.startswith("model default learned trades ")
        assert expected in found
        assert found.endswith("; its threshold was not chosen for these")


def test_a_stop_that_trailed_in_the_labels_and_does_not_now_is_warned_of(manifest_of) -> None:
    [warning] = check_fits(of_recorded(manifest_of(trail_atr=1.0)), trading(Settings()))
    assert (
        "a stop of 2 that trails by 1 and a target of 3 average true ranges; exits asks for a stop of 2 and" in warning
    )


def test_a_bundle_of_before_says_nothing_of_its_size_and_that_its_stop_stayed(manifest: Manifest) -> None:
    facts = manifest.labels.model_dump(exclude={"sizing", "trail_atr"})
    before = manifest.model_copy(update={"labels": type(manifest.labels).model_validate(facts)})

    assert check_fits(before, trading(Settings(sizing=SizingSettings(method="fixed")))) == ()
    assert len(check_fits(before, trading(Settings(exits=ExitSettings(trail_atr=1.0))))) == 1


def test_symbols_that_taught_nothing_are_warned_of_by_name_and_an_index_is_only_watched(manifest: Manifest) -> None:
    others = ("NSE:HDFCBANK-EQ", "NSE:TCS-EQ", "NSE:ITC-EQ", "NSE:LT-EQ")
    [warning] = check_fits(manifest, trading(Settings(), SBIN, *others, "NSE:NIFTY50-INDEX"))
    assert warning == (
        "model default learned trades of NSE:SBIN-EQ; symbols asks for NSE:HDFCBANK-EQ, NSE:TCS-EQ, NSE:ITC-EQ and 1 "
        "more; its threshold was not chosen for these"
    )
    many = taught_by(manifest, symbols=(SBIN, *others))
    assert check_fits(many, trading(Settings(), SBIN, "NSE:LT-EQ", "NSE:NIFTY50-INDEX")) == ()
    [warning] = check_fits(many, trading(Settings(), "NSE:INFY-EQ"))
    assert "of NSE:SBIN-EQ, NSE:HDFCBANK-EQ, NSE:TCS-EQ and 2 more; symbols asks for NSE:INFY-EQ;" in warning


@pytest.mark.parametrize("before", [True, False], ids=["a bundle of before", "a bundle of now"])
def test_a_model_of_a_generated_market_is_warned_of_but_where_the_market_is_one(generated: Manifest, before) -> None:
    assert generated.training.market is MarketKind.GENERATED
    made = taught_by(generated, market=None) if before else generated

    assert check_fits(made, trading(Settings())) == ("model default was trained on a generated market: not for money",)
    assert check_fits(made, trading(at_a_simulator())) == ()


def test_a_bundle_of_before_with_recorded_candles_is_not_taken_for_generated(manifest: Manifest) -> None:
    before = taught_by(manifest, market=None, source="NSE_SBIN-EQ_5m.parquet")
    refuse_generated(Path("models/default/0001"), before.training)
    assert check_fits(before, trading(Settings())) == ()


def test_data_of_days_to_come_are_refused_and_those_of_today_are_not(manifest: Manifest) -> None:
    folder, last = Path("models/default/0001"), manifest.training.last.date()
    refuse_later(folder, manifest.training, instant_at(last, time(0, 1)))
    with pytest.raises(ModelError, match=rf"0001/manifest.yaml: its data end on {last}, after today \(2024-12-31\)"):
        refuse_later(folder, manifest.training, instant_at(date(2024, 12, 31), time(23, 59)))
