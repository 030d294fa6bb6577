"""What is told of a finished walk-forward: to programs as JSON, to people as lines."""

from collections.abc import Iterator
from typing import Any

from backtest.hyperopt.report import (
    combination_text,
    days_data,
    figures_data,
    ground_data,
    ground_line,
    kept_line,
    luck_data,
)
from backtest.hyperopt.walk_forward import Step, WalkedForward
from reporting.analysis import analyse
from reporting.figures import Form, text_of
from reporting.report_data import report_data
from reporting.summary import summary

_SHOWN = ("Result", "Risk", "Trades")
_WIDTHS = (18, 10, 10, 14, 15)
"""Of the columns of a fold after its days."""


def walk_forward_data(walked: WalkedForward) -> dict[str, Any]:
    """Return a walk-forward for programs; money in rupees."""
    windows = walked.windows
    return {
        **ground_data(walked.ground),
        **walked.plan.decides,
        "scheme": windows.scheme.value,
        "training": windows.training,
        "test": windows.test,
        "purge": windows.purge,
        "embargo": windows.embargo,
        "workers": walked.plan.workers,
        "trials": walked.trials,
        "seconds": round(walked.seconds, 3),
        "folds": [_step_data(step) for step in walked.steps],
        "efficiency": walked.efficiency,
        "run_id": walked.record.run_id,
        "out_of_sample": report_data(analyse(walked.record), with_trades=False),
        "notes": list(walked.ground.notes),
    }


def walk_forward_lines(walked: WalkedForward) -> Iterator[str]:
    """Return a walk-forward for people."""
    windows, days = walked.windows, days_data(walked.ground)
    yield ground_line(walked.ground)
    yield (
        f"{days['first']} to {days['last']}, {days['sessions']} sessions; {windows.scheme.value}, training "
        f"{windows.training}, purged {windows.purge}, embargo {windows.embargo}, test {windows.test}"
    )
    yield f"space: {'; '.join(map(str, walked.plan.space.dimensions))}"
    yield f"{walked.plan.method}, seed {walked.plan.seed}: {walked.trials:,} trials in {walked.seconds:.1f} s"
    yield _row(("test", "Sharpe, training", "deflated", "PBO", "Sharpe, test", "profit, test"), "chosen")
    yield from map(_step_line, walked.steps)
    analysis = analyse(walked.record)
    for section in summary(analysis):
        if section.title in _SHOWN:
            yield f"{section.title}, all tests joined"
            yield from (f"  {figure.label:24}{figure.text:>20}" for figure in section.figures)
    yield f"efficiency {text_of(walked.efficiency, Form.RATIO)} (mean daily return in the tests over that in training)"
    yield kept_line(walked.record.run_id)
    yield from walked.ground.notes


def _step_data(step: Step) -> dict[str, Any]:
    best, fold = step.best, step.fold
    return {
        "number": fold.number,
        "training": [fold.training.first.isoformat(), fold.training.last.isoformat()],
        "test": [fold.test.first.isoformat(), fold.test.last.isoformat()],
        "trials": step.trials,
        "params": dict(best.combination) if best else None,
        "in_sample": figures_data(best.figures) if best else None,
        "luck": luck_data(step.luck) if step.luck else None,
        "out_of_sample": figures_data(step.test) if step.test else None,
    }


def _step_line(step: Step) -> str:
    days = f"{step.fold.test.first} to {step.fold.test.last}"
    best, test = step.best, step.test
    if best is None or best.figures is None or test is None or step.luck is None:
        return f"{days:25}no trial keeps the conditions; nothing is traded"
    luck = step.luck
    before = text_of(best.figures.sharpe, Form.RATIO), text_of(luck.deflated_sharpe, Form.CHANCE)
    after = text_of(test.sharpe, Form.RATIO), text_of(test.net, Form.PROFIT)
    return _row((days, *before, text_of(luck.overfitting, Form.SHARE), *after), combination_text(best.combination))


def _row(cells: tuple[str, str, str, str, str, str], chosen: str) -> str:
    first, *others = cells
    return f"{first:25}{''.join(f'{cell:>{width}}' for cell, width in zip(others, _WIDTHS, strict=True))}  {chosen}"
