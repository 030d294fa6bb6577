"""Writes events through the real writer to the log named on the command line, and says each number when it is durable.

Killed at any moment; started again it goes on after what it finds.
"""

import os
import sys
from pathlib import Path

from core import events
from core.events import Command
from core.state import BotState
from trading.event_log import SqliteEventLog
from trading.kernel import Step
from trading.writer import Writer


class Counting:
    """A kernel that decides nothing; it knows how many events there were."""

    def __init__(self) -> None:
        self.count = 0
        self.state = BotState()

    def restore(self, event: events.CommandGiven) -> None:
        self.count += 1
        assert event.at == self.count

    def handle(self, event: events.CommandGiven) -> Step:
        """Make of an event as many as its number asks for, in one step."""
        batch = []
        for _ in range(1 + self.count % 5):
            self.count += 1
            batch.append(events.CommandGiven(at=self.count, command=Command.HALT, why="x" * (self.count * 37 % 700)))
        return Step(tuple(batch))


def main() -> None:
    log = SqliteEventLog(Path(sys.argv[1]))

    def say(event: events.CommandGiven) -> None:
        os.write(1, b"%d\n" % event.at)

    writer = Writer(Counting(), log, lambda _effect: None, [say])
    writer.restore()
    os.write(1, b"0\n")
    while True:
        writer.take(events.CommandGiven(at=0, command=Command.HALT, why=""), 0)


if __name__ == "__main__":
    main()
