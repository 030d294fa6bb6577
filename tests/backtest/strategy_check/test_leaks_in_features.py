"""Leaks planted in feature code: the feature is blamed, not the strategy that reads it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.strategy_check.check import check
from backtest.strategy_check.faces import FeatureFace
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.look_ahead import look_ahead
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.warm_up import warm_up
from core.signals import Direction, FeatureRow, Needs, Signal
from features import families
from features.batch import compute
from features.columns import CandleColumns
from features.families import Family, Recipe
from features.indicators import Bar, Talib, Value, Values

from .conftest import SubjectOf


@dataclass(frozen=True)
class Leaky:
    """An indicator whose whole-history side is given; live it is the close over itself."""

    whole: Callable[[pd.DataFrame], Any]
    lookback: int = field(default=0)

    def over(self, columns: CandleColumns) -> Values:
        frame = pd.DataFrame({name: getattr(columns, name + "s") for name in ("open", "high", "low", "close")})
        frame["day"] = columns.days()
        return np.asarray(self.whole(frame.astype(float)), dtype=np.float64)

    def live(self) -> "Leaky":
        return self

    def update(self, bar: Bar) -> Value | None:
        return 1.0


@dataclass
class Reader:
    """An honest rule on a feature."""

    feature: str
    name: str = "reader"

    @property
    def needs(self) -> Needs:
        return Needs(features=("return_1", self.feature))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        if now[self.feature] <= 1.0:
            return None
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=Direction.LONG, probability=1.0, source="", reason=""
        )


LEAKS: dict[str, tuple[Callable[[pd.DataFrame], Any], Cause, str]] = {
    "next close": (lambda f: f.close.shift(-1) / f.close, Cause.LOOKS_AHEAD, "looks ahead by 1 bar"),
    "centred mean": (
        lambda f: f.close / f.close.rolling(7, center=True, min_periods=1).mean(),
        Cause.CENTRED_WINDOW,
        "a centred window of 7 bars",
    ),
    "whole mean": (lambda f: f.close / f.close.mean(), Cause.WHOLE_HISTORY, "statistic of the whole history"),
    "whole deviation": (lambda f: f.close / f.close.std(), Cause.WHOLE_HISTORY, "statistic of the whole history"),
    "day high": (
        lambda f: f.close / f.groupby("day").high.transform("max"),
        Cause.REST_OF_SESSION,
        "the rest of its session",
    ),
    "filled backwards": (
        lambda f: f.close / f.close.where(f.index % 9 == 4).bfill().fillna(f.close),
        Cause.LATER_VALUE,
        "as filling backwards does",
    ),
    "newest close": (lambda f: f.close / f.close.iloc[-1], Cause.NEWEST_ROW, "live is the forming candle"),
}


def planted(monkeypatch: pytest.MonkeyPatch, recipe: Recipe) -> str:
    family = Family("leaky", {}, "planted", lambda: recipe, 1)
    monkeypatch.setitem(families.FAMILIES, "leaky", family)
    return "leaky"


def first_bad_bar(subject: Subject) -> int:
    """Compute after every single candle."""
    full = subject.table.values[:, 1]
    for row in range(subject.asked[0], len(full)):
        value = compute(subject.specification, subject.candles.slice(0, row + 1)).values[row, 1]
        if value != full[row] and not (np.isnan(value) and np.isnan(full[row])):
            return row
    raise AssertionError("no leak")


@pytest.mark.leak("features")
@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_a_feature_that_looks_ahead_is_named_with_bar_and_cause(
    monkeypatch: pytest.MonkeyPatch, subject_of: SubjectOf, leak: str
) -> None:
    whole, cause, words = LEAKS[leak]
    name = planted(monkeypatch, Recipe((Leaky(whole),), lambda value: value))
    subject = subject_of(lambda: Reader(name))

    [finding] = look_ahead(FeatureFace(subject))

    assert (finding.kind, finding.column) == (Kind.TRUNCATION, "leaky")
    assert (finding.cause, finding.row) == (cause, first_bad_bar(subject)), finding.detail
    assert words in finding.detail


def test_the_strategy_that_reads_such_a_feature_is_not_blamed(
    monkeypatch: pytest.MonkeyPatch, subject_of: SubjectOf
) -> None:
    name = planted(monkeypatch, Recipe((Leaky(LEAKS["next close"][0]),), lambda value: value))

    result = check(subject_of(lambda: Reader(name)))

    assert {each.column for each in result.findings} == {"leaky"}
    assert result.warm_up is None


@pytest.mark.leak("features")
def test_a_formula_that_takes_the_mean_of_its_column_is_found(
    monkeypatch: pytest.MonkeyPatch, subject_of: SubjectOf
) -> None:
    recipe = Recipe((Talib("ROCP", families._CLOSE, (3,)),), lambda change: change - np.mean(np.nan_to_num(change)))
    name = planted(monkeypatch, recipe)

    [finding] = [each for each in look_ahead(FeatureFace(subject_of(lambda: Reader(name)))) if each.column == name]

    assert finding.cause is Cause.WHOLE_HISTORY


@pytest.mark.leak("features")
def test_an_existing_indicator_that_is_patched_to_look_ahead_is_found(
    monkeypatch: pytest.MonkeyPatch, subject_of: SubjectOf
) -> None:
    honest = Talib.over

    def shifted(self: Talib, columns: CandleColumns) -> Values:
        values = honest(self, columns)
        return np.append(values[1:], np.nan) if self.function == "SMA" else values

    monkeypatch.setattr(Talib, "over", shifted)
    subject = subject_of(lambda: Reader("sma_gap_9"))

    [finding] = [each for each in look_ahead(FeatureFace(subject)) if each.column != "row"]

    assert (finding.column, finding.cause, finding.detail) == (
        "sma_gap_9",
        Cause.LOOKS_AHEAD,
        "looks ahead by 1 bar",
    )


@pytest.mark.leak("features")
def test_a_feature_that_live_counts_otherwise_is_found(monkeypatch: pytest.MonkeyPatch, subject_of: SubjectOf) -> None:
    name = planted(monkeypatch, Recipe((Leaky(lambda f: f.close / f.open),), lambda value: value))

    [finding] = check(subject_of(lambda: Reader(name))).findings

    assert (finding.kind, finding.column, finding.cause) == (Kind.LIVE, "leaky", Cause.TWO_FORMULAS)


def test_a_memory_without_end_is_named(monkeypatch: pytest.MonkeyPatch, subject_of: SubjectOf) -> None:
    name = planted(monkeypatch, Recipe((Leaky(lambda f: f.close / f.close.expanding().mean()),), lambda value: value))

    result, findings = warm_up(subject_of(lambda: Reader(name)))

    assert result.smallest_safe is None
    finding: Finding = findings[0]
    assert (finding.kind, finding.column, finding.cause) == (Kind.WARM_UP, "leaky", Cause.UNBOUNDED_MEMORY)
