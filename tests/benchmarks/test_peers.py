"""A benchmark asks other backtesters in environments of their own, and does without those that are not there."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from core.errors import BotError

ECHO = '#!/bin/sh\necho progress\necho "{\\"asked\\": \\"$2\\", \\"path\\": \\"$PYTHONPATH\\"}"\n'
FAILING = "#!/bin/sh\necho 'pandas: not found' >&2\nexit 3\n"


@pytest.fixture
def peers() -> ModuleType:
    return import_module("peers")


def interpreter(folder: Path, script: str) -> None:
    python = folder / "backtesting" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(script)
    python.chmod(0o755)


def test_a_peer_that_nobody_has_set_up_is_absent(
    peers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PEERS", raising=False)
    assert peers.ask("backtesting", "plan.npz") is None
    monkeypatch.setenv("PEERS", str(tmp_path))
    assert peers.ask("backtesting", "plan.npz") is None


def test_a_peer_answers_with_its_last_line_and_does_not_see_our_packages(
    peers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter(tmp_path, ECHO)
    monkeypatch.setenv("PEERS", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", "ours")
    assert peers.ask("backtesting", "plan.npz") == {"asked": "plan.npz", "path": ""}


def test_a_peer_that_fails_is_an_error_with_its_own_words(
    peers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter(tmp_path, FAILING)
    monkeypatch.setenv("PEERS", str(tmp_path))
    with pytest.raises(BotError, match="backtesting ended with 3: pandas: not found"):
        peers.ask("backtesting", "plan.npz")


@pytest.mark.parametrize("name", ["backtesting", "nautilus_trader", "vectorbt"])
def test_every_peer_of_the_makefile_has_a_program(peers: ModuleType, name: str) -> None:
    assert f"{name}==" in (Path(__file__).parents[2] / "Makefile").read_text()
    assert (peers.PROGRAMS / f"{name}_case.py").exists()
