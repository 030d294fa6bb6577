"""What every predictor promises: the exported arrays of each kind and the pickled model behind the same engine."""

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import yaml
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import LabelEncoder, StandardScaler

from core.errors import InvariantError, ModelError
from core.market import Timeframe
from core.orders import Product
from core.ports import Predictor
from core.signals import Direction, FeatureRow
from features.labels import LabelRule
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from trading.bundle import LabelFacts, TrainingFacts
from trading.inference_engine import InferenceEngine
from trading.model_versions import manifest_sha256
from training.bundle_writer import write_bundle
from training.classifier import Classifier
from training.dataset import Dataset, History, build
from training.sources import generated
from training.train import TrainingOptions, label_rule

from .conftest import WeekdayCalendar

SBIN = "NSE:SBIN-EQ"
THRESHOLD = 0.45
"""With this one each direction is met; the one chosen in training may ask for more than these rows hold."""
FIRST, LAST = date(2025, 1, 1), date(2025, 1, 31)

FOREST = RandomForestClassifier(20, max_depth=4, random_state=1, n_jobs=1)
BOOSTED_TREES = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, early_stopping=False, random_state=1)
FOLDS = KFold(3, shuffle=True, random_state=1)
MODELS = {
    "forest": FOREST,
    "boosted trees": BOOSTED_TREES,
    "lightgbm": LGBMClassifier(n_estimators=20, num_leaves=8, n_jobs=1, random_state=1, verbosity=-1),
    "linear model": LogisticRegression(),
    "calibrated forest": CalibratedClassifierCV(FOREST, method="isotonic", cv=FOLDS, ensemble=False),
    "calibrated boosted trees": CalibratedClassifierCV(BOOSTED_TREES, method="sigmoid", cv=FOLDS, ensemble=False),
}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    [history] = generated((SBIN,), Timeframe.M5, FIRST, LAST, 2025, WeekdayCalendar())
    rates = ChargeTable.load(CONFIG / "charges.yaml").rates_on(LAST, Product.INTRADAY).rates

    def rule(of: History) -> LabelRule:
        return label_rule(TrainingOptions(), of, rates)

    return build([history], FeatureSpecification.default(), Timeframe.M5, WeekdayCalendar(), rule)


def written(models: Path, dataset: Dataset, name: str) -> Path:
    """Fit one of the models and write its bundle."""
    scaler = StandardScaler().fit(dataset.features)
    encoder = LabelEncoder().fit([each.value for each in Direction])
    model = clone(MODELS[name]).fit(scaler.transform(dataset.features), encoder.transform(dataset.directions))
    day = datetime(2025, 1, 1, tzinfo=timezone.utc)
    training = TrainingFacts(
        source="generated", symbols=(SBIN,), timeframe=Timeframe.M5, first=day, last=day, rows=len(dataset),
        data_sha256=dataset.fingerprint(), seed=1, parts={},
    )  # fmt: skip
    labels = LabelFacts(rule="", stop_atr=2, target_atr=3, position_value=1, spread_ticks=1, charges_as_of="2025-01-01")
    folder = models / name.replace(" ", "_")
    specification = FeatureSpecification.default()
    return write_bundle(folder, Classifier(model, scaler, encoder), dataset, specification, THRESHOLD, training, labels)


@pytest.fixture(scope="module", params=MODELS)
def bundle(request, dataset, tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("models"), dataset, request.param)


@pytest.fixture(scope="module")
def rows() -> list[FeatureRow]:
    [history] = generated((SBIN,), Timeframe.M5, date(2025, 2, 3), date(2025, 2, 14), 5, WeekdayCalendar())
    stream = FeatureStream(FeatureSpecification.default(), SBIN, Timeframe.M5, WeekdayCalendar())
    return [row for row in map(stream.update, history.candles.candles()) if row is not None]


def edited(folder: Path, **changes: object) -> Path:
    manifest = folder / "manifest.yaml"
    manifest.write_text(yaml.safe_dump(yaml.safe_load(manifest.read_text()) | changes))
    return folder


def without_arrays(folder: Path) -> Path:
    (folder / "arrays.npz").unlink()
    files = yaml.safe_load((folder / "manifest.yaml").read_text())["files"]
    return edited(folder, files={**files, "arrays": None})


def pinned(folder: Path) -> InferenceEngine:
    """Open a bundle as somebody does who pinned what is there now."""
    return InferenceEngine.open(folder, manifest_sha256(folder))


