import hashlib
import io
import re
import shutil
import tracemalloc
import zipfile
from datetime import date, time
from pathlib import Path

import joblib
import numpy as np
import pytest
import talib
import yaml

from core.errors import InvariantError, ModelError
from core.instants import instant_at
from core.market import Candle, Timeframe
from core.sessions import TradingDay
from core.signals import Direction, FeatureRow
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from runtime.clock import MarketClock
from runtime.settings import ModelSettings, Settings
from trading import bundle as bundles
from trading.inference_engine import GOLDEN_TOLERANCE, InferenceEngine, direction_of
from trading.model_versions import manifest_sha256, resolve
from trading.wiring import Wiring
from training.recipe import Recipe
from training.sources import generated
from training.train import TrainingOptions, train_model

FILES = ("model.joblib", "scaler.joblib", "encoder.joblib", "arrays.npz", "card.html")


class Weekdays:
    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    options = TrainingOptions(
        models=tmp_path_factory.mktemp("models"),
        symbols=("NSE:SBIN-EQ",),
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=20, depth=4, folds=2),
        jobs=1,
    )
    return train_model(options, Weekdays(), progress=lambda stage, done: None)


@pytest.fixture
def folder(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "default" / "0001"))


@pytest.fixture(scope="module")
def rows() -> list[FeatureRow]:
    [history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 2, 3), date(2025, 2, 14), 5, Weekdays())
    stream = FeatureStream(FeatureSpecification.default(), "NSE:SBIN-EQ", Timeframe.M5, Weekdays())
    return [row for row in map(stream.update, history.candles.candles()) if row is not None]


def rewrite(folder: Path, change) -> None:
    """Change the manifest as somebody would who knows how to."""
    path = folder / "manifest.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def replace_file(folder: Path, role: str, name: str, raw: bytes) -> None:
    """Put another file in the bundle and vouch for it."""
    (folder / name).write_bytes(raw)
    described = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    rewrite(folder, lambda content: content["files"].update({role: described}))


def without_arrays(folder: Path) -> Path:
    (folder / "arrays.npz").unlink()
    rewrite(folder, lambda content: content["files"].pop("arrays"))
    return folder


def opened(folder: Path) -> InferenceEngine:
    """Open a bundle as somebody does who pinned what is there now."""
    return InferenceEngine.open(folder, manifest_sha256(folder))


def dumped(value) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def test_the_three_files_of_the_user_open_an_engine(folder, rows):
    engine = InferenceEngine(folder / "model.joblib", folder / "scaler.joblib", folder / "encoder.joblib")

    prediction = engine.predict(rows[0])

    assert sum(prediction.probabilities) == pytest.approx(1.0)
    assert engine.feature_names == FeatureSpecification.default().names
    assert prediction.direction is direction_of(*prediction.probabilities[1:], engine.threshold)


def test_arrays_and_pickles_of_a_calibrated_model_give_the_same_direction_and_probabilities(folder, rows):
    fast = InferenceEngine.open(folder)
    slow = opened(without_arrays(folder))

    assert len(rows) > 300
    for row in rows[::10]:
        served, pickled = fast.predict(row), slow.predict(row)
        assert served.direction is pickled.direction
        assert served.probabilities == pytest.approx(pickled.probabilities, rel=0, abs=GOLDEN_TOLERANCE)


def test_latest_is_the_highest_complete_version(folder):
    for name in ("0002", "0010", "notes", ".unfinished-x"):
        shutil.copytree(folder, folder.parent / name)
    (folder.parent / "0011").mkdir()

    assert resolve(folder.parent / "latest").folder.name == "0010"
    assert resolve(folder).folder == folder


def test_without_any_model_the_message_says_how_to_get_one(tmp_path):
    for path in (tmp_path / "default" / "latest", tmp_path / "default" / "0001"):
        with pytest.raises(ModelError, match="run `fyersbot train`"):
            InferenceEngine.open(path)


@pytest.mark.hazard("M3")
def test_features_are_found_by_name_in_whatever_order_the_pipeline_has_them(folder, rows):
    engine = InferenceEngine.open(folder)
    backwards = dict(zip(reversed(engine.feature_names), range(24), strict=True))
    row = rows[3]
    turned = FeatureRow(row.symbol, row.candle, row.closed_at, backwards, tuple(reversed(row.values)), row.atr)

    expected = engine.predict(row)
    assert engine.predict(turned) == expected
    assert engine.predict(row) == expected


