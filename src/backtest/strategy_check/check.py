"""All proofs in one, in the order in which one fault would be mistaken for another."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from backtest.strategy_check.behaviour import (
    disagreements,
    known_dates,
    live_differences,
    repeated,
    unfit_answers,
    writings,
)
from backtest.strategy_check.faces import EXISTS, faces_of
from backtest.strategy_check.finding import Finding
from backtest.strategy_check.look_ahead import Coverage, coverage_of, look_ahead, look_ahead_in_a_wild_market
from backtest.strategy_check.outside import reads_outside
from backtest.strategy_check.pipeline import training_findings
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import TrainingFace
from backtest.strategy_check.warm_up import WarmUp, warm_up
from core.errors import DataError

FEWEST_DECISIONS = 100
"""With fewer rows to decide on, nothing is proved."""

Progress = Callable[[str, float], None]
"""Is told what is being proved, and the share that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out for one symbol."""

    symbol: str
    coverage: Coverage
    findings: tuple[Finding, ...]
    warm_up: WarmUp | None
    """None if something else is wrong: what looks ahead needs no warm-up."""
    training: bool
    """Whether a model's training was checked, too: not if something else is wrong."""

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def check(subject: Subject, training: TrainingFace | None = None, progress: Progress | None = None) -> Checked:
    """Prove a strategy honest on the candles of one symbol, or say where it is not.

    Raises `DataError` for too few candles, `StrategyError` for a strategy that raises.
    """
    tell = progress or (lambda _what, _share: None)
    if len(subject.asked) < FEWEST_DECISIONS:
        raise DataError(
            f"{subject.symbol}: {len(subject.candles)} candles give {len(subject.asked)} decisions, at least "
            f"{FEWEST_DECISIONS} are needed to check a strategy; give more candles"
        )
    tell("the same question again", 0.0)
    found, result, is_taught = unfit_answers(subject) or writings(subject), None, False
    if not found:  # what answers no signals, or writes to what all share, would spoil every other proof
        found, result = _proved(subject, tell)
        if training is not None and not found:  # else it would be told again of every row that learns from it
            is_taught = True
            found = training_findings(subject, training, lambda what, share: tell(what, 0.85 + 0.15 * share))
    tell("done", 1.0)
    return Checked(
        symbol=subject.symbol,
        coverage=coverage_of(subject),
        findings=tuple(replace(each, symbol=subject.symbol) for each in _causes_only(found)),
        warm_up=result,
        training=is_taught,
    )


def _proved(subject: Subject, tell: Progress) -> tuple[list[Finding], WarmUp | None]:
    """Run every proof about features and decisions that what was found before leaves sense to."""
    found = [*repeated(subject), *reads_outside(subject)]
    faces = [face for face in faces_of(subject) if not _blames(found, face.name)]
    found += _of_new_columns(found, look_ahead(*faces, tell=lambda share: tell("other futures", 0.1 + 0.6 * share)))
    if not found:
        found += look_ahead_in_a_wild_market(subject)
    tell("live against history", 0.7)
    found += _of_new_columns(found, live_differences(subject))
    for proof in (known_dates, disagreements):
        if not _blames(found, "on_data") and not _blames(found, "signals"):
            found += _of_new_columns(found, proof(subject))
    tell("warm-up", 0.8)
    if found:
        return found, None
    result, late = warm_up(subject)
    return late, result


def _blames(found: list[Finding], face: str) -> bool:
    return any(each.column.startswith(f"{face}.") for each in found)


def _causes_only(found: list[Finding]) -> list[Finding]:
    """Leave out a probability whose direction is wrong, and rows that are missing because a feature is."""
    columns = {each.column for each in found}
    implied = {column.replace(".direction", ".probability") for column in columns if column.endswith(".direction")}
    if any("." not in column and column != EXISTS for column in columns):
        implied.add(EXISTS)
    return [each for each in found if each.column not in implied]


def _of_new_columns(found: list[Finding], more: list[Finding]) -> list[Finding]:
    """Leave out what is a consequence: one finding a column, the first."""
    columns = {each.column for each in found}
    return [each for each in more if each.column not in columns]
