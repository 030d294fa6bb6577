import re
from contextlib import nullcontext
from datetime import date, time
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import BotError
from core.instants import SECOND, Instant, instant_at
from trading import rehearsal
from trading.rehearsal_plan import BROKER, Rehearsal

DAY = date(2026, 1, 6)
CLOSE = instant_at(DAY, time(15, 30))


@pytest.mark.parametrize(("reached", "hint"), [(CLOSE - 60 * SECOND, "; go on with it: .*--resume"), (CLOSE, "$")])
def test_a_bot_that_was_ended_by_a_signal_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: Instant, hint: str
) -> None:
    plan = Rehearsal(folder=tmp_path, clock_start=CLOSE - 60 * SECOND, market_close=CLOSE, speed=60.0)
    monkeypatch.setattr(rehearsal, "simulator_process", lambda _plan: nullcontext(({"clock": {"epoch": 0.0}}, 0)))
    monkeypatch.setattr(rehearsal, "MarketClock", lambda *_: SimpleNamespace(now=lambda: reached))
    monkeypatch.setattr(rehearsal, "_run_bot", lambda *_: -9)
    with pytest.raises(BotError, match=f"the bot was ended by SIGKILL{hint}"):
        rehearsal.rehearse(plan)


DYING_SIMULATOR = """#!/bin/sh
case "$3" in
simulator) echo '{"clock": {"start": 0, "speed": 1, "epoch": 0}, "symbols": [], "account": "A", "client_id": "C",
"rest": "", "data": "", "data_socket": "", "order_socket": "", "symbol_master": ""}' | tr -d '\\n'; echo
echo 'fyersbot: market_time.json: the disk is full' >&2 ;;
login) echo http://127.0.0.1:1/page?state=x; read answer ;;
esac
"""


@pytest.mark.hazard("W4")
@pytest.mark.parametrize("is_full", [False, True])
def test_a_simulator_that_dies_at_once_is_told_in_one_line_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_full: bool
) -> None:
    program = tmp_path / "program"
    program.write_text(DYING_SIMULATOR)
    program.chmod(0o700)
    monkeypatch.setattr("trading.rehearsal.sys.executable", str(program))
    if is_full:
        monkeypatch.setattr("trading.rehearsal.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    plan = Rehearsal(folder=tmp_path, clock_start=instant_at(DAY, time(10, 0)), market_close=CLOSE, speed=1.0)
    with pytest.raises(BotError) as ended:
        rehearsal.rehearse(plan)
    why = rf"the disk that holds {tmp_path} is full: make room .*" if is_full else "market_time.json: the disk is full"
    said = rf"the simulator has ended \({why}\), so its sign-in page at 127.0.0.1:1 does not answer: .*refused"
    assert re.fullmatch(said, str(ended.value))


@pytest.mark.hazard("X12")
def test_a_simulator_is_not_told_the_secrets_of_the_real_broker(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FYERSBOT__AUTH__SECRET_KEY", "canary-secret")
    monkeypatch.setenv("fyersbot__auth__access_token", "canary-token")
    plan = Rehearsal(folder=tmp_path, clock_start=instant_at(DAY, time(10, 0)), market_close=CLOSE, speed=1.0)
    with rehearsal.simulator_process(plan) as (endpoints, _):
        assert endpoints["client_id"]
        [simulator] = [
            folder
            for folder in Path("/proc").glob("[0-9]*")
            if str(tmp_path / BROKER).encode() in (folder / "cmdline").read_bytes().split(b"\0")
        ]
        assert b"canary" not in (simulator / "environ").read_bytes() + (simulator / "cmdline").read_bytes()
