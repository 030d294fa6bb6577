"""A model is traded as it learned to, or somebody is told: exits and size are compared, each with its words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from runtime.settings import ExitSettings, RiskSettings, Settings, SizingSettings
from trading.bundle import Manifest, read_manifest
from trading.model_fit import check_fits
from trading.trade_terms import TradeTerms
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

EXITS = "with a stop of 2 and a target of 3 average true ranges; exits asks for a stop of "
SIZE = "at a limit 0.2 % beyond the close; sizing and risk ask for "


@pytest.fixture(scope="module")
def manifest_of(tmp_path_factory, calendar) -> Callable[..., Manifest]:
    """The manifest of a small model that was trained with the default terms, but for some."""

    def make(**changes: float) -> Manifest:
        options = TrainingOptions(
            models=tmp_path_factory.mktemp("models"),
            symbols=("NSE:SBIN-EQ",),
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
def manifest(manifest_of) -> Manifest:
    return manifest_of()


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
    warnings = check_fits(manifest, settings)
    assert len(warnings) == len(words)
    for found, expected in zip(warnings, words, strict=True):
        assert found.startswith("model default learned trades ")
        assert expected in found
        assert found.endswith("; its threshold was not chosen for these")


def test_a_stop_that_trailed_in_the_labels_and_does_not_now_is_warned_of(manifest_of) -> None:
    [warning] = check_fits(manifest_of(trail_atr=1.0), Settings())
    assert (
        "a stop of 2 that trails by 1 and a target of 3 average true ranges; exits asks for a stop of 2 and" in warning
    )


def test_a_bundle_of_before_says_nothing_of_its_size_and_that_its_stop_stayed(manifest: Manifest) -> None:
    facts = manifest.labels.model_dump(exclude={"sizing", "trail_atr"})
    before = manifest.model_copy(update={"labels": type(manifest.labels).model_validate(facts)})

    assert check_fits(before, Settings(sizing=SizingSettings(method="fixed"))) == ()
    assert len(check_fits(before, Settings(exits=ExitSettings(trail_atr=1.0)))) == 1
