import hashlib
import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import talib
from pyarrow import parquet
from rich.console import Console

from core.errors import ConfigurationError, DataError, StorageError
from core.market import Timeframe
from features.columns import CandleColumns
from runtime.settings import ModelSettings, RiskSettings, Settings
from trading.bundle import read_manifest
from trading.inference_engine import InferenceEngine
from trading.trade_terms import TradeTerms
from training import sources, train
from training.estimators import Boosting, Logistic
from training.former_trials import TRIALS
from training.out_of_fold import Candidate
from training.progress import progress_bar
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

LOGISTIC = replace(Recipe.quick(folds=2), candidates=(Candidate(Logistic()),), shuffled_seeds=())


def hashes(folder: Path) -> dict[str, str]:
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir()}


def test_a_bundle_holds_the_named_files_and_a_manifest_that_vouches_for_them(bundle):
    manifest = read_manifest(bundle / "manifest.yaml")
    found = hashes(bundle)

    assert set(found) == {"model.joblib", "scaler.joblib", "encoder.joblib", "arrays.npz", "card.html", "manifest.yaml"}
    assert found["model.joblib"] == manifest.files.model.sha256
    assert found["scaler.joblib"] == manifest.files.scaler.sha256
    assert found["encoder.joblib"] == manifest.files.encoder.sha256
    assert found["arrays.npz"] == manifest.files.arrays.sha256
    assert found["card.html"] == manifest.files.card.sha256
    assert bundle.name == "0001"
    assert len(manifest.golden) >= 32
    assert manifest.training.symbols == ("NSE:SBIN-EQ", "NSE:INFY-EQ")
    assert list(manifest.training.parts) == ["fold 1", "fold 2", "all judged"]
    assert manifest.training.parts["all judged"]["rows"] > 500
    assert manifest.training.estimator == "forest:trees=10,depth=4,leaf=20, sigmoid"
    assert "baselines" in manifest.training.verdict
    assert manifest.versions["TA-Lib"] == talib.__version__
    assert tuple(manifest.reference) == manifest.features.names
    assert 20 < manifest.reference["rsi_14"].quantiles[5] < 80


def test_the_card_of_a_bundle_tells_of_its_training(bundle):
    page = (bundle / "card.html").read_text()
    manifest = read_manifest(bundle / "manifest.yaml")

    assert manifest.training.estimator in page
    for told in ("simple_ma_crossover", "labels shuffled, seed 101", "2, anchored, after 30%"):
        assert told in page
    assert manifest.training.data_sha256[:16] in page
    assert str(bundle.parent) not in page


def test_what_a_model_is_held_against_are_answers_to_rows_that_it_had_not_learned(bundle):
    manifest = read_manifest(bundle / "manifest.yaml")
    sessions = {len(manifest.caution.session_sureness), len(manifest.caution.session_variety)}

    assert manifest.caution.is_calibrated
    assert sessions.pop() < len(manifest.caution.session_novelty)


def test_several_ways_to_train_are_compared_and_the_best_is_written(tmp_path, calendar, small_options):
    recipe = replace(LOGISTIC, candidates=(Candidate(Logistic()), Candidate(Boosting(rounds=3), None)))
    folder = train_model(small_options(tmp_path, recipe=recipe), calendar)
    facts = read_manifest(folder / "manifest.yaml").training

    assert facts.parts["all judged"]["candidates"] == 2
    assert facts.estimator in {each.name for each in recipe.candidates}
    assert "What was tried" in (folder / "card.html").read_text()


def test_two_trainings_give_the_same_bytes_whatever_the_number_of_processes(bundle, tmp_path, calendar, small_options):
    again = train_model(small_options(tmp_path, jobs=2), calendar)

    assert hashes(again) == hashes(bundle)


@pytest.fixture
def trained_before(bundle, tmp_path) -> Path:
    """The folder of all models, with one of a former training in it."""
    shutil.copytree(bundle.parent, tmp_path / "default")
    return tmp_path


def test_training_again_without_a_change_keeps_the_version(trained_before, calendar, small_options):
    before = hashes(trained_before / "default" / "0001")
    again = train_model(small_options(trained_before), calendar)

    assert again == trained_before / "default" / "0001"
    assert hashes(again) == before
    assert [each.name for each in sorted(again.parent.iterdir())] == ["0001", TRIALS]


