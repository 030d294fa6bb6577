"""The bot's side of the command queue: every command is taken in order, recorded, obeyed and answered, once.

When the queue cannot be read, the bot says so and trades on; signals still stop it.
"""

import logging
from collections.abc import Callable

from core.events import Alarm, Command, CommandGiven, DriftStepChanged, LevelChanged
from core.latches import RESUME_REFUSED
from core.ports import Clock
from core.state import BotState
from trading.command_queue import BotAnswer, CommandQueue, QueueError, WaitingCommand
from trading.kernel import Kernel, Step

logger = logging.getLogger("trading.obedience")

Commit = Callable[[Step], None]
_TAKEN_BEFORE = BotAnswer(is_obeyed=True, text="the bot had taken it before; what came of it stands in its log")


class Obedience:
    """Takes what waits, whenever it is asked to; the writer asks about once a second."""

    def __init__(self, queue: CommandQueue) -> None:
        self._queue = queue
        self._has_complained = False

    def obey(self, kernel: Kernel, clock: Clock, commit: Commit) -> None:
        """Give the kernel every waiting command; `commit` makes a step durable and acts on it.

        A resume waits until the books have been read, and what was asked after it waits with it: until then nothing
        is sent in any case. Raises what `commit` raises.
        """
        try:
            for given in self._queue.waiting():
                if given.key not in kernel.state.obeyed and _is_early(given, kernel.state):
                    break
                self._queue.answer(given.key, _take(given, kernel, clock, commit))
        except QueueError as error:
            if not self._has_complained:
                logger.critical("Commands cannot be taken: %s", error)
            self._has_complained = True
        else:
            self._has_complained = False

    def close(self) -> None:
        """Release the queue. Safe to call twice."""
        self._queue.close()


def _is_early(given: WaitingCommand, state: BotState) -> bool:
    return given.command is Command.RESUME and not state.reconciled


def _take(given: WaitingCommand, kernel: Kernel, clock: Clock, commit: Commit) -> BotAnswer:
    if given.key in kernel.state.obeyed:
        return _TAKEN_BEFORE
    step = kernel.handle(CommandGiven(at=clock.now(), command=given.command, why=given.why, key=given.key))
    commit(step)
    return _answer(step, kernel.state)


def _answer(step: Step, state: BotState) -> BotAnswer:
    for event in step.events:
        if isinstance(event, Alarm) and event.code == RESUME_REFUSED:
            return BotAnswer(is_obeyed=False, text=event.message)
    verb = "is now" if any(isinstance(event, LevelChanged) for event in step.events) else "stays"
    why = f": {state.level_why}" if state.level_why else ""
    drift = any(isinstance(event, DriftStepChanged) for event in step.events)
    anew = "; the drift step is lifted, evidence begins anew" if drift else ""
    return BotAnswer(is_obeyed=True, text=f"the safety level {verb} {state.level.name}{why}{anew}")
