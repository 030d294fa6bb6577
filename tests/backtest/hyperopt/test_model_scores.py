"""The model of a search is asked once about every candle; trials and workers only look up what it said."""

import pickle
from collections.abc import Mapping

import numpy as np
import pytest

from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.model_scores import ModelScores
from core.errors import InvariantError
from core.market import Candle
from core.signals import Direction, FeatureRow
from features.batch import compute
from features.columns import FloatArray
from features.specification import FeatureSpecification
from strategies.caution import TrainedOn
from strategies.model import ModelStrategy

NEVER_TOO_OLD = 2**62
"""A training that ended after every candle."""


class Model:
    """Goes with the last return, and counts the rows that it is asked about."""

    feature_names = ("return_1",)
    threshold = 0.5

    def __init__(self, trained_until: int = NEVER_TOO_OLD) -> None:
        self.rows = 0
        self.trained_on = TrainedOn(trained_until, None)

    def probabilities_of(self, columns: Mapping[str, int], rows: FloatArray) -> FloatArray:
        self.rows += len(rows)
        long = np.clip(0.5 + 100 * rows[:, columns["return_1"]], 0.0, 1.0)
        return np.column_stack([np.zeros(len(rows)), long, 1 - long])


def test_trials_trade_what_the_model_says_and_ask_it_no_more(make_ground) -> None:
    model = Model()
    ground = make_ground(seeds=(1, 2), name="model", params={})
    histories = [(each.instrument.symbol, each.candles) for each in ground.stretches]
    scores = ModelScores.of(model, histories)
    asked = model.rows
    assert asked == sum(len(starts) for starts, _ in scores.answers.values()) > 3_000

    for symbol, candles in histories:
        table = compute(FeatureSpecification.of(model.feature_names), candles)
        said, asked_anew = (ModelStrategy(each).signals(table, candles, symbol) for each in (scores, model))
        assert np.array_equal(said.directions, asked_anew.directions)
        assert np.array_equal(said.probabilities, asked_anew.probabilities)
    asked = model.rows

    searched = make_ground(seeds=(1, 2), name="model", params={}, model=scores)
    evaluator = Evaluator(pickle.loads(pickle.dumps(searched)))
    loose, strict = (evaluator.figures({"threshold": each}) for each in (0.6, 0.8))

    assert 0 < strict.trades < loose.trades
    assert model.rows == asked


def test_a_trial_does_not_believe_a_model_that_was_trained_too_long_ago(make_ground) -> None:
    [stretch] = make_ground().stretches
    symbol, candles = stretch.instrument.symbol, stretch.candles
    table = compute(FeatureSpecification.of(Model.feature_names), candles)
    for model, acts in ((Model(), True), (Model(trained_until=0), False)):
        scores = ModelScores.of(model, [(symbol, candles)])
        assert ModelStrategy(scores).signals(table, candles, symbol).directions.any() == acts


def test_a_row_by_itself_gets_the_same_answer_and_one_that_was_never_asked_about_none(make_ground) -> None:
    ground = make_ground()
    [stretch] = ground.stretches
    symbol, candles = stretch.instrument.symbol, stretch.candles
    scores = ModelScores.of(Model(), [(symbol, candles)])
    rows = [FeatureRow(symbol, candles.candle(place), 0, {"return_1": 0}, (0.0,), 1.0) for place in (20, 700, 1_799)]

    at_once = scores.probabilities_at(symbol, candles.starts[[20, 700, 1_799]])
    assert [scores.predict(row).probabilities for row in rows] == list(map(tuple, at_once.tolist()))
    assert {scores.predict(row).direction for row in rows} <= {Direction.LONG, Direction.SHORT}
    later = Candle(int(candles.starts[-1]) + 1, 5, 5, 5, 5, 1)
    for unknown in (candles.candle(0), later):
        with pytest.raises(InvariantError, match="not scored"):
            scores.predict(FeatureRow(symbol, unknown, 0, {"return_1": 0}, (0.0,), 1.0))
        with pytest.raises(InvariantError, match="not scored"):
            scores.probabilities_at(symbol, np.array([unknown.start]))
    with pytest.raises(InvariantError, match="NSE:OTHER-EQ"):
        scores.probabilities_at("NSE:OTHER-EQ", candles.starts[:1])
