"""Commands from the queue to a kernel: in order, each once, answered in words."""

import pytest

from core import events
from core.events import Command, SafetyLevel
from core.fold import apply
from core.state import BotState
from trading.command_queue import QUEUE_FILE, CommandQueue
from trading.kernel import Step
from trading.obedience import Obedience


class Clerk:
    """A kernel that folds what it is told and decides what the test wrote down."""

    def __init__(self) -> None:
        self.state = BotState(reconciled=True)
        self.decides: list[events.Decision] = []

    def handle(self, event: events.CommandGiven) -> Step:
        step = Step((event, *self.decides))
        for each in step.events:
            apply(self.state, each)
        return step


class House:
    def __init__(self, folder) -> None:
        self.verb = CommandQueue(folder)
        self.clerk = Clerk()
        self.obedience = Obedience(CommandQueue(folder, "live"))
        self.committed: list[Command] = []
        self.commit = lambda step: self.committed.append(step.events[0].command)

    def obey(self, clock) -> None:
        self.obedience.obey(self.clerk, clock, self.commit)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_commands_are_obeyed_in_order_and_once(house, clock):
    for command in (Command.FLATTEN, Command.RESUME, Command.HALT):
        house.verb.give(command, "why")
    house.obey(clock)
    house.obey(clock)
    assert house.committed == [Command.FLATTEN, Command.RESUME, Command.HALT]


def test_a_resume_waits_for_the_books_and_what_follows_waits_with_it(house, clock):
    house.clerk.state.reconciled = False
    for command in (Command.HALT, Command.RESUME, Command.FLATTEN):
        house.verb.give(command, "why")
    house.obey(clock)
    assert house.committed == [Command.HALT]
    house.clerk.state.reconciled = True
    house.obey(clock)
    assert house.committed == [Command.HALT, Command.RESUME, Command.FLATTEN]


def test_what_the_log_did_not_keep_is_not_marked_as_taken(house, clock):
    key = house.verb.give(Command.HALT, "why")

    def fail(_step: Step) -> None:
        raise OSError("the log")

    house.commit = fail
    with pytest.raises(OSError, match="the log"):
        house.obey(clock)
    assert house.verb.answer_to(key) is None


def test_a_command_whose_mark_was_not_written_is_not_obeyed_again(house, clock, monkeypatch):
    key = house.verb.give(Command.HALT, "why")
    with monkeypatch.context() as patch:
        patch.setattr(CommandQueue, "answer", lambda *_: None)
        house.obey(clock)
    assert house.verb.answer_to(key) is None
    house.obey(clock)
    assert house.committed == [Command.HALT]
    assert "had taken it before" in house.verb.answer_to(key).text


def test_the_answer_says_what_became_of_the_level(house, clock):
    house.clerk.decides = [events.LevelChanged(at=1, level=SafetyLevel.NO_ENTRY, why="lunch")]
    halted = house.verb.give(Command.HALT, "lunch")
    house.obey(clock)
    house.clerk.decides = []
    again = house.verb.give(Command.HALT, "supper")
    house.obey(clock)
    house.clerk.decides = [events.Alarm(at=1, code="RESUME_REFUSED", message="the safety level stays: not flat")]
    refused = house.verb.give(Command.RESUME, "go")
    house.obey(clock)
    answers = [house.verb.answer_to(key) for key in (halted, again, refused)]
    assert [(answer.is_obeyed, answer.text) for answer in answers] == [
        (True, "the safety level is now NO_ENTRY: lunch"),
        (True, "the safety level stays NO_ENTRY: lunch"),
        (False, "the safety level stays: not flat"),
    ]


def test_a_queue_that_cannot_be_read_is_told_once_and_tried_again(house, clock, tmp_path, caplog):
    (tmp_path / QUEUE_FILE).write_bytes(b"no database" * 100)
    (tmp_path / QUEUE_FILE).chmod(0o600)
    for _ in range(3):
        house.obey(clock)
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "Commands cannot be taken: command queue" in caplog.text
    (tmp_path / QUEUE_FILE).unlink()
    house.verb.give(Command.HALT, "why")
    house.obey(clock)
    assert house.committed == [Command.HALT]
