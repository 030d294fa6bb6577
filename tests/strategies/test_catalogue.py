import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError, ModelError
from core.signals import Direction, FeatureRow, Prediction
from strategies.catalogue import strategy_named, strategy_names
from strategies.model import ModelStrategy
from strategies.simple_ma_crossover import SimpleMaCrossover

DOCUMENT = Path(__file__).parents[2] / "docs" / "strategies.md"

OWN = """
from core.signals import Needs


class Own:
    name = "own"

    def __init__(self, length: int = 5, levels: tuple[float, ...] = (1.0,)) -> None:
        self.length = length
        self.levels = levels
        self.needs = Needs(features=(f"sma_gap_{length}",))

    def on_data(self, now, before):
        return None
"""


@dataclass(frozen=True)
class AnyPredictor:
    feature_names: tuple[str, ...] = ("rsi_14",)

    def predict(self, row: FeatureRow) -> Prediction:
        return Prediction(Direction.NONE, (1.0, 0.0, 0.0))


def write(folder: Path, content: str, name: str = "own") -> Path:
    path = folder / f"{name}.py"
    path.write_text(content, encoding="utf-8")
    return path


def complaint(name: str, params: dict[str, Any], folder: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        strategy_named(name, params, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_built_in_strategy_is_made_with_its_parameters() -> None:
    assert strategy_named("simple_ma_crossover", {"fast": 5, "slow": 20}) == SimpleMaCrossover(5, 20)
    assert strategy_named("opening_price_crossover", {"band": 0}).needs.features == ("open_gap",)


def test_the_model_strategy_is_given_the_predictor() -> None:
    predictor = AnyPredictor()

    assert strategy_named("model", {"threshold": 0.6}, None, lambda: predictor) == ModelStrategy(predictor, 0.6)


def test_the_model_strategy_without_a_model_says_what_to_do() -> None:
    assert complaint("model", {}) == "strategy 'model' needs a model: set model.path, and run `fyersbot train` for one"


def test_an_unknown_name_lists_the_names_and_suggests_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, OWN)

    assert complaint("simple_ma_crosover", {}, tmp_path) == (
        f"no strategy 'simple_ma_crosover' and no file simple_ma_crosover.py in {tmp_path}; did you mean "
        "'simple_ma_crossover'? (there are model, simple_ma_crossover, opening_price_crossover, own)"
    )
    assert "set strategy.folder to use your own files" in complaint("own", {})


@pytest.mark.parametrize(
    "content",
    [
        OWN.replace("self, length", "self, predictor, length").replace("self.length = length", "self.p = predictor"),
        OWN + "\n\ndef make(params, predictor):\n    own = Own()\n    own.p = predictor\n    return own\n",
    ],
)
def test_a_users_strategy_that_takes_a_predictor_is_given_the_model(tmp_path: Path, content: str) -> None:
    predictor = AnyPredictor()
    write(tmp_path, content)

    own: Any = strategy_named("own", {}, tmp_path, lambda: predictor)

    assert own.p is predictor
    assert "strategy 'own' needs a model" in complaint("own", {}, tmp_path)


def test_a_rule_does_not_open_the_model(tmp_path: Path) -> None:
    def no_model() -> AnyPredictor:
        raise AssertionError("nobody asked for a model")

    write(tmp_path, OWN)
    write(tmp_path, OWN + "\n\ndef make(params):\n    return Own()\n", "made")

    assert strategy_named("own", {}, tmp_path, no_model).name == "own"
    assert strategy_named("made", {}, tmp_path, no_model).name == "own"
    assert strategy_named("simple_ma_crossover", {}, None, no_model) == SimpleMaCrossover()


def test_what_is_wrong_with_the_model_is_told_as_it_is(tmp_path: Path) -> None:
    def no_model() -> AnyPredictor:
        raise ModelError("models/mine: no trained model here")

    write(tmp_path, OWN.replace("self, length", "self, predictor, length"))
    with pytest.raises(ModelError, match=r"^models/mine: no trained model here$"):
        strategy_named("own", {}, tmp_path, no_model)


@pytest.mark.hazard("C2")
def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    write(tmp_path, OWN)

    assert "no strategy '../own'" in complaint("../own", {}, folder)


def test_a_wrong_parameter_name_suggests_the_right_one() -> None:
    assert complaint("simple_ma_crossover", {"fsat": 5}) == (
        "strategy.params: simple_ma_crossover has no parameter 'fsat'; did you mean 'fast'? (it takes fast, slow)"
    )
    assert "has no parameter 'name'" in complaint("simple_ma_crossover", {"name": "mine"})


@pytest.mark.parametrize("value", ["9", 9.0, True, None])
def test_a_parameter_of_another_type_is_refused(value: object) -> None:
    assert f"strategy.params.fast: {value!r} is of type" in complaint("simple_ma_crossover", {"fast": value})


def test_a_users_file_works_like_a_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, OWN)

    own: Any = strategy_named("own", {"length": 7, "levels": [1.0, 2.0]}, tmp_path)

    assert own.needs.features == ("sma_gap_7",)
    assert own.levels == (1.0, 2.0)
    assert strategy_names(tmp_path)[-1] == "own"
    assert "did you mean 'length'" in complaint("own", {"lenght": 7}, tmp_path)


