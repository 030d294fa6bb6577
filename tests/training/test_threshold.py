import numpy as np

from core.signals import Direction
from trading.inference_engine import direction_of
from training.dataset import Dataset
from training.threshold import NEVER, choose, trade


def dataset_of(rows: int, *, net, length: int = 1, symbols=None) -> Dataset:
    times = np.arange(rows) * 10 + 100
    return Dataset(
        features=np.zeros((rows, 1)),
        directions=np.zeros(rows, dtype=np.int64),
        symbols=np.zeros(rows, dtype=np.int64) if symbols is None else np.array(symbols),
        closed_at=times,
        resolved_at=times + 10 * length,
        net=np.array(net),
        free_at=np.stack([times + 10 * length] * 2, axis=1),
    )


def test_each_trade_earns_what_its_side_earned():
    rows = dataset_of(3, net=[(100, -7), (-50, 30), (5, 5)])
    probabilities = np.array([[0.2, 0.6, 0.2], [0.1, 0.3, 0.6], [0.9, 0.05, 0.05]])

    outcome = trade(rows, probabilities, 0.5)

    assert (outcome.trades, outcome.net, outcome.mean) == (2, 130, 65.0)


def test_no_trade_begins_before_the_last_one_of_its_symbol_has_ended():
    probabilities = np.tile([0.0, 1.0, 0.0], (6, 1))

    assert trade(dataset_of(6, net=[(1, 0)] * 6, length=3), probabilities, 0.5).trades == 2
    assert trade(dataset_of(6, net=[(1, 0)] * 6, length=3, symbols=[0, 1] * 3), probabilities, 0.5).trades == 4


def test_the_threshold_that_earned_most_is_chosen():
    rows = dataset_of(100, net=[(-100, 0)] * 50 + [(200, 0)] * 50)
    probabilities = np.array([[0.5, 0.5, 0.0]] * 50 + [[0.4, 0.6, 0.0]] * 50)

    assert choose(rows, probabilities).threshold == 0.6


def test_a_model_that_earns_nothing_never_acts():
    probabilities = np.tile([0.3, 0.5, 0.2], (100, 1))

    assert choose(dataset_of(100, net=[(-1, 1)] * 100), probabilities).threshold == NEVER


def test_a_handful_of_lucky_trades_proves_nothing():
    probabilities = np.tile([0.3, 0.5, 0.2], (19, 1))

    assert choose(dataset_of(19, net=[(1_000, 0)] * 19), probabilities).threshold == NEVER


def test_what_may_have_been_luck_is_not_acted_on_where_certainty_is_asked_for():
    probabilities = np.tile([0.3, 0.5, 0.2], (100, 1))
    lucky = dataset_of(100, net=[(110, 0), (-100, 0)] * 50)
    sure = dataset_of(100, net=[(200, 0), (-100, 0)] * 50)

    assert choose(lucky, probabilities).threshold == 0.5
    assert choose(lucky, probabilities, certainty=2.0).threshold == NEVER
    assert choose(sure, probabilities, certainty=2.0).threshold == 0.5


def test_training_and_the_live_engine_decide_alike():
    chance = np.random.default_rng(1)
    for _ in range(200):
        none, long, short = chance.dirichlet((2, 2, 2))
        decided = direction_of(long, short, 0.4)
        outcome = trade(dataset_of(1, net=[(1, 2)]), np.array([[none, long, short]]), 0.4)
        assert outcome.net == {Direction.NONE: 0, Direction.LONG: 1, Direction.SHORT: 2}[decided]
