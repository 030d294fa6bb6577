"""What proves a bundle and what its drift is measured against, taken from the rows of the training."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError, StorageError
from features.novelty import Novelty
from trading.bundle import FeatureFacts, Manifest
from trading.caution_facts import CautionFacts
from trading.feature_reference import QUANTILES
from trading.model_versions import next_version
from training import bundle_writer
from training.bundle_writer import _golden_rows, _reference, _write, require_place

ROWS = np.random.default_rng(5).normal(size=(1_000, 2)) * [1.0, 1e-6]
ANSWERS = np.full((1_000, 3), 1 / 3)


def test_golden_rows_are_different_rows_spread_over_all():
    repeated = np.repeat(ROWS[:40], 25, axis=0)
    golden = _golden_rows(repeated, ANSWERS)
    assert len({row.features for row in golden}) == len(golden) == 32
    assert golden[0].features == tuple(ROWS[0].tolist())
    assert golden[-1].features == tuple(ROWS[39].tolist())


def test_too_few_different_rows_prove_nothing():
    with pytest.raises(ModelError, match="31 different rows of features, a bundle needs 32"):
        _golden_rows(np.repeat(ROWS[:31], 30, axis=0), ANSWERS)


def test_the_reference_has_the_values_of_rows_at_its_quantiles():
    reference = _reference(("a_1", "b_1"), ROWS)
    assert list(reference) == ["a_1", "b_1"]
    for place, each in enumerate(reference.values()):
        column = ROWS[:, place]
        assert set(each.quantiles) <= set(column.tolist())
        assert (each.quantiles[0], each.quantiles[-1]) == (column.min(), column.max())
        below = [float((column <= value).mean()) for value in each.quantiles]
        assert below == pytest.approx(QUANTILES, abs=1e-3)
        assert (each.mean, each.deviation) == pytest.approx((column.mean(), column.std()), rel=1e-11)


def test_strangeness_is_measured_by_the_reference_as_by_the_rows_themselves():
    expected = Novelty.of(ROWS)
    manifest = Manifest.model_construct(
        features=FeatureFacts.model_construct(names=("a_1", "b_1")),
        reference=_reference(("a_1", "b_1"), ROWS),
        caution=CautionFacts.model_construct(novelty_limit=expected.limit),
    )
    assert manifest.novelty == expected


def test_a_feature_that_never_changes_has_a_reference_too():
    [reference] = _reference(("a_1",), np.full((600, 1), 0.1)).values()
    assert (reference.quantiles[0], reference.quantiles[-1]) == (0.1, 0.1)
    assert reference.deviation == pytest.approx(0.0, abs=1e-15)


def contents(word):
    return {"manifest.yaml": word.encode(), "arrays.npz": b"numbers"}


def names_in(folder):
    return sorted(each.name for each in folder.iterdir())


def test_versions_are_numbered_from_one_and_the_same_bundle_is_written_once(tmp_path):
    folder = tmp_path / "first"
    assert [_write(folder, contents(word)).name for word in ("a", "b", "b")] == ["0001", "0002", "0002"]
    assert names_in(folder) == ["0001", "0002"]
    assert (folder / "0002" / "manifest.yaml").read_text() == "b"


@pytest.mark.parametrize("left", ["folder", "file", "link"])
def test_what_is_left_of_a_version_keeps_its_number(tmp_path, left):
    folder = tmp_path / "first"
    _write(folder, contents("a"))
    over = folder / "0004"
    if left == "folder":
        over.mkdir()
        (over / "card.html").write_text("the rest was deleted")
    elif left == "file":
        over.write_text("somebody's")
    else:
        over.symlink_to(tmp_path / "nowhere")

    assert _write(folder, contents("b")).name == "0005"
    assert names_in(folder) == ["0001", "0004", "0005"]


def race(monkeypatch, folder, word):
    """Let another training write its bundle between the look for a number and the rename."""
    numbered: list[Path] = []

    def slow(where):
        numbered.append(next_version(where))
        if len(numbered) == 1:
            numbered[0].mkdir(parents=True)
            (numbered[0] / "manifest.yaml").write_text(word)
        return numbered[-1]

    monkeypatch.setattr(bundle_writer, "next_version", slow)


def test_of_two_trainings_that_end_together_the_second_takes_the_next_number(tmp_path, monkeypatch):
    folder = tmp_path / "first"
    _write(folder, contents("a"))
    race(monkeypatch, folder, "b")

    assert _write(folder, contents("c")).name == "0003"
    assert [(folder / name / "manifest.yaml").read_text() for name in names_in(folder)] == ["a", "b", "c"]


def test_of_two_same_trainings_that_end_together_one_bundle_is_kept(tmp_path, monkeypatch):
    folder = tmp_path / "first"
    race(monkeypatch, folder, "c")

    assert _write(folder, contents("c")).name == "0001"
    assert names_in(folder) == ["0001"]


def test_after_the_largest_number_nothing_is_written(tmp_path):
    (tmp_path / "first" / "999999999").mkdir(parents=True)
    with pytest.raises(StorageError, match="first: 999999999 is the largest number"):
        _write(tmp_path / "first", contents("a"))
    assert names_in(tmp_path / "first") == ["999999999"]


def test_a_rename_that_the_disk_refuses_leaves_nothing(tmp_path, monkeypatch):
    def refused(self, target):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(StorageError, match=r"0001 cannot be written: No space left"):
        _write(tmp_path / "first", contents("a"))
    assert names_in(tmp_path / "first") == []


@pytest.mark.parametrize("at", ["models", "models/first"])
def test_a_place_that_is_no_folder_is_refused_before_anything_is_learned(tmp_path, at):
    require_place(tmp_path / "models" / "first")
    (tmp_path / at).parent.mkdir(exist_ok=True)
    (tmp_path / at).write_text("a file")
    with pytest.raises(StorageError, match=f"first cannot be made: .*{at} is no folder"):
        require_place(tmp_path / "models" / "first")