@pytest.mark.hazard("M3")
def test_a_pipeline_without_the_models_features_is_refused_by_name(folder):
    candle = Candle(instant_at(date(2025, 1, 1), time(10, 0)), 100, 100, 100, 100, 1)
    row = FeatureRow("NSE:SBIN-EQ", candle, candle.start, {"sma_gap_5": 0}, (0.1,), 1.0)

    with pytest.raises(ModelError, match="does not compute: return_1, return_3"):
        InferenceEngine.open(folder).predict(row)


@pytest.mark.hazard("M4")
def test_a_row_with_nan_stops_the_bot(folder, rows):
    row = rows[0]
    broken = FeatureRow(row.symbol, row.candle, row.closed_at, row.columns, (float("nan"), *row.values[1:]), row.atr)

    with pytest.raises(InvariantError, match="NaN or infinity"):
        InferenceEngine.open(folder).predict(broken)


@pytest.mark.hazard("M4")
def test_an_answer_that_is_no_number_is_no_signal(folder, rows, monkeypatch):
    engine = InferenceEngine.open(folder)
    nothing = np.full(3, np.nan)
    monkeypatch.setattr(engine._classifier, "probabilities", lambda _row: nothing)
    monkeypatch.setattr(engine._classifier, "probabilities_of", lambda rows: np.tile(nothing, (len(rows), 1)))

    with pytest.raises(InvariantError, match="what is no number"):
        engine.predict(rows[0])
    with pytest.raises(InvariantError, match="what is no number"):
        engine.probabilities_of(rows[0].columns, np.array([rows[0].values]))


def test_a_finite_row_is_answered_however_large(folder, rows):
    row, largest = rows[0], float(np.finfo(float).max)
    values = (largest, largest, *row.values[2:])
    large = FeatureRow(row.symbol, row.candle, row.closed_at, row.columns, values, row.atr)

    with np.errstate(over="ignore"):
        assert sum(InferenceEngine.open(folder).predict(large).probabilities) == pytest.approx(1.0)


def test_pickles_beside_arrays_are_hashed_one_after_the_other(folder):
    for role in ("model", "scaler", "encoder"):
        replace_file(folder, role, f"{role}.joblib", bytes(8_000_000))

    tracemalloc.start()
    InferenceEngine.open(folder)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16_000_000 + 4_000_000  # the next is read before the last is let go


@pytest.mark.hazard("M1")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "missing", "folder"])
def test_any_damaged_file_is_refused_by_name_before_it_is_opened(folder, name, damage):
    path = folder / name
    raw = bytearray(path.read_bytes())
    path.unlink()
    match damage:
        case "flip":
            raw[len(raw) // 2] ^= 1
        case "cut":
            raw = raw[:-1]
        case "grow":
            raw += b"\0"
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(raw)

    with pytest.raises(ModelError, match=f"{name}: .*(restore it|permissions)"):
        InferenceEngine.open(folder)


@pytest.mark.hazard("M1")
def test_a_hostile_pickle_that_the_manifest_does_not_know_is_never_run(folder, tmp_path):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)

    without_arrays(folder)
    (folder / "model.joblib").write_bytes(dumped(Hostile()))

    with pytest.raises(ModelError, match=r"model.joblib"):
        InferenceEngine.open(folder)
    assert not (tmp_path / "run").exists()


