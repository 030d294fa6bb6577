"""The ways to train that were tried on the same data before, so that nobody has to remember how many there were.

Each model keeps its own in `trials.jsonl` beside its versions, a line for each. A training reads those of all models,
because another name makes no other data, and adds what it has tried. What stands there is never changed; the same
training adds nothing.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ModelError
from runtime.atomic_files import write_text
from trading.plain_file import read_plain_file
from training.evaluation import Evaluation
from training.out_of_fold import Candidate
from training.recipe import Recipe
from training.trials import sharpe_of

TRIALS = "trials.jsonl"
LARGEST_TRIALS = 16 * 1024 * 1024
"""Bytes: tens of thousands of trials."""
_Name: TypeAlias = tuple[str, tuple[str, ...], date]


class Ground(BaseModel):
    """The candles that something is tried on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    market: str
    """The recorded one, or which generated one."""
    symbols: tuple[str, ...]
    first: date
    last: date

    def overlaps(self, other: "Ground") -> bool:
        """Whether a session of a symbol belongs to both: then what was learned from one is known of the other."""
        return (
            self.market == other.market
            and not set(self.symbols).isdisjoint(other.symbols)
            and self.first <= other.last
            and other.first <= self.last
        )


class Trial(BaseModel):
    """One way to train that was judged on some candles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: str
    """Everything that was chosen: kind of model, calibration, seed, folds, features, labels."""
    ground: Ground
    sharpe: float | None = Field(allow_inf_nan=False)
    """Of its daily out-of-fold profit; None where there was no trade."""

    @property
    def name(self) -> _Name:
        """What stays the same when the same is tried again on the candles that came since."""
        return _name_of(self.way, self.ground)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a training tries, on which candles."""

    ways: Mapping[Candidate, str]
    ground: Ground

    @classmethod
    def of(cls, recipe: Recipe, ground: Ground, choices: str) -> "Tried":
        """Describe a training; `choices` are those that its recipe does not hold."""
        shared = f"{recipe.walk.words}; {choices}"
        return cls({each: f"{each.name}, seed {each.seed}; {shared}" for each in recipe.candidates}, ground)

    def former(self, models: Path) -> tuple[float | None, ...]:
        """Return the Sharpe ratios of everything else that models under a folder were tried with on these candles.

        A trial that went on as time did counts once, by its newest ratio: who tries again what was tried, with the
        candles that came since, has not tried more. Raises `ModelError`.
        """
        others: dict[_Name, Trial] = {}
        ours = {_name_of(way, self.ground) for way in self.ways.values()}
        for row in (row for folder in sorted(models.glob("*")) for row in _read(folder / TRIALS)):
            goes_on = row.name in ours and row.ground.last <= self.ground.last  # on no fewer candles than it had
            if row.ground.overlaps(self.ground) and not goes_on:
                newest = others.setdefault(row.name, row)
                others[row.name] = row if row.ground.last > newest.ground.last else newest
        return tuple(others[name].sharpe for name in sorted(others))

    def note(self, folder: Path, evaluations: Iterable[Evaluation]) -> None:
        """Add what came of it to the trials of a model, in one step and flushed.

        Raises `ModelError` and `StorageError`.
        """
        path = folder / TRIALS
        known = _read(path)
        trials = [
            Trial(way=self.ways[each.candidate], ground=self.ground, sharpe=sharpe_of(each)) for each in evaluations
        ]
        new = [each for each in trials if each not in known]
        if new:
            write_text(path, "".join(f"{each.model_dump_json()}\n" for each in (*known, *new)))


def _name_of(way: str, ground: Ground) -> _Name:
    """Return the name of a way on some candles: symbols and first day are choices, the last day comes by itself."""
    return way, tuple(sorted(ground.symbols)), ground.first


def _read(path: Path) -> tuple[Trial, ...]:
    """Read a record of trials; without one there were none. Raises `ModelError`."""
    if not os.path.lexists(path):
        return ()
    raw = read_plain_file(path, LARGEST_TRIALS)
    try:
        return tuple(map(Trial.model_validate_json, raw.splitlines()))
    except ValidationError as error:
        raise ModelError(
            f"{path}: no list of trials ({error.errors()[0]['msg']}); restore it, or move it away and count them by "
            "--earlier-trials"
        ) from error
