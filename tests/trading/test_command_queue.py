"""The queue between two processes: order, addressees, answers, and who may write it."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from core.events import Command
from trading.command_queue import QUEUE_FILE, BotAnswer, CommandQueue, QueueError

DONE = BotAnswer(is_obeyed=True, text="done")


@pytest.fixture
def verb(tmp_path) -> CommandQueue:
    queue = CommandQueue(tmp_path, patience=5.0)
    yield queue
    queue.close()


@pytest.fixture
def bot(tmp_path) -> CommandQueue:
    queue = CommandQueue(tmp_path, "live")
    yield queue
    queue.close()


def keys(queue: CommandQueue) -> list[str]:
    return [waiting.key for waiting in queue.waiting()]


def test_where_nobody_has_asked_for_anything_nothing_waits_and_no_file_is_made(bot, tmp_path):
    assert bot.waiting() == []
    assert list(tmp_path.iterdir()) == []


def test_commands_wait_in_the_order_they_were_given(verb, bot):
    given = [verb.give(command, f"why {command}") for command in (Command.FLATTEN, Command.RESUME, Command.HALT)]
    assert keys(bot) == given
    assert next((each.command, each.why) for each in bot.waiting()) == (Command.FLATTEN, "why Command.FLATTEN")


def test_an_answered_command_waits_no_more_and_the_verb_hears_the_answer(verb, bot):
    first, second = verb.give(Command.HALT, "a"), verb.give(Command.RESUME, "b")
    bot.answer(first, DONE)
    assert keys(bot) == [second]
    refused = BotAnswer(is_obeyed=False, text="not flat")
    bot.answer(second, refused)
    assert (verb.answer_to(first), verb.answer_to(second)) == (DONE, refused)


def test_an_unanswered_command_still_waits_after_a_restart_of_the_bot(verb, bot, tmp_path):
    key = verb.give(Command.HALT, "a")
    assert keys(bot) == [key]
    bot.close()
    assert keys(CommandQueue(tmp_path, "live")) == [key]
    assert verb.answer_to(key) is None


@pytest.mark.hazard("S20")
def test_a_command_for_one_mode_is_not_shown_to_the_other(tmp_path, bot):
    CommandQueue(tmp_path, "paper").give(Command.HALT, "a")
    assert bot.waiting() == []
    mine = CommandQueue(tmp_path, "live").give(Command.HALT, "a")
    anybodys = CommandQueue(tmp_path).give(Command.HALT, "a")
    assert keys(bot) == [mine, anybodys]


@pytest.mark.hazard("X8")
def test_text_is_data_and_never_a_statement(verb, bot):
    why = "'); DROP TABLE commands; --"
    verb.give(Command.HALT, why)
    assert [waiting.why for waiting in bot.waiting()] == [why]


def test_only_the_owner_can_read_or_write_the_files(verb, bot, tmp_path):
    before = os.umask(0)
    try:
        verb.give(Command.HALT, "a")
        assert len(bot.waiting()) == 1
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.hazard("W3")
def test_commands_survive_a_power_cut_once_they_are_given(verb, tmp_path):
    verb.give(Command.HALT, "a")
    assert verb._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert verb._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_queue_of_the_layout_before_is_read_and_made_anew_by_the_next_verb(verb, bot, tmp_path):
    path = tmp_path / QUEUE_FILE
    path.touch(0o600)
    with sqlite3.connect(path) as old:
        old.executescript(
            "CREATE TABLE commands (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, mode TEXT NOT NULL, "
            "command TEXT NOT NULL CHECK (command IN ('halt', 'resume', 'flatten')), why TEXT NOT NULL, "
            "is_obeyed INTEGER, answer TEXT) STRICT; INSERT INTO commands VALUES "
            "(1, 'old', '', 'halt', 'a', NULL, NULL); PRAGMA user_version=1"
        )
    old.close()
    assert keys(bot) == ["old"]
    new = verb.give(Command.EXIT_ONLY, "b")
    assert keys(bot) == ["old", new]
    bot.answer("old", DONE)
    assert [(each.key, each.command) for each in bot.waiting()] == [(new, Command.EXIT_ONLY)]


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_file_that_others_can_touch_is_not_obeyed(verb, bot, tmp_path, mode):
    verb.give(Command.HALT, "a")
    assert len(bot.waiting()) == 1
    (tmp_path / QUEUE_FILE).chmod(mode)
    for use in (bot.waiting, lambda: verb.give(Command.HALT, "b")):
        with pytest.raises(QueueError, match=rf"{QUEUE_FILE} is not a plain file of user .* {mode:04o}.*; remove it"):
            use()


def test_a_link_is_not_obeyed(verb, bot, tmp_path):
    verb.give(Command.HALT, "a")
    verb.close()
    (tmp_path / QUEUE_FILE).rename(tmp_path / "elsewhere")
    (tmp_path / QUEUE_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(QueueError, match="is not a plain file"):
        bot.waiting()


def test_a_file_that_was_removed_and_made_again_is_the_one_that_is_read(verb, bot, tmp_path):
    verb.give(Command.HALT, "a")
    assert len(bot.waiting()) == 1
    for path in list(tmp_path.iterdir()):
        path.unlink()
    assert bot.waiting() == []
    again = verb.give(Command.FLATTEN, "b")
    assert keys(bot) == [again]


def test_a_file_in_the_making_holds_nothing_yet(bot, tmp_path):
    (tmp_path / QUEUE_FILE).touch(0o600)
    assert bot.waiting() == []


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"not a database" * 100, "file is not a database"), (None, "has layout 7, .* reads 2")]
)
def test_a_file_of_another_kind_is_an_error_in_words(bot, tmp_path, content, complaint):
    path: Path = tmp_path / QUEUE_FILE
    path.touch(0o600)
    if content is None:
        sqlite3.connect(path).execute("PRAGMA user_version=7").connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(QueueError, match=rf"{path} .*{complaint}.*; (repair or )?remove it"):
        bot.waiting()


@pytest.mark.hazard("W2")
def test_a_writer_that_hangs_costs_the_bot_little_time_and_no_command(verb, bot, tmp_path):
    key = verb.give(Command.HALT, "a")
    with sqlite3.connect(tmp_path / QUEUE_FILE, isolation_level=None) as hanging:
        hanging.execute("BEGIN IMMEDIATE")
        assert keys(bot) == [key]
        with pytest.raises(QueueError, match="locked"):
            bot.answer(key, DONE)
        hanging.execute("ROLLBACK")
    bot.answer(key, DONE)
    assert verb.answer_to(key) == DONE


def test_many_verbs_at_once_lose_no_command(verb, bot, tmp_path):
    verb.give(Command.HALT, "first")

    def give_ten() -> None:
        queue = CommandQueue(tmp_path, patience=10.0)
        for number in range(10):
            queue.give(Command.HALT, str(number))
        queue.close()

    threads = [threading.Thread(target=give_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys(bot))) == 41
