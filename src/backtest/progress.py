"""How far a backtest is: a bar for people at a terminal, silence for everyone else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

Progress: TypeAlias = Callable[[float], None]
"""Told the share of the candles that is behind us, 0 to 1."""


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """Show how far the run is, if the console is a terminal. The bar vanishes when the block ends."""
    if not console.is_terminal:
        yield lambda _done: None
        return
    columns = TextColumn("backtest"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda done: bar.update(task, completed=done)
