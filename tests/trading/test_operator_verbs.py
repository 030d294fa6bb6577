"""A verb and the bot it speaks to: who is there, what is said, and what is refused."""

import os
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import BotError, ConfigurationError, StorageError
from core.events import Command
from runtime.settings import Mode, Settings
from trading.bot_lock import LOCK_FILE
from trading.command_queue import BotAnswer, CommandQueue
from trading.operator_verbs import give_command


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "live.sqlite").touch()
    return Settings.model_validate({"paths": {"state": tmp_path}})


@pytest.fixture
def running(tmp_path):
    """A bot that holds its lock."""
    with FileLock(tmp_path / LOCK_FILE):
        yield


def answering(folder: Path, answer: BotAnswer) -> threading.Thread:
    """A bot that answers the next command."""

    def wait_and_answer() -> None:
        queue = CommandQueue(folder, "live", patience=5.0)
        while not (waiting := queue.waiting()):
            pass
        queue.answer(waiting[0].key, answer)
        queue.close()

    thread = threading.Thread(target=wait_and_answer)
    thread.start()
    return thread


def test_the_answer_of_a_running_bot_is_told(settings, running, tmp_path):
    bot = answering(tmp_path, BotAnswer(is_obeyed=True, text="the safety level is now NO_ENTRY: lunch"))
    receipt = give_command(settings, Command.HALT, "lunch", None)
    bot.join()
    assert receipt.line == "halt: the safety level is now NO_ENTRY: lunch"
    assert receipt.data["bot_runs"] is True


def test_a_refusal_of_the_bot_is_an_error(settings, running, tmp_path):
    bot = answering(tmp_path, BotAnswer(is_obeyed=False, text="the safety level stays FLATTEN: not flat"))
    with pytest.raises(BotError, match=r"^resume was refused: the safety level stays FLATTEN: not flat$"):
        give_command(settings, Command.RESUME, "go", Mode.LIVE)
    bot.join()


def test_a_bot_that_idles_is_not_said_to_have_obeyed(settings, running, tmp_path, monkeypatch):
    monkeypatch.setattr("trading.operator_verbs._ANSWER_WITHIN", 0.1)
    line = give_command(settings, Command.HALT, "lunch", Mode.LIVE).line
    assert line.startswith(f"halt: recorded for the live bot on {tmp_path}, NOT YET ACKNOWLEDGED: it has not answered")
    assert "nothing has changed" in line
    assert len(CommandQueue(tmp_path, "live").waiting()) == 1


def test_a_bot_that_a_signal_has_stopped_is_said_to_be_stopped_and_not_to_have_obeyed(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("trading.operator_verbs._ANSWER_WITHIN", 0.1)
    monkeypatch.setattr("trading.operator_verbs.stopped_engine", lambda folder, lock: 4321)
    with FileLock(tmp_path / LOCK_FILE):
        receipt = give_command(settings, Command.HALT, "lunch", None)
    assert receipt.line.startswith(f"halt: recorded for the bot on {tmp_path}, NOT YET ACKNOWLEDGED: its process is")
    assert receipt.line.endswith("kill -CONT 4321 lets it go on")
    assert (receipt.data["acknowledged"], receipt.data["stopped_pid"]) == (False, 4321)


@pytest.mark.hazard("R2")
@pytest.mark.parametrize("kind", ["a folder", "a link"])
def test_a_lock_that_is_no_plain_file_is_named_instead_of_believed(settings, tmp_path, kind):
    lock = tmp_path / LOCK_FILE
    lock.mkdir() if kind == "a folder" else lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match=rf"bot\.lock is {kind}, so nobody can tell whether a bot runs; remove it$"):
        give_command(settings, Command.HALT, "lunch", None)
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "commands.sqlite").exists()


def test_bytes_that_are_no_text_do_not_break_a_command(settings, tmp_path):
    give_command(settings, Command.HALT, "caf\udce9", None)
    [waiting] = CommandQueue(tmp_path, "live").waiting()
    assert waiting.why == "caf?"


def test_a_folder_of_another_user_is_refused_because_its_bot_could_not_read_the_command(
    settings, tmp_path, monkeypatch
):
    owner = os.geteuid()
    monkeypatch.setattr("trading.operator_verbs.os.geteuid", lambda: owner + 1)
    with pytest.raises(
        ConfigurationError, match=rf"belongs to user {owner}; run this as that user: sudo -u '#{owner}'"
    ):
        give_command(settings, Command.HALT, "lunch", None)
    assert not (tmp_path / "commands.sqlite").exists()
