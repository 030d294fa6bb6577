"""Which test proves that a known hazard is dealt with? This joins `docs/hazards.yaml` with the markers on the tests.

A table kept by hand tells what somebody once believed. Here the left half is written by hand, one row a hazard with the
rule in the code, and the right half is read from `@pytest.mark.hazard("S1")` on the tests. `make hazards` writes the
page; a test fails when the page, the rows and the markers do not fit together.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.project import ROOT
from runtime.strict_yaml import read_yaml

ROWS = ROOT / "docs" / "hazards.yaml"
PAGE = ROOT / "docs" / "hazards.md"
TESTS = ROOT / "tests"
MARKER = "pytest.mark.hazard"
_ID = re.compile(r"[A-Z][1-9][0-9]?")
_RULE = re.compile(r"(?P<path>[\w./-]+): (?P<what>\S.*)", re.DOTALL)
_FIELDS = {"title", "rules", "not_yet", "does_not_apply"}


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that bears the marker of a hazard."""

    path: str
    """From the root of the project."""
    name: str

    @property
    def sentence(self) -> str:
        """The test's name as it is meant to be read."""
        return self.name.removeprefix("test_").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Hazard:
    """One row: what can go wrong, and what in the code stands against it."""

    id: str
    title: str
    rules: tuple[str, ...]
    """Each `path: what`, the path from the root of the project."""
    not_yet: str
    """Why there is no proof yet, or what of it is missing; empty when nothing is."""
    does_not_apply: str


@dataclass(frozen=True, slots=True)
class Table:
    """The rows with the names of their sections, in the order of the file."""

    sections: dict[str, str]
    hazards: dict[str, Hazard]


Proofs = dict[str, list[Proof]]


def read_table(path: Path = ROWS) -> Table:
    """Read the rows. Raises `ConfigurationError` for what is not strict YAML, `ValueError` for an odd row."""
    content = read_yaml(path)
    return Table(content["sections"], {name: _hazard(name, row) for name, row in content["hazards"].items()})


def _hazard(name: str, row: dict[str, Any]) -> Hazard:
    if not _ID.fullmatch(name) or not set(row) <= _FIELDS or "title" not in row:
        raise ValueError(f"{name}: expected a title and any of {', '.join(sorted(_FIELDS))}; got {list(row)}")
    rules = row.get("rules", [])
    return Hazard(
        name,
        row["title"],
        tuple(rules if isinstance(rules, list) else [rules]),
        row.get("not_yet", ""),
        row.get("does_not_apply", ""),
    )


def read_markers(folder: Path = TESTS, root: Path = ROOT) -> Proofs:
    """Return the marked tests by hazard. Raises `ValueError` for a marker on something that is no test."""
    proofs: Proofs = {}
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text()
        if MARKER not in text:
            continue
        name = path.relative_to(root).as_posix()
        tree = ast.parse(text)
        marked = {id(call): test for test in _tests(tree) for call in _marks(*test.decorator_list)}
        for call in _marks(tree):
            if id(call) not in marked:
                raise ValueError(f"{name}, line {call.lineno}: the marker of a hazard stands on no test function")
            for argument in call.args:
                proofs.setdefault(ast.literal_eval(argument), []).append(Proof(name, marked[id(call)].name))
    return proofs


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _marks(*nodes: ast.AST) -> Iterator[ast.Call]:
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and ast.unparse(part.func) == MARKER:
                yield part


def problems(table: Table, proofs: Proofs, root: Path = ROOT) -> list[str]:
    """Return what does not fit together, one line each; empty when all does."""
    strangers = sorted(proofs.keys() - table.hazards)
    found = [f"{name}: a test is marked with it, and there is no such row" for name in strangers]
    for hazard in table.hazards.values():
        if hazard.id[0] not in table.sections:
            found.append(f"{hazard.id}: there is no section {hazard.id[0]}")
        found += [f"{hazard.id}: {problem}" for problem in _problems_of(hazard, bool(proofs.get(hazard.id)), root)]
    return found


def _problems_of(hazard: Hazard, is_proven: bool, root: Path) -> Iterator[str]:
    if hazard.does_not_apply and (is_proven or hazard.rules or hazard.not_yet):
        yield "does not apply, and has a rule, a test or a plan all the same"
    elif not hazard.does_not_apply and not is_proven and not hazard.not_yet:
        yield "has neither a test nor a reason why not"
    elif is_proven and not hazard.rules:
        yield "has a test and names no rule in the code"
    for rule in hazard.rules:
        form = _RULE.fullmatch(rule)
        if form is None:
            yield f"the rule {rule!r} has not the form `path: what`"
        elif not (root / form["path"]).is_file():
            yield f"the rule names {form['path']}, and there is no such file"


def page(table: Table, proofs: Proofs) -> str:
    """Return the page, as Markdown."""
    rows = table.hazards.values()
    lines = [
        "# What can go wrong, and what stands against it",
        "",
        "Written by `make hazards` from [hazards.yaml](hazards.yaml) and the markers on the tests; do not edit it.",
        "",
        "A hazard is a way in which trading bots have lost money, orders or secrets. A test bears its marker when it",
        "fails as soon as the rule in the code is gone.",
        "",
        "| | |",
        "|---|---:|",
        *(f"| {what} | {count} |" for what, count in _counts(table, proofs).items()),
    ]
    for letter, name in table.sections.items():
        lines += ["", f"## {name}", "", "| | hazard | rule in the code | tests |", "|---|---|---|---|"]
        lines += [_row(row, proofs.get(row.id, [])) for row in rows if row.id[0] == letter]
    return "\n".join(lines) + "\n"


def _counts(table: Table, proofs: Proofs) -> dict[str, int]:
    rows = table.hazards.values()
    proven = [row for row in rows if row.id in proofs]
    idle = [row for row in rows if row.does_not_apply]
    return {
        "hazards": len(rows),
        "proven by tests": len(proven),
        "of these, with something still to do": sum(bool(row.not_yet) for row in proven),
        "not proven yet": len(rows) - len(proven) - len(idle),
        "do not apply": len(idle),
        "tests that prove one or more": len({proof for found in proofs.values() for proof in found}),
    }


def _row(hazard: Hazard, proofs: list[Proof]) -> str:
    rules = [_linked(rule) for rule in hazard.rules]
    if hazard.does_not_apply:
        rules.append(f"*Does not apply:* {hazard.does_not_apply}")
    if hazard.not_yet:
        rules.append(f"*Not yet:* {hazard.not_yet}")
    tests = [f"[{proof.sentence}](../{proof.path})" for proof in proofs]
    cells = [hazard.id, hazard.title, "<br>".join(rules), "<br>".join(tests)]
    return f"| {' | '.join(cells)} |"


def _linked(rule: str) -> str:
    path, _, what = rule.partition(": ")
    return f"[{path.removeprefix('src/')}](../{path}): {what}"


def main() -> None:
    """Write the page, or say what stands in its way and end with 1."""
    table, proofs = read_table(), read_markers()
    found = problems(table, proofs)
    if found:
        sys.exit("\n".join(found))
    PAGE.write_text(page(table, proofs))
    print(f"{PAGE.relative_to(ROOT)}: {len(table.hazards)} hazards, {len(proofs)} of them proven by tests")


if __name__ == "__main__":
    main()
