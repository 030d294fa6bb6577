"""Features of a whole history at once: for training and backtests, the same bits as the live path."""

from dataclasses import dataclass

import numpy as np

from features.columns import BoolArray, CandleColumns, FloatArray
from features.indicators import picker
from features.specification import FeatureSpecification


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """The features of every candle of one symbol."""

    specification: FeatureSpecification
    values: FloatArray
    """One row per candle, one column per feature. Read a row only where `valid` says so."""
    valid: BoolArray
    """Whether the candle has a row: every feature has a value and the average true range is above zero."""
    atr: FloatArray
    """Average true range, in units."""


def compute(specification: FeatureSpecification, candles: CandleColumns) -> FeatureTable:
    """Compute every feature at every candle; no value depends on a later candle."""
    places = {each: place for place, each in enumerate(specification.indicators)}
    results = [each.over(candles) for each in specification.indicators]
    values = np.empty((len(specification.features), len(candles)))
    average_true_range = results[0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        valid = np.greater(average_true_range, 0.0)
        for place, feature in enumerate(specification.features):
            recipe = feature.recipe
            inputs = picker([places[each] for each in recipe.indicators])(results)
            values[place] = recipe.formula(*inputs)
            if recipe.guard is not None:
                valid &= recipe.guard(*inputs) > 0
    valid &= np.isfinite(values).all(axis=0)
    return FeatureTable(specification, values.T, valid, np.asarray(average_true_range))
