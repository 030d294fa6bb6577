"""`fyersbot models`: an operator lists, reads, verifies, promotes and goes back; what is unsound ends with one line."""

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from core.instants import ist_datetime
from core.market import Timeframe
from market_data.calendar import NseCalendar
from trading.model_versions import manifest_sha256
from training.sources import generated

from .conftest import Run

VERBS = ("list", "show", "verify", "sign", "new-key", "promote", "rollback")


@pytest.fixture
def versions(bundle: Path) -> Path:
    """Two versions; returns the folder of the model."""
    shutil.copytree(bundle, bundle.parent / "0002")
    return bundle.parent


def said(version: Path, part: str = "", **changes: object) -> None:
    """Let a manifest, or a part of it, say something else."""
    content = yaml.safe_load((version / "manifest.yaml").read_text())
    (content[part] if part else content).update(changes)
    (version / "manifest.yaml").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_models_takes_help(verb: str, run: Run) -> None:
    answer = run("models", verb, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert "--json" in answer.out


def test_models_are_listed_with_what_matters(run: Run, versions: Path) -> None:
    (versions / "0001" / "arrays.npz").unlink()
    assert run("models", "promote", "default", "2").out.startswith("default/promoted is 0002; a running bot trades it")

    spoiled, sound = run("models", "list").out.splitlines()
    assert spoiled.startswith("default/0001")
    assert "REFUSED: " in spoiled
    assert "arrays.npz: missing" in spoiled
    assert sound.startswith("default/0002")
    assert "promoted  data to 2025-01-31, " in sound
    assert sound.endswith(", generated market, does not beat its baselines  sound")

    first, second = json.loads(run("models", "list", "default", "--json").out)["models"]
    assert (first["version"], first["sound"], first["promoted"]) == ("0001", False, False)
    assert (second["version"], second["sound"], second["promoted"], second["fault"]) == ("0002", True, True, None)
    assert second["manifest_sha256"] == manifest_sha256(versions / "0002")
    assert (second["market"], second["source"]) == ("generated", "generated market, seed 2025")
    assert (second["symbols"], second["acts"]) == (["NSE:SBIN-EQ"], True)
    assert second["verdict"].startswith("does not beat its baselines: ")


def test_without_models_the_list_says_how_to_get_one(run: Run) -> None:
    assert run("models", "list").out == "no trained model here; run `fyersbot train`\n"
    assert json.loads(run("models", "list", "--json").out) == {"models": []}


def test_a_manifest_is_shown_for_people_and_whole_for_programs(run: Run, versions: Path) -> None:
    run("models", "promote", "default", "0001")
    lines = run("models", "show", "default", "promoted").out.splitlines()
    assert f"manifest        SHA-256 {manifest_sha256(versions / '0001')}" in lines
    assert "trained on      generated market, seed 2025: not for money" in lines
    assert "symbols         NSE:SBIN-EQ (5m)" in lines
    assert any(line.startswith("promotions") and "promote 0001" in line for line in lines)

    shown = json.loads(run("models", "show", "default", "0001", "--json").out)
    assert shown["manifest"]["training"]["symbols"] == ["NSE:SBIN-EQ"]
    assert [each["verb"] for each in shown["promotions"]] == ["promote"]


WORTH = "trained on a generated market, seed 2025: not for money; it does not beat its baselines"


def test_soundness_is_one_line_what_it_is_worth_another_and_both_an_exit_code(run: Run, versions: Path) -> None:
    verified = run("models", "verify", "default")
    sound, worth = verified.out.splitlines()
    assert (verified.code, worth) == (0, WORTH)
    assert "0002 is sound: sizes and hashes, 24 features, 32 golden rows (arrays, no pickle)" in sound
    assert json.loads(run("models", "verify", "default", "1", "--json").out)["sound"] is True

    (versions / "0002" / "scaler.joblib").write_bytes(b"other")
    assert "scaler.joblib: 5 bytes" in run("models", "verify", "default", "2").complaint
    assert "scaler.joblib: 5 bytes" in run("models", "promote", "default", "2", "--json").complaint
    assert not (versions / "promotions.yaml").exists()


def test_trades_other_than_those_a_model_learned_are_warned_of_wherever_settings_are_named(
    run: Run, versions: Path, home: Path
) -> None:
    (home / "trails.yaml").write_text("exits: {trail_atr: 1.0}\nsizing: {method: fixed, quantity: 1}")
    symbols = "warning: model default learned trades of NSE:SBIN-EQ; symbols asks for NSE:RELIANCE-EQ, NSE:INFY-EQ; its"
    exits = "warning: model default learned trades with a stop of 2 and a target of 3 average true ranges; exits asks"
    for verb in ("verify", "promote"):
        said = run("models", verb, "default", "2", "-c", "trails.yaml")
        assert (said.code, len(said.out.splitlines())) == (0, 2)
        of_symbols, of_exits, of_size, of_market = said.err.splitlines()
        assert of_symbols.startswith(symbols)
        assert of_market == "warning: model default was trained on a generated market: not for money"
        assert of_exits.startswith(f"{exits} for a stop of 2 that trails by 1 and a target of 3 average true ranges;")
        assert "sizing and risk ask for a fixed quantity of 1" in of_size

        told = json.loads(run("models", verb, "default", "2", "-c", "trails.yaml", "--json").out)["warnings"]
        assert [f"warning: {each}" for each in told] == [of_symbols, of_exits, of_size, of_market]
        assert run("models", verb, "default", "2").err == ""

    assert run("models", "list", "-c", "trails.yaml").out.count("sound, but learned other trades") == 2
    assert f"warnings        {told[0]}" in run("models", "show", "default", "-c", "trails.yaml").out.splitlines()


def with_candles(home: Path, first: date, last: date) -> None:
    """Put a file of some days there."""
    [history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, first, last, 5, NseCalendar())
    rows = (
        f"{ist_datetime(each.start).isoformat()},{each.open / 100},{each.high / 100},{each.low / 100},"
        f"{each.close / 100},{each.volume}"
        for each in history.candles.candles()
    )
    (home / "NSE_SBIN-EQ_5m.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))


@pytest.mark.parametrize("engine", ["event", "fast"])
@pytest.mark.usefixtures("versions")
def test_a_backtest_says_where_its_model_learned_other_trades(run: Run, home: Path, engine: str) -> None:
    with_candles(home, date(2025, 2, 3), date(2025, 2, 14))
    (home / "trails.yaml").write_text("exits: {trail_atr: 1.0}\nmodel: {path: models/default/0002}")
    asked = ("backtest", "--strategy", "model", "--data", "NSE_SBIN-EQ_5m.csv", "--engine", engine, "--no-store")

    said = run(*asked, "-c", "trails.yaml").out
    assert "Note: model default learned trades with a stop of 2" in said
    notes = json.loads(run(*asked, "-c", "trails.yaml", "--json").out)["notes"]
    assert [note for note in notes if "exits asks for a stop of 2 that trails by 1" in note]
    (home / "usual.yaml").write_text("model: {path: models/default/0002}")
    usual = " ".join(run(*asked, "-c", "usual.yaml").out.split())
    assert "learned trades" not in usual
    assert "Note: model default was trained on a generated market: not for money" in usual
    assert "sessions lie" not in usual


KNOWN = "8 of 16 sessions lie in the model's training (2025-01-01 to 2025-01-31): of these the figures say nothing"


@pytest.mark.usefixtures("versions")
def test_a_backtest_on_days_that_its_model_learned_says_so_wherever_it_is_reported(run: Run, home: Path) -> None:
    with_candles(home, date(2025, 1, 13), date(2025, 2, 11))
    days = ("--timerange", "20250122-20250211")
    settings = home / "bot.yaml"
    settings.write_text("model: {path: models/default/0002}")
    asked = ("backtest", "--strategy", "model", "--data", "NSE_SBIN-EQ_5m.csv", *days, "-c", settings)

    assert f"Note: {KNOWN}" in " ".join(run(*asked, "--html", "page.html").out.split())
    assert KNOWN.replace("'", "&#x27;") in (home / "page.html").read_text()
    told = json.loads(run(*asked, "--json").out)
    assert told["notes"][0] == KNOWN
    again = run("report", "--run-id", told["run_id"], "--compare", told["run_id"], "-c", settings)
    words = " ".join(again.out.split())
    assert f"Note: {KNOWN}" in words
    assert f"Note on B: {KNOWN}" in words


@pytest.mark.usefixtures("versions")
def test_a_search_says_which_of_its_sessions_the_model_learned_and_of_its_tests_which(run: Run, home: Path) -> None:
    with_candles(home, date(2025, 1, 13), date(2025, 2, 11))
    (home / "bot.yaml").write_text("model: {path: models/default/0002}")
    asked = ("--strategy", "model", "--data", "NSE_SBIN-EQ_5m.csv", "--timerange", "20250122-20250211")
    asked += ("--workers", "1", "--method", "grid", "--range", "threshold=0.0,0.9", "--param", "oldest_days=400")
    asked += ("--min-trades", "0")

    searched = json.loads(run("hyperopt", *asked, "--holdout-share", "0.2", "-c", "bot.yaml", "--json").out)
    kept = json.loads(run("report", "--run-id", searched["run_id"], "-c", "bot.yaml", "--json").out)
    assert searched["notes"][0] == kept["notes"][0] == KNOWN

    walk = ("walk-forward", *asked, "--train", "6", "--test", "2", "-c", "bot.yaml", "--json")
    walked = json.loads(run(*walk).out)
    tests = json.loads(run("report", "--run-id", walked["run_id"], "-c", "bot.yaml", "--json").out)
    assert walked["notes"][0] == KNOWN
    assert "1 of 9 sessions lie in the model's training" in tests["notes"][0]


def test_a_training_for_the_settings_learns_the_trades_that_they_make(run: Run, home: Path) -> None:
    (home / "trails.yaml").write_text("exits: {trail_atr: 1.0}\nsizing: {method: capital}\nsymbols: ['NSE:SBIN-EQ']")
    train = ("train", "--timerange", "20250101-20250228", "--model", "logistic", "--folds", "2", "--shuffles", "1")
    trained = run(*train, "--name", "mine", "-c", "trails.yaml")
    assert trained.code == 0, trained.err

    source = "trained on a generated market, seed 2025: not for money; symbols NSE:SBIN-EQ"
    assert trained.out.splitlines()[-1] == source
    generated_only = "warning: model mine was trained on a generated market: not for money\n"
    assert run("models", "verify", "mine", "-c", "trails.yaml").err == generated_only
    lines = run("models", "show", "mine").out.splitlines()
    exits = "a stop of 2 that trails by 1 and a target of 3 average true ranges"
    position = "as many shares as 100,000 rupees buy, at a limit 0.2 % beyond the close"
    assert any(line.startswith(f"trade           {exits}; spread") for line in lines)
    assert f"position        {position}" in lines
    card, trial = ((home / "models" / "mine" / each).read_text() for each in ("0001/card.html", "trials.jsonl"))
    assert exits in card
    assert exits in trial
    assert position in card
    assert position in trial


def test_the_way_back_is_one_verb(run: Run, versions: Path) -> None:
    assert "nothing was promoted before" in run("models", "rollback", "default").complaint
    run("models", "promote", "default", "1")
    changed = json.loads(run("models", "promote", "default", "2", "--json").out)
    assert (changed["version"], changed["before"], changed["changed"]) == ("0002", "0001", True)
    assert (changed["market"], changed["acts"]) == ("generated", True)
    assert run("models", "promote", "default", "2").out == f"default/0002 is promoted already\n{WORTH}\n"
    assert run("models", "rollback", "default").out.startswith("default/promoted is 0001, before 0002;")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("show", "nobody"), "models/nobody: there is no such model"),
        (("verify", "default", "9"), "default has no version '9'; there are: 0001, 0002"),
        (("verify", "../default"), "model name '../default': letters, digits"),
        (("verify", "default", "promoted"), "no version is promoted; run `fyersbot models promote default VERSION`"),
        (("promote", "default", "1", "--sha256", "ab" * 32), "demands abababab"),
    ],
)
@pytest.mark.usefixtures("versions")
def test_bad_input_is_told_in_one_line(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in run("models", *arguments).complaint


def test_a_model_that_never_acts_and_beats_nothing_says_so_to_who_promotes_it(run: Run, versions: Path) -> None:
    said(versions / "0002", threshold=1.0)
    said(versions / "0002", "training", market="recorded", source="NSE_SBIN-EQ_5m.parquet")
    worth = "trained on recorded candles (NSE_SBIN-EQ_5m.parquet); it never acts and does not beat its baselines"
    promoted = run("models", "promote", "default", "2")
    assert promoted.out.splitlines()[1:] == [worth]
    assert run("models", "verify", "default", "2").out.splitlines()[1:] == [worth]
    assert "recorded candles, never acts and does not beat its baselines  sound" in run("models", "list").out
    for verb in ("promote", "verify"):
        told = json.loads(run("models", verb, "default", "2", "--json").out)
        assert (told["market"], told["acts"]) == ("recorded", False)
        assert told["verdict"].startswith("does not beat its baselines: ")


def test_a_manifest_from_days_to_come_is_refused_in_one_line(run: Run, versions: Path) -> None:
    said(versions / "0002", "training", last="2099-01-01T15:25:00+05:30")
    later = "models/default/0002/manifest.yaml: its data end on 2099-01-01, after today ("
    for verb in ("verify", "promote"):
        assert run("models", verb, "default", "2").complaint.startswith(later)
    assert f"REFUSED: {later}" in run("models", "list").out
    assert not (versions / "promotions.yaml").exists()


KEY_LINE = re.compile(r"model\.signed_by: '([0-9a-f]{64})'")


def test_a_model_is_signed_and_then_opened_by_who_pinned_the_key_only(run: Run, versions: Path, home: Path) -> None:
    made = run("models", "new-key", "keys/models.pem")
    [public] = KEY_LINE.findall(made.out)
    pinned = home / "pinned.yaml"
    pinned.write_text(f"symbols: ['NSE:SBIN-EQ']\nmodel: {{signed_by: '{public}'}}")

    for verb in ("verify", "promote"):
        refusal = run("models", verb, "default", "2", "-c", pinned).complaint
        assert "is not signed, and model.signed_by demands" in refusal
    assert not (versions / "promotions.yaml").exists()

    signed = json.loads(run("models", "sign", "default", "2", "--key", "keys/models.pem", "-c", pinned, "--json").out)
    assert signed == {
        "path": "models/default/0002/manifest.yaml.sig",
        "manifest_sha256": manifest_sha256(versions / "0002"),
        "signed_by": public,
        "warnings": ["model default was trained on a generated market: not for money"],
    }
    assert f"signed by {public[:16]}" in run("models", "verify", "default", "2", "-c", pinned).out
    assert json.loads(run("models", "verify", "default", "2", "-c", pinned, "--json").out)["signed_by"] == public
    assert run("models", "promote", "default", "2", "-c", pinned).code == 0
    first, second = run("models", "list", "-c", pinned).out.splitlines()
    assert "REFUSED: models/default/0001 is not signed" in first
    assert "  sound" in second
    assert run("models", "verify", "default", "1").code == 0  # nobody pinned a key there


def test_a_key_of_the_environment_signs_and_is_not_printed(
    run: Run, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [public] = KEY_LINE.findall(run("models", "new-key", "models.pem").out)
    text = Path("models.pem").read_text()
    monkeypatch.setenv("FYERSBOT__MODEL__SIGNING_KEY", text)

    signed = run("models", "sign", "default", "1")
    assert KEY_LINE.findall("model.signed_by: " + signed.out.partition("model.signed_by: ")[2]) == [public]
    assert text.splitlines()[1] not in signed.out + signed.err + run("show-config").out
    assert (versions / "0001" / "manifest.yaml.sig").stat().st_size == 64


def test_what_cannot_sign_says_why_and_signs_nothing(run: Run, versions: Path, home: Path) -> None:
    run("models", "new-key", "models.pem")
    assert "no private key: give --key FILE" in run("models", "sign", "default", "1").complaint
    assert "models.pem is there already" in run("models", "new-key", "models.pem").complaint
    (home / "other.yaml").write_text(f"model: {{signed_by: '{'ab' * 32}'}}")
    other = run("models", "sign", "default", "1", "--key", "models.pem", "-c", home / "other.yaml").complaint
    assert "what it signs would be refused" in other
    (versions / "0001" / "scaler.joblib").write_bytes(b"other")
    assert "scaler.joblib: 5 bytes" in run("models", "sign", "default", "1", "--key", "models.pem").complaint
    assert list(versions.rglob("*.sig")) == []
