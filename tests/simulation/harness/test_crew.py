"""A session that dies or hangs is a finding; one that cannot begin is an error; and the crew plays everything once."""

import pytest

from simulation.calibration import Speed
from simulation.crew import DIED, HUNG, Player, PlayerError, play_all
from simulation.plan import Plan


def codes(player: Player, seed: int) -> list[str]:
    return [violation.code for violation in player.play(Plan(seed, faults=())).violations]


def test_a_session_that_ends_its_process_is_a_finding_and_the_next_is_played(play: str) -> None:
    with Player(play=play) as player:
        assert codes(player, 666) == [DIED]
        assert codes(player, 1) == []
        died = player.play(Plan(668))
        assert (died.seed, died.violations[0].code) == (668, DIED)
        assert died.violations[0].message == "ArithmeticError: the session broke"


def test_a_session_that_never_ends_is_a_finding_too(play: str) -> None:
    with Player(play=play, patience_seconds=2.0) as player:
        assert codes(player, 667) == [HUNG]
        assert codes(player, 1) == []


def test_a_player_that_cannot_begin_says_why(play: str) -> None:
    with Player(play="no_such_module:play") as player, pytest.raises(PlayerError, match="no_such_module"):
        player.play(Plan(1))
    with Player(play=play, bug="nonsense") as player, pytest.raises(PlayerError, match="no planted bug nonsense"):
        player.play(Plan(1))


def test_the_hash_seed_is_the_one_that_was_asked_for(play: str) -> None:
    digests = []
    for hash_seed in (0, 1):
        with Player(play=play, hash_seed=hash_seed) as player:
            digests.append(player.play(Plan(701)).digest)
    assert digests == ["701/0", "701/1"]


def test_every_plan_is_played_once_whatever_dies_on_the_way(play: str) -> None:
    speed = Speed(2)
    plans = [Plan(seed, faults=()) for seed in (*range(20), 666, 668)]
    played = list(play_all(plans, 2, play, speed))
    assert sorted(plan.seed for plan, _ in played) == sorted(plan.seed for plan in plans)
    assert all(plan.seed == verdict.seed for plan, verdict in played)
    assert sorted(plan.seed for plan, verdict in played if verdict.violations) == [666, 668]
    assert len(speed.loops) == 4
    assert min(speed.loops) > 0


def test_a_crew_that_cannot_begin_says_why() -> None:
    with pytest.raises(PlayerError, match="no_such_module"):
        list(play_all([Plan(1)], 2, "no_such_module:play", Speed(2)))


def test_who_stops_asking_gets_no_more(play: str) -> None:
    crew = play_all((Plan(seed, faults=()) for seed in range(10**9)), 1, play, Speed(1))
    plan, _ = next(crew)
    assert plan.seed == 0
    crew.close()
