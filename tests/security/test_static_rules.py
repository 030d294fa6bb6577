"""What our code may not do at all, read from the code itself: run data as code, build statements, trust a word."""

import ast
import asyncio
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.project import ROOT

SRC = ROOT / "src"
EXECUTORS = {"execute", "executemany", "executescript"}
DANGEROUS = {
    "pickle", "cPickle", "dill", "marshal", "shelve", "subprocess", "pty", "code", "codeop", "joblib.load",
    "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.Loader", "yaml.UnsafeLoader",
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.execve", "os.spawnv", "os.fork",
    "importlib.import_module", "importlib.util.spec_from_file_location", "numpy.load", "pandas.read_pickle",
    "tempfile.mktemp", "xml", "telnetlib", "ctypes",
}  # fmt: skip
ALLOWED = {
    ("trading/joblib_model.py", "pickle"): "the error class that joblib raises",
    ("trading/joblib_model.py", "joblib.load"): "bytes that a manifest vouches for, which the settings vouch for",
    (
        "backtest/hyperopt/workers.py",
        "joblib.load",
    ): "candles that the search itself has just written for its workers, in a file that only its user may write",
    ("trading/rehearsal.py", "subprocess"): "starts our own two programs, by a list of words",
    ("trading/evening_skew.py", "subprocess"): "starts our own two programs of the evening, by a list of words",
    ("simulation/crew.py", "subprocess"): "starts our own players, by a list of words",
    ("simulation/player.py", "importlib.import_module"): "opens the session that its crew names, by default our own",
    (
        "simulation/planted_bugs.py",
        "importlib.util.spec_from_file_location",
    ): "compiles our own source with a planted bug, in a process that never trades",
    (
        "strategies/catalogue.py",
        "importlib.util.spec_from_file_location",
    ): "opens the strategy file that the user named",
}
LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SRC.rglob("*.py")):
        yield path.relative_to(SRC).as_posix(), ast.parse(path.read_text())


def used_names(tree: ast.Module) -> set[str]:
    """Imports and dotted names by their full name, and plain names that are called."""
    imported: dict[str, str] = {}
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            used |= {each.name for each in node.names}
            imported |= {each.asname: each.name for each in node.names if each.asname}
        elif isinstance(node, ast.ImportFrom):
            imported |= {(each.asname or each.name): f"{node.module}.{each.name}" for each in node.names}
    used |= set(imported.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            used.add(imported.get(first, first) + dot + rest)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            used.add(imported.get(node.func.id, node.func.id))
    return used


def dangers_in(tree: ast.Module) -> set[str]:
    return {
        danger for name in used_names(tree) for danger in DANGEROUS if name == danger or name.startswith(f"{danger}.")
    }


@pytest.mark.hazard("M1", "C1")
def test_nothing_runs_data_as_code_but_where_it_is_allowed_for_a_reason() -> None:
    found = {(file, danger) for file, tree in sources() for danger in dangers_in(tree)}
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    ("code", "danger"),
    [
        ("from pickle import loads\nloads(b'')", "pickle"),
        ("import joblib as j\nj.load('f')", "joblib.load"),
        ("from joblib import load as open_it\nopen_it('f')", "joblib.load"),
        ("import yaml\nyaml.load('', Loader=None)", "yaml.load"),
        ("import os\nos.system('ls')", "os.system"),
        ("eval('1')", "eval"),
        ("import numpy as np\nnp.load('f')", "numpy.load"),
    ],
)
def test_the_look_for_dangers_finds_them(code: str, danger: str) -> None:
    assert danger in dangers_in(ast.parse(code))


def test_no_shell_is_ever_asked() -> None:
    keywords = [
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg in {"shell", "allow_pickle"}
        and ast.unparse(node.value) != "False"
    ]
    assert keywords == []


# --- SQL -------------------------------------------------------------------------------------------------------------


