"""What `latest` and `promoted` stand for, and that a training alone changes nothing that is traded."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import ConfigurationError, ModelError
from core.instants import IST
from trading.model_versions import (
    ChosenVersion,
    manifest_sha256,
    promotions,
    record,
    refuse_unchosen,
    resolve,
    standing,
    versions,
)

EVENING = datetime(2026, 1, 6, 18, 0, tzinfo=IST)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of two versions, as far as their manifests."""
    for name in ("0001", "0002"):
        make(tmp_path / "sbin" / name)
    return tmp_path / "sbin"


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(f"format: {folder.name}")
    return folder


def promote(model: Path, version: str) -> None:
    record(model, "promote", model / version, manifest_sha256(model / version), EVENING)


def test_the_newest_version_is_the_one_of_the_highest_number(model):
    make(model / "0010")
    make(model / "notes")
    make(model / ".unfinished-x")
    (model / "0011").mkdir()

    assert [each.name for each in versions(model)] == ["0001", "0002", "0010"]
    assert resolve(model / "latest") == ChosenVersion(model / "0010", "")


@pytest.mark.hazard("V10")
def test_a_training_does_not_change_what_is_promoted(model):
    promote(model, "0001")
    make(model / "0003")

    assert resolve(model / "promoted") == ChosenVersion(model / "0001", manifest_sha256(model / "0001"))
    assert resolve(model / "latest").folder.name == "0003"


@pytest.mark.hazard("V10")
def test_a_promoted_version_is_only_that_which_was_promoted(model):
    promote(model, "0001")
    (model / "0001" / "manifest.yaml").write_text("format: changed")

    with pytest.raises(ModelError, match=r"0001/manifest.yaml: its SHA-256 is \w+\.+, promoted was \w+\.+; restore"):
        resolve(model / "promoted")


def test_a_pin_of_the_settings_stands_above_the_promotion(model):
    promote(model, "0001")
    assert resolve(model / "promoted", "ab" * 32).manifest_sha256 == "ab" * 32


def test_without_a_promotion_the_message_says_how_to_make_one(model):
    with pytest.raises(ModelError, match="no version is promoted; run `fyersbot models promote sbin VERSION`"):
        resolve(model / "promoted")


@pytest.mark.parametrize(
    ("decisions", "traded"),
    [
        ([], []),
        (["+1"], ["0001"]),
        (["+1", "+2"], ["0001", "0002"]),
        (["+1", "+2", "-"], ["0001"]),
        (["+1", "+2", "-", "+2", "-"], ["0001"]),
        (["+1", "+2", "+1", "-", "-"], ["0001"]),
        (["-"], []),
    ],
)
def test_a_rollback_takes_back_the_last_promotion_that_stands(model, decisions, traded):
    for each in decisions:
        if each == "-":
            record(model, "rollback", model / "0001", manifest_sha256(model / "0001"), EVENING)
        else:
            promote(model, f"000{each[1:]}")

    rows = promotions(model)
    assert [row.version for row in standing(rows)] == traded
    assert len(rows) == len(decisions)
    assert all(row.at == EVENING for row in rows)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "promotions: []",
        "promotions: [1",
        "promotions:\n- {at: 2026-01-06T18:00:00+05:30, verb: promote, version: ../evil, manifest_sha256: aa}",
        f"promotions:\n- {{at: 2026-01-06T18:00:00, verb: promote, version: '1', manifest_sha256: {'a' * 64}}}",
        "surprise: 1",
    ],
)
def test_promotions_that_cannot_be_read_promote_nothing(model, content):
    (model / "promotions.yaml").write_text(content)

    with pytest.raises(ModelError, match=r"promotions\.yaml: no list of promotions .*restore it") as refusal:
        resolve(model / "promoted")
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "is no plain file"),
        (Path.mkdir, "is no plain file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a link"),
        (lambda path: path.symlink_to("nowhere"), "is a link"),
        (lambda path: path.write_bytes(b"#" * 300_000), "larger than the 262144 bytes allowed"),
        (lambda path: path.write_bytes(b"\xff"), "no list of promotions"),
    ],
    ids=["pipe", "folder", "device", "link", "large", "not UTF-8"],
)
def test_promotions_are_read_from_a_plain_file_only(model, make, reason):
    make(model / "promotions.yaml")
    with pytest.raises(ModelError, match=rf"promotions\.yaml: {reason}"):
        resolve(model / "promoted")


@pytest.mark.hazard("V10")
def test_money_is_not_traded_with_whatever_was_trained_last():
    with pytest.raises(ConfigurationError, match="run `fyersbot models promote sbin VERSION` and name models/sbin/"):
        refuse_unchosen(Path("models/sbin/latest"), "")


@pytest.mark.parametrize(("path", "pin"), [("latest", "ab" * 32), ("promoted", ""), ("0001", "")])
def test_money_is_traded_with_a_version_that_somebody_chose(path, pin):
    refuse_unchosen(Path("models/sbin") / path, pin)
