import os
import stat
from pathlib import Path

import pytest

from core.errors import ConfigurationError, StorageError
from runtime.atomic_files import (
    LARGEST_SECRET_FILE,
    open_atomically,
    read_owner_only,
    write_owner_only,
    write_text,
)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_written_file_has_the_new_content_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.json"
    write_text(target, "old")
    write_text(target, "new ₹")
    assert target.read_text() == "new ₹"
    assert list(target.parent.iterdir()) == [target]


def test_an_interrupted_write_keeps_the_old_file_and_removes_its_own_remains(tmp_path: Path) -> None:
    target = tmp_path / "state"
    write_text(target, "old")

    def write_half() -> None:
        with open_atomically(target) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_disk_that_refuses_is_a_storage_error_that_names_the_file(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(StorageError, match="file/below cannot be written"):
        write_text(blocker / "below", "x")


def test_a_secret_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    target = tmp_path / "private" / "token.json"
    before = os.umask(0)
    try:
        write_owner_only(target, b"secret")
    finally:
        os.umask(before)
    assert permissions(target) == 0o600
    assert permissions(target.parent) == 0o700
    assert read_owner_only(target) == b"secret"


def test_a_link_at_the_target_is_neither_written_through_nor_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    elsewhere.chmod(0o600)
    link = tmp_path / "token.json"
    link.symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="is a link"):
        write_owner_only(link, b"secret")
    with pytest.raises(ConfigurationError, match="is a link"):
        read_owner_only(link)
    assert elsewhere.read_text() == "untouched"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666, 0o777, 0o610, 0o700])
def test_a_secret_that_others_could_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / ".env"
    file.write_text("secret")
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"permissions {mode:04o}: run `chmod 0600"):
        read_owner_only(file)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_of_the_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    file = tmp_path / ".env"
    file.write_text("secret")
    file.chmod(mode)
    assert read_owner_only(file) == b"secret"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_change_holds_no_secret(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="run `chmod 700"):
        write_owner_only(folder / "token.json", b"secret")
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secret_of_another_user_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token.json"
    file.write_text("secret")
    file.chmod(0o600)
    os.chown(file, 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to user 12345"):
        read_owner_only(file)


def test_pipes_folders_and_huge_files_are_not_secrets(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ConfigurationError, match="not a plain file"):
        read_owner_only(pipe)
    with pytest.raises(ConfigurationError, match="not a plain file"):
        read_owner_only(tmp_path)
    huge = tmp_path / "huge"
    huge.write_bytes(b"x" * (LARGEST_SECRET_FILE + 1))
    huge.chmod(0o600)
    with pytest.raises(ConfigurationError, match="above the limit"):
        read_owner_only(huge)


def test_a_missing_secret_is_told_apart_from_a_refused_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_owner_only(tmp_path / "token.json")
