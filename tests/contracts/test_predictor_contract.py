"""What every predictor promises: the exported arrays and the pickled model behind the same engine."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.errors import InvariantError, ModelError
from core.market import Timeframe
from core.ports import Predictor
from core.signals import Direction, FeatureRow
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from trading.inference_engine import InferenceEngine
from trading.model_versions import manifest_sha256
from training.sources import generated
from training.train import TrainingOptions, train_model

from .conftest import WeekdayCalendar

SBIN = "NSE:SBIN-EQ"
THRESHOLD = 0.45
"""With this one each direction is met; the one chosen in training may ask for more than these rows hold."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    models = tmp_path_factory.mktemp("models")
    span = {"first": date(2025, 1, 1), "last": date(2025, 1, 31)}
    options = TrainingOptions(models=models, symbols=(SBIN,), trees=20, depth=4, jobs=1, **span)
    folder = train_model(options, WeekdayCalendar(), progress=lambda _stage, _done: None)
    return edited(folder, threshold=THRESHOLD)


@pytest.fixture(scope="module")
def rows() -> list[FeatureRow]:
    [history] = generated((SBIN,), Timeframe.M5, date(2025, 2, 3), date(2025, 2, 14), 5, WeekdayCalendar())
    stream = FeatureStream(FeatureSpecification.default(), SBIN, Timeframe.M5, WeekdayCalendar())
    return [row for row in map(stream.update, history.candles.candles()) if row is not None]


def edited(folder: Path, **changes: object) -> Path:
    manifest = folder / "manifest.yaml"
    manifest.write_text(yaml.safe_dump(yaml.safe_load(manifest.read_text()) | changes))
    return folder


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
    def predictor(self, trained) -> Predictor:
        return InferenceEngine.open(trained)


class TestPickledModel(PredictorContract):
    @pytest.fixture
    def predictor(self, trained, tmp_path) -> Predictor:
        folder = Path(shutil.copytree(trained, tmp_path / "0001"))
        (folder / "forest.npz").unlink()
        files = yaml.safe_load((folder / "manifest.yaml").read_text())["files"]
        folder = edited(folder, files={**files, "forest": None})
        return InferenceEngine.open(folder, manifest_sha256(folder))
