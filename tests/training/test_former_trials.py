"""What was tried on the same candles is counted without anybody remembering it, and counted once."""

import os
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from core.errors import ModelError
from training.estimators import Forest, Logistic
from training.former_trials import LARGEST_TRIALS, TRIALS, Ground, Tried
from training.out_of_fold import Candidate
from training.recipe import Recipe

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
JANUARY, JUNE = date(2025, 1, 1), date(2025, 6, 30)
LOGISTIC, FOREST = Candidate(Logistic()), Candidate(Forest(trees=10))


@dataclass
class Walked:
    """As much of an evaluation as is noted."""

    candidate: Candidate
    daily: np.ndarray


def tried(*candidates, symbols=(SBIN,), first=JANUARY, last=JUNE, market="recorded", choices="5m candles") -> Tried:
    ground = Ground(market=market, symbols=symbols, first=first, last=last)
    return Tried.of(Recipe(candidates=candidates or (LOGISTIC,)), ground, choices)


def note(training: Tried, folder, *, daily=(100, 50, 300, -20)) -> None:
    training.note(folder, [Walked(each, np.array(daily)) for each in training.ways])


def test_another_recipe_on_the_same_candles_has_been_tried_before(tmp_path):
    note(tried(LOGISTIC), tmp_path / "sbin")
    [sharpe] = tried(FOREST).former(tmp_path)
    assert sharpe > 0


def test_who_tries_the_same_again_has_not_tried_more_and_adds_nothing(tmp_path):
    note(tried(LOGISTIC, FOREST), tmp_path / "sbin")
    written = (tmp_path / "sbin" / TRIALS).read_bytes()
    assert tried(FOREST, LOGISTIC).former(tmp_path) == ()
    note(tried(LOGISTIC, FOREST), tmp_path / "sbin")
    assert (tmp_path / "sbin" / TRIALS).read_bytes() == written


def test_the_same_recipe_on_more_candles_is_the_same_trial(tmp_path):
    for last in (date(2025, 4, 30), date(2025, 5, 31)):
        note(tried(LOGISTIC, last=last), tmp_path / "sbin")
    assert len((tmp_path / "sbin" / TRIALS).read_text().splitlines()) == 2
    assert tried(LOGISTIC).former(tmp_path) == ()
    assert len(tried(FOREST).former(tmp_path)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"choices": "5m candles, target 4"},
        {"symbols": (INFY, SBIN)},
        {"first": JUNE, "last": date(2025, 12, 31)},
    ],
    ids=["other labels", "one more symbol", "a day in common"],
)
def test_whatever_is_chosen_otherwise_on_candles_in_common_is_another_trial(tmp_path, other):
    note(tried(LOGISTIC), tmp_path / "sbin")
    assert len(tried(FOREST, **other).former(tmp_path)) == 1


@pytest.mark.parametrize(
    "other",
    [{"symbols": (INFY, SBIN)}, {"first": date(2025, 2, 1)}, {"last": date(2025, 5, 31)}],
    ids=["one more symbol", "a later first day", "an earlier last day"],
)
def test_symbols_and_days_that_are_chosen_otherwise_are_another_trial(tmp_path, other):
    note(tried(LOGISTIC), tmp_path / "sbin")
    assert len(tried(LOGISTIC, **other).former(tmp_path)) == 1


def test_the_newest_ratio_counts_whatever_its_model_is_called(tmp_path):
    note(tried(LOGISTIC, last=JUNE), tmp_path / "aa", daily=(100, 50, 300, -20))
    note(tried(LOGISTIC, last=date(2025, 5, 31)), tmp_path / "zz", daily=(-100, -50, -300, 20))
    [sharpe] = tried(FOREST).former(tmp_path)
    assert sharpe > 0


def test_the_order_of_symbols_is_no_choice(tmp_path):
    note(tried(LOGISTIC, symbols=(INFY, SBIN)), tmp_path / "sbin")
    assert tried(LOGISTIC, symbols=(SBIN, INFY)).former(tmp_path) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"symbols": (INFY,)},
        {"first": date(2025, 7, 1), "last": date(2025, 12, 31)},
        {"market": "generated, seed 7"},
    ],
    ids=["another symbol", "later candles", "another market"],
)
def test_other_candles_tell_nothing_of_these(tmp_path, other):
    note(tried(LOGISTIC), tmp_path / "sbin")
    assert tried(FOREST, **other).former(tmp_path) == ()


def test_another_seed_is_another_trial(tmp_path):
    note(tried(LOGISTIC), tmp_path / "sbin")
    assert len(tried(replace(LOGISTIC, seed=8)).former(tmp_path)) == 1


def test_another_name_makes_no_other_candles(tmp_path):
    note(tried(LOGISTIC), tmp_path / "first")
    assert len(tried(FOREST).former(tmp_path)) == 1


def test_a_way_that_never_traded_counts_without_a_ratio(tmp_path):
    note(tried(LOGISTIC), tmp_path / "sbin", daily=(0, 0, 0, 0))
    assert tried(FOREST).former(tmp_path) == (None,)


@pytest.mark.parametrize("content", ["{", "[]\n", '{"way": "forest", "sharpe": 1.0}\n', "\n\n", b"\xff\n"])
def test_what_is_no_list_of_trials_is_refused_by_name(tmp_path, content):
    (tmp_path / "sbin").mkdir()
    path = tmp_path / "sbin" / TRIALS
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelError, match=rf"{TRIALS}: no list of trials \(.*move it away"):
        tried().former(tmp_path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("pipe", "is no plain file"), ("folder", "is no plain file"), ("link", "is a link"), ("large", "larger than the")],
)
@pytest.mark.timeout(30)
def test_a_record_of_another_model_that_is_no_plain_file_is_refused_and_not_waited_for(tmp_path, kind, words):
    note(tried(LOGISTIC), tmp_path / "sbin")
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / TRIALS
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        with path.open("wb") as file:
            file.truncate(LARGEST_TRIALS + 1)
    with pytest.raises(ModelError, match=f"{TRIALS}: {words}") as refusal:
        tried(FOREST).former(tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_file_beside_the_models_is_no_model(tmp_path):
    (tmp_path / "README.md").write_text("what these are")
    assert tried().former(tmp_path) == ()
    assert tried().former(tmp_path / "nowhere") == ()
