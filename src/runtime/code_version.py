"""Which code made a result: the release, and in a checkout the commit, so that the result can be made again."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from runtime.project import ROOT

_DIGITS = 12


def code_version(checkout: Path = ROOT) -> str:
    """Return `0.1.0`, or `0.1.0+3f2a91c07d5e` where a git checkout says which commit it stands at.

    Changes that are not committed are not seen.
    """
    try:
        release = version("fyersbot")
    except PackageNotFoundError:  # run from the sources alone
        release = "0"
    commit = _commit(checkout / ".git")
    return f"{release}+{commit[:_DIGITS]}" if commit else release


def _commit(git: Path) -> str:
    """Read the commit as git keeps it (gitrepository-layout): a branch is a file, or a line of `packed-refs`."""
    try:
        if git.is_file():  # of a further working tree: it names its own folder
            git = git.parent / git.read_text().removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        shared = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
        branch = head.removeprefix("ref:").strip()
        if (shared / branch).is_file():
            return (shared / branch).read_text().strip()
        packed = (line.split(" ") for line in (shared / "packed-refs").read_text().splitlines())
        return next((line[0] for line in packed if line[1:] == [branch]), "")
    except OSError:
        return ""
