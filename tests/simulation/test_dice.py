"""Chance by name: even, repeatable, and deaf to what else is drawn."""

from simulation.dice import Dice, draw


def test_a_throw_depends_on_seed_name_and_number_alone():
    first = Dice(1, "a")
    other = Dice(1, "b")
    mixed = [(first.throw(), other.throw())[0] for _ in range(50)]
    alone = Dice(1, "a")
    assert mixed == [alone.throw() for _ in range(50)]
    assert draw(1, "a", 3) == mixed[2]
    assert len({draw(1, "a", 1), draw(2, "a", 1), draw(1, "b", 1), draw(1, "a", 2)}) == 4


def test_throws_are_even():
    throws = [draw(7, "even", n) for n in range(20_000)]
    assert all(0 <= each < 1 for each in throws)
    for tenth in range(10):
        share = sum(tenth <= 10 * each < tenth + 1 for each in throws) / len(throws)
        assert 0.09 < share < 0.11


def test_whole_numbers_include_both_ends():
    dice = Dice(1, "whole")
    assert {dice.whole(1, 3) for _ in range(100)} == {1, 2, 3}
    assert all(2 <= dice.between(2, 5) < 5 for _ in range(100))
