"""Every verb answers: help, exit codes, and one JSON object where one was asked for."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from core import events
from core.events import Command, CommandGiven
from runtime.project import ROOT
from runtime.settings import Mode, Settings
from simulator.server import RunningSimulator
from trading.call_journal import CallJournal
from trading.command_queue import CommandQueue
from trading.event_log import SqliteEventLog
from trading.rehearsal import sign_in
from trading.state_files import log_path, trading_log_path

from .conftest import DAY, TEN, Run

COMMANDS = ("halt", "resume", "flatten")
VERBS = (
    "demo",
    "trade",
    "simulator",
    "simulate",
    "login",
    "train",
    "import-data",
    "list-data",
    "list-strategies",
    "check-strategy",
    "calendar",
    "download-data",
    "show-config",
    "rebuild-trading-log",
    "coverage",
    "charges",
    "replay",
    "parity",
    "skew",
    "report",
    "runs",
    "models",
    "status",
    "symbols",
    "backtest",
    "hyperopt",
    "walk-forward",
    *COMMANDS,
)
SECRET = "secret-of-the-app"


def test_the_program_lists_its_verbs(run: Run) -> None:
    answer = run("--help")
    assert answer.code == 0
    assert [verb for verb in VERBS if not re.search(rf"\b{verb}\b", answer.out)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_help(verb: str, run: Run, home: Path) -> None:
    before = sorted(home.rglob("*"))
    answer = run(verb, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert "--help" in answer.out
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"simulator", "symbols", "models"}])
def test_the_verbs_that_report_take_json(verb: str, run: Run) -> None:
    assert "--json" in run(verb, "--help").out


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        ("trad",),
        ("trade", "--nonsense"),
        ("trade", "--days", "0"),
        ("simulator", "--port", "x"),
        ("simulate", "--seeds", "0"),
        ("simulate", "--first-seed", "-1"),
        ("simulate", "--processes", "0"),
        ("simulate", "--crash-everywhere", "--sessions", "0"),
        ("resume",),
    ],
)
def test_wrong_usage_ends_with_2(wrong: tuple[str, ...], run: Run) -> None:
    answer = run(*wrong)
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_ctrl_c_ends_a_verb_with_130_and_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli_strategy.settings_of", interrupted)
    answer = run("list-strategies")
    assert (answer.code, answer.out, answer.err) == (130, "", "fyersbot: interrupted\n")


def test_a_terminal_without_a_letter_gets_a_question_mark_instead_of_a_traceback(home: Path) -> None:
    command = [sys.executable, "-m", "cli", "calendar", "--month", "2026-01", "--config", "bot.yaml"]
    (home / "sessions.yaml").write_text(
        (ROOT / "config" / "sessions.yaml").read_text().replace("Republic Day", "गणतंत्र दिवस")
    )
    (home / "bot.yaml").write_text("paths: {sessions: sessions.yaml}\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "??????? ????" in ended.stdout


def test_the_front_door_file_is_the_trade_verb(home: Path) -> None:
    command = [sys.executable, str(ROOT / "run_live_bot.py"), "--help"]
    answer = subprocess.run(command, cwd=home, capture_output=True, text=True, check=True)
    assert {"--mode", "--config", "--days", "--json"} <= set(re.findall(r"--[a-z]+", answer.stdout))


def test_the_front_door_file_does_not_trade_live_unless_asked_by_name(home: Path) -> None:
    command = [sys.executable, str(ROOT / "run_live_bot.py")]
    environment = {**os.environ, "FYERSBOT__MODE": "live"}
    ended = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(r"fyersbot: mode = live in the settings .*: type --mode live too.*\n", ended.stderr)


def test_an_error_nobody_expected_ends_in_one_clean_line_with_its_traceback_in_the_log(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FYERSBOT__AUTH__SECRET_KEY", SECRET)

    def broken(*_: object) -> None:
        raise RuntimeError(f"a bug with {SECRET}")

    monkeypatch.setattr("trading.front_door.Wiring", broken)
    answer = run("trade")
    log = (home / "logs" / "live_trading.log").read_text()
    assert answer.code == 1
    assert answer.err.splitlines()[-1] == (
        "fyersbot: RuntimeError: a bug with [redacted]; this was not expected: "
        "the traceback is in logs/live_trading.log"
    )
    assert "Traceback" in log
    assert "in broken" in log
    assert SECRET not in answer.err + answer.out + log


def test_settings_are_shown_as_yaml_that_can_be_used_as_a_file(run: Run, home: Path) -> None:
    shown = run("show-config")
    assert (shown.code, shown.err) == (0, "")
    content = yaml.safe_load(shown.out)
    del content["auth"]["secret_key"], content["auth"]["access_token"], content["model"]["signing_key"]
    (home / "bot.yaml").write_text(yaml.safe_dump(content))
    assert run("show-config", "--config", "bot.yaml").out == shown.out


def test_settings_are_shown_as_one_json_object_without_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__AUTH__SECRET_KEY", SECRET)
    monkeypatch.setenv("FYERSBOT__AUTH__ACCESS_TOKEN", SECRET)
    answer = run("show-config", "--json")
    assert (answer.code, answer.err) == (0, "")
    content = json.loads(answer.out)
    assert content["auth"]["secret_key"] == content["auth"]["access_token"] == "(set)"
    assert content["mode"] == "paper"
    assert SECRET not in answer.out + run("show-config").out


def test_the_strongest_source_wins(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "bot.yaml").write_text("timeframe: 15m\nrisk: {max_positions: 2}\n")
    monkeypatch.setenv("FYERSBOT__TIMEFRAME", "60m")
    content = json.loads(run("show-config", "--config", "bot.yaml", "--json").out)
    assert (content["timeframe"], content["risk"]["max_positions"]) == ("60m", 2)


def test_a_sign_in_prints_one_json_object_and_asks_on_standard_error(
    home: Path, signed_in: dict[str, str], simulator: RunningSimulator
) -> None:
    environment = {**os.environ, **signed_in, "FYERSBOT__AUTH__ACCESS_TOKEN": ""}
    command = [sys.executable, "-m", "cli", "login", "--json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=home, env=environment, text=True, **pipes) as running:
        assert running.stderr is not None
        page = next(line.strip() for line in running.stderr if line.startswith("http"))
        parts = urlsplit(page)
        connection = HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", f"{parts.path}?{parts.query}")
        address = connection.getresponse().getheader("Location")
        connection.close()
        out, err = running.communicate(f"{address}\n", timeout=30)
    assert running.returncode == 0, err
    assert "Signed in as SIM0001" in err
    content = json.loads(out)
    assert list(content) == ["account", "name", "expires_at"]
    assert content["account"] == "SIM0001"
    assert datetime.fromisoformat(content["expires_at"]).utcoffset() == timedelta(hours=5, minutes=30)
    token = json.loads((home / "sign-in" / "token.json").read_text())["access_token"]
    assert token not in out + err


def test_the_simulator_prints_where_it_is_and_ends_on_sigterm(home: Path) -> None:
    command = [sys.executable, "-m", "cli", "simulator", "--symbol", "NSE:SBIN-EQ", "--state", "books"]
    command += ["--clock-start", "2026-01-06T10:00:00.250000+05:30", "--clock-speed", "60"]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            endpoints = json.loads(running.stdout.readline())
            running.send_signal(signal.SIGTERM)
            rest, errors = running.communicate(timeout=30)
        finally:
            running.kill()
    assert (running.returncode, rest, errors) == (0, "", "")
    assert endpoints["clock"]["start"] == "2026-01-06T10:00:00.250000+05:30"
    assert endpoints["symbols"] == ["NSE:SBIN-EQ"]
    assert (home / "books" / "books.jsonl").exists()


# --- the operator's commands ------------------------------------------------------------------------------------------


@pytest.fixture
def state(home: Path) -> Path:
    """The state folder of a paper bot that has run here and does not run now."""
    folder = home / "data" / "state"
    folder.mkdir(parents=True)
    (folder / "paper.sqlite").touch()
    return folder


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_for_a_bot_that_is_down_waits_for_its_next_start(verb: str, run: Run, state: Path) -> None:
    answer = run(verb, "--why", "the  fund\nmeets")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{verb}: no bot runs on {state}: the next start of a bot there obeys it before it trades\n"
    [waiting] = CommandQueue(state, "paper").waiting()
    assert (waiting.command.value, waiting.why) == (verb, "the fund meets")


def test_a_command_can_be_for_one_mode_only_and_says_so_in_json(run: Run, state: Path) -> None:
    answer = run("halt", "--mode", "paper", "--json")
    assert json.loads(answer.out) == {
        "command": "halt",
        "state": str(state),
        "mode": "paper",
        "bot_runs": False,
        "acknowledged": False,
        "stopped_pid": None,
        "answer": None,
    }
    assert CommandQueue(state, "live").waiting() == []
    assert len(CommandQueue(state, "paper").waiting()) == 1


def test_the_status_of_a_bot_that_never_ran_is_one_line_and_an_error(run: Run) -> None:
    assert run("status").complaint.startswith("no bot has run on ")
    assert run("status", "--mode", "live", "--json").complaint.startswith("no live bot has run on ")


def test_the_status_is_told_in_lines_and_in_json(run: Run, state: Path) -> None:
    (state / "paper.sqlite").unlink()
    start = events.Booted(
        at=TEN, boot=1, log_id="A1", mode="paper", account="PAPER", version="1", config_digest="digest"
    )
    with SqliteEventLog(state / "paper.sqlite") as log:
        log.append([start])
    assert run("status").out.startswith("paper bot on account PAPER does not run; last event 2026-01-06 10:00:00, ")
    answer = run("status", "--json")
    assert (answer.code, json.loads(answer.out)["level"]) == (0, "RUN")


def test_a_halt_can_be_exit_only(run: Run, state: Path) -> None:
    assert run("halt", "--exit-only", "--why", "news").out.startswith("exit_only: no bot runs on ")
    [waiting] = CommandQueue(state, "paper").waiting()
    assert waiting.command is Command.EXIT_ONLY


def test_a_command_that_nobody_would_read_is_refused_and_not_kept(run: Run, home: Path) -> None:
    where = re.escape(str(home / "data" / "state"))
    assert re.fullmatch(rf"no bot has run on {where}; run this in .*--config", run("halt").complaint)
    assert not (home / "data" / "state").exists()


def test_a_command_for_the_other_mode_is_refused_when_that_bot_has_never_run(run: Run, state: Path) -> None:
    assert run("flatten", "--mode", "live").complaint.startswith("no live bot has run on ")
    assert "must be 'paper' or 'live'" in run("flatten", "--mode", "both").complaint


def test_a_reason_that_is_no_line_is_refused(run: Run, state: Path) -> None:
    assert run("resume", "--why", " ").complaint.startswith("--why is empty; ")
    assert "201 characters, above the limit of 200" in run("halt", "--why", "x" * 201).complaint
    assert not (state / "commands.sqlite").exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_the_calls_of_a_sign_in_stand_in_the_bots_journal_where_there_is_one(
    is_there: bool, home: Path, signed_in: dict[str, str]
) -> None:
    state = home / "bot"
    if is_there:
        state.mkdir()
    sign_in({**signed_in, "FYERSBOT__AUTH__ACCESS_TOKEN": ""})
    assert len(list(CallJournal(state).calls(DAY))) == is_there
    assert state.exists() == is_there


def test_the_trading_log_is_rebuilt_from_the_event_logs_of_the_folder(run: Run, home: Path) -> None:
    state = Settings().paths.state
    refused = run("rebuild-trading-log")
    assert (refused.code, refused.err) == (
        1,
        f"fyersbot: {state} holds no event log; set paths.state to the folder of a bot that has run\n",
    )
    with SqliteEventLog(log_path(home / state, Mode.PAPER)) as log:
        log.append([CommandGiven(at=1, command=Command.HALT, why="w")])
    assert run("rebuild-trading-log").out == "paper.sqlite: 1 events\n"
    assert json.loads(run("rebuild-trading-log", "--json").out) == {"events": {"paper.sqlite": 1}}
    assert trading_log_path(home / state).exists()
