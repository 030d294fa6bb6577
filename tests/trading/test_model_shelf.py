"""What an operator does with models: nothing that does not verify is ever promoted, and the way back is kept."""

import shutil
from contextlib import nullcontext
from datetime import date, time
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from core.errors import ConfigurationError, ModelError, StorageError
from core.instants import instant_at
from core.market import Timeframe
from runtime.settings import ModelSettings, Settings
from trading import model_versions
from trading.manifest_signature import SIGNATURE, SigningKey
from trading.model_shelf import Change, ModelShelf
from trading.model_versions import manifest_sha256
from trading.strategy_choice import choose_strategy
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

from .bundle_spoiling import altered, said, without_arrays

AT = instant_at(date(2026, 1, 6), time(18, 0))
LATER = instant_at(date(2026, 1, 7), time(18, 0))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, calendar) -> Path:
    """Two versions of one model."""
    models = tmp_path_factory.mktemp("models")
    for seed in (7, 8):
        options = TrainingOptions(
            name="sbin",
            models=models,
            symbols=("NSE:SBIN-EQ",),
            first=date(2025, 1, 1),
            last=date(2025, 1, 31),
            recipe=Recipe.quick(trees=5, depth=3, folds=2, seed=seed),
            jobs=1,
            features=("rsi_14", "return_1"),
        )
        train_model(options, calendar, progress=lambda _stage, _done: None)
    return models


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "models"))


@pytest.fixture
def shelf(models: Path) -> ModelShelf:
    return ModelShelf(models)


def traded(models: Path) -> str:
    """What a bot that starts now would trade."""
    return Path(choose_strategy(Settings(model=ModelSettings(path=models / "sbin" / "promoted"))).model).name


def test_the_bot_trades_what_was_promoted_and_after_a_rollback_what_was_before(shelf, models):
    hashes = [manifest_sha256(models / "sbin" / each) for each in ("0001", "0002")]
    first, second = zip(hashes, (each.manifest for each in shelf.models()), strict=True)

    assert shelf.promote("sbin", "1", AT) == Change("sbin", "0001", first[0], "", first[1])
    assert traded(models) == "0001"
    assert shelf.promote("sbin", "latest", LATER) == Change("sbin", "0002", second[0], "0001", second[1])
    assert traded(models) == "0002"
    assert shelf.roll_back("sbin", LATER) == Change("sbin", "0001", first[0], "0002", first[1])
    assert traded(models) == "0001"
    assert [(row.verb, row.version) for row in shelf.history("sbin")] == [
        ("promote", "0001"),
        ("promote", "0002"),
        ("rollback", "0001"),
    ]
    assert f"{shelf.history('sbin')[0].at:%Y-%m-%d %H:%M %z}" == "2026-01-06 18:00 +0530"


def test_promoting_what_is_promoted_changes_nothing(shelf):
    shelf.promote("sbin", "0001", AT)
    assert not shelf.promote("sbin", "promoted", LATER).is_change
    assert len(shelf.history("sbin")) == 1


@pytest.mark.hazard("V10")
def test_what_does_not_verify_is_not_promoted(shelf, models):
    shelf.promote("sbin", "0001", AT)
    altered("arrays", lambda raw: raw[:-1])(models / "sbin" / "0002")

    with pytest.raises(ModelError, match=r"arrays\.npz: .*altered"):
        shelf.promote("sbin", "0002", LATER)
    assert traded(models) == "0001"
    assert len(shelf.history("sbin")) == 1


@pytest.mark.hazard("V10")
@pytest.mark.parametrize("spoil", [altered("arrays", lambda raw: raw[:-1]), said("threshold", 0.0)])
def test_there_is_no_way_back_to_what_was_altered_since(shelf, models, spoil):
    shelf.promote("sbin", "0001", AT)
    shelf.promote("sbin", "0002", AT)
    spoil(models / "sbin" / "0001")

    with pytest.raises(ModelError, match=r"altered|promoted was"):
        shelf.roll_back("sbin", LATER)
    assert traded(models) == "0002"


@pytest.mark.parametrize("promoted", [[], ["0001"]])
def test_without_a_promotion_before_there_is_no_way_back(shelf, promoted):
    for version in promoted:
        shelf.promote("sbin", version, AT)
    with pytest.raises(ModelError, match="nothing was promoted before"):
        shelf.roll_back("sbin", LATER)