def test_a_users_file_may_make_its_strategy_itself(tmp_path: Path) -> None:
    write(
        tmp_path, OWN + "\n\nclass Other(Own):\n    pass\n\n\ndef make(params):\n    return Own(params['days'] * 75)\n"
    )

    assert strategy_named("own", {"days": 2}, tmp_path).needs.features == ("sma_gap_150",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("x = 1\nclass Broken(:\n", "own.py, line 2: SyntaxError: invalid syntax"),
        ("import no_such_library\n", "own.py, line 1: ModuleNotFoundError: No module named 'no_such_library'"),
        (
            OWN.replace("self.length = length", "raise ValueError('length\\nis bad')"),
            "own.py, line 9: ValueError: length is bad",
        ),
        (OWN + "\n\ndef make(params):\n    return params['days']\n", "own.py, line 18: KeyError: 'days'"),
        (
            OWN + "\n\nclass Other(Own):\n    pass\n",
            "needs exactly one class with on_data, or a function make(params); found Own, Other",
        ),
        ("x = 1\n", "found none"),
        (OWN.replace("length: int = 5", "length: int"), "strategy.params: own needs a value for 'length'"),
        (OWN.replace('    name = "own"', ""), "own.py: Own has no name"),
        (OWN.replace("self.needs = Needs", "self.need = Needs"), "own.py: Own.needs must be core.signals.Needs"),
        (OWN + "\n\ndef make(params):\n    return 3\n", "own.py: int has no method on_data(now, before)"),
    ],
)
def test_a_fault_in_a_users_file_is_one_line_that_names_it(tmp_path: Path, content: str, expected: str) -> None:
    write(tmp_path, content)

    assert expected in complaint("own", {}, tmp_path)


@pytest.mark.parametrize("folder", [Path(), Path("own")])
def test_the_line_of_a_fault_is_told_for_a_relative_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    folder.mkdir(exist_ok=True)
    write(folder, "x = 1\nclass Broken(:\n")
    assert "own.py, line 2: SyntaxError: invalid syntax" in complaint("own", {}, folder)
    write(folder, "x = 1\n\nimport no_such_library\n")
    assert "own.py, line 3: ModuleNotFoundError" in complaint("own", {}, folder)


def test_the_twenty_line_example_in_the_documentation_is_a_strategy(
    tmp_path: Path, row: Callable[..., FeatureRow]
) -> None:
    example = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert len([line for line in example[1].splitlines() if line.strip()]) <= 20
    write(tmp_path, example[1], "pullback")

    strategy = strategy_named("pullback", {"average": 20}, tmp_path)
    below, above = row({"ema_gap_20": -0.004}), row({"ema_gap_20": 0.002}, minute=5)
    signal = strategy.on_data(above, below)

    assert strategy.needs.features == ("ema_gap_20",)
    assert signal is not None
    assert (signal.direction, signal.reason) == (Direction.LONG, "closed 0.20% above the average")
    assert strategy.on_data(above, above) is None
    assert strategy.on_data(below, above) is None


EXITS = ("sys.exit(0)", "def __init__(self): sys.exit(0)", "needs = property(lambda self: sys.exit(0))")


@pytest.mark.parametrize("body", EXITS, ids=["in its class", "when made", "when asked what it needs"])
def test_a_file_that_exits_is_a_fault_of_that_file(tmp_path: Path, body: str) -> None:
    path = write(tmp_path, f"import sys\n\nclass Own:\n    name = 'own'\n    def on_data(self): ...\n    {body}\n")

    assert complaint("own", {}, tmp_path) == f"strategy file {path}, line 6: SystemExit: 0"
