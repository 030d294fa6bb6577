"""Worker processes through joblib that end with the process that started them.

joblib's own wait five minutes for more work when that was killed, with all that they hold in memory.
"""

import os
import threading
import time
from typing import Any

_LOOK_EVERY_SECONDS = 1.0


def crew(workers: int, backend: str = "loky", **options: Any) -> Any:
    """Return a `joblib.Parallel` with its options; other backends than joblib's own processes are left as they are."""
    import joblib  # noqa: PLC0415 - brings numpy and multiprocessing

    if backend == "loky":
        options |= {"initializer": _end_with, "initargs": (os.getpid(),)}
    return joblib.Parallel(workers, backend=backend, **options)


def _end_with(parent: int) -> None:
    """Watch the parent from a thread of the worker."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os._exit(1)  # the parent is gone, and nothing is left to clean up
