"""The operator's side of the command queue: say who is asked, write the command down, and tell what came of it."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BotError, ConfigurationError
from core.events import Command
from runtime.settings import Mode, Settings
from trading.bot_lock import LOCK_FILE, is_bot_running
from trading.command_queue import BotAnswer, CommandQueue
from trading.engine_pid import stopped_engine
from trading.state_files import existing_logs, no_bot_has_run

LONGEST_WHY = 200
_VERB_PATIENCE = 5.0
_ANSWER_WITHIN = 3.0
"""Wall seconds to wait for the bot's answer; it looks once a second while it has a session."""
_LOOK_AGAIN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a command."""

    command: Command
    folder: Path
    mode: str
    """Whom it is for; empty for any bot on the folder."""
    bot_runs: bool
    answer: BotAnswer | None
    stopped: int = 0
    """Id of the bot's process if a signal has stopped it; 0 for one that goes on."""

    @property
    def line(self) -> str:
        """The same in words."""
        who = f"{self.mode} bot" if self.mode else "bot"
        if self.answer is not None:
            what = self.answer.text
        elif self.bot_runs:
            what = f"recorded for the {who} on {self.folder}, NOT YET ACKNOWLEDGED: {self._silence}"
        else:
            what = f"no bot runs on {self.folder}: the next start of a {who} there obeys it before it trades"
        return f"{self.command.value}: {what}"

    @property
    def _silence(self) -> str:
        if self.stopped:
            return (
                f"its process is stopped by a signal, so nothing has changed; kill -CONT {self.stopped} lets it go on"
            )
        return (
            f"it has not answered within {_ANSWER_WITHIN:g} s, so nothing has changed; it obeys when a session begins, "
            "or, if it hangs, when it goes on; look with `fyersbot status`"
        )

    @property
    def data(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "command": self.command.value,
            "state": str(self.folder),
            "mode": self.mode or None,
            "bot_runs": self.bot_runs,
            "acknowledged": self.answer is not None,
            "stopped_pid": self.stopped or None,
            "answer": self.answer.text if self.answer else None,
        }


def give_command(settings: Settings, command: Command, why: str, mode: Mode | None) -> Receipt:
    """Write a command down for the bot on the settings' state folder and wait a moment for its answer.

    Without a `mode` it is for whichever bot runs, or starts next, on the folder. Raises `ConfigurationError` for a
    folder that no bot knows and a reason that is no line, `QueueError`, and `BotError` when the bot refuses.
    """
    folder = settings.paths.state.absolute()
    reason = _one_line(why)
    _check_owner(folder)
    bot_runs = is_bot_running(folder)
    if not bot_runs and not existing_logs(folder, mode):
        raise no_bot_has_run(folder, mode)  # a halt that nobody hears is worse than an error
    queue = CommandQueue(folder, mode.value if mode else "", _VERB_PATIENCE)
    try:
        key = queue.give(command, reason)
        answer = _wait_for_answer(queue, key) if bot_runs else None
    finally:
        queue.close()
    if answer is not None and not answer.is_obeyed:
        raise BotError(f"{command.value} was refused: {answer.text}")
    is_silent = bot_runs and answer is None
    stopped = stopped_engine(folder, folder / LOCK_FILE) if is_silent else 0
    return Receipt(
        command=command,
        folder=folder,
        mode=mode.value if mode else "",
        bot_runs=bot_runs,
        answer=answer,
        stopped=stopped,
    )


def _check_owner(folder: Path) -> None:
    """Refuse to write a file that the bot, who is another user, could not read."""
    owner = folder.stat().st_uid if folder.exists() else os.geteuid()
    if owner != os.geteuid():
        raise ConfigurationError(f"{folder} belongs to user {owner}; run this as that user: sudo -u '#{owner}' ...")


def _one_line(why: str) -> str:
    reason = " ".join(why.encode(errors="replace").decode().split())
    if not reason:
        raise ConfigurationError("--why is empty; say in a few words why, it stands in the log")
    if len(reason) > LONGEST_WHY:
        raise ConfigurationError(f"--why has {len(reason)} characters, above the limit of {LONGEST_WHY}; shorten it")
    return reason


def _wait_for_answer(queue: CommandQueue, key: str) -> BotAnswer | None:
    deadline = time.monotonic() + _ANSWER_WITHIN
    while (answer := queue.answer_to(key)) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)
    return answer
