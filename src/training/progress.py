"""How far a training or a check is: a bar for people at a terminal, silence for everyone else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

Progress: TypeAlias = Callable[[str, float], None]
"""Told what is being done, and the share of the whole that is behind us, 0 to 1."""

_PACE_SECONDS = 600.0
"""What remains is estimated by the pace of so long: a step of a large training takes minutes."""


def silent(_stage: str, _done: float) -> None:
    """Show nothing."""


def part_of(progress: Progress, first: float, last: float) -> Progress:
    """Return what tells of one part of the work, which lies between two shares of the whole."""
    return lambda stage, done: progress(stage, first + (last - first) * done)


@contextmanager
def progress_bar(console: Console, what: str = "training") -> Iterator[Progress]:
    """Show how far something is and how long it will take, at a terminal. The bar vanishes when the block ends."""
    if not console.is_terminal:
        yield silent
        return
    columns = TextColumn(what), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    stage = TextColumn("{task.description}")
    with Bar(*columns, stage, console=console, transient=True, speed_estimate_period=_PACE_SECONDS) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda words, done: bar.update(task, description=words, completed=done)