def test_another_recipe_on_the_same_candles_adds_the_next_version_and_counts_what_was_tried_before(
    trained_before, calendar, small_options
):
    other = small_options(trained_before, recipe=LOGISTIC)
    second = train_model(other, calendar)

    assert second.name == "0002"
    manifest = InferenceEngine.open(trained_before / "default" / "latest").manifest
    assert manifest.training.estimator == "logistic:freedom=0.1,iterations=1000, sigmoid"
    assert manifest.training.parts["all judged"]["candidates"] == 2
    assert train_model(other, calendar) == second
    assert len((trained_before / "default" / TRIALS).read_text().splitlines()) == 2


def test_progress_is_told_from_start_to_end(tmp_path, calendar, small_options):
    told = []
    train_model(small_options(tmp_path), calendar, progress=lambda stage, done: told.append((stage, done)))

    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert {"market data", "fitting the folds", "fitting on every row"} <= {stage for stage, _ in told}


def test_a_bar_is_shown_at_a_terminal_only(capsys):
    for is_terminal in (False, True):
        with progress_bar(Console(force_terminal=is_terminal, width=120)) as progress:
            progress("fitting", 0.5)
        assert ("fitting" in capsys.readouterr().out) is is_terminal


def test_options_follow_the_settings():
    settings = Settings(
        symbols=("NSE:TCS-EQ",),
        timeframe=Timeframe.M15,
        risk=RiskSettings(capital=Decimal(50_000)),
        model=ModelSettings(path=Path("elsewhere/mm/first/promoted")),
    )

    made = TrainingOptions.of(settings, name="mine")

    assert made.symbols == ("NSE:TCS-EQ",)
    assert made.models == Path("elsewhere/mm")
    assert TrainingOptions.of(Settings()).models == Path("models")
    assert (made.name, made.timeframe, made.trade) == ("mine", Timeframe.M15, TradeTerms.of(settings))
    assert TrainingOptions().trade == TradeTerms.of(Settings())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first": date(2025, 2, 1)}, "first day must come first"),
        ({"jobs": 0}, "above 0"),
        ({"name": "../elsewhere"}, "names a folder"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, small_options, change, words):
    with pytest.raises(ConfigurationError, match=words):
        small_options(tmp_path, **change)


def test_too_few_candles_are_refused_with_the_number_needed(tmp_path, calendar, small_options):
    with pytest.raises(DataError, match=r"\d+ usable rows for training, at least 500 are needed"):
        train_model(small_options(tmp_path, last=date(2025, 1, 3)), calendar)


def test_daily_candles_are_refused(tmp_path, calendar, small_options):
    with pytest.raises(DataError, match="intraday"):
        train_model(small_options(tmp_path, timeframe=Timeframe.D), calendar)


def test_an_index_beside_shares_is_left_out_and_alone_it_is_refused(tmp_path, calendar, small_options):
    symbols = ("NSE:NIFTY50-INDEX", "NSE:SBIN-EQ")
    folder = train_model(small_options(tmp_path, symbols=symbols, recipe=LOGISTIC), calendar)
    facts = read_manifest(folder / "manifest.yaml").training

    assert facts.symbols == ("NSE:SBIN-EQ",)
    assert facts.notes == ("NSE:NIFTY50-INDEX: left out, an index is not traded",)
    assert facts.notes[0] in (folder / "card.html").read_text()
    with pytest.raises(ConfigurationError, match="an index is not traded"):
        train_model(small_options(tmp_path, symbols=symbols[:1]), calendar)


def test_what_was_tried_is_on_record_also_where_no_bundle_came_of_it(tmp_path, calendar, small_options, monkeypatch):
    def refused(*_arguments, **_facts):
        raise StorageError("the disk is full")

    monkeypatch.setattr(train, "write_bundle", refused)
    with pytest.raises(StorageError, match="the disk is full"):
        train_model(small_options(tmp_path, recipe=LOGISTIC), calendar)
    assert [each.name for each in (tmp_path / "default").iterdir()] == [TRIALS]
    assert len((tmp_path / "default" / TRIALS).read_text().splitlines()) == 1


