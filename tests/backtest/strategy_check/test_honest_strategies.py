"""No false alarm: strategies of many shapes, ours among them, are green."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from backtest.strategy_check.check import check
from core.instants import ist_date, ist_datetime, minute_of_day
from core.signals import Direction, FeatureRow, Needs, Prediction, Signal
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import SignalColumns
from strategies.model import ModelStrategy
from strategies.opening_price_crossover import OpeningPriceCrossover
from strategies.simple_ma_crossover import SimpleMaCrossover

from .conftest import SubjectOf

Rule = Callable[[FeatureRow, FeatureRow], int]


@dataclass
class Honest:
    """The direction that a rule on two rows gives, with a probability of its own."""

    rule: Rule
    features: tuple[str, ...]
    name: str = "honest"

    @property
    def needs(self) -> Needs:
        return Needs(features=self.features)

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        direction = Direction(self.rule(now, before))
        chance = 0.5 + min(0.5, abs(now.values[0]))
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=direction, probability=chance, source="", reason=""
        )


@lru_cache
def weekday(start: int) -> int:
    return ist_date(start).weekday()


def same_session(now: FeatureRow, before: FeatureRow) -> bool:
    return ist_date(now.candle.start) == ist_date(before.candle.start)


def told(now: FeatureRow, before: FeatureRow) -> int:
    """Say in the log what was seen, as anybody would who looks for a mistake."""
    logging.getLogger("tests.honest").warning("%s after %s", now.closed_at, before.closed_at)
    return 1 if before["rsi_14"] < 40 <= now["rsi_14"] else 0


RULES: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "momentum": (lambda n, b: 1 if n["return_3"] > 0.003 else 2 if n["return_3"] < -0.003 else 0, ("return_3",)),
    "reversal": (lambda n, b: 2 if n["zscore_20"] > 2 else 1 if n["zscore_20"] < -2 else 0, ("zscore_20",)),
    "strength": (lambda n, b: 1 if b["rsi_14"] < 40 <= n["rsi_14"] else 0, ("rsi_14",)),
    "crossing": (lambda n, b: 1 if b["ema_gap_9"] <= 0 < n["ema_gap_9"] else 0, ("ema_gap_9",)),
    "told in the log": (told, ("rsi_14",)),
    "session average": (lambda n, b: 1 if n["vwap_gap"] > 0 else 2, ("vwap_gap",)),
    "opening gap": (
        lambda n, b: 2 if n["overnight_gap"] > 0.005 and n["open_gap"] < 0 else 0,
        ("overnight_gap", "open_gap"),
    ),
    "hour": (lambda n, b: 1 if 600 <= minute_of_day(n.candle.start) < 660 else 0, ("return_1",)),
    "weekday": (lambda n, b: 1 if weekday(n.candle.start) == 1 and n["return_1"] > 0 else 0, ("return_1",)),
    "month": (lambda n, b: 1 if ist_datetime(n.closed_at).month == 1 and n["return_1"] > 0 else 0, ("return_1",)),
    "volume": (lambda n, b: 1 if n["volume_zscore_20"] > 1 else 0, ("volume_zscore_20",)),
    "range": (lambda n, b: 1 if n["true_range_14"] > 1.5 * b["true_range_14"] else 0, ("true_range_14",)),
    "channel": (lambda n, b: 1 if n["stochastic_14"] > 0.95 else 0, ("stochastic_14",)),
    "candle prices": (lambda n, b: 1 if n.candle.close > b.candle.high else 0, ("return_1",)),
    "first of session": (lambda n, b: 0 if same_session(n, b) else 1, ("return_1",)),
    "average range": (lambda n, b: 1 if n.candle.close - n.candle.open > n.atr else 0, ("return_1",)),
    "always": (lambda n, b: 1, ("return_1",)),
    "never": (lambda n, b: 0, ("return_1",)),
}


@pytest.mark.parametrize("shape", sorted(RULES))
def test_an_honest_rule_is_green(subject_of: SubjectOf, shape: str) -> None:
    rule, features = RULES[shape]

    result = check(subject_of(lambda: Honest(rule, features)))

    assert result.findings == ()
    assert result.warm_up is not None


@dataclass
class Whole:
    """Long where a rule over whole columns says so; `on_data` says the same of two rows."""

    wishes: Callable[[FeatureTable, CandleColumns], np.ndarray]
    rule: Rule
    needs: Needs = field(default_factory=lambda: Needs(features=("return_1",)))
    name: str = "whole"

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        if not self.rule(now, before):
            return None
        return Signal(
            symbol=now.symbol, at=now.closed_at, direction=Direction.LONG, probability=1.0, source="", reason=""
        )

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        asked = np.zeros(len(candles), np.bool_)
        asked[1:] = table.valid[1:] & table.valid[:-1]
        wishes = (self.wishes(table, candles) & asked).astype(np.int8)
        return SignalColumns(wishes, np.ones(len(candles)))


def higher_close(table: FeatureTable, candles: CandleColumns) -> np.ndarray:
    closes = pd.Series(candles.closes.astype(float))
    return (closes > closes.shift(1)).to_numpy()


def big_return(table: FeatureTable, candles: CandleColumns) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return table.values[:, 0] > 0.002


def late_in_the_day(table: FeatureTable, candles: CandleColumns) -> np.ndarray:
    return candles.minutes() > 800


WHOLE: dict[str, tuple[Callable[[FeatureTable, CandleColumns], np.ndarray], Rule]] = {
    "higher close": (higher_close, lambda n, b: n.candle.close > b.candle.close),
    "big return": (big_return, lambda n, b: n["return_1"] > 0.002),
    "late in the day": (late_in_the_day, lambda n, b: minute_of_day(n.candle.start) > 800),
}


@pytest.mark.parametrize("shape", sorted(WHOLE))
def test_an_honest_pair_of_faces_is_green(subject_of: SubjectOf, shape: str) -> None:
    assert check(subject_of(lambda: Whole(*WHOLE[shape]))).findings == ()


@dataclass(frozen=True)
class Linear:
    """A predictor that needs no training."""

    feature_names: tuple[str, ...] = ("return_1", "rsi_14")

    def predict(self, row: FeatureRow) -> Prediction:
        long = min(0.9, max(0.1, row["rsi_14"] / 100.0))
        direction = Direction.LONG if long > 0.6 else Direction.NONE
        return Prediction(direction, (0.1, long, 0.9 - long))


def test_each_strategy_of_ours_is_green(subject_of: SubjectOf) -> None:
    for make in (SimpleMaCrossover, OpeningPriceCrossover, lambda: ModelStrategy(Linear())):
        assert check(subject_of(make)).findings == ()


def test_the_smallest_safe_warm_up_is_what_plain_counting_says(subject_of: SubjectOf) -> None:
    average = check(subject_of(lambda: SimpleMaCrossover(5, 20))).warm_up
    opening = check(subject_of(OpeningPriceCrossover)).warm_up

    assert average is not None
    assert opening is not None
    assert (average.smallest_safe, average.stated) == (21, 21)
    assert opening.smallest_safe == 77  # at the open: it, the 75 candles of the session before, and one before those


@dataclass
class SurerTheFarther(Honest):
    """Sure as its return is large: more than sure of one that no candle here comes near to."""

    rule: Rule = RULES["momentum"][0]
    features: tuple[str, ...] = ("return_3",)

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        signal = super().on_data(now, before)
        return signal and replace(signal, probability=0.5 + 10 * abs(now["return_3"]))


def test_what_a_strategy_says_of_prices_that_never_were_is_no_fault(subject_of: SubjectOf) -> None:
    assert check(subject_of(SurerTheFarther)).findings == ()
