"""After the close the day's live features are held against the batch, by `fyersbot skew` as a program of its own.

What trades knows nothing of backtests, and needs none of their libraries and memory. So the evening starts the programs
that do, as somebody at a terminal would: the day's candles into the archive, then the comparison. The report is kept in
the day's folder of the logs, and said in one line.
"""

import json
import logging
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from threading import Event
from typing import NamedTuple

from core.errors import BotError
from runtime.atomic_files import write_text
from runtime.settings import Settings
from trading.day_report import SUMMARY
from trading.skew_figures import SKEW, skew_line

logger = logging.getLogger("trading.evening")

_LOOK_AGAIN = 0.2
_LONGEST_SECONDS = 300.0
"""Wall seconds for a program; the day of fifty symbols is fetched in a minute."""


class Said(NamedTuple):
    """What a program left."""

    out: str
    complaint: str
    """The last line of why it failed; empty for one that did not."""


class EveningSkew:
    """Checks a day once: again only if its summary was written again."""

    def __init__(self, settings: Settings, config: Path | None, *, is_rehearsal: bool) -> None:
        """`config` is the file that the settings are from. No candles of a rehearsal are fetched: its log has them."""
        self._settings = settings
        self._options = ["--config", str(config)] if config else []
        self._is_rehearsal = is_rehearsal

    def __call__(self, day: date, ends: Event) -> None:
        """Check a day that this bot has reported. Raises `BotError` when there is no comparison, and `StorageError`."""
        summary = self._settings.paths.logs / str(day) / SUMMARY
        report = summary.with_name(SKEW)
        if not summary.exists() or (report.exists() and report.stat().st_mtime_ns >= summary.stat().st_mtime_ns):
            return
        if not self._is_rehearsal:
            complaint = self._run(ends, "download-data", "--from", str(day)).complaint
            if complaint:
                logger.warning("The candles of %s are not fetched: %s", day, complaint)
        state, mode = str(self._settings.paths.state), self._settings.mode.value
        said = self._run(ends, "skew", "--day", str(day), "--state", state, "--mode", mode)
        if not said.out:
            raise BotError(f"skew of {day}: {said.complaint}")
        content = json.loads(said.out)
        write_text(report, said.out)
        logger.log(logging.INFO if content["sound"] else logging.WARNING, "Checked: %s", skew_line(content))

    def _run(self, ends: Event, *arguments: str) -> Said:
        # -P: what is run is installed, whatever stands in the folder that the bot was started in.
        command = [sys.executable, "-P", "-m", "cli", *arguments, "--json", *self._options]
        deadline = time.monotonic() + _LONGEST_SECONDS
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            while True:
                try:
                    out, err = process.communicate(timeout=_LOOK_AGAIN)
                    break
                except subprocess.TimeoutExpired:
                    if ends.is_set() or time.monotonic() > deadline:
                        process.kill()  # it only reads, or stores what came in one step
        if process.returncode < 0:
            return Said("", "it was ended, because the bot ends" if ends.is_set() else "it took too long")
        lines = err.strip().splitlines()
        return Said(out, lines[-1].removeprefix("fyersbot: ") if process.returncode and lines else "")
