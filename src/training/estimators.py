"""The kinds of classifier that can be trained: each by its name, with few parameters, checked and with defaults.

What is fitted depends on rows, labels, weights, parameters and seed, and not on the number of cores.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder
from threadpoolctl import threadpool_limits

from core.errors import ConfigurationError, DataError
from core.signals import Direction
from features.columns import FloatArray, IntArray
from trading.boosted_trees import MOST_LEAVES
from trading.forest import DEEPEST
from training.classifier import Classifier
from training.row_blocks import blocks, fitted_scaler, scaled

MOST_PADDED_LEAVES = 2**21
"""Of all trees of a forest, each padded to its full depth: more than that makes a file that no bundle may hold."""
MOST_ROUNDS = 1_000
"""Of boosting: the bit sets of so many, at 40 features, take as much memory as is allowed in the live process."""

Limits: TypeAlias = tuple[float, float]


class Estimator(Protocol):
    """A kind of classifier with its parameters."""

    @property
    def kind(self) -> str:
        """Its name in the configuration."""
        ...

    def model(self, seed: int, jobs: int) -> Any:
        """Return scikit-learn's estimator, not fitted; `jobs` is the number of cores to fit with."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """Logistic regression of all three classes at once: the plainest there is, and hard to beat on noisy data."""

    kind: ClassVar[str] = "logistic"
    freedom: float = 0.1
    """Inverse of the L2 penalty: less means coefficients closer to 0 (scikit-learn's `C`)."""
    iterations: int = 1_000

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range."""
        _check(self, freedom=(1e-6, 1e6), iterations=(10, 100_000))

    def model(self, seed: int, jobs: int) -> LogisticRegression:  # noqa: ARG002 (its solver uses one core)
        """Return it, not fitted."""
        return LogisticRegression(C=self.freedom, max_iter=self.iterations, random_state=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """A random forest: many trees, each of other rows and features, that vote."""

    kind: ClassVar[str] = "forest"
    trees: int = 60
    """Whether more are worth their time, `--model forest --model forest:trees=200` says."""
    depth: int = 8
    leaf: int = 20
    """Fewest rows in a leaf: fewer overfit single days."""

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range."""
        _check(self, trees=(1, 5_000), depth=(1, DEEPEST), leaf=(1, 1_000_000))
        most = MOST_PADDED_LEAVES >> self.depth
        if self.trees > most:
            raise ConfigurationError(
                f"forest: {self.trees} trees of depth {self.depth} are too large for a bundle; give at most {most} "
                "trees, or less depth"
            )

    def model(self, seed: int, jobs: int) -> RandomForestClassifier:
        """Return it, not fitted."""
        return RandomForestClassifier(
            n_estimators=self.trees, max_depth=self.depth, min_samples_leaf=self.leaf, n_jobs=jobs, random_state=seed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedTrees:
    """What small trees are told, each of which corrects those before it, whichever library grows them."""

    rounds: int = 100
    """Trees for each class."""
    learning_rate: float = 0.05
    leaves: int = 15
    """Most leaves of a tree."""
    leaf: int = 50
    """Fewest rows in a leaf."""
    penalty: float = 1.0
    """L2 penalty on what a leaf says."""

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range."""
        limits: dict[str, Limits] = {"learning_rate": (1e-4, 1.0), "leaves": (2, MOST_LEAVES), "leaf": (1, 1_000_000)}
        _check(self, rounds=(1, MOST_ROUNDS), penalty=(0.0, 1e6), **limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosting(BoostedTrees):
    """Histogram gradient boosting by scikit-learn.

    It does not stop early by itself: scikit-learn would hold back rows at random, and those overlap the others.
    """

    kind: ClassVar[str] = "boosting"

    def model(self, seed: int, jobs: int) -> HistGradientBoostingClassifier:  # noqa: ARG002 (its cores are limited)
        """Return it, not fitted."""
        return HistGradientBoostingClassifier(
            max_iter=self.rounds,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.leaf,
            l2_regularization=self.penalty,
            early_stopping=False,
            random_state=seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGbm(BoostedTrees):
    """Gradient boosting by LightGBM, an extra to install: the idea of `Boosting`, by another library.

    It is fitted on one core, because its file holds the number of cores and must be the same on any.
    """

    kind: ClassVar[str] = "lightgbm"

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range, and where LightGBM cannot be loaded."""
        BoostedTrees.__post_init__(self)
        self.model(seed=0, jobs=1)

    def model(self, seed: int, jobs: int) -> Any:  # noqa: ARG002 (one core)
        """Return it, not fitted."""
        try:
            from lightgbm import LGBMClassifier  # noqa: PLC0415 - an extra
        except (ImportError, OSError) as error:  # OSError: the system lacks the OpenMP library (libgomp)
            raise ConfigurationError(
                f"lightgbm: cannot be loaded ({str(error).splitlines()[0]:.80}); `pip install "
                "'lightgbm>=4.7,<5'`, or take boosting"
            ) from error
        return LGBMClassifier(
            n_estimators=self.rounds,
            learning_rate=self.learning_rate,
            num_leaves=self.leaves,
            min_child_samples=self.leaf,
            reg_lambda=self.penalty,
            use_missing=False,
            deterministic=True,
            force_row_wise=True,
            n_jobs=1,
            random_state=seed,
            verbosity=-1,
        )


_Kind: TypeAlias = type[Logistic] | type[Forest] | type[Boosting] | type[LightGbm]
KINDS: Mapping[str, _Kind] = {each.kind: each for each in (Logistic, Forest, Boosting, LightGbm)}


def estimator_named(kind: str, parameters: Mapping[str, Any] | None = None) -> Estimator:
    """Return a kind of classifier by its name. Raises `ConfigurationError` that lists what there is."""
    known = KINDS.get(kind)
    if known is None:
        raise ConfigurationError(f"no estimator {kind!r:.40}{_suggestion(kind, KINDS)}; there are {', '.join(KINDS)}")
    names = [each.name for each in fields(known)]
    for name in parameters or {}:
        if name not in names:
            there = f"it has {', '.join(names)}"
            raise ConfigurationError(f"{kind} has no parameter {name!r:.40}{_suggestion(name, names)}; {there}")
    return known(**(parameters or {}))


def written(estimator: Estimator) -> str:
    """Return a kind with all its parameters, as it may be typed: `forest:trees=200,depth=8,leaf=20`."""
    parameters: Any = estimator  # a dataclass, each of them
    return f"{estimator.kind}:" + ",".join(
        f"{each.name}={getattr(estimator, each.name)}" for each in fields(parameters)
    )


def fit(
    estimator: Estimator,
    features: FloatArray,
    labels: IntArray,
    weights: FloatArray,
    *,
    seed: int,
    jobs: int = 1,
    places: IntArray | None = None,
) -> Classifier:
    """Fit scaler and model on these rows and no others: raw features, `Direction` values, a weight for each row.

    With `places`, the rows are those of `features` at them, of which no copy is made. Raises `DataError` for a value
    that is no number, a feature that never changes and a class that never occurs.
    """
    rows = np.arange(len(features)) if places is None else places
    require_learnable(features, labels, places=rows)
    scaler = fitted_scaler(features, rows)
    encoder = LabelEncoder().fit(np.array([each.value for each in Direction]))
    model = estimator.model(seed, jobs)
    # A forest reads 32 bits: scikit-learn would round a copy of all rows, to the same numbers.
    inputs = scaled(scaler, features, rows, np.float32 if isinstance(estimator, Forest) else np.float64)
    # One core for linear algebra: with more, its sums are in another order and differ in the last bits.
    with threadpool_limits(limits=1, user_api="blas"), threadpool_limits(limits=jobs, user_api="openmp"):
        model.fit(inputs, encoder.transform(labels), sample_weight=weights)
    if isinstance(estimator, Forest):
        model.n_jobs = 1  # with more, probabilities are summed in the order in which the threads come
    if isinstance(estimator, Boosting):
        model._bin_mapper.n_threads = 1  # a number of cores in the file, and no part of the model
    return Classifier(model, scaler, encoder)


def require_learnable(
    features: FloatArray, labels: IntArray, names: Sequence[str] = (), places: IntArray | None = None
) -> None:
    """Refuse rows that no classifier can be fitted on; `names` are those of the features, for the message.

    With `places`, the rows are those of `features` at them. Raises `DataError` for a value that is no number, a feature
    that never changes and a class that never occurs.
    """
    rows = np.arange(len(features)) if places is None else places
    is_constant = np.ones(features.shape[1], dtype=np.bool_)
    for block in blocks(len(rows)):
        part = features[rows[block]]
        wrong = np.argwhere(~np.isfinite(part))
        if len(wrong):
            row, column = wrong[0].tolist()
            name = _name_of(column, names)
            raise DataError(
                f"row {block.start + row}, feature {name} is {part[row, column]}: a row to learn from has numbers only"
            )
        is_constant &= (part == features[rows[:1]]).all(axis=0)
    if is_constant.any():
        name = _name_of(int(is_constant.argmax()), names)
        raise DataError(f"feature {name} is the same in all {len(rows)} rows to fit: leave it out or give more candles")
    for each in Direction:
        if not (labels == each.value).any():
            raise DataError(
                f"none of the {len(labels)} rows to fit is labelled {each.name.lower()}: give more candles, fewer "
                "folds, or other stop and target multiples"
            )


def _name_of(column: int, names: Sequence[str]) -> str:
    return names[column] if names else str(column)


def _check(estimator: Any, **limits: Limits) -> None:
    for name, (low, high) in limits.items():
        value = getattr(estimator, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_whole = isinstance(value, int) or isinstance(low, float)
        if not (is_number and is_whole and low <= value <= high):
            kind = "a number" if isinstance(low, float) else "a whole number"
            raise ConfigurationError(f"{estimator.kind}: {name} is {value!r:.40}; give {kind} from {low:g} to {high:g}")


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f" (do you mean {close[0]}?)" if close else ""
