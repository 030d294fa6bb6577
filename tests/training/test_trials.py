from dataclasses import dataclass

import numpy as np
import pytest

from reporting.overfitting import moments, probabilistic_sharpe
from training.trials import count_trials, sharpe_of


@dataclass
class Walked:
    """As much of an evaluation as is counted."""

    daily: np.ndarray


def walked(seed: int, mean: float = 20.0) -> Walked:
    return Walked((mean + 100 * np.random.default_rng(seed).standard_normal(120)).astype(np.int64))


def test_of_one_candidate_nothing_is_taken_off():
    only = walked(1)
    trials = count_trials(only, [only])

    assert (trials.number, trials.by_luck) == (1, 0.0)
    assert trials.deflated == pytest.approx(probabilistic_sharpe(moments(only.daily.astype(float))))


def test_the_more_were_tried_the_less_is_left():
    best = walked(1)
    few = count_trials(best, [best, walked(2), walked(3)])
    more = count_trials(best, [best, walked(2), walked(3)], earlier=97)

    assert (few.number, more.number) == (3, 100)
    assert few.sharpe == more.sharpe
    assert 0 < few.by_luck < more.by_luck
    assert few.deflated > more.deflated


def test_candidates_tried_before_count_for_one_alone():
    only = walked(1)
    assert count_trials(only, [only], earlier=49).by_luck > 0.1


def test_candidates_on_record_count_and_tell_how_much_candidates_differ():
    only = walked(1)
    alike, apart = count_trials(only, [only], former=(0.1, 0.11)), count_trials(only, [only], former=(-0.4, None))

    assert (alike.number, apart.number) == (3, 3)
    assert apart.by_luck > alike.by_luck


def test_near_twins_take_nothing_of_the_luck_away():
    only = walked(1)
    twins = (sharpe_of(only) - 1e-4,) * 15

    assert count_trials(only, [only], former=twins).by_luck >= count_trials(only, [only], earlier=15).by_luck
    assert count_trials(only, [only], former=twins[:1], earlier=999).deflated < 0.5


def test_it_is_the_same_whether_candidates_are_tried_together_or_one_after_the_other():
    best, other = walked(1), walked(2)
    together, after = count_trials(best, [best, other]), count_trials(best, [best], former=(sharpe_of(other),))

    assert after == together


def test_a_model_that_never_traded_has_no_sharpe_ratio():
    idle = Walked(np.zeros(50, dtype=np.int64))
    trials = count_trials(idle, [idle, walked(2)])

    assert (trials.number, trials.sharpe, trials.by_luck, trials.deflated) == (2, None, None, None)