def is_fixed(value: ast.expr | None, constants: set[str]) -> bool:
    """Whether a statement, or a table of them, stands in the code: literals, or put together from constants."""
    match value:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name in constants
        case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            return all(is_fixed(part, constants) for part in parts)
        case ast.FormattedValue(value=part) | ast.Subscript(value=part):
            return is_fixed(part, constants)
        case ast.Call(func=ast.Name(id="len"), args=[part]):
            return is_fixed(part, constants)
        case ast.BinOp(left=left, right=right):
            return is_fixed(left, constants) and is_fixed(right, constants)
    return False


def constants_of(tree: ast.Module, *, are_imports_followed: bool = True) -> set[str]:
    """Names that are given nothing but what stands in the code, here or in the module of ours they come from."""
    known: set[str] = set()
    given: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            source = SRC / f"{str(node.module).replace('.', '/')}.py"
            if are_imports_followed and source.is_file():
                theirs = constants_of(ast.parse(source.read_text()), are_imports_followed=False)
                known |= {each.asname or each.name for each in node.names if each.name in theirs}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            given.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            given.setdefault(node.target.id, []).append(node.iter)
        elif isinstance(node, ast.arg):
            given.setdefault(node.arg, []).append(None)
    for name, values in given.items():  # in the order of the text: a constant comes before what is made of it
        if all(is_fixed(value, known) for value in values):
            known.add(name)
    return known


def loose_statements(tree: ast.Module) -> list[str]:
    if not any(isinstance(node, ast.Attribute) and node.attr in EXECUTORS for node in ast.walk(tree)):
        return []
    constants = constants_of(tree)
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in EXECUTORS
        and not (node.args and is_fixed(node.args[0], constants))
    ]


@pytest.mark.hazard("X8")
def test_every_statement_stands_in_the_code_and_values_are_parameters() -> None:
    assert {file: loose for file, tree in sources() if (loose := loose_statements(tree))} == {}


def test_the_look_for_statements_sees_some() -> None:
    with_statements = [file for file, tree in sources() if any(name in ast.dump(tree) for name in EXECUTORS)]
    assert {"trading/event_log.py", "trading/command_queue.py"} <= set(with_statements)


@pytest.mark.parametrize(
    "statement",
    [
        "f'SELECT {symbol}'",
        "rows[symbol]",
        "'SELECT %s' % symbol",
        "'SELECT ' + symbol",
        "'SELECT {}'.format(symbol)",
        "statement",
    ],
)
def test_a_statement_made_of_data_is_found(statement: str) -> None:
    assert loose_statements(ast.parse(f"connection.execute({statement})"))


# --- words that are not asked ----------------------------------------------------------------------------------------


@pytest.mark.hazard("A5", "D4")
@pytest.mark.parametrize("word", ["logout", "is_connected", "validate_refreshtoken", "generate_refresh_token"])
def test_nobody_signs_out_at_the_broker_or_asks_the_sdk_whether_it_is_connected(word: str) -> None:
    users = [file for file, tree in sources() for node in ast.walk(tree) if getattr(node, "attr", "") == word]
    assert [file for file in users if not file.startswith("simulator/")] == []


@pytest.mark.hazard("V8")
def test_asyncio_is_pythons_own_and_is_never_installed() -> None:
    assert Path(asyncio.__file__).is_relative_to(LIBRARY)
    assert "site-packages" not in asyncio.__file__
    for name in ("requirements.txt", "requirements-dev.txt"):
        wanted = re.findall(r"^asyncio==.*?;(.*?)\\?$", (ROOT / name).read_text(), re.MULTILINE)
        assert {marker.strip() for marker in wanted} <= {"sys_platform == 'never'"}


def test_no_log_line_and_no_error_quotes_a_secret_value_outright() -> None:
    """`get_secret_value` belongs where bytes leave or a redactor learns, never inside a message."""
    quoted = [
        f"{file}: {ast.unparse(node)}"
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.Raise) and "get_secret_value" in ast.unparse(node)
    ]
    assert quoted == []
