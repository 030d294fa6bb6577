"""A file is read whole or refused by name, and nobody waits for a pipe."""

import os
from pathlib import Path

import pytest

from core.errors import ModelError
from trading.plain_file import read_plain_file


def test_a_file_is_read_up_to_the_limit_and_not_beyond(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_plain_file(path, 5) == b"12345"
    with pytest.raises(ModelError, match="file: larger than the 4 bytes allowed for it"):
        read_plain_file(path, 4)


@pytest.mark.hazard("M1")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "missing; restore it"),
        (Path.mkdir, "is no plain file"),
        (os.mkfifo, "is no plain file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a link"),
        (lambda path: path.symlink_to("nowhere"), "is a link"),
    ],
)
def test_what_is_no_plain_file_is_refused_by_name(tmp_path, make, reason):
    make(tmp_path / "file")
    with pytest.raises(ModelError, match=f"file: {reason}"):
        read_plain_file(tmp_path / "file", 100)


def test_a_device_is_no_plain_file():
    with pytest.raises(ModelError, match="/dev/zero: is no plain file"):
        read_plain_file(Path("/dev/zero"), 100)