class PredictorContract:
    """Subclasses provide the fixture `predictor`, trained on the default features."""

    def test_it_names_its_features_in_order_and_each_once(self, predictor: Predictor):
        assert predictor.feature_names == FeatureSpecification.default().names

    def test_it_gives_a_probability_of_none_long_and_short(self, predictor: Predictor, rows):
        for row in rows[::5]:
            probabilities = predictor.predict(row).probabilities
            assert all(0 <= each <= 1 for each in probabilities)
            assert sum(probabilities) == pytest.approx(1.0)

    def test_its_direction_is_the_likelier_side_or_none(self, predictor: Predictor, rows):
        predictions = [predictor.predict(row) for row in rows[::2]]
        for prediction in predictions:
            _, long, short = prediction.probabilities
            match prediction.direction:
                case Direction.LONG:
                    assert long >= short
                case Direction.SHORT:
                    assert short > long
                case Direction.NONE:
                    assert max(long, short) < THRESHOLD
        assert {each.direction for each in predictions} == set(Direction)

    def test_it_remembers_nothing_of_the_rows_before(self, predictor: Predictor, rows):
        some = rows[:200:10]
        forwards = [predictor.predict(row) for row in some]

        assert [predictor.predict(row) for row in reversed(some)] == forwards[::-1]

    def test_it_reads_features_by_name_among_others_and_in_any_order(self, predictor: Predictor, rows):
        row = rows[3]
        columns = {name: place for place, name in enumerate(("another_1", *reversed(predictor.feature_names)))}
        turned = replace(row, columns=columns, values=(0.5, *reversed(row.values)))

        expected = predictor.predict(row)
        assert predictor.predict(turned) == expected
        assert predictor.predict(row) == expected

    def test_a_row_that_lacks_a_feature_is_refused_by_the_features_name(self, predictor: Predictor, rows):
        columns = {name: place for name, place in rows[0].columns.items() if name != "rsi_14"}

        with pytest.raises(ModelError, match="rsi_14"):
            predictor.predict(replace(rows[0], columns=columns))

    def test_many_rows_at_once_get_the_same_answers_bit_for_bit(self, predictor: InferenceEngine, rows):
        at_once = predictor.probabilities_of(rows[0].columns, np.array([row.values for row in rows]))

        assert len(rows) > 300
        assert at_once[:300].tolist() == [list(predictor.predict(row).probabilities) for row in rows[:300]]

    @pytest.mark.parametrize("hole", [float("nan"), float("inf")])
    def test_a_hole_in_one_of_many_rows_is_an_error_too(self, predictor: InferenceEngine, rows, hole):
        values = np.array([row.values for row in rows[:3]])
        values[1, 5] = hole

        with pytest.raises(InvariantError, match="NaN or infinity"):
            predictor.probabilities_of(rows[0].columns, values)

    @pytest.mark.parametrize("hole", [float("nan"), float("inf")])
    def test_a_row_with_a_hole_is_an_error_and_no_prediction(self, predictor: Predictor, rows, hole):
        with pytest.raises(InvariantError, match="NaN or infinity"):
            predictor.predict(replace(rows[0], values=(*rows[0].values[:-1], hole)))


class TestExportedArrays(PredictorContract):
    @pytest.fixture
    def predictor(self, bundle) -> Predictor:
        return InferenceEngine.open(bundle)


class TestPickledModel(PredictorContract):
    @pytest.fixture(scope="class")
    def of_a_forest(self, dataset, tmp_path_factory) -> Path:
        return written(tmp_path_factory.mktemp("models"), dataset, "forest")

    @pytest.fixture
    def predictor(self, of_a_forest, tmp_path) -> Predictor:
        folder = Path(shutil.copytree(of_a_forest, tmp_path / "0001"))
        return pinned(without_arrays(folder))


def test_a_live_process_with_arrays_imports_neither_scikit_learn_nor_joblib_nor_numba(bundle):
    program = (
        "import sys; from pathlib import Path; from trading.inference_engine import InferenceEngine; "
        f"InferenceEngine.open(Path({str(bundle)!r})); "
        "print([name for name in ('sklearn', 'joblib', 'numba', 'scipy', 'ta') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_arrays_and_pickles_of_every_kind_agree(bundle, rows, tmp_path):
    fast = InferenceEngine.open(bundle)
    slow = pinned(without_arrays(Path(shutil.copytree(bundle, tmp_path / "0001"))))

    for row in rows[::40]:
        assert fast.predict(row).probabilities == pytest.approx(slow.predict(row).probabilities, abs=1e-12)
        assert fast.predict(row).direction is slow.predict(row).direction
