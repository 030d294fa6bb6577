"""Two hundred names that nobody means well with, at every door where a name becomes a path or a question."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from core.errors import BotError, ConfigurationError
from market_data.symbols.symbol_files import SymbolFile
from market_data.symbols.symbol_master import SymbolMaster
from market_data.symbols.ticker import segments_of
from runtime.clock import MarketClock
from runtime.configuration import load_settings
from runtime.settings import Settings
from strategies.catalogue import strategy_named
from training.train import TrainingOptions

UP = (
    "..", "../..", "..\\..", "....//", "..;/", ".%2e", "%2e%2e", "%252e%252e", "\uff0e\uff0e", "\u2024\u2024", "..\x00",
)  # fmt: skip
"""Ways to write "one folder up", for somebody who reads them carelessly."""
ENDS = (
    "/evil", "\\evil", "%2fevil", "%5cevil", "\u2215evil", "\u2044evil", "\uff0fevil", "/./evil", "//evil",
    "/evil\x00.py",
)  # fmt: skip
WHOLE = (
    "", " ", ".", "/", "//", "/etc/passwd", "/proc/self/environ", "/dev/null", "C:\\evil", "\\\\host\\share", "~",
    "~root", "~/evil", "$HOME", "${HOME}/evil", "`id`", "$(id)", "evil;id", "evil|id", "evil\nid", "evil\rid",
    "evil\tid",
    "evil\x00", "\x00", "\x1b[2J", "-rf", "--help", "*", "?", "[a-z]", "{a,b}", "%s", "%n", "{0}", "con", "nul.txt",
    "evil.", "evil ", " evil", ".evil", "evil.py", "evil/../evil", "evil/", "./evil", "file:///etc/passwd",
    "http://evil/", "\u202elive", "e\u0301vil", "\u0435vil", "\ud800", "evil\u200b", "\ufeffevil", "x" * 65, "x" * 255,
    "x" * 4_096, "x" * 1_000_000, "../" * 1_000 + "etc/passwd", "a" * 64 + "!", "a/" * 500, "__init__",
    "__import__('os')", "<script>", "' OR 1=1 --", "'; DROP TABLE events; --", "[red]evil[/red]", "\u0661\u0662",
    "\N{ROMAN NUMERAL ONE}", "evil%00", "evil%0a", "\\u002e\\u002e/evil", "&#46;&#46;/evil", "\x7f", "\x85evil",
    "evil\u2028evil", "\N{PILE OF POO}", "evil\x1b]0;title\x07", "evil\u2060", "\U000e0041evil", "evil\ud83d",
    "%00", "..", "...", "....", "..\n", "\\", "|", "&", "&&id", ">/tmp/evil", "<(id)", "!!", "#evil", "'", '"',
    "\\\\.\\pipe",
)  # fmt: skip
NAMES = tuple(dict.fromkeys([*(up + end for up, end in product(UP, ENDS)), *WHOLE]))
PLAIN = {"con", "__init__", "x" * 65, "x" * 255}
"""Names of the corpus that some door may take for what they are."""
EVIL = """from pathlib import Path
Path({0!r}).touch()

class Evil:
    def on_data(self, now, before):
        return None
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, below others that must stay as they are, with a trap in each."""
    work = tmp_path / "a" / "b" / "work"
    (work / "strategies").mkdir(parents=True)
    for folder in (work, work.parent, work.parent.parent, tmp_path):
        (folder / "evil.py").write_text(EVIL.format(str(tmp_path / "ran")))
    monkeypatch.chdir(work)
    before = set(tmp_path.rglob("*"))
    yield work
    assert set(tmp_path.rglob("*")) == before


def refusal(call: Callable[[], object]) -> str | None:
    """What a door says to a name, or None when it lets it in. Anything but an error of ours is a failure."""
    try:
        call()
    except BotError as error:
        text = str(error)
        assert len(text) < 1_000, text[:1_000]
        assert text.isprintable(), ascii(text)
        return text
    return None


def let_in(door: Callable[[str], object]) -> set[str]:
    return {name for name in NAMES if refusal(partial(door, name)) is None}


def test_there_are_two_hundred_names() -> None:
    assert len(NAMES) >= 200


@pytest.mark.hazard("C2")
@pytest.mark.parametrize("form", ["{}", "NSE:{}", "NSE:{}-EQ", "NSE:SBIN{}-EQ", "{}NSE:SBIN-EQ"])
def test_no_symbol_is_anything_but_a_ticker(form: str, work: Path) -> None:
    def listed(name: str) -> object:
        return load_settings(None, {"symbols": [form.replace("{}", name)]}, {})

    assert let_in(listed) <= ({"-rf", "&", "", "&&id"} if "SBIN" in form else {"&"})


@pytest.mark.hazard("C2")
def test_no_strategy_is_opened_from_outside_its_folder(work: Path) -> None:
    folder = work / "strategies"
    assert let_in(lambda name: load_settings(None, {"strategy": {"name": name, "folder": str(folder)}}, {})) <= PLAIN
    for name in NAMES:
        with pytest.raises(ConfigurationError, match="no strategy"):
            strategy_named(name, {}, folder)


@pytest.mark.hazard("C2")
def test_no_model_is_trained_into_another_folder(work: Path) -> None:
    days = {"first": date(2025, 1, 1), "last": date(2025, 1, 2)}
    models = work / "models"
    assert let_in(lambda name: TrainingOptions(models=models, symbols=("NSE:SBIN-EQ",), name=name, **days)) == {"con"}


@pytest.mark.hazard("C2")
@pytest.mark.parametrize(
    "key", ["paths.state", "paths.logs", "paths.cache", "auth.token_file", "model.path", "strategy.folder"]
)
def test_no_path_of_the_settings_leads_up_or_home_or_holds_what_is_not_seen(key: str, work: Path) -> None:
    section, _, field = key.partition(".")
    taken = let_in(lambda name: load_settings(None, {section: {field: name}}, {}))
    for name in taken - {"", " "}:
        assert ".." not in Path(name).parts
        assert not name.startswith("~")
        assert name.isprintable(), ascii(name)


@pytest.mark.hazard("C2")
def test_a_contract_is_looked_for_by_its_words_and_never_by_a_path(work: Path) -> None:
    master = SymbolMaster(Settings(), MarketClock())
    file = SymbolFile(b'{"NSE:SBIN-EQ": {"fyToken": "101", "tickSize": 0.05, "minLotSize": 1}}', "master", 2)
    assert let_in(lambda name: master.instruments([name])) == set()
    for name in NAMES:
        assert set(segments_of(f"NSE:{name}")) <= {"NSE_CM", "NSE_FO", "NSE_CD"}
    assert let_in(lambda name: file.find(f"NSE:{name}") if name.isprintable() else file.find("BSE:A")) == set()
