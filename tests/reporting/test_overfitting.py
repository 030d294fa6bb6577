"""The worked examples of the papers, and cases in which the answer is known."""

from math import sqrt

import numpy as np
import pytest

from reporting.overfitting import (
    Moments,
    deflated_sharpe,
    expected_best_sharpe,
    moments,
    probabilistic_sharpe,
    probability_of_overfitting,
)

DAILY = Moments(observations=1250, sharpe=2.5 / sqrt(250), skewness=-3.0, kurtosis=10.0)
"""The strategy of the 2014 paper: five years of days, an annualised Sharpe ratio of 2.5."""
VARIANCE = 0.5 / 250
"""Of the trials' Sharpe ratios; 1/2 when they are annualised."""


def test_the_expected_best_of_a_hundred_trials_is_that_of_the_paper() -> None:
    assert expected_best_sharpe(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(("trials", "chance"), [(100, 0.9004), (46, 0.9505)])
def test_the_deflated_sharpe_ratio_is_that_of_the_paper(trials: int, chance: float) -> None:
    assert deflated_sharpe(DAILY, trials, VARIANCE) == pytest.approx(chance, abs=2e-4)


@pytest.mark.parametrize(("skewness", "kurtosis", "chance"), [(0.0, 3.0, 0.982), (-2.448, 10.164, 0.913)])
def test_the_probabilistic_sharpe_ratio_is_that_of_the_paper(skewness: float, kurtosis: float, chance: float) -> None:
    two_years_of_months = Moments(observations=24, sharpe=0.458, skewness=skewness, kurtosis=kurtosis)
    assert probabilistic_sharpe(two_years_of_months) == pytest.approx(chance, abs=1e-3)


def test_one_trial_is_not_deflated() -> None:
    assert expected_best_sharpe(1, VARIANCE) == 0.0
    assert deflated_sharpe(DAILY, 1, VARIANCE) == probabilistic_sharpe(DAILY)


def test_more_trials_make_the_same_result_worth_less() -> None:
    worth = [deflated_sharpe(DAILY, trials, VARIANCE) for trials in (1, 2, 10, 100, 1000)]
    assert worth == sorted(worth, reverse=True)
    assert len(set(worth)) == 5


def test_the_expected_best_is_what_the_best_of_many_lucky_ones_has() -> None:
    lucky = np.random.default_rng(7).normal(0.0, 0.3, (4_000, 50)).max(axis=1).mean()
    assert expected_best_sharpe(50, 0.09) == pytest.approx(lucky, rel=0.02)


def test_moments_are_those_of_the_returns() -> None:
    found = moments(np.array([0.0, 0.0, 0.0, 0.04]))
    assert found is not None
    assert (found.observations, found.sharpe) == (4, pytest.approx(0.5))
    assert found.skewness == pytest.approx(2 / sqrt(3))
    assert found.kurtosis == pytest.approx(7 / 3)


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.1] * 9])
def test_too_few_or_equal_returns_have_no_moments(returns: list[float]) -> None:
    assert moments(np.array(returns)) is None


def test_a_candidate_with_an_edge_is_not_overfitted() -> None:
    returns = np.random.default_rng(1).normal(0.0, 0.01, (480, 20))
    returns[:, 3] += 0.01
    found = probability_of_overfitting(returns, blocks=8)
    assert (found.probability, found.chance_of_loss) == (0.0, 0.0)
    assert found.logits == pytest.approx(np.log(20.0))  # always the best of twenty: rank 20 of 21


def test_candidates_that_only_noise_tells_apart_are_overfitted_about_half_of_the_time() -> None:
    chances = [
        probability_of_overfitting(np.random.default_rng(seed).normal(0.0, 0.01, (480, 20)), blocks=8).probability
        for seed in range(20)
    ]
    assert 0.35 < float(np.mean(chances)) < 0.75


def test_what_won_in_one_half_and_lost_in_the_other_is_overfitted_for_certain() -> None:
    wave = np.array([0.01, 0.03])
    returns = np.column_stack((np.concatenate((wave, -wave)), np.concatenate((-wave, wave))))
    found = probability_of_overfitting(returns, blocks=2)
    assert (found.probability, found.chance_of_loss) == (1.0, 1.0)
    assert found.logits == pytest.approx(np.log(0.5))  # rank 1 of 2: 1/3 against 2/3


def test_all_ways_of_choosing_half_of_the_blocks_are_tried() -> None:
    returns = np.random.default_rng(1).normal(0.0, 0.01, (160, 3))
    assert len(probability_of_overfitting(returns, blocks=6).logits) == 20


def test_equal_candidates_are_the_median_and_count_as_overfitted() -> None:
    column = np.random.default_rng(1).normal(0.0, 0.01, (40, 1))
    found = probability_of_overfitting(np.repeat(column, 3, axis=1), blocks=4)
    assert found.logits == pytest.approx(0.0)
    assert found.probability == 1.0


def test_candidates_that_never_traded_are_no_error() -> None:
    assert np.isfinite(probability_of_overfitting(np.zeros((40, 3)), blocks=4).logits).all()


@pytest.mark.parametrize(("shape", "blocks"), [((40, 1), 4), ((40, 3), 3), ((7, 3), 4), ((40, 3), 0)])
def test_what_cannot_be_cut_is_refused(shape: tuple[int, int], blocks: int) -> None:
    with pytest.raises(ValueError, match="give at least two candidates"):
        probability_of_overfitting(np.zeros(shape), blocks)


def test_a_trial_less_than_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        expected_best_sharpe(0, 0.1)