@pytest.mark.hazard("M1")
def test_a_pinned_manifest_is_the_only_one_opened(folder):
    right = hashlib.sha256((folder / "manifest.yaml").read_bytes()).hexdigest()

    assert InferenceEngine.open(folder, right).threshold == InferenceEngine.open(folder).threshold
    rewrite(folder, lambda content: content.update(threshold=0.34))
    with pytest.raises(ModelError, match=f"model.manifest_sha256 demands {right[:16]}"):
        InferenceEngine.open(folder, right)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.update(format=1), "format 1, this program reads 2"),
        (lambda content: content.update(format=3), "format 3, this program reads 2"),
        (lambda content: content.pop("threshold"), "threshold: Field required"),
        (lambda content: content.update(threshold=1.5), "threshold: "),
        (lambda content: content.update(surprise=1), "surprise: "),
        (lambda content: content.update(classes=[0, 1, 1]), "once each"),
        (lambda content: content.update(classes=[2, 1, 0]), "encoder"),
        (lambda content: content["files"]["model"].update(sha256="x" * 64), "files.model.sha256"),
        (lambda content: content["files"]["model"].update(bytes=10**12), "files.model.bytes"),
        (lambda content: content["features"].update(schema_sha256="0" * 64), "made for other features"),
        (lambda content: content["features"]["names"].__setitem__(0, "magic_7"), "does not have"),
        (lambda content: content["features"]["names"].__setitem__(0, "kst"), "looks ahead"),
        (lambda content: content["golden"][5]["probabilities"].reverse(), "golden row 5"),
        (lambda content: content["golden"][5]["probabilities"].__setitem__(0, 0.123), "golden row 5"),
        (lambda content: content["golden"][5]["features"].__setitem__(0, float("nan")), "manifest.yaml"),
        (lambda content: content["golden"][5]["features"].pop(), "must have 24 features"),
        (lambda content: content.update(golden=content["golden"][:3]), "golden"),
        (lambda content: content["versions"].update({"scikit-learn": "0.24.1"}), "pickled by scikit-learn 0.24.1"),
        (lambda content: content["versions"].pop("scikit-learn"), "pickled by scikit-learn unknown"),
        (lambda content: content["versions"].pop("numpy"), "pickled by numpy unknown"),
        (lambda content: content["versions"].update({"TA-Lib": "0.4.32"}), "features were computed by TA-Lib 0.4.32"),
        (lambda content: content["versions"].pop("TA-Lib"), "computed by TA-Lib unknown.*run `fyersbot train`"),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused_with_the_reason(folder, change, words):
    without_arrays(folder)
    rewrite(folder, change)

    with pytest.raises(ModelError, match=words):
        opened(folder)


@pytest.mark.hazard("M2")
def test_the_arrays_too_are_refused_when_another_release_of_ta_lib_computed_their_features(folder):
    rewrite(folder, lambda content: content["versions"].update({"TA-Lib": "0.7.9"}))

    with pytest.raises(ModelError, match=rf"TA-Lib 0\.7\.9, installed is {re.escape(talib.__version__)}: install"):
        InferenceEngine.open(folder)


def test_a_bug_fix_release_of_ta_lib_is_the_same_release(folder):
    release = ".".join(talib.__version__.split(".")[:2])
    rewrite(folder, lambda content: content["versions"].update({"TA-Lib": f"{release}.99"}))

    assert InferenceEngine.open(folder).manifest.versions["TA-Lib"] == f"{release}.99"


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"- a list", b"a: [1", b"a: &x 1\nb: *x", b"", b"x" * 2_000_000])
def test_a_manifest_that_is_no_manifest_is_refused(folder, raw):
    (folder / "manifest.yaml").write_bytes(raw)

    with pytest.raises(ModelError, match=r"manifest.yaml: .*(train again)"):
        InferenceEngine.open(folder)


def test_a_vouched_for_file_that_is_no_archive_is_refused(folder):
    replace_file(folder, "arrays", "arrays.npz", b"PK no archive")

    with pytest.raises(ModelError, match=r"arrays.npz: unreadable arrays"):
        InferenceEngine.open(folder)


@pytest.mark.hazard("M1")
def test_arrays_of_python_objects_are_refused_unopened(folder, tmp_path):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)

    buffer = io.BytesIO()
    np.savez(buffer, mean=np.array([Hostile()], dtype=object))
    replace_file(folder, "arrays", "arrays.npz", buffer.getvalue())

    with pytest.raises(ModelError, match=r"arrays.npz"):
        InferenceEngine.open(folder)
    assert not (tmp_path / "run").exists()


def test_a_vouched_for_file_that_is_no_pickle_is_refused(folder):
    replace_file(without_arrays(folder), "scaler", "scaler.joblib", b"no pickle")

    with pytest.raises(ModelError, match="scaler: not readable as a pickle"):
        opened(folder)


