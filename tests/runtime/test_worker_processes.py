import os
import subprocess
import sys
import threading
from pathlib import Path

import joblib
import pytest

from runtime.worker_processes import crew

IS_KILLED_AT_WORK = """
import os, time
import joblib
from runtime.worker_processes import crew

def work(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)

crew(2)(joblib.delayed(work)(600) for _ in range(2))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_the_order_of_the_questions(workers):
    assert crew(workers)(joblib.delayed(pow)(each, 2) for each in range(5)) == [0, 1, 4, 9, 16]
    assert list(crew(workers, return_as="generator")(joblib.delayed(pow)(each, 2) for each in range(3))) == [0, 1, 4]


def test_another_backend_is_taken_as_it_is():
    assert crew(2, "threading")(joblib.delayed(os.getpid)() for _ in range(2)) == [os.getpid()] * 2


def runs(process):
    """A dead one whose new parent does not ask for it stays in the list."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks up processes in /proc")
def test_workers_end_with_the_process_that_started_them():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", IS_KILLED_AT_WORK]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as run:
        workers = [run.stdout.readline().strip() for _ in range(2)]
        run.kill()

    ended, patience = threading.Event(), 30
    while patience and any(map(runs, workers)):
        ended.wait(1)
        patience -= 1
    assert patience, f"{workers} are still there"