def test_candles_with_holes_are_told_of_or_refused(tmp_path, calendar, small_options):
    path = write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)
    table = parquet.read_table(path)
    few, many = (table.filter(np.arange(len(table)) % 75 < kept) for kept in (70, 50))
    parquet.write_table(few, path)
    folder = train_model(small_options(tmp_path, data=(path,), recipe=LOGISTIC), calendar)

    [note] = read_manifest(folder / "manifest.yaml").training.notes
    assert note.startswith("NSE:SBIN-EQ: 115 of ")
    assert note in (folder / "card.html").read_text()
    parquet.write_table(many, path)
    with pytest.raises(DataError, match=r"candles are missing, more than 20%.*--allow-holes"):
        train_model(small_options(tmp_path, data=(path,)), calendar)


def test_a_disk_that_refuses_is_told_and_leaves_nothing_behind(tmp_path, calendar, small_options):
    (tmp_path / "default").write_text("a file where the folder should be")

    with pytest.raises(StorageError, match="default"):
        train_model(small_options(tmp_path), calendar)
    assert [each.name for each in tmp_path.iterdir()] == ["default"]


def candles_of(calendar, timeframe: Timeframe, first: date, last: date) -> pa.Table:
    [history] = sources.generated(("NSE:SBIN-EQ",), timeframe, first, last, 3, calendar)
    candles = history.candles
    return pa.table(
        {
            "timestamp": pa.array(candles.starts // 10**6, pa.timestamp("ms", "Asia/Kolkata")),
            **{name: getattr(candles, f"{name}s") / 100 for name in ("open", "high", "low", "close")},
            "volume": candles.volumes,
        }
    )


def write_candles(path: Path, calendar, **changes) -> Path:
    table = candles_of(calendar, Timeframe.M5, date(2025, 1, 1), date(2025, 1, 31))
    columns = dict(zip(table.column_names, table.columns, strict=True))
    parquet.write_table(pa.table({**columns, **changes}), path)
    return path


def test_a_parquet_file_trains_on_its_own_symbol_and_timeframe(tmp_path, calendar, small_options):
    path = write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)

    facts = read_manifest(train_model(small_options(tmp_path, data=(path,)), calendar) / "manifest.yaml").training

    assert facts.symbols == ("NSE:SBIN-EQ",)
    assert facts.timeframe is Timeframe.M5
    assert facts.source == "NSE_SBIN-EQ_5m.parquet"


def test_files_give_the_prices_they_were_written_from(tmp_path, calendar):
    [history] = sources.generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 1, 1), date(2025, 1, 31), 3, calendar)
    read = sources.from_parquet(write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar), "NSE:SBIN-EQ")

    assert read.candles.candles() == history.candles.candles()


