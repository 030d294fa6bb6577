"""More than anybody means: a million symbols, a line of ten megabytes, a pattern that never ends.

Work is bounded by a time-out of the test, far above what bounded work takes and far below what unbounded work takes.
"""

import ast
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path

import pytest

from auth.token_store import TokenStore
from core.errors import BotError, ConfigurationError
from core.instants import instant_at
from market_data.symbols.symbol_files import SymbolFile
from runtime.configuration import load_settings
from runtime.project import ROOT
from runtime.redaction import LONGEST_TEXT, Redactor
from runtime.setting_sources import process_environment
from runtime.strict_yaml import LARGEST_FILE, parse_yaml, read_yaml
from trading.call_journal import Call, CallJournal

pytestmark = pytest.mark.timeout(90)
MILLION = 1_000_000
LONG_LINE = "x" * 10_000_000
MEGABYTES_300 = 300 << 20
HOSTILE = (
    "a", "-", " ", "\n", "0", "9", ".", "..", "/", ":", "&", "=", "\\", '"', "'", "{", "}", "[", "]", ",", ";",
    "\t\n ",
    "eyJ", "eyJa.", "eyJaaaa.aaaa", "NSE:", '"NSE:A":', ",NSE:A,", "access_token=", "access_token \\'", "A-100:",
    "Q24L",
    "1_", "+1", "1e", "-.", "%", "<", "ab1", "deadbeef", "12:30", "\u00e9", "\u202e",
)  # fmt: skip
"""Pieces of which the strings are made that a careless pattern goes back and forth in."""


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(BotError) as refused:
        call()
    assert len(str(refused.value)) < 1_000
    return str(refused.value)


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Whatever a flood costs, it is less than 300 MB."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES_300
    finally:
        tracemalloc.stop()


@pytest.mark.hazard("C7")
@pytest.mark.usefixtures("little_memory")
def test_a_million_symbols_are_refused_from_every_source(tmp_path: Path) -> None:
    file = tmp_path / "bot.yaml"
    file.write_text("symbols:\n" + "  - NSE:SBIN-EQ\n" * MILLION)
    assert f"larger than the limit of {LARGEST_FILE} bytes" in refusal(lambda: load_settings(file, environ={}))
    flood = json.dumps(["NSE:SBIN-EQ"] * MILLION)
    given = "symbols: 1000000 given, allowed are 1 to 500"
    assert given in refusal(lambda: load_settings(environ={"FYERSBOT__SYMBOLS": flood}))
    assert given in refusal(lambda: load_settings(None, {"symbols": ["NSE:SBIN-EQ"] * MILLION}, {}))


@pytest.mark.hazard("C1", "C7")
def test_a_line_of_ten_megabytes_is_refused_from_every_source(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for text in (LONG_LINE, f"a: {LONG_LINE}", f"{LONG_LINE}: a", f"# {LONG_LINE}"):
        file.write_text(text)
        assert "larger than the limit" in refusal(lambda: read_yaml(file))
    file.write_text(f"FYERSBOT__MODE={LONG_LINE}")
    file.chmod(0o600)
    refusal(lambda: process_environment(file))
    for name in ("FYERSBOT__MODE", "FYERSBOT__SYMBOLS", "FYERSBOT__AUTH__CLIENT_ID"):
        refusal(lambda name=name: load_settings(environ={name: LONG_LINE}))


@pytest.mark.hazard("C1", "C7")
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" + "9" * 100_000 + "]", "[1e999]", "[NaN]"])
def test_a_variable_or_a_token_file_without_end_is_refused(text: str, tmp_path: Path) -> None:
    for name in ("FYERSBOT__SYMBOLS", "FYERSBOT__STRATEGY__PARAMS", "FYERSBOT__RISK"):
        refusal(lambda name=name: load_settings(environ={name: text}))
    tmp_path.chmod(0o700)
    file = tmp_path / "token.json"
    file.write_text(text)
    file.chmod(0o600)
    refusal(TokenStore(file, "APP-100").load)


