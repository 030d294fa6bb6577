"""The guides hold together: each link leads somewhere, each table is one, each option of a verb is told."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer

import cli
from runtime.project import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks" / "README.md"])
CELL_END = re.compile(r"(?<!\\)\|")


@cache
def prose(page: Path) -> str:
    """A page without its blocks of code; their lines stay, empty."""
    return re.sub(r"```.*?```", lambda block: "\n" * block[0].count("\n"), page.read_text(), flags=re.DOTALL)


@cache
def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each).lower() for each in headings]
    return {re.sub(r"[^\w\- ]", "", each).replace(" ", "-") for each in plain}


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def options() -> set[str]:
    """Every option of every verb that is not hidden."""
    found: set[str] = set()
    waiting = [typer.main.get_command(cli.app)]
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        shown = [each for each in command.params if not getattr(each, "hidden", False)]
        found |= {name for each in shown for name in each.opts if name.startswith("--")}
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_of_a_table_has_the_cells_of_its_head(page: Path) -> None:
    cells = 0
    for line in prose(page).splitlines():
        found = len(CELL_END.findall(line)) if line.startswith("|") else 0
        assert found in {0, cells} or cells == 0, line
        cells = found


@pytest.mark.parametrize("option", sorted(options() - {"--segments"}))
def test_every_option_is_told_in_a_guide(option: str) -> None:
    """`--segments` is another spelling of `--segment`."""
    told = [page for page in PAGES if page.name != "CHANGELOG.md"]
    assert any(re.search(rf"{option}(?![\w-])", page.read_text()) for page in told)
