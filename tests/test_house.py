"""Rules of the house that no tool checks: where packages live, and who may know the SDK, the time and chance."""

import ast
import importlib.util
import tomllib
from functools import cache
from pathlib import Path

import pytest

from runtime.project import ROOT

SRC = ROOT / "src"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETTINGS = PROJECT["tool"]
PACKAGES = sorted([path.parent.name for path in SRC.glob("*/__init__.py")] + [path.stem for path in SRC.glob("*.py")])
KNOW_THE_SDK = {"trading/fyers_client.py", "trading/data_feed.py", "trading/order_feed.py"}
CLOCK_AND_CHANCE = set(SETTINGS["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]) - {"src"}


@cache
def names_in_files() -> dict[str, set[str]]:
    """What each file of ours uses; read once, for all rules."""
    return {path.relative_to(SRC).as_posix(): names(ast.parse(path.read_text())) for path in sorted(SRC.rglob("*.py"))}


def names(module: ast.Module) -> set[str]:
    """Everything it imports, and every dotted name it uses, each by the full name of where it comes from."""
    imported: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            imported |= {(alias.asname or alias.name.partition(".")[0]): alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {(alias.asname or alias.name): f"{node.module}.{alias.name}" for alias in node.names}
    dotted = [ast.unparse(node).partition(".") for node in ast.walk(module) if isinstance(node, ast.Attribute)]
    return set(imported.values()) | {f"{imported.get(first, first)}.{rest}" for first, _, rest in dotted}


def users_of(banned: str) -> set[str]:
    return {
        file
        for file, used in names_in_files().items()
        for name in used
        if name == banned or name.startswith(f"{banned}.")
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_of_ours_is_the_one_in_src(package: str) -> None:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).is_relative_to(SRC)


def test_the_type_checker_sees_every_package() -> None:
    assert sorted(SETTINGS["mypy"]["packages"]) == PACKAGES


def test_the_sdk_is_known_to_the_client_its_feeds_and_the_sign_in_only() -> None:
    users = users_of("fyers_apiv3")
    assert "trading/fyers_client.py" in users  # else this looks in the wrong place
    assert {file for file in users if not file.startswith("auth/")} <= KNOW_THE_SDK


def test_nothing_below_knows_the_program_above() -> None:
    assert users_of("cli") == set()


def test_tests_and_src_are_folders_not_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
    assert not (SRC / "__init__.py").exists()


@pytest.mark.hazard("T1")
@pytest.mark.parametrize("banned", sorted(CLOCK_AND_CHANCE))
def test_only_the_clock_asks_the_time_and_nobody_asks_chance(banned: str) -> None:
    lint = SETTINGS["ruff"]["lint"]["per-file-ignores"]
    allowed = {file.removeprefix("src/") for file, rules in lint.items() if "TID251" in rules}
    assert users_of(banned) <= allowed


def test_the_look_for_the_clock_finds_it() -> None:
    assert users_of("time.time") == users_of("time.time_ns") == {"runtime/clock.py"}


@pytest.mark.parametrize("extra", sorted(set(PROJECT["project"]["optional-dependencies"]) - {"dev"}))
def test_the_readme_and_a_message_name_the_package_of_each_extra(extra: str) -> None:
    """The SDK contradicts our versions, so that pip refuses the extra itself: both must say what to install."""
    [package] = PROJECT["project"]["optional-dependencies"][extra]
    assert f"'{package}'" in (ROOT / "README.md").read_text()
    assert any(f"'{package}'" in path.read_text() for path in (ROOT / "src").rglob("*.py"))


def test_no_guide_and_no_message_tells_to_install_an_extra_that_pip_refuses() -> None:
    texts = [*(ROOT / "docs").glob("*.md"), *(ROOT / "src").rglob("*.py")]
    assert {path.name for path in texts if "'fyersbot[" in path.read_text()} == set()