@pytest.mark.hazard("C1")
@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 60_000,
        "- " * 100_000 + "a",
        "\n".join(" " * depth + "a:" for depth in range(600)),
        "? " * 100_000,
        "a: " + "9" * 200_000,
        "a: 1e" + "9" * 1_000,
        "a: " + "1_" * 100_000,
        "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "a: !!python/object/apply:os.system ['true']",
        "<<: {a: 1}\n<<: {a: 2}",
        "a: |\n" + " x\n" * 60_000 + "\x00",
        "%TAG ! tag:yaml.org,2002:python/\n--- !object a",
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_a_bomb_of_yaml_is_refused_or_plain(text: str) -> None:
    try:
        content = parse_yaml(text, "file")
    except ConfigurationError as refused:
        assert len(str(refused)) < 1_000  # noqa: PT017 - either end is a good one
    else:
        assert set(content) == {"a"}
        assert isinstance(content["a"], str | int)


@pytest.mark.hazard("C7")
def test_an_unknown_ticker_among_a_million_is_told_in_bounded_work() -> None:
    entry = '{"fyToken": "10100000003045", "tickSize": 0.05, "minLotSize": 1}'
    names = [f"NSE:S{number:07d}-EQ" for number in range(MILLION)]
    content = ("{" + ",".join(f'"{name}":{entry}' for name in names) + "}").encode()
    file = SymbolFile(content, "master", 2)
    assert "did you mean NSE:S" in refusal(lambda: file.find("NSE:SBIN-EQ"))
    assert file.find(names[-1]).tick == 5


@pytest.mark.hazard("C7")
@pytest.mark.usefixtures("little_memory")
def test_a_master_that_is_one_endless_line_is_refused() -> None:
    row = ",".join(["101000000003045", "a", "0", "1", "0.05", "", "", "", "", "NSE:SBIN-EQ", *["0"] * 11])
    for content in (LONG_LINE.encode(), (row + LONG_LINE).encode(), (LONG_LINE + "," + row).encode()):
        refusal(lambda content=content: SymbolFile(content, "master", 2).find("NSE:SBIN-EQ"))


@pytest.mark.hazard("W10", "X12")
def test_a_log_line_of_ten_megabytes_is_cut() -> None:
    clean = Redactor("canary-of-the-app")
    for text in (
        LONG_LINE,
        "eyJ" * 3_000_000,
        "canary-of-the-app" * 600_000,
        "A-100:" * 1_600_000,
        "\x1b" * 10_000_000,
    ):
        assert len(clean(text)) < LONGEST_TEXT + 100
        assert "canary-of-the-app" not in clean(text)


@pytest.mark.hazard("S9")
def test_a_journal_of_ten_megabytes_of_rubbish_still_has_its_calls(tmp_path: Path) -> None:
    now = instant_at(date(2026, 1, 6), time(10, 0))
    journal = CallJournal(tmp_path)
    journal.add(Call(now, True))
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b"\n" + b"9" * 10_000_000 + b"\n" * 1_000_000)
    journal.add(Call(now, False))
    assert list(journal.calls(date(2026, 1, 6))) == [Call(now, True), Call(now, False)]


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Every pattern that stands in our code."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).partition(".")[0] != "re" or not node.args:
                continue
            if isinstance(node.args[0], ast.Constant):
                flags = [getattr(re, each.attr) for each in node.args[1:] if ast.unparse(each).startswith("re.")]
                yield f"{path.name}:{node.lineno}", re.compile(node.args[0].value, *flags)


def test_the_look_for_patterns_finds_them() -> None:
    assert len(list(patterns())) > 25


@pytest.mark.hazard("C7")
@pytest.mark.parametrize(
    ("place", "pattern"), list(patterns()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_pattern_of_ours_goes_back_and_forth_for_ever(place: str, pattern: re.Pattern[str]) -> None:
    for piece in HOSTILE:
        for end in ("", "!", "\n", "\x00"):
            text: str | bytes = piece * (4_000 // len(piece)) + end
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            for look in (pattern.search, pattern.fullmatch):
                look(text)
