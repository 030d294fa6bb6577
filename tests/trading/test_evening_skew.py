"""The evening asks other programs whether the day's features were right, keeps what they say, and waits for none."""

import json
import logging
import os
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

from core.errors import BotError
from runtime.settings import Settings
from trading import evening_skew
from trading.evening_skew import EveningSkew
from trading.skew_figures import SKEW

from .test_skew_figures import SKEWED, SOUND

TUESDAY = date(2026, 1, 6)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "logs" / str(TUESDAY)).mkdir(parents=True)
    (tmp_path / "logs" / str(TUESDAY) / "summary.json").write_text("{}")
    return Settings.model_validate({"paths": {"state": tmp_path / "state", "logs": tmp_path / "logs"}})


class Programs:
    """Stand for the verbs: each prints a text, a complaint and ends with a code; what was started is remembered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[list[str]] = []
        self.says: dict[str, str] = {"download-data": "print('{}')", "skew": f"print({json.dumps(SOUND)!r})"}
        start = subprocess.Popen

        def popen(command: list[str], **how: object) -> subprocess.Popen[str]:
            self.started.append(command[4:])
            return start([sys.executable, "-c", self.says[command[4]]], **how)

        monkeypatch.setattr(evening_skew.subprocess, "Popen", popen)


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(monkeypatch)


def check(settings: Settings, *, ends: threading.Event | None = None, is_rehearsal: bool = False) -> None:
    EveningSkew(settings, Path("bot.yaml"), is_rehearsal=is_rehearsal)(TUESDAY, ends or threading.Event())


def test_the_candles_are_fetched_the_day_is_compared_and_the_report_is_kept(
    settings: Settings, programs: Programs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="trading")
    check(settings)
    rest, state = ["--json", "--config", "bot.yaml"], str(settings.paths.state)
    assert programs.started == [
        ["download-data", "--from", "2026-01-06", *rest],
        ["skew", "--day", "2026-01-06", "--state", state, "--mode", "paper", *rest],
    ]
    assert json.loads((settings.paths.logs / "2026-01-06" / SKEW).read_text()) == SOUND
    assert [(each.levelname, each.message[:42]) for each in caplog.records] == [
        ("INFO", "Checked: skew of 2026-01-06: no decision c")
    ]


def test_of_a_rehearsal_no_candles_are_fetched(settings: Settings, programs: Programs) -> None:
    check(settings, is_rehearsal=True)
    assert [each[0] for each in programs.started] == ["skew"]


def test_a_skewed_day_is_a_warning_and_kept_as_well(
    settings: Settings, programs: Programs, caplog: pytest.LogCaptureFixture
) -> None:
    programs.says["skew"] = f"print({json.dumps(SKEWED)!r}); raise SystemExit(1)"
    check(settings)
    [record] = caplog.records
    assert (record.levelname, "rsi_14, adx_14" in record.message) == ("WARNING", True)
    assert (settings.paths.logs / "2026-01-06" / SKEW).exists()


def test_candles_that_are_not_fetched_are_told_and_the_archive_may_have_them(
    settings: Settings, programs: Programs, caplog: pytest.LogCaptureFixture
) -> None:
    complain = "import sys; sys.stderr.write('a bar\\nfyersbot: sign in first\\n'); raise SystemExit(1)"
    programs.says["download-data"] = complain
    check(settings)
    assert caplog.messages == ["The candles of 2026-01-06 are not fetched: sign in first"]
    assert (settings.paths.logs / "2026-01-06" / SKEW).exists()


def test_a_day_that_cannot_be_compared_is_refused_with_what_the_program_said(
    settings: Settings, programs: Programs
) -> None:
    programs.says["skew"] = "import sys; sys.stderr.write('fyersbot: the archive lacks 4\\n'); raise SystemExit(1)"
    with pytest.raises(BotError, match=r"^skew of 2026-01-06: the archive lacks 4$"):
        check(settings)
    assert not (settings.paths.logs / "2026-01-06" / SKEW).exists()


def test_a_day_is_checked_once_and_again_after_it_was_reported_again(settings: Settings, programs: Programs) -> None:
    check(settings, is_rehearsal=True)
    check(settings, is_rehearsal=True)
    assert len(programs.started) == 1
    summary = settings.paths.logs / "2026-01-06" / "summary.json"
    later = (settings.paths.logs / "2026-01-06" / SKEW).stat().st_mtime_ns + 1_000_000
    os.utime(summary, ns=(later, later))
    check(settings, is_rehearsal=True)
    assert len(programs.started) == 2


def test_a_day_that_this_bot_did_not_report_is_none_of_its(settings: Settings, programs: Programs) -> None:
    (settings.paths.logs / "2026-01-06" / "summary.json").unlink()
    check(settings)
    assert programs.started == []


def test_a_bot_that_ends_waits_for_no_program(settings: Settings, programs: Programs) -> None:
    programs.says["skew"] = "import time; time.sleep(600)"
    ends = threading.Event()
    ends.set()
    with pytest.raises(BotError, match="because the bot ends"):
        check(settings, ends=ends, is_rehearsal=True)


def test_a_program_that_hangs_is_ended(settings: Settings, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.says["skew"] = "import time; time.sleep(600)"
    monkeypatch.setattr(evening_skew, "_LONGEST_SECONDS", 0.0)
    with pytest.raises(BotError, match="it took too long"):
        check(settings, is_rehearsal=True)
