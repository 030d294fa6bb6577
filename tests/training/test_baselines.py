from datetime import date

import numpy as np
import pytest

from core.errors import ConfigurationError
from core.instants import MINUTE
from core.market import Timeframe
from core.signals import Direction
from features.batch import compute
from features.specification import FeatureSpecification
from strategies.catalogue import strategy_named
from training.baselines import Baseline, Verdict, rule_baseline, rule_directions, shuffled_baselines, verdict
from training.dataset import build
from training.estimators import Logistic
from training.evaluation import evaluate
from training.folds import WalkForward
from training.out_of_fold import Candidate
from training.sources import generated

from .invented_rows import rows_of_market
from .label_rules import RULE

ROWS = rows_of_market(11, symbols=2, edge=2.0)
FOLDS = WalkForward(folds=3).split(ROWS.closed_at, ROWS.resolved_at)


def test_an_edge_beats_doing_nothing_and_nonsense():
    [evaluation] = evaluate(ROWS, FOLDS, [Candidate(Logistic())])
    shuffled = shuffled_baselines(ROWS, FOLDS, Candidate(Logistic()), seeds=(1, 2, 3))
    judged = verdict(evaluation, shuffled)

    assert judged.beats_baselines
    assert [each.name for each in judged.baselines][:2] == ["always none", "labels shuffled, seed 1"]
    assert judged.model == Baseline("logistic", evaluation.trades, evaluation.net)


def test_shuffling_is_seeded_and_changes_the_model():
    [one, again, other] = evaluate(ROWS, FOLDS, [Candidate(Logistic(), shuffled_by=seed) for seed in (1, 1, 2)])
    scores = [each.folds[0].fit.scores.tobytes() for each in (one, again, other)]

    assert scores[0] == scores[1] != scores[2]


@pytest.mark.parametrize("net", [0, -5, 900])
def test_to_earn_as_much_as_a_baseline_is_not_to_beat_it(net):
    judged = Verdict(Baseline("forest", 9, 900), (Baseline("always none", 0, 0), Baseline("rule", 4, net)))
    assert judged.beats_baselines == (net < 900)


def test_the_verdict_tells_its_figures():
    judged = Verdict(Baseline("forest", 9, 90_050), (Baseline("always none", 0, 0), Baseline("rule", 4, -100)))
    assert judged.words == "beats its baselines: 900.50 rupees in 9 trades, 0.00 in 0 of the best baseline, always none"


def test_a_rule_is_traded_like_a_model_that_is_sure():
    directions = np.zeros(len(ROWS), dtype=np.int64)
    directions[[3, 40, 41]] = Direction.LONG.value, Direction.SHORT.value, Direction.SHORT.value
    rows = np.arange(100)

    baseline = rule_baseline("rule", ROWS, rows, directions)
    assert baseline == Baseline("rule", 3, int(ROWS.net[3, 0] + ROWS.net[40, 1] + ROWS.net[41, 1]))


def test_a_strategy_answers_for_the_rows_of_its_candles(calendar):
    symbols = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
    histories = generated(symbols, Timeframe.M5, date(2025, 1, 1), date(2025, 1, 20), 3, calendar)
    specification = FeatureSpecification.of(("return_1", "sma_gap_50"))
    dataset = build(histories, specification, Timeframe.M5, calendar, lambda _: RULE)
    strategy = strategy_named("simple_ma_crossover", {})

    wanted = rule_directions(dataset, histories, strategy, Timeframe.M5, calendar)
    for place, history in enumerate(histories):
        ends = {int(start) + 5 * MINUTE: row for row, start in enumerate(history.candles.starts)}
        rows = np.flatnonzero(dataset.symbols == place)
        its_own = FeatureSpecification.of(strategy.needs.features)
        signals = strategy.signals(compute(its_own, history.candles), history.candles, history.symbol)
        candles = [ends[at] for at in dataset.closed_at[rows].tolist()]
        assert wanted[rows].tolist() == signals.directions[candles].tolist()
    assert set(wanted) == {0, 1, 2}


def test_candles_of_a_date_without_trading_do_not_move_what_a_rule_says(calendar):
    [history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 1, 1), date(2025, 1, 20), 3, calendar)

    class Closed:
        def trading_day(self, day):
            return None if day == date(2025, 1, 10) else calendar.trading_day(day)

        next_trading_day = calendar.next_trading_day

    specification = FeatureSpecification.of(("return_1",))
    strategy = strategy_named("simple_ma_crossover", {})
    whole = build([history], specification, Timeframe.M5, calendar, lambda _: RULE)
    part = build([history], specification, Timeframe.M5, Closed(), lambda _: RULE)

    by_time = dict(
        zip(
            whole.closed_at.tolist(),
            rule_directions(whole, [history], strategy, Timeframe.M5, calendar).tolist(),
            strict=True,
        )
    )
    wanted = rule_directions(part, [history], strategy, Timeframe.M5, Closed()).tolist()
    assert len(part) < len(whole)
    assert wanted == [by_time[at] for at in part.closed_at.tolist()]


def test_a_strategy_without_a_fast_face_is_refused(calendar):
    class Slow:
        name = "slow"

    with pytest.raises(ConfigurationError, match=r"slow has no signals\(\)"):
        rule_directions(ROWS, [], Slow(), Timeframe.M5, calendar)
