"""Rows that come symbol by symbol leave in order of time, by way of files that nobody finds afterwards."""

import errno
import os
from pathlib import Path

import joblib
import numpy as np
import pytest

from core.errors import StorageError
from training.feature_rows import FeatureRows

PARTS = [np.arange(12.0).reshape(4, 3), np.arange(100.0, 106.0).reshape(2, 3).copy(order="F"), np.empty((0, 3))]
ORDER = np.array([4, 0, 1, 5, 3, 2])


def in_order(folder: Path | None) -> np.ndarray:
    with FeatureRows(3, folder) as rows:
        for part in PARTS:
            rows.add(part)
        assert len(rows) == 6
        return rows.in_order(ORDER)


@pytest.mark.parametrize("is_mapped", [False, True])
def test_rows_leave_in_the_order_that_is_asked_for(tmp_path: Path, is_mapped: bool) -> None:
    found = in_order(tmp_path if is_mapped else None)

    assert type(found) is np.ndarray
    assert np.array_equal(found, np.concatenate(PARTS)[ORDER])
    assert len(list(tmp_path.iterdir())) == is_mapped


def test_another_process_reads_the_same_file_and_is_sent_no_copy(tmp_path: Path) -> None:
    mapped = in_order(tmp_path)
    crew = joblib.Parallel(n_jobs=2, max_nbytes=1)

    [backing] = crew([joblib.delayed(getattr)(mapped, "filename", "none")])

    assert [Path(str(backing))] == list(tmp_path.iterdir())


def test_a_full_disk_is_told_before_a_row_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match=r"no room for the rows to learn from .*No space left.*set TMPDIR"):
        in_order(tmp_path)
