"""The commit is read from git's own files, however the checkout was made; without one the release stands alone."""

from pathlib import Path

import pytest

from runtime.code_version import code_version

COMMIT = "3f2a91c07d5e" + 28 * "0"


@pytest.fixture
def git(tmp_path: Path) -> Path:
    """A checkout on a branch of two words."""
    git = tmp_path / ".git"
    (git / "refs/heads/two").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/two/words\n")
    return git


def test_a_branch_is_a_file_of_its_own(git: Path) -> None:
    (git / "refs/heads/two/words").write_text(f"{COMMIT}\n")

    assert code_version(git.parent).endswith("+3f2a91c07d5e")


def test_a_branch_may_be_packed(git: Path) -> None:
    (git / "packed-refs").write_text(f"# peeled\n{'1' * 40} refs/heads/two\n{COMMIT} refs/heads/two/words\n")

    assert code_version(git.parent).endswith("+3f2a91c07d5e")


def test_a_detached_head_names_the_commit_itself(git: Path) -> None:
    (git / "HEAD").write_text(f"{COMMIT}\n")

    assert code_version(git.parent).endswith("+3f2a91c07d5e")


def test_a_further_working_tree_shares_the_branches_of_the_first(git: Path, tmp_path: Path) -> None:
    (git / "refs/heads/two/words").write_text(f"{COMMIT}\n")
    own = git / "worktrees/second"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/two/words\n")
    (own / "commondir").write_text("../..\n")
    second = tmp_path / "second"
    second.mkdir()
    (second / ".git").write_text(f"gitdir: {own}\n")

    assert code_version(second).endswith("+3f2a91c07d5e")


@pytest.mark.parametrize("is_repository", [True, False])
def test_where_no_commit_is_the_release_stands_alone(git: Path, is_repository: bool) -> None:
    assert "+" not in code_version(git.parent if is_repository else git.parent / "elsewhere")
