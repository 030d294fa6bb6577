import pytest

from core.errors import ConfigurationError
from core.instants import DAY
from training.calibration import CalibrationMethod
from training.estimators import Boosting, Forest, Logistic, written
from training.folds import Scheme, WalkForward
from training.recipe import Recipe
from training.recipe_options import RecipeWish, estimator_written


def test_without_a_wish_it_is_the_usual_recipe():
    assert RecipeWish().recipe() == Recipe()


def test_each_wish_is_kept():
    recipe = RecipeWish(
        models=("logistic", "boosting:rounds=20,learning_rate=0.2"),
        folds=4,
        first_share=0.5,
        scheme="rolling",
        embargo_days=1.5,
        calibration="isotonic",
        seed=3,
        shuffles=2,
        earlier_trials=6,
    ).recipe()

    assert [each.estimator for each in recipe.candidates] == [Logistic(), Boosting(rounds=20, learning_rate=0.2)]
    assert {each.calibration for each in recipe.candidates} == {CalibrationMethod.ISOTONIC}
    assert {each.seed for each in recipe.candidates} == {3}
    assert recipe.walk == WalkForward(folds=4, first_share=0.5, scheme=Scheme.ROLLING, embargo=3 * DAY // 2)
    assert (len(recipe.shuffled_seeds), recipe.earlier_trials) == (2, 6)


def test_a_model_may_go_without_calibration():
    [candidate] = RecipeWish(calibration="none").recipe().candidates
    assert candidate.calibration is None


@pytest.mark.parametrize(
    ("text", "estimator"),
    [
        ("forest", Forest()),
        ("forest:", Forest()),
        ("forest:trees=10, depth=3", Forest(trees=10, depth=3)),
        ("logistic:freedom=1e-2", Logistic(freedom=0.01)),
    ],
)
def test_a_model_is_written_with_its_parameters(text, estimator):
    assert estimator_written(text) == estimator


@pytest.mark.parametrize("estimator", [Forest(trees=10), Logistic(freedom=0.01), Boosting(learning_rate=0.2)])
def test_what_a_card_calls_a_model_can_be_typed_again(estimator):
    assert estimator_written(written(estimator)) == estimator


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"models": ("forrest",)}, r"no estimator 'forrest' \(do you mean forest\?\); there are"),
        ({"models": ("",)}, "no estimator ''"),
        ({"models": ("forest:tree=5",)}, r"no parameter 'tree' \(do you mean trees"),
        ({"models": ("forest:trees=many",)}, "trees is 'many'; give a whole number"),
        ({"models": ("forest:trees",)}, "write each parameter once, as"),
        ({"models": ("forest:trees=5,trees=6",)}, "write each parameter once, as"),
        ({"models": ("forest", "forest:trees=60")}, "is given twice"),
        ({"scheme": "rollin"}, "'rollin': give anchored, rolling"),
        ({"calibration": "platt"}, "'platt': give sigmoid, isotonic, none"),
        ({"folds": 1}, "1 folds: give at least 2"),
        ({"first_share": 1.0}, "must lie between 0 and 1"),
        ({"first_share": float("nan")}, "must lie between 0 and 1"),
        ({"embargo_days": -1}, "embargo of -1 days: give 0 to 365"),
        ({"embargo_days": float("inf")}, "embargo of inf days"),
        ({"shuffles": -1}, "-1 shuffles: give 0 to 100"),
        ({"earlier_trials": -1}, "earlier trials from 0"),
        ({"earlier_trials": 10**400}, "earlier trials: give 0 to 1,000,000"),
    ],
)
def test_what_makes_no_recipe_is_refused_in_one_line(wish, words):
    with pytest.raises(ConfigurationError, match=words) as refusal:
        RecipeWish(**wish).recipe()
    assert "\n" not in str(refusal.value)
