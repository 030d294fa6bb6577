"""Campaigns play what they say, count it, and notice a session that is not the same twice."""

import pytest

from simulation.campaign import Campaign, plan_of


def campaign(play: str, lines: list[str] | None = None) -> Campaign:
    said: list[str] = [] if lines is None else lines
    return Campaign(2, said.append, play)


def test_a_seed_stands_for_one_session_and_one_in_a_hundred_is_kept_on_the_disk() -> None:
    plans = [plan_of(seed) for seed in range(1, 2_001)]
    assert [plan.seed for plan in plans] == list(range(1, 2_001))
    assert sum(plan.on_disk for plan in plans) == 20
    assert {plan.faults for plan in plans} == {None}


def test_seeds_are_played_and_counted(play: str) -> None:
    lines: list[str] = []
    tally, speed = campaign(play, lines).seeds(668, 10)
    assert tally.sessions == 10
    assert [(finding.plan.seed, finding.codes) for finding in tally.findings] == [(668, ["DIED"])]
    assert speed.seconds > 0
    assert any("seed 668 violates DIED: ArithmeticError" in line for line in lines)
    assert any(line.startswith("10 of 10 sessions") for line in lines)


@pytest.mark.hazard("S5")
def test_every_durable_write_is_crashed_at_before_and_after(play: str) -> None:
    tally, _ = campaign(play).crash_everywhere(1, 2)
    assert tally.sessions == 2 + 2 * 6 * 2
    assert [
        (finding.plan.seed, finding.codes) for finding in sorted(tally.findings, key=lambda each: each.plan.seed)
    ] == [
        (1, ["I2"]),
        (2, ["I2"]),
    ]
    crash = tally.findings[0].plan.crash
    assert crash is not None
    assert (crash.write, crash.before) == (5, False)


def test_sessions_that_are_the_same_are_found_so(play: str) -> None:
    assert campaign(play).determinism(1, 3) == {"sessions": 3, "plays_of_each": 4, "different": []}


@pytest.mark.hazard("W8")
def test_a_session_that_hangs_on_the_hash_seed_is_found(play: str) -> None:
    again = campaign(play).determinism(701, 10)
    assert again == {"sessions": 4, "plays_of_each": 4, "different": [701]}
