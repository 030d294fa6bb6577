"""How far a search is and what its best is worth so far: a bar for people at a terminal, silence for everyone else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backtest.hyperopt.loop import Watch
from backtest.hyperopt.trial import Judge, Trial


@contextmanager
def showing(console: Console, judge: Judge, total: int, what: str = "hyperopt") -> Iterator[Watch]:
    """Yield a function to call with all trials after each batch. The bar is removed when the block ends."""
    if not console.is_terminal:
        yield lambda _trials: None
        return
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}")
    with Progress(TextColumn(what), *columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def watch(trials: Sequence[Trial]) -> None:
            bar.update(task, completed=len(trials), description=_best_text(judge, trials))

        yield watch


def _best_text(judge: Judge, trials: Sequence[Trial]) -> str:
    best = judge.best(trials)
    values = judge.values(best) if best else None
    if best is None or values is None:
        return "nothing keeps the conditions yet"
    chosen = ", ".join(f"{name} {value}" for name, value in best.combination.items())
    return f"best {judge.text(values)}: {chosen}"
