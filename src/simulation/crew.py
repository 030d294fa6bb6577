"""Many sessions on many processes: each plays one plan at a time and is replaced when it dies or hangs.

A session that ends or stops its process is a finding, not an accident of the campaign: it comes back as a verdict with
the violation DIED or HUNG.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self

from core.errors import BotError
from runtime.project import ROOT
from simulation.calibration import Speed
from simulation.plan import Plan
from simulation.player import CALIBRATE, PLAY, READY
from simulation.session_text import plan_content, verdict_from
from simulation.verdict import Verdict, Violation

DIED = "DIED"
"""Code of the violation that a session's process ended."""
HUNG = "HUNG"
"""Code of the violation that a session gave no verdict in time."""
PATIENCE_SECONDS = 120.0
"""Wall seconds for one session; it usually takes a tenth of one."""
_LONGEST_COMPLAINT = 300
_GOODBYE_SECONDS = 2.0


class PlayerError(BotError):
    """A playing process could not begin, for example because a planted bug does not fit. The command fails."""


class Player:
    """One playing process, started when it is needed."""

    def __init__(
        self,
        *,
        play: str = PLAY,
        bug: str | None = None,
        hash_seed: int = 0,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`play` names the playing function; `bug` is planted; `hash_seed` is the interpreter's `PYTHONHASHSEED`."""
        self._command = [sys.executable, "-P", "-m", "simulation.player", "--play", play]
        self._command += ["--bug", bug] if bug else []
        self._hash_seed = hash_seed
        self._patience = patience_seconds
        self._running: _Running | None = None

    def play(self, plan: Plan) -> Verdict:
        """Play a plan. Raises `PlayerError` when the process cannot even begin."""
        answer = self._ask(plan_content(plan))
        if answer is not None:
            return verdict_from(answer)
        complaint, hung = self._end()
        code, message = (HUNG, f"no verdict after {self._patience:g} s") if hung else (DIED, complaint)
        return Verdict(plan.seed, (Violation(code, 0, message),), (), (), "", 0, 0, 0, ())

    def calibrate(self) -> tuple[float, float]:
        """Have the process run the calibration loop; see `calibration.calibrate`. Raises `PlayerError`."""
        answer = self._ask(CALIBRATE)
        if answer is None:
            raise PlayerError(f"a playing process ended: {self._end()[0]}")
        used, loop = answer
        return float(used), float(loop)

    def close(self) -> None:
        """End the process. Safe to call twice."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: object) -> Any:
        """Return the answer, or None when the process ended or had to be ended."""
        if self._running is None:
            self._running = _Running.start(self._command, self._hash_seed)
            if self._running.ask(None, self._patience) != READY:
                raise PlayerError(f"a playing process could not begin: {self._end()[0]}")
        return self._running.ask(request, self._patience)

    def _end(self) -> tuple[str, bool]:
        """End the process; return its last words and whether it hung."""
        running, self._running = self._running, None
        return running.end() if running is not None else ("", False)


@dataclass(slots=True)
class _Running:
    """A started process with its pipes, and the file that takes its complaints."""

    process: subprocess.Popen[str]
    requests: IO[str]
    answers: IO[str]
    complaints: IO[str]
    hung: bool = False

    @classmethod
    def start(cls, command: list[str], hash_seed: int) -> Self:
        paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(paths)}
        complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed in `end`
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, env=environment
        )
        if process.stdin is None or process.stdout is None:
            raise PlayerError("a playing process has no pipes")
        return cls(process, process.stdin, process.stdout, complaints)

    def ask(self, request: object, patience: float) -> Any:
        """Send a request, if there is one, and return the next answer; None when the process ended instead."""
        alarm = threading.Timer(patience, self._give_up)
        alarm.start()
        try:
            if request is not None:
                self.requests.write(json.dumps(request) + "\n")
                self.requests.flush()
            line = self.answers.readline()
        except BrokenPipeError:
            line = ""
        finally:
            alarm.cancel()
        return json.loads(line) if line.endswith("\n") else None

    def end(self) -> tuple[str, bool]:
        """End the process; return its last words and whether it had to be killed because it hung."""
        with contextlib.suppress(BrokenPipeError):
            self.requests.close()  # it reads the end of its input and goes
        try:
            self.process.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.answers.close()
        self.complaints.seek(0)
        lines = self.complaints.read().strip().splitlines()
        self.complaints.close()
        return (lines[-1] if lines else f"it ended with {self.process.returncode}")[:_LONGEST_COMPLAINT], self.hung

    def _give_up(self) -> None:
        self.hung = True
        self.process.kill()


def play_all(plans: Iterable[Plan], processes: int, play: str, speed: Speed) -> Iterator[tuple[Plan, Verdict]]:
    """Play plans on so many processes and yield each with its verdict, as they come in.

    Each process is calibrated before and after, into `speed`. Raises `PlayerError`. Whoever stops asking ends the
    processes after the sessions that they are in.
    """
    waiting, lock, done = iter(plans), threading.Lock(), queue.SimpleQueue[tuple[Plan, Verdict] | None]()
    stopped = threading.Event()

    def next_plan() -> Plan | None:
        with lock:
            return None if stopped.is_set() else next(waiting, None)

    def work() -> None:
        try:
            with Player(play=play) as player:
                first = player.calibrate()
                while (plan := next_plan()) is not None:
                    done.put((plan, player.play(plan)))
                speed.add(first, player.calibrate())
        finally:
            done.put(None)

    with ThreadPoolExecutor(processes, thread_name_prefix="player") as pool:
        workers = [pool.submit(work) for _ in range(processes)]
        try:
            left = processes
            while left:
                result = done.get()
                if result is None:
                    left -= 1
                else:
                    yield result
        finally:
            stopped.set()
    for worker in workers:
        worker.result()
