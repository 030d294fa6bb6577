"""The fast face of each strategy says at every candle what `on_data` says there."""

from collections.abc import Mapping
from datetime import date, time

import numpy as np
import pytest

from core.errors import StrategyError
from core.instants import DAY, MINUTE, instant_at
from core.signals import Direction, FeatureRow, Prediction, SignalProvider
from features.batch import FeatureTable, compute
from features.columns import CandleColumns, FloatArray
from features.specification import FeatureSpecification
from strategies.base_strategy import BatchSignals, SignalColumns
from strategies.guarded import Guarded, signals_at_once
from strategies.model import ModelStrategy
from strategies.opening_price_crossover import OpeningPriceCrossover
from strategies.simple_ma_crossover import SimpleMaCrossover


class Leaning:
    """A predictor that goes with the last return, and says nothing of a small one."""

    feature_names = ("return_1",)
    threshold = 0.5

    def predict(self, row: FeatureRow) -> Prediction:
        none, long, short = self._said(row["return_1"])
        direction = Direction.NONE
        if max(long, short) >= self.threshold:
            direction = Direction.LONG if long >= short else Direction.SHORT
        return Prediction(direction, (none, long, short))

    def _said(self, change: float) -> tuple[float, float, float]:
        long = min(max(0.5 + 200 * change, 0.0), 1.0)
        return 0.0, long, 1 - long


class LeaningAtOnce(Leaning):
    """The same, for many rows."""

    def probabilities_of(self, columns: Mapping[str, int], rows: FloatArray) -> FloatArray:
        return np.array([self._said(change) for change in rows[:, columns["return_1"]].tolist()]).reshape(-1, 3)


@pytest.fixture(scope="module")
def candles() -> CandleColumns:
    """Six days of 75 candles; on one of them the price stands still, so that features have no value."""
    chance = np.random.default_rng(3)
    opening = instant_at(date(2026, 1, 6), time(9, 15))
    starts = np.array([opening + day * DAY + bar * 5 * MINUTE for day in range(6) for bar in range(75)])
    closes = 60_000 + 5 * np.cumsum(chance.integers(-6, 7, 450))
    closes[150:225] = closes[149]
    opens = np.concatenate(([60_000], closes[:-1]))
    reach = 5 * chance.integers(0, 4, 450)
    reach[150:225] = 0
    return CandleColumns(
        starts, opens, np.maximum(opens, closes) + reach, np.minimum(opens, closes) - reach, closes, np.full(450, 100)
    )


def said_one_by_one(provider: SignalProvider, table: FeatureTable, candles: CandleColumns) -> list[tuple[int, float]]:
    columns = table.specification.columns

    def row(place: int) -> FeatureRow:
        candle = candles.candle(place)
        return FeatureRow("NSE:SBIN-EQ", candle, candle.start, columns, table.values[place].tolist(), table.atr[place])

    said = [(0, 0.0)]
    for place in range(1, len(candles)):
        is_asked = table.valid[place] and table.valid[place - 1]
        signal = provider.on_data(row(place), row(place - 1)) if is_asked else None
        wants = signal is not None and signal.direction is not Direction.NONE
        said.append((signal.direction.value, signal.probability) if signal and wants else (0, 0.0))
    return said


@pytest.mark.parametrize(
    "provider",
    [
        SimpleMaCrossover(fast=3, slow=8),
        OpeningPriceCrossover(),
        OpeningPriceCrossover(band=0.0),
        ModelStrategy(LeaningAtOnce()),
        ModelStrategy(LeaningAtOnce(), threshold=0.6),
        ModelStrategy(Leaning(), threshold=0.6),
    ],
    ids=lambda each: type(each).__name__,
)
def test_all_candles_at_once_or_one_by_one_the_signals_are_the_same(provider, candles):
    table = compute(FeatureSpecification.of(provider.needs.features), candles)

    answers = signals_at_once(Guarded(provider), table, candles, "NSE:SBIN-EQ")

    assert isinstance(provider, BatchSignals)
    assert answers is not None
    said = said_one_by_one(provider, table, candles)
    assert answers.directions.tolist() == [direction for direction, _ in said]
    assert {1, 2} <= set(answers.directions.tolist()), "both directions come up"
    wanted = answers.directions != 0
    assert answers.probabilities[wanted].tolist() == [probability for direction, probability in said if direction]


def test_a_strategy_without_a_fast_face_has_no_answer_at_once(candles):
    class Plain:
        name = "plain"
        needs = SimpleMaCrossover().needs

        def on_data(self, now, before):
            return None

    table = compute(FeatureSpecification.of(("return_1",)), candles)

    assert signals_at_once(Guarded(Plain()), table, candles, "NSE:SBIN-EQ") is None


class Says:
    """Answers with what a test says, or raises it."""

    name = "says"
    needs = SimpleMaCrossover().needs
    on_data = None

    def __init__(self, answers: object) -> None:
        self.answers = answers

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> object:
        if isinstance(self.answers, BaseException):
            raise self.answers
        return self.answers


def asked_at_once(answers: object, candles: CandleColumns) -> SignalColumns | None:
    table = compute(FeatureSpecification.of(("return_1",)), candles)
    return signals_at_once(Guarded(Says(answers)), table, candles, "NSE:SBIN-EQ")


def columns(direction: object, probability: object) -> SignalColumns:
    """450 entries, all no wish and sure of nothing but the one at row 75, the open of the second day."""
    directions, probabilities = [0] * 450, [float("nan")] * 450
    directions[75], probabilities[75] = direction, probability
    return SignalColumns(directions, probabilities)


def test_columns_may_be_plain_lists_and_a_probability_without_a_direction_is_not_read(candles):
    answers = asked_at_once(columns(2, 0.25), candles)

    assert answers is not None
    assert (answers.directions.dtype, answers.directions[75], answers.probabilities[75]) == (np.int8, 2, 0.25)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (columns(7, 1.0), "returned the direction 7 at candle 2026-01-07 09:15:00; return 0, 1 or 2"),
        (columns(1.5, 1.0), "returned the direction 1.5 at candle 2026-01-07 09:15:00;"),
        (columns(-1, 1.0), "returned the direction -1 at candle 2026-01-07 09:15:00;"),
        (columns(257, 1.0), "returned the direction 257 at candle 2026-01-07 09:15:00;"),
        (
            columns(1, float("nan")),
            "returned the probability nan at candle 2026-01-07 09:15:00; return one from 0 to 1",
        ),
        (columns(2, 1.1), "returned the probability 1.1 at candle 2026-01-07 09:15:00;"),
        (columns(1, "sure"), "ValueError: could not convert string"),
        (SignalColumns(np.zeros((450, 1)), np.zeros(450)), r"returned directions of shape \(450, 1\) and"),
        (None, "returned NoneType; return SignalColumns"),
        (SystemExit(0), "SystemExit: 0$"),
        (ValueError("boom\nsecond line"), "ValueError: boom second line$"),
    ],
)
def test_answers_at_once_that_are_no_signals_are_told_with_their_candle(candles, answers, why):
    with pytest.raises(StrategyError, match=f"^strategy says on NSE:SBIN-EQ, all candles at once: {why}"):
        asked_at_once(answers, candles)


def test_a_person_who_interrupts_a_fast_face_is_heard(candles):
    with pytest.raises(KeyboardInterrupt):
        asked_at_once(KeyboardInterrupt(), candles)
