"""Tries the combinations of a batch on several cores, or machines, through joblib; whose backend is a setting.

What a worker needs is written to a file once and read by each worker at its first batch, so that a batch itself is
only a list of numbers. The answers come back in the order of the questions, whoever was faster.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import joblib

from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.ground import Ground
from backtest.hyperopt.loop import Evaluate
from backtest.hyperopt.pruning import Hurdles, Tried
from backtest.hyperopt.space import Combination
from core.errors import StorageError
from runtime.scratch_folder import scratch_folder
from runtime.worker_processes import crew

_evaluators: dict[str, Evaluator] = {}
"""Of this process, by the file they were made from."""
_reading = threading.Lock()
"""Workers may be threads."""


def cores() -> int:
    """Return how many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def evaluating(ground: Ground, workers: int, backend: str) -> Iterator[Evaluate]:
    """Yield a function that tries combinations, in this process for one worker. It raises what a trial raises."""
    if workers == 1:
        evaluator = Evaluator(ground)
        yield lambda batch, hurdles: [evaluator.tried(each, hurdles) for each in batch]
        return
    with _written(ground, ground.settings.paths.cache) as path, crew(workers, backend) as try_all:

        def evaluate(batch: Sequence[Combination], hurdles: Hurdles | None) -> list[Tried]:
            shares = _shares(batch, workers)
            answers: list[list[Tried]] = try_all(joblib.delayed(_tried)(str(path), share, hurdles) for share in shares)
            return [tried for share in answers for tried in share]

        yield evaluate


def _shares(batch: Sequence[Combination], workers: int) -> list[Sequence[Combination]]:
    """Cut a batch into as many even shares as there are workers; neighbours, who share features, stay together."""
    cuts = [len(batch) * place // workers for place in range(workers + 1)]
    return [batch[first:last] for first, last in pairwise(cuts) if first < last]


@contextmanager
def _written(ground: Ground, folder: Path) -> Iterator[Path]:
    """Yield a file that holds the ground, for the block. Raises `StorageError` where it cannot be written."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = stack.enter_context(scratch_folder("hyperopt-", folder)).resolve() / "ground.joblib"
            joblib.dump(ground, path)
        except OSError as error:
            why = error.strerror or error
            raise StorageError(f"{folder} cannot be written: {why}; set paths.cache, or --workers 1") from error
        yield path


def _tried(path: str, share: Sequence[Combination], hurdles: Hurdles | None) -> list[Tried]:
    """Try some combinations in a worker."""
    with _reading:
        if path not in _evaluators:
            _evaluators.clear()  # of an earlier fold
            _evaluators[path] = Evaluator(joblib.load(path))
        evaluator = _evaluators[path]
    return [evaluator.tried(each, hurdles) for each in share]