def test_two_that_promote_at_once_leave_a_row_each(shelf, models, monkeypatch):
    write, seconds = model_versions.write_text, []

    def write_late(path: Path, content: str) -> None:
        """Write as somebody who was held up after reading: another one decides meanwhile, if nothing stops him."""
        if not seconds:
            seconds.append(Thread(target=lambda: shelf.promote("sbin", "0002", LATER)))
            seconds[0].start()
            seconds[0].join(timeout=1.0)
        write(path, content)

    monkeypatch.setattr(model_versions, "write_text", write_late)
    shelf.promote("sbin", "0001", AT)
    seconds[0].join()

    assert [row.version for row in shelf.history("sbin")] == ["0001", "0002"]
    assert traded(models) == "0002"


def test_who_waits_too_long_for_anothers_decision_is_told_so(shelf, models, monkeypatch):
    shelf.promote("sbin", "0001", AT)
    shelf.promote("sbin", "0002", AT)
    monkeypatch.setattr(model_versions, "PATIENCE", 0.05)
    with FileLock(models / "sbin" / model_versions.LOCK):
        for decide in (lambda: shelf.promote("sbin", "0001", LATER), lambda: shelf.roll_back("sbin", LATER)):
            with pytest.raises(StorageError, match="sbin: another promotion or rollback has been at work for"):
                decide()
    assert shelf.roll_back("sbin", LATER).version == "0001"


def test_every_version_is_listed_with_what_the_bot_thinks_of_it(shelf, models):
    shelf.promote("sbin", "0001", AT)
    said("versions.TA-Lib", "0.4.32")(models / "sbin" / "0002")
    (models / "empty").mkdir()

    first, second = shelf.models()

    assert (first.folder.name, first.is_promoted, first.fault) == ("0001", True, "")
    assert (second.folder.name, second.is_promoted) == ("0002", False)
    assert "computed by TA-Lib 0.4.32" in second.fault
    assert second.manifest is not None, "what cannot be traded can still be read"
    assert shelf.models("empty") == []


def test_a_version_whose_manifest_is_unreadable_is_listed_as_that(shelf, models):
    (models / "sbin" / "0002" / "manifest.yaml").write_bytes(b"\xff")
    unreadable = shelf.models("sbin")[1]
    assert unreadable.manifest is None
    assert "unreadable manifest" in unreadable.fault


def test_pickles_are_verified_and_promoted_with_the_hash_that_somebody_gives(shelf, models):
    folder = models / "sbin" / "0002"
    without_arrays(folder)

    for verb in (shelf.verify, lambda *names: shelf.promote(*names, AT)):
        with pytest.raises(ModelError, match="a pickle runs what its maker wrote"):
            verb("sbin", "0002")
    shelf.promote("sbin", "0002", AT, manifest_sha256(folder))
    assert traded(models) == "0002"
    assert [each.fault for each in shelf.models("sbin")] == ["", ""]


def test_another_manifest_than_the_one_expected_is_refused(shelf):
    with pytest.raises(ModelError, match="demands abababab"):
        shelf.verify("sbin", "0001", "ab" * 32)


def test_a_model_must_fit_the_settings_it_is_promoted_for(models):
    shelf = ModelShelf(models, Settings(timeframe=Timeframe.M15))
    with pytest.raises(ModelError, match="trained on 5m candles, timeframe is 15m"):
        shelf.promote("sbin", "0001", AT)
    assert shelf.history("sbin") == ()


@pytest.mark.parametrize(
    ("path", "is_refused"), [("promoted", True), ("latest", True), ("0001", True), ("0002", False)]
)
def test_a_model_must_be_the_one_that_the_settings_pin_if_they_mean_it(models, path, is_refused):
    settings = Settings(model=ModelSettings(path=models / "sbin" / path, manifest_sha256="ab" * 32))
    shelf = ModelShelf(models, settings)

    for verb in (shelf.verify, lambda *names: shelf.promote(*names, AT)):
        with pytest.raises(ModelError, match="demands abababab") if is_refused else nullcontext():
            verb("sbin", "0001")
    assert len(shelf.history("sbin")) == (not is_refused)


