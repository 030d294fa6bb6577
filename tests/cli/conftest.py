"""The program as its user meets it: a folder of its own, a clean environment, and a market to be wrong about."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import pytest

import cli
from core.instants import instant_at
from market_data.calendar import NseCalendar
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator
from trading.rehearsal import bot_environment
from trading.rehearsal_plan import Rehearsal
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

DAY = date(2026, 1, 6)
"""A Tuesday."""
TEN = instant_at(DAY, time(10, 0))
CLOSE = instant_at(DAY, time(15, 30))
SPEED = 20.0


@dataclass(frozen=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of why it failed."""
        assert self.code != 0, f"it did not fail: {self.out}{self.err}"
        assert "Traceback" not in self.err, self.err
        assert self.out == "", "a command that fails prints nothing on standard output"
        lines = [line for line in self.err.splitlines() if line.startswith("fyersbot: ")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0], "the reason is the last thing said"
        return lines[0].removeprefix("fyersbot: ")


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def calendar_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The holidays, looked up once."""
    folder = tmp_path_factory.mktemp("calendar")
    NseCalendar(cache=folder).trading_day(DAY)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calendar_cache: Path) -> Path:
    """An empty folder to start in, with nothing set."""
    shutil.copytree(calendar_cache, tmp_path / "data" / "cache")
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("FYERSBOT__") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process and say how it ended."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def command(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    yield command
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def simulator(calendar_cache: Path) -> Iterator[RunningSimulator]:
    """A market that is open."""
    options = SimulatorOptions(clock_start=TEN, clock_speed=SPEED, limits=None, seed=7)
    with running_simulator(options, NseCalendar(cache=calendar_cache)) as running:
        yield running


@pytest.fixture
def signed_in(home: Path, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of somebody who is signed in at that market and trades a plain rule; returns it."""
    plan = Rehearsal(folder=home, clock_start=TEN, market_close=CLOSE, speed=SPEED)
    ours = {
        **bot_environment(plan, simulator.endpoints.to_json()),
        "FYERSBOT__AUTH__ACCESS_TOKEN": simulator.access_token(),
        "FYERSBOT__STRATEGY__NAME": "simple_ma_crossover",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    return ours


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, calendar_cache: Path) -> Path:
    """A model small enough to train in a second."""
    options = TrainingOptions(
        models=tmp_path_factory.mktemp("models"),
        symbols=("NSE:SBIN-EQ",),
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=20, depth=4, folds=2),
        jobs=1,
    )
    return train_model(options, NseCalendar(cache=calendar_cache), progress=lambda _stage, _done: None)


@pytest.fixture
def bundle(trained: Path, home: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(trained, home / "models" / "default" / "0001"))
