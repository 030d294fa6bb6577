"""The rows a strategy sees in a backtest are those it would see live, and a model scored beforehand says the same."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from backtest.bars import SymbolBars, prepared
from backtest.scored_model import ScoredModel
from backtest.signal_rows import AtOnce, EveryBar, SignalSource, columns_of, feature_rows, first_decision
from core.errors import InvariantError
from core.market import Instrument, Timeframe
from core.signals import Direction, FeatureRow, Needs, Signal
from features.columns import CandleColumns
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from strategies.model import ManyRowsPredictor, ModelStrategy
from strategies.opening_price_crossover import OpeningPriceCrossover
from trading.inference_engine import InferenceEngine
from training.recipe import Recipe
from training.sources import generated
from training.train import TrainingOptions, train_model

from .conftest import Weekdays

SBIN = "NSE:SBIN-EQ"


@pytest.fixture(scope="module")
def candles() -> CandleColumns:
    [history] = generated((SBIN,), Timeframe.M5, date(2025, 2, 3), date(2025, 2, 21), 5, Weekdays())
    return history.candles


@pytest.fixture(scope="module")
def bars(candles: CandleColumns) -> SymbolBars:
    instrument = Instrument(symbol=SBIN, token="1", tick=5)
    return prepared(instrument, candles, Timeframe.M5, FeatureSpecification.default(), Weekdays())


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> InferenceEngine:
    folder = train_model(
        TrainingOptions(
            models=Path(tmp_path_factory.mktemp("models")),
            symbols=(SBIN,),
            first=date(2025, 1, 1),
            last=date(2025, 1, 31),
            recipe=Recipe.quick(trees=20, depth=4, folds=2),
            jobs=1,
        ),
        Weekdays(),
        progress=lambda _stage, _done: None,
    )
    return InferenceEngine.open(folder)


def test_each_row_is_the_one_of_the_live_stream_bit_for_bit(candles: CandleColumns, bars: SymbolBars) -> None:
    stream = FeatureStream(FeatureSpecification.default(), SBIN, Timeframe.M5, Weekdays())
    row_at = feature_rows(bars)
    live = [stream.update(candle) for candle in candles.candles()]

    assert [row is not None for row in live] == bars.features.valid.tolist()
    assert sum(row is not None for row in live) > 500
    for place, row in enumerate(live):
        if row is not None:
            assert row_at(place) == row


def test_rows_before_the_range_warm_up_its_features(candles: CandleColumns, bars: SymbolBars) -> None:
    first = 400
    arguments = bars.instrument, candles, Timeframe.M5, FeatureSpecification.default(), Weekdays()
    later = prepared(*arguments, first)

    assert len(later) == len(bars) - first
    assert later.features.valid[0]
    assert np.array_equal(later.features.values, bars.features.values[first:], equal_nan=True)


def test_the_close_before_a_range_is_known_in_it(candles: CandleColumns, bars: SymbolBars) -> None:
    later = prepared(bars.instrument, candles, Timeframe.M5, FeatureSpecification.default(), Weekdays(), 75)

    assert later.sessions.close_before.tolist() == bars.sessions.close_before[75:].tolist()
    assert later.sessions.close_before[0] == candles.closes[74]
    assert bars.sessions.close_before[0] == 0


def leaning(now: FeatureRow, before: FeatureRow) -> Signal:
    """Answer with all that a strategy may see of both rows."""
    seen = hash((now.values, now.candle.start, before.values, before.atr, before.candle.start, before.closed_at))
    direction = (Direction.LONG, Direction.SHORT)[seen % 2]
    return Signal(
        symbol=now.symbol,
        at=now.closed_at,
        direction=direction,
        probability=(seen % 1_000) / 1_000,
        source="tests",
        reason="by chance",
    )


@pytest.mark.parametrize("warm_up", [0, 30, 1_000])
@pytest.mark.parametrize("first", [1, 60, 400])
def test_a_range_alone_is_decided_on_as_it_is_in_a_longer_one(
    candles: CandleColumns, bars: SymbolBars, first: int, warm_up: int
) -> None:
    provider = SimpleNamespace(name="leaning", needs=Needs(features=(), warm_up=warm_up), on_data=leaning)
    later = prepared(bars.instrument, candles, Timeframe.M5, FeatureSpecification.default(), Weekdays(), first)
    whole, part = (EveryBar(provider).of(each).ask for each in (bars, later))

    expected = [whole(row) for row in range(len(bars))]
    assert [part(row) for row in range(len(later))] == expected[first:]
    assert first_decision(later, provider) == max(0, first_decision(bars, provider) - first)
    assert (expected[400] is None) == (warm_up == 1_000)


@pytest.mark.parametrize("first", [1, 60, 400])
def test_a_fast_face_answers_for_a_range_as_it_does_for_a_longer_one(candles: CandleColumns, first: int) -> None:
    strategy = OpeningPriceCrossover(band=0.0)
    specification = FeatureSpecification.of(strategy.needs.features)
    given = Instrument(symbol=SBIN, token="1", tick=5), candles, Timeframe.M5, specification, Weekdays()
    whole, part = (
        columns_of(bars, strategy).directions.tolist() for bars in (prepared(*given), prepared(*given, first))
    )

    assert part == whole[first:]
    assert sum(each != 0 for each in part) > 20


def test_a_model_scored_beforehand_says_bit_for_bit_what_it_says_row_by_row(
    bars: SymbolBars, engine: InferenceEngine
) -> None:
    scored, row_at = ScoredModel(engine), feature_rows(bars)
    scored.score(bars)

    rows = [row_at(place) for place in np.flatnonzero(bars.features.valid).tolist()]
    assert [scored.predict(row) for row in rows] == [engine.predict(row) for row in rows]
    assert scored.feature_names == engine.feature_names


def test_a_model_is_asked_about_an_expected_symbol_when_its_first_row_comes(
    bars: SymbolBars, engine: InferenceEngine
) -> None:
    scored, row = ScoredModel(engine), feature_rows(bars)(int(np.argmax(bars.features.valid)))
    scored.expect(bars)

    assert scored.predict(row) == engine.predict(row)


def test_a_strategy_with_a_fast_face_asks_the_model_itself(bars: SymbolBars, engine: InferenceEngine) -> None:
    scored, table = ScoredModel(engine), bars.features
    found = ModelStrategy(scored).signals(table, bars.candles, bars.instrument.symbol)
    known = ModelStrategy(engine).signals(table, bars.candles, bars.instrument.symbol)

    assert isinstance(scored, ManyRowsPredictor)
    assert np.array_equal(found.directions, known.directions)
    assert np.array_equal(found.probabilities, known.probabilities)


def said(source: SignalSource, bars: SymbolBars) -> dict[int, tuple[Direction, float, int]]:
    """Ask after each bar that may matter; return the directions with their probabilities and times."""
    answers = source.of(bars)
    signals = {row: answers.ask(row) for row in np.flatnonzero(answers.rows).tolist()}
    return {
        row: (signal.direction, signal.probability, signal.at)
        for row, signal in signals.items()
        if signal is not None and signal.direction is not Direction.NONE
    }


def test_a_model_asked_at_once_says_what_it_says_bar_by_bar(bars: SymbolBars, engine: InferenceEngine) -> None:
    strategy = ModelStrategy(engine)

    assert said(AtOnce(ModelStrategy(ScoredModel(engine))), bars) == said(EveryBar(strategy), bars)
    assert len(said(EveryBar(strategy), bars)) > 20


def test_a_strategy_without_a_fast_face_is_asked_bar_by_bar(bars: SymbolBars) -> None:
    provider = SimpleNamespace(name="leaning", needs=Needs(features=(), warm_up=30), on_data=leaning)

    assert said(AtOnce(provider), bars) == said(EveryBar(provider), bars)


def test_a_row_that_was_not_scored_is_an_error(bars: SymbolBars, engine: InferenceEngine) -> None:
    row = feature_rows(bars)(int(np.argmax(bars.features.valid)))

    with pytest.raises(InvariantError, match="not scored"):
        ScoredModel(engine).predict(row)