@pytest.mark.hazard("V10")
def test_a_manifest_of_days_to_come_is_sound_to_nobody_who_has_a_clock(shelf, models):
    shelf.promote("sbin", "0001", AT)
    shelf.promote("sbin", "0002", AT)
    said("training.last", "2099-01-01T15:25:00+05:30")(models / "sbin" / "0002")
    dated = ModelShelf(models, now=AT)
    later = r"0002/manifest\.yaml: its data end on 2099-01-01, after today \(2026-01-06\): the clock or the manifest is"

    for verb in (dated.verify, lambda *names: dated.promote(*names, AT)):
        with pytest.raises(ModelError, match=later):
            verb("sbin", "0002")
    assert dated.promote("sbin", "0001", AT).is_change
    first, second = dated.models()
    assert first.fault == ""
    assert "after today" in second.fault


def test_a_list_says_of_what_changed_since_its_promotion_what_was_promoted(shelf, models):
    shelf.promote("sbin", "0001", AT)
    said("threshold", 0.0)(models / "sbin" / "0001")

    assert "promoted was" in shelf.models("sbin")[0].fault


def test_damaged_promotions_are_the_fault_of_that_model_and_hide_no_other(shelf, models):
    shutil.copytree(models / "sbin", models / "sound")
    (models / "sbin" / "promotions.yaml").write_text("promotions: 3\n")

    told = {f"{each.name}/{each.folder.name}": each.fault for each in shelf.models()}

    assert (told["sound/0001"], told["sound/0002"]) == ("", "")
    assert all("no list of promotions" in told[f"sbin/{version}"] for version in ("0001", "0002"))


@pytest.mark.parametrize("version", ["0003", "../0001", "-1", "", "0001/..", "1" * 40])
def test_a_version_that_is_not_there_is_refused_with_those_there_are(shelf, version):
    with pytest.raises(ModelError, match="there are: 0001, 0002"):
        shelf.find("sbin", version)


def test_a_name_that_leads_elsewhere_or_nowhere_is_refused(shelf):
    for name in ("..", "sbin/0001", "/etc", ""):
        with pytest.raises(ConfigurationError, match="name a folder of models"):
            shelf.find(name, "latest")
    with pytest.raises(ModelError, match="there is no such model"):
        shelf.find("infy", "latest")


def test_two_folders_of_one_number_are_no_version_that_anybody_means(shelf, models):
    shutil.copytree(models / "sbin" / "0001", models / "sbin" / "01")
    for version in ("1", "0001", "01"):
        with pytest.raises(ModelError, match="0001 and 01 are one number"):
            shelf.verify("sbin", version)
    assert shelf.verify("sbin", "2").folder.name == "0002"


def test_with_a_key_pinned_the_way_back_leads_to_signed_versions_only(models, tmp_path):
    key = SigningKey.created(tmp_path / "models.pem")
    unpinned, pinned = ModelShelf(models), ModelShelf(models, signed_by=key.public)
    unpinned.promote("sbin", "1", AT)
    unpinned.promote("sbin", "2", LATER)

    with pytest.raises(ModelError, match="0001 is not signed"):
        pinned.roll_back("sbin", LATER)
    assert traded(models) == "0002"

    assert pinned.sign("sbin", "1", key).signed_by == key.public
    assert pinned.roll_back("sbin", LATER).version == "0001"


@pytest.mark.hazard("M1")
def test_the_bot_opens_what_the_pinned_key_signed(models, tmp_path):
    key = SigningKey.created(tmp_path / "models.pem")
    settings = Settings(model=ModelSettings(path=models / "sbin" / "0001", signed_by=key.public))
    with pytest.raises(ModelError, match="0001 is not signed"):
        choose_strategy(settings)

    ModelShelf(models).sign("sbin", "1", key)
    assert choose_strategy(settings).model.endswith("0001")

    shutil.copy(models / "sbin" / "0001" / SIGNATURE, models / "sbin" / "0002")
    with pytest.raises(ModelError, match=r"0002/manifest\.yaml\.sig: no signature of this manifest"):
        choose_strategy(Settings(model=settings.model.model_copy(update={"path": models / "sbin" / "0002"})))


def test_a_signature_holds_for_a_model_under_its_own_name(models, tmp_path):
    key = SigningKey.created(tmp_path / "models.pem")
    ModelShelf(models).sign("sbin", "1", key)
    shutil.copytree(models / "sbin" / "0001", models / "infy" / "0001")

    assert ModelShelf(models).verify("infy", "1").threshold == ModelShelf(models).verify("sbin", "1").threshold
    with pytest.raises(ModelError, match="signed as the model sbin, and lies under infy; put it where it belongs"):
        ModelShelf(models, signed_by=key.public).verify("infy", "1")
