"""A progress bar for people at a terminal; silence for everyone else."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from training import train


@contextmanager
def progress_bar(console: Console) -> Iterator[train.Progress]:
    """Show how far the training is, if the console is a terminal. The bar vanishes when the block ends."""
    if not console.is_terminal:
        yield train.silent
        return
    columns = (
        TextColumn("training"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda stage, done: bar.update(task, description=stage, completed=done)
