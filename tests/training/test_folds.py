import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError, DataError
from core.instants import DAY, HOUR
from training.folds import Scheme, WalkForward

OPEN = 1_735_525_800 * 10**9  # 2024-12-30 08:00 in India
HOURS = st.tuples(st.integers(0, 39), st.integers(1, 6), st.integers(1, 60))
"""Session, hour of the row, hours until its label is known: up to two and a half days."""
ROWS = st.lists(HOURS, min_size=30, max_size=200)
WALKS = st.builds(
    WalkForward,
    folds=st.integers(2, 4),
    first_share=st.sampled_from([0.2, 0.3, 0.5]),
    scheme=st.sampled_from(Scheme),
    embargo=st.sampled_from([0, HOUR, DAY]),
)


def times_of(rows):
    closed = np.array([OPEN + session * DAY + hour * HOUR for session, hour, _ in rows])
    return closed, closed + np.array([length for *_, length in rows]) * HOUR


def split_or_none(walk, rows):
    try:
        return walk.split(*times_of(rows))
    except DataError:
        return None


@given(WALKS, ROWS)
def test_no_label_of_the_training_part_is_known_after_the_test_begins(walk, rows):
    closed, resolved = times_of(rows)
    for fold in split_or_none(walk, rows) or ():
        assert fold.begins == closed[fold.test].min()
        assert (resolved[fold.train] < fold.begins - walk.embargo).all()
        assert (closed[fold.train] < closed[fold.test].min()).all()


@given(WALKS, ROWS)
def test_every_row_from_the_first_test_on_is_in_one_test(walk, rows):
    folds = split_or_none(walk, rows)
    if folds:
        tested = np.concatenate([fold.test for fold in folds])
        closed, _ = times_of(rows)
        assert sorted(tested) == np.flatnonzero(closed >= folds[0].begins).tolist()


@given(WALKS, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(walk, rows, chance):
    folds = split_or_none(walk, rows)
    places = list(range(len(rows)))
    chance.shuffle(places)
    shuffled = split_or_none(walk, [rows[place] for place in places])
    assert (folds is None) == (shuffled is None)
    for one, other in zip(folds or (), shuffled or (), strict=True):
        assert sorted(places[row] for row in other.train) == one.train.tolist()
        assert sorted(places[row] for row in other.test) == one.test.tolist()
        assert one.begins == other.begins


def a_row_each_hour(sessions=20):
    return [(session, hour, 1) for session in range(sessions) for hour in range(1, 7)]


def test_all_symbols_share_the_cuts():
    alone = WalkForward().split(*times_of(a_row_each_hour()))
    closed, resolved = times_of(a_row_each_hour() + a_row_each_hour()[60:])
    together = WalkForward().split(closed, resolved)

    assert [fold.begins for fold in together] == [fold.begins for fold in alone]
    for fold in together:
        assert closed[fold.train].max() < closed[fold.test].min()


def test_an_anchored_training_part_grows_and_a_rolling_one_moves():
    times = times_of(a_row_each_hour())
    anchored = WalkForward(folds=4, first_share=0.2).split(*times)
    rolling = WalkForward(folds=4, first_share=0.2, scheme=Scheme.ROLLING).split(*times)

    assert [len(fold.train) for fold in anchored] == [24, 48, 72, 96]
    assert [len(fold.train) for fold in rolling] == [24] * 4
    assert [fold.test.tolist() for fold in anchored] == [fold.test.tolist() for fold in rolling]


def test_rows_whose_label_ends_in_the_test_or_the_embargo_are_left_out():
    rows = a_row_each_hour(10)
    late = [(session, hour, 23 if hour == 6 else 1) for session, hour, _ in rows]  # ends in the next session
    walk = WalkForward(folds=2, first_share=0.5)

    assert len(walk.split(*times_of(rows))[0].train) == 30
    assert len(walk.split(*times_of(late))[0].train) == 29
    embargoed = WalkForward(folds=2, first_share=0.5, embargo=DAY).split(*times_of(rows))
    assert len(embargoed[0].train) == 24


def test_a_fold_says_which_labels_of_earlier_tests_are_known():
    fold = WalkForward(embargo=HOUR).split(*times_of(a_row_each_hour()))[2]

    assert fold.knows(np.array([fold.begins - HOUR - 1, fold.begins - HOUR])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"folds": 1}, "at least 2"), ({"first_share": 1.0}, "between 0 and 1"), ({"embargo": -1}, "not be negative")],
)
def test_a_walk_that_leads_nowhere_is_refused(wrong, words):
    with pytest.raises(ConfigurationError, match=words):
        WalkForward(**wrong)


def test_too_few_sessions_are_refused():
    with pytest.raises(DataError, match="5 sessions, 1 of them before the first of 5 tests"):
        WalkForward().split(*times_of(a_row_each_hour(5)))


def test_a_fold_that_nothing_is_left_to_teach_is_refused():
    with pytest.raises(DataError, match="leaves no row to fit"):
        WalkForward(embargo=30 * DAY).split(*times_of(a_row_each_hour()))


def test_walks_that_differ_by_little_have_other_words():
    assert WalkForward(first_share=0.301).words != WalkForward(first_share=0.304).words
    assert "after 30% of the sessions" in WalkForward().words
