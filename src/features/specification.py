"""The one specification of a feature pipeline: names, order, parameters, warm-up and a hash of them all.

Training, backtest and live trading are given the same specification and so compute the same numbers; the hash stands
in every model's manifest, and a model made for another specification is refused.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from core.errors import ConfigurationError
from core.market import Timeframe
from features.families import FAMILIES, LOOK_AHEAD, Family, Recipe, atr, recipe_of
from features.indicators import Indicator, SessionSoFar

ATR_PERIOD = 14
"""Candles in the average true range that each row carries for stops and sizing."""

SCHEMA_VERSION = 1

LONGEST_SESSION_MINUTES = 375
"""NSE's continuous trading, 09:15 to 15:30."""

_NAME = re.compile(r"(?P<family>[a-z]+(?:_[a-z]+)*)(?P<parameters>(?:_\d+)*)")

DEFAULT_NAMES = (
    "return_1",
    "return_3",
    "return_12",
    "ema_gap_9",
    "ema_gap_21",
    "sma_gap_50",
    "macd_histogram_12_26_9",
    "rsi_14",
    "adx_14",
    "directional_14",
    "atr_ratio_14",
    "zscore_20",
    "volatility_20",
    "stochastic_14",
    "slope_14",
    "cci_20",
    "mfi_14",
    "obv_slope_10",
    "volume_zscore_20",
    "vwap_gap",
    "open_gap",
    "overnight_gap",
    "body_14",
    "time_of_day",
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the pipeline."""

    name: str
    parameters: tuple[int, ...]
    family: Family = field(compare=False, repr=False)
    recipe: Recipe = field(compare=False, repr=False)


@dataclass(frozen=True)
class FeatureSpecification:
    """Which features, in which order."""

    features: tuple[Feature, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> "FeatureSpecification":
        """Build a specification by names, an empty list meaning the default's.

        Raises `ConfigurationError` for a name that is unknown, given twice, or that of an indicator that looks ahead.
        """
        wanted = tuple(names) or DEFAULT_NAMES
        for place, name in enumerate(wanted):
            if name in wanted[:place]:
                raise ConfigurationError(f"feature {name!r} is asked for twice; name it once")
        return cls(tuple(_feature(name) for name in wanted))

    @classmethod
    def default(cls) -> "FeatureSpecification":
        """Return the specification that the default model is trained on: 24 scale-free features."""
        return cls.of(DEFAULT_NAMES)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(each.name for each in self.features)

    @cached_property
    def columns(self) -> dict[str, int]:
        """Place of each name."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Every indicator once, in order of first use; the row's average true range comes first."""
        needed = (atr(ATR_PERIOD), *(each for feature in self.features for each in feature.recipe.indicators))
        return tuple(dict.fromkeys(needed))

    @property
    def lookback(self) -> int:
        """Candles before the first that can have a row, the session's own warm-up not counted."""
        return max(each.lookback for each in self.indicators)

    def warm_up(self, timeframe: Timeframe) -> int:
        """Candles after which rows come, the first of them included.

        What counts from the session's open needs a first candle that is known to be the session's: the rest of the
        session in which the history begins has none.
        """
        counts_sessions = any(isinstance(each, SessionSoFar) for each in self.indicators)
        in_session = max(1, -(-LONGEST_SESSION_MINUTES // timeframe.minutes))
        return max(self.lookback, in_session if counts_sessions else 0) + 1

    @cached_property
    def schema_hash(self) -> str:
        """SHA-256 of everything that decides a number: order, names, parameters, formula revisions, ATR period."""
        content = {
            "schema": SCHEMA_VERSION,
            "atr_period": ATR_PERIOD,
            "features": [
                {"name": each.name, "parameters": each.parameters, "revision": each.family.revision}
                for each in self.features
            ],
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _feature(name: str) -> Feature:
    match = _NAME.fullmatch(name)
    word = match["family"] if match else name
    if match and word in FAMILIES:
        parameters = tuple(int(each) for each in match["parameters"].split("_")[1:])
        return Feature(name, parameters, FAMILIES[word], recipe_of(FAMILIES[word], parameters, name))
    for refused, why in LOOK_AHEAD.items():
        if word.lower().split("_")[0] == refused:
            raise ConfigurationError(f"feature {name!r} is refused: {refused} looks ahead, {why}")
    near = get_close_matches(word, FAMILIES, n=1)
    suggestion = f"did you mean {FAMILIES[near[0]].pattern}? " if near else ""
    known = ", ".join(family.pattern for family in FAMILIES.values())
    raise ConfigurationError(f"unknown feature {name!r}; {suggestion}known are {known}")
