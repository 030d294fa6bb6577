"""How each feature was distributed in a training: what later rows are held against."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.novelty import QUANTILES as MEASURED_AT
from features.novelty import Novelty

QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
"""Shares of the training rows at which a feature's value is kept; those that `Novelty` asks for are among them."""

_Number: TypeAlias = Annotated[float, Field(strict=True)]


class FeatureReference(BaseModel):
    """How a feature was distributed over all rows of the training."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean: _Number
    deviation: _Number = Field(ge=0)
    quantiles: tuple[_Number, ...] = Field(min_length=len(QUANTILES), max_length=len(QUANTILES))
    """At `QUANTILES`; each is the value of some row, the first and the last are the extremes."""

    @model_validator(mode="after")
    def _consistent(self) -> "FeatureReference":
        low, high = self.quantiles[0], self.quantiles[-1]
        rounding = 1e-9 * max(abs(low), abs(high))
        if any(later < earlier for earlier, later in pairwise(self.quantiles)):
            raise ValueError("quantiles must not fall")
        if not low - rounding <= self.mean <= high + rounding:
            raise ValueError("the mean must lie within the quantiles")
        return self


def novelty_by(references: Iterable[FeatureReference], limit: float) -> Novelty:
    """Return what measures how strange a row is, given the features' references in its order.

    Equal to the last bit to `Novelty.of` the training's rows. Raises `ModelError` for numbers that cannot measure.
    """
    described = np.array([each.quantiles for each in references])
    with np.errstate(over="ignore"):  # a spread beyond all numbers is refused
        return Novelty.by(described[:, [QUANTILES.index(share) for share in MEASURED_AT]].T, limit)