def test_a_file_without_zone_gaps_or_order_is_refused_by_name(tmp_path, calendar):
    plain = write_candles(tmp_path / "a.parquet", calendar)
    table = parquet.read_table(plain)
    naive = pa.array(table["timestamp"].to_numpy().astype("datetime64[ms]"))
    prices = table["close"].to_pylist()
    cases = {
        "time with zone": {"timestamp": naive},
        "empty cells in close": {"close": pa.array([None, *prices[1:]])},
        "holds NaN": {"close": np.array([float("nan"), *prices[1:]])},
        "sort the rows": {"timestamp": pa.array(table["timestamp"].to_pylist()[::-1], table.schema.field(0).type)},
    }
    for words, change in cases.items():
        path = write_candles(tmp_path / "b.parquet", calendar, **change)
        with pytest.raises(DataError, match=f"b.parquet: .*{words}"):
            sources.from_parquet(path, "NSE:SBIN-EQ")
    (tmp_path / "c.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="not readable as candles"):
        sources.from_parquet(tmp_path / "c.parquet", "NSE:SBIN-EQ")
    with pytest.raises(DataError, match="there is no such file"):
        sources.from_parquet(tmp_path / "missing.parquet", "NSE:SBIN-EQ")


@pytest.mark.filterwarnings("error")
def test_a_column_that_no_market_makes_is_refused_in_one_line(tmp_path, calendar):
    table = parquet.read_table(write_candles(tmp_path / "a.parquet", calendar))
    rest = len(table) - 1
    cases = {
        "column close is string; it must be integer or floating": {"close": pa.array(["1"] * len(table))},
        "column volume is string": {"volume": pa.array(["1"] * len(table))},
        "column open is list": {"open": pa.array([[1.0]] * len(table))},
        "column high holds NaN or infinity": {"high": np.array([float("inf"), *[1.0] * rest])},
        "column low holds 1e[+]300 in row 0, beyond 10000000": {"low": np.array([1e300, *[1.0] * rest])},
        "column volume holds NaN or infinity": {"volume": np.array([float("nan"), *[1.0] * rest])},
        "column volume holds .* beyond 1000000000000": {"volume": np.array([2**63, *[1] * rest], np.uint64)},
        "times outside 1677 to 2262": {"timestamp": pa.array([2**40] * len(table), pa.timestamp("s", "UTC"))},
    }
    for words, change in cases.items():
        path = write_candles(tmp_path / "b.parquet", calendar, **change)
        with pytest.raises(DataError, match=f"b.parquet: .*{words}") as refusal:
            sources.from_parquet(path, "NSE:SBIN-EQ")
        assert "\n" not in str(refusal.value)


def test_a_missing_column_is_named_with_what_there_is(tmp_path, calendar):
    path = write_candles(tmp_path / "b.parquet", calendar)
    parquet.write_table(parquet.read_table(path).drop_columns(["volume"]), path)

    with pytest.raises(DataError, match="no column 'volume'; it has timestamp, open, high, low, close"):
        sources.from_parquet(path, "NSE:SBIN-EQ")


def test_a_csv_file_is_not_trained_on(tmp_path):
    with pytest.raises(DataError, match="training takes parquet files"):
        sources.from_parquet(tmp_path / "NSE_SBIN-EQ_5m.csv", "NSE:SBIN-EQ")


def test_a_name_without_a_symbol_and_a_symbol_given_twice_are_refused(tmp_path, calendar, small_options):
    path = write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)

    with pytest.raises(DataError, match=r"b\.parquet: the name does not tell the symbol; name it like"):
        train_model(small_options(tmp_path, data=(tmp_path / "b.parquet",)), calendar)
    for again in (path, Path(str(path)), tmp_path / "NSE_SBIN-EQ_1m.parquet"):
        with pytest.raises(ConfigurationError, match="NSE:SBIN-EQ was given already with"):
            train_model(small_options(tmp_path, data=(path, again)), calendar)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Timeframe.M1, "2025-01-24 09:16:00 is 1 minutes after the one before, most are 5m candles"),
        (Timeframe.M15, "2025-01-24 09:15:00 is the first of a session of 15m candles, most are 5m"),
    ],
)
def test_a_file_of_several_timeframes_is_refused_with_the_candle(tmp_path, calendar, small_options, other, words):
    path = tmp_path / "NSE_SBIN-EQ_5m.parquet"
    whole = candles_of(calendar, Timeframe.M5, date(2025, 1, 1), date(2025, 1, 23))
    last = candles_of(calendar, other, date(2025, 1, 24), date(2025, 1, 24))
    parquet.write_table(pa.concat_tables([whole, last]), path)

    with pytest.raises(DataError, match=rf"NSE_SBIN-EQ_5m.parquet: the candle at {words}") as refusal:
        train_model(small_options(tmp_path, data=(path,)), calendar)
    assert "\n" not in str(refusal.value)


def test_holes_are_no_other_timeframe(calendar):
    table = candles_of(calendar, Timeframe.M5, date(2025, 1, 1), date(2025, 1, 10))
    keep = np.random.default_rng(1).random(len(table)) > 0.4
    starts = table["timestamp"].to_numpy().astype("datetime64[ns]").astype(np.int64)[keep]
    prices = np.full(len(starts), 100)

    assert sources.timeframe_of(CandleColumns(starts, prices, prices, prices, prices, prices)) is Timeframe.M5


def test_files_of_different_timeframes_are_refused(tmp_path, calendar, small_options):
    five = write_candles(tmp_path / "NSE_SBIN-EQ_5m.parquet", calendar)
    table = parquet.read_table(five)
    parquet.write_table(table.take(list(range(0, len(table), 3))), tmp_path / "NSE_INFY-EQ_15m.parquet")

    with pytest.raises(ConfigurationError, match="15m, 5m"):
        train_model(small_options(tmp_path, data=(five, tmp_path / "NSE_INFY-EQ_15m.parquet")), calendar)
    parquet.write_table(table.take(list(range(0, len(table), 2))), tmp_path / "NSE_TCS-EQ_10m.parquet")
    with pytest.raises(DataError, match="10 minutes apart"):
        train_model(small_options(tmp_path, data=(tmp_path / "NSE_TCS-EQ_10m.parquet",)), calendar)