@pytest.mark.hazard("M2")
@pytest.mark.parametrize("swapped", [[2, 1, 0], [0, 2, 1], [1, 0, 2]])
def test_swapped_classes_fail_the_golden_rows_of_the_exported_arrays(folder, swapped):
    rewrite(folder, lambda content: content.update(classes=swapped))

    with pytest.raises(ModelError, match=r"golden row \d+ gives .* do not belong together"):
        InferenceEngine.open(folder)


@pytest.mark.hazard("M2")
def test_arrays_of_another_model_fail_the_golden_rows(folder):
    with np.load(folder / "arrays.npz") as arrays:
        content = {name: arrays[name] for name in arrays.files}
    content["leaves"] = content["leaves"][..., [0, 2, 1]]
    buffer = io.BytesIO()
    np.savez(buffer, **content)
    replace_file(folder, "arrays", "arrays.npz", buffer.getvalue())

    with pytest.raises(ModelError, match=r"golden row 0 gives .* do not belong together"):
        InferenceEngine.open(folder)


def test_a_damaged_archive_member_is_refused(folder):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mean.npy", b"no array")
    replace_file(folder, "arrays", "arrays.npz", buffer.getvalue())

    with pytest.raises(ModelError, match=r"arrays.npz"):
        InferenceEngine.open(folder)


@pytest.mark.parametrize("change", ["permuted scaler", "other encoder", "scaler of fewer features"])
def test_estimators_that_do_not_belong_together_are_refused(folder, change):
    without_arrays(folder)
    scaler, encoder = joblib.load(folder / "scaler.joblib"), joblib.load(folder / "encoder.joblib")
    match change:
        case "permuted scaler":
            scaler.mean_ = scaler.mean_[::-1].copy()
        case "other encoder":
            encoder.classes_ = encoder.classes_[::-1].copy()
        case _:
            scaler.n_features_in_ = 23
    replace_file(folder, "scaler", "scaler.joblib", dumped(scaler))
    replace_file(folder, "encoder", "encoder.joblib", dumped(encoder))

    with pytest.raises(ModelError, match=r"golden row|encoder's classes|takes 23 features"):
        opened(folder)


def test_a_model_of_another_timeframe_does_not_start(folder):
    settings = Settings(timeframe=Timeframe.M1, model=ModelSettings(path=folder))

    words = "model default was trained on 5m candles, timeframe is 1m; set timeframe to 5m, or train .*`fyersbot train`"
    with pytest.raises(ModelError, match=words) as refusal:
        Wiring(settings, MarketClock(), Weekdays(), lambda _secret: None)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [
        (0.6, 0.1, Direction.LONG),
        (0.1, 0.6, Direction.SHORT),
        (0.5, 0.5, Direction.LONG),
        (0.49, 0.2, Direction.NONE),
        (0.2, 0.49, Direction.NONE),
    ],
)
def test_the_likelier_side_decides_if_it_reaches_the_threshold(long, short, expected):
    assert direction_of(long, short, 0.5) is expected


@pytest.mark.hazard("M9")
@pytest.mark.parametrize("prepare", [lambda folder: folder, without_arrays])
def test_what_is_opened_is_what_was_hashed_even_if_the_file_is_swapped_meanwhile(
    folder, rows, tmp_path, monkeypatch, prepare
):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)

    expected = opened(prepare(folder)).predict(rows[0])
    pinned = manifest_sha256(folder)
    read = bundles.read_file

    def read_and_swap(path, entry):
        content = read(path, entry)
        path.write_bytes(dumped(Hostile()))
        return content

    monkeypatch.setattr("trading.inference_engine.read_file", read_and_swap)
    assert InferenceEngine.open(folder, pinned).predict(rows[0]) == expected
    assert not (tmp_path / "run").exists()


@pytest.mark.hazard("M10")
@pytest.mark.parametrize("name", ["manifest.yaml", *FILES])
def test_a_file_of_a_gigabyte_is_refused_and_not_read(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=rf"{name}: larger than the \d+ bytes allowed for it"):
            InferenceEngine.open(folder)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.hazard("M10")
def test_a_manifest_cannot_allow_a_file_of_any_size(folder):
    rewrite(folder, lambda content: content["files"]["arrays"].update(bytes=1 << 40))
    with pytest.raises(ModelError, match=r"files\.arrays\.bytes"):
        InferenceEngine.open(folder)
