"""A bundle that somebody altered is refused with the reason, and nothing of theirs runs; a sound one always opens.

All are opened as the bot opens them, from its settings.
"""

import io
import shutil
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import joblib
import pytest

from core.errors import ModelError
from core.instants import IST
from features.indicators import COMPUTED_BY
from runtime.settings import ModelSettings, Settings
from trading.inference_engine import InferenceEngine
from trading.model_versions import manifest_sha256, record
from trading.strategy_choice import StrategyChoice, choose_strategy
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

from .bundle_corruptions import CORRUPTIONS, Corruption, Pin
from .bundle_spoiling import FEATURES, Hostile, Spoil, dumped, hostile, said, vouched, without_arrays

TA_LIB = ".".join(COMPUTED_BY["TA-Lib"].split(".")[:2])


def train(models: Path, calendar, symbol: str) -> Path:
    options = TrainingOptions(
        models=models,
        symbols=(symbol,),
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=10, depth=3, folds=2),
        jobs=1,
        features=FEATURES,
    )
    return train_model(options, calendar, progress=lambda _stage, _done: None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, calendar) -> Path:
    folder = train(tmp_path_factory.mktemp("models"), calendar, "NSE:SBIN-EQ")
    shutil.copytree(train(tmp_path_factory.mktemp("models"), calendar, "NSE:INFY-EQ"), folder.parent / "other")
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy to spoil, beside a sound bundle of another model."""
    shutil.copytree(trained.parent, tmp_path / "default")
    return tmp_path / "default" / "0001"


def open_as_the_bot_does(path: Path, pin: str = "") -> StrategyChoice:
    return choose_strategy(Settings(model=ModelSettings(path=path, manifest_sha256=pin)))


@pytest.mark.hazard("M1", "M2", "M3", "M10")
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.name.replace(" ", "-"))
def test_a_corrupted_bundle_is_refused_with_the_reason_and_runs_nothing(corruption: Corruption, folder: Path) -> None:
    if not corruption.has_arrays:
        without_arrays(folder)
    before = manifest_sha256(folder)
    corruption.spoil(folder)
    pin = {
        Pin.NOTHING: lambda: "",
        Pin.TRAINED: lambda: before,
        Pin.PRESENT: lambda: manifest_sha256(folder),
    }[corruption.pin]()

    with pytest.raises(ModelError, match=corruption.reason) as refusal:
        open_as_the_bot_does(folder, pin)
    assert str(refusal.value).isprintable()
    assert not (folder.parent / "run").exists()


def test_each_corruption_has_a_name_of_its_own() -> None:
    names = {each.name for each in CORRUPTIONS}
    assert len(names) == len(CORRUPTIONS) >= 40


def test_the_hostile_pickle_would_do_harm_if_it_were_opened(tmp_path: Path) -> None:
    joblib.load(io.BytesIO(dumped(Hostile(tmp_path / "run"))))
    assert (tmp_path / "run").exists()


@pytest.mark.hazard("M1")
@pytest.mark.parametrize("role", ["model", "scaler", "encoder"])
def test_a_hostile_pickle_in_a_bundle_rewritten_whole_is_not_opened_beside_arrays_and_refused_by_a_pin(
    role: str, folder: Path
) -> None:
    pin = manifest_sha256(folder)
    hostile(role, vouched)(folder)

    open_as_the_bot_does(folder)  # nobody said which bundle is meant: the arrays answer, the pickle lies unopened
    assert not (folder.parent / "run").exists()
    with pytest.raises(ModelError, match="manifest_sha256 demands"):
        open_as_the_bot_does(folder, pin)


@dataclass(frozen=True)
class Sound:
    name: str
    prepare: Callable[[Path], Path]
    is_pinned: bool = False


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.parent / "0002"))


def read_only(folder: Path) -> Path:
    for each in folder.iterdir():
        each.chmod(0o444)
    folder.chmod(0o555)
    return folder


def linked(folder: Path) -> Path:
    (folder.parent / "current").symlink_to(folder)
    return folder.parent / "current"


def promoted(folder: Path) -> Path:
    record(folder.parent, "promote", folder, manifest_sha256(folder), datetime(2026, 1, 6, 18, 0, tzinfo=IST))
    return folder.parent / "promoted"


def after(spoil: Spoil) -> Callable[[Path], Path]:
    return lambda folder: (spoil(folder), folder)[1]


SOUND = [
    Sound("fresh", lambda folder: folder),
    Sound("fresh and pinned", lambda folder: folder, is_pinned=True),
    Sound("copied", copied),
    Sound("under another folder name", lambda folder: folder.rename(folder.parent / "blue")),
    Sound("in a folder that is a link", linked),
    Sound("read-only", read_only),
    Sound("the newest", lambda folder: folder.parent / "latest"),
    Sound("promoted", promoted),
    Sound("beside a note", after(lambda folder: (folder / "README.txt").write_text("ours"))),
    Sound("beside a half-written version", after(lambda folder: (folder.parent / ".unfinished-x").mkdir())),
    Sound("of a bug-fix release of TA-Lib", after(said("versions.TA-Lib", f"{TA_LIB}.99"))),
    Sound("of another scikit-learn, by its arrays", after(said("versions.scikit-learn", "0.24.1"))),
    Sound("without arrays, and pinned", after(without_arrays), is_pinned=True),
]


@pytest.mark.parametrize("sound", SOUND, ids=lambda each: each.name.replace(" ", "-"))
def test_a_sound_bundle_is_opened(sound: Sound, folder: Path) -> None:
    path = sound.prepare(folder)
    try:
        choice = open_as_the_bot_does(path, manifest_sha256(path) if sound.is_pinned else "")
        assert choice.specification.names == FEATURES
    finally:
        if (folder / "manifest.yaml").exists():
            folder.chmod(0o755)


def test_a_sound_bundle_is_opened_by_a_relative_path(folder: Path) -> None:
    with chdir(folder.parent.parent):
        assert InferenceEngine.open(Path("default/0001")).feature_names == FEATURES
