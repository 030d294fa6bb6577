"""A recipe from what somebody typed: `forest`, `boosting:leaves=31,rounds=200`, `rolling`, `isotonic`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from core.errors import ConfigurationError
from core.instants import DAY
from training.baselines import SHUFFLED_SEEDS
from training.calibration import CalibrationMethod
from training.estimators import Estimator, estimator_named
from training.folds import Scheme, WalkForward
from training.out_of_fold import Candidate
from training.recipe import Recipe

Word = TypeVar("Word", bound=Enum)
UNCALIBRATED = "none"
MOST_EMBARGO_DAYS = 365
MOST_EARLIER_TRIALS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeWish:
    """What was asked for, in words and numbers; the defaults are those of `Recipe`."""

    models: tuple[str, ...] = ()
    """Kinds of model with or without parameters; none means a forest."""
    folds: int = 5
    first_share: float = 0.3
    scheme: str = "anchored"
    embargo_days: float = 0
    calibration: str = "sigmoid"
    seed: int = 7
    shuffles: int = len(SHUFFLED_SEEDS)
    """Baselines with shuffled labels."""
    earlier_trials: int = 0

    def recipe(self) -> Recipe:
        """Return the recipe. Raises `ConfigurationError` for a word that is unknown and a number out of range."""
        if not 0 <= self.shuffles <= 100:
            raise ConfigurationError(f"{self.shuffles} shuffles: give 0 to 100, {len(SHUFFLED_SEEDS)} is usual")
        if not 0 <= self.embargo_days <= MOST_EMBARGO_DAYS:
            raise ConfigurationError(f"embargo of {self.embargo_days:g} days: give 0 to {MOST_EMBARGO_DAYS}")
        if self.earlier_trials > MOST_EARLIER_TRIALS:
            raise ConfigurationError(f"earlier trials: give 0 to {MOST_EARLIER_TRIALS:,}")
        method = None if self.calibration == UNCALIBRATED else chosen(CalibrationMethod, self.calibration, UNCALIBRATED)
        candidates = [Candidate(estimator_written(each), method, self.seed) for each in self.models or ("forest",)]
        names = [each.name for each in candidates]
        for name in names:
            if names.count(name) > 1:
                raise ConfigurationError(
                    f"the model {name} is given twice: once is enough, and would count as two trials"
                )
        return Recipe(
            candidates=tuple(candidates),
            walk=WalkForward(
                folds=self.folds,
                first_share=self.first_share,
                scheme=chosen(Scheme, self.scheme),
                embargo=round(self.embargo_days * DAY),
            ),
            shuffled_seeds=tuple(SHUFFLED_SEEDS[0] + each for each in range(self.shuffles)),
            earlier_trials=self.earlier_trials,
        )


def estimator_written(text: str) -> Estimator:
    """Return a kind of model written as `forest` or `forest:trees=100,depth=6`. Raises `ConfigurationError`."""
    kind, _, written = text.partition(":")
    parameters: dict[str, int | float | str] = {}
    for part in filter(None, (each.strip() for each in written.split(","))):
        name, equals, value = part.partition("=")
        if not equals or name in parameters:
            raise ConfigurationError(f"model {text!r:.60}: write each parameter once, as forest:trees=100,depth=6")
        parameters[name] = _number(value)
    return estimator_named(kind, parameters)


def chosen(words: type[Word], text: str, *others: str) -> Word:
    """Return the member of an enumeration with a value. Raises `ConfigurationError` that lists what there is."""
    known: Mapping[str, Word] = {each.value: each for each in words}
    if text not in known:
        raise ConfigurationError(f"{text!r:.40}: give {', '.join((*known, *others))}")
    return known[text]


def _number(text: str) -> int | float | str:
    """Read a number; what is none is left to the estimator, which says what it takes."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
