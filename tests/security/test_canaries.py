"""Secrets that we would know anywhere, through a sign-in and a live session: no byte of them is left anywhere.

The bot is the real program against the simulator; one session serves all looks at it. The app's secret goes in by the
environment, the day's token comes from the sign-in; the data socket's key stands inside the token.
"""

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from datetime import time as time_of_day
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pytest

from auth.access_token import read_token
from core.instants import instant_at
from market_data.calendar import NseCalendar
from runtime.project import ROOT
from simulator.faults import FaultKind
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator
from simulator.tokens import AppCredentials
from trading.rehearsal import bot_environment
from trading.rehearsal_plan import Rehearsal

CANARY = "canary+of/the=app secret"
DAY = date(2026, 1, 6)
SPEED = 30.0
PATIENCE_SECONDS = 90.0
LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp."""
FOLLOW = """from core.signals import Direction, Needs, Signal

class Follow:
    name = "follow"
    needs = Needs(features=("ema_gap_5",))

    def on_data(self, now, before):
        direction = Direction.LONG if now["ema_gap_5"] > 0 else Direction.SHORT
        return Signal(symbol=now.symbol, at=now.closed_at, direction=direction, probability=1.0, source="a", reason="b")
"""


@dataclass(frozen=True)
class Session:
    """What a sign-in and a session left behind, and what was seen of the process while it ran."""

    home: Path
    secrets: dict[str, str]
    said: dict[str, bytes]
    """Standard output and error of each program."""
    command_lines: bytes
    listening: list[str]
    children: list[str]
    limits: str

    def forms(self) -> Iterator[tuple[str, bytes]]:
        """Every secret as it would look in a text, an address, in JSON and in base64 at any offset."""
        for name, secret in self.secrets.items():
            for form in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
                yield name, form.encode()
            for offset in range(3):
                middle = base64.b64encode(b"\0" * offset + secret.encode())[4 * (offset > 0) : -4]
                yield f"{name} in base64", middle
                yield f"{name} in base64 for addresses", middle.replace(b"+", b"-").replace(b"/", b"_")
            yield f"{name} in hexadecimal", secret.encode().hex().encode()


def sign_in(home: Path, environment: dict[str, str]) -> tuple[str, bytes]:
    """Sign in as a person without a browser does; return the auth code, and all that was said."""
    command = [sys.executable, "-m", "cli", "login", "--json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=home, env=environment, **pipes) as running:
        assert running.stderr is not None
        lines = []
        for line in running.stderr:
            lines.append(line)
            if line.startswith(b"http"):
                break
        parts = urlsplit(lines[-1].decode().strip())
        connection = HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", f"{parts.path}?{parts.query}")
        address = connection.getresponse().getheader("Location") or ""
        connection.close()
        out, err = running.communicate(f"{address}\n".encode(), timeout=60)
    assert running.returncode == 0, err
    return parse_qs(urlsplit(address).query)["auth_code"][0], b"".join(lines) + out + err


def listening_sockets(pid: int) -> list[str]:
    """The sockets of a process that wait for somebody to connect."""
    own = {str(handle.readlink()) for handle in Path(f"/proc/{pid}/fd").iterdir() if handle.is_symlink()}
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    return [row[1] for row in rows if row[3] == LISTENING and f"socket:[{row[9]}]" in own]


def wait_for(words: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in log.read_text(errors="replace"):
        assert process.poll() is None, log.read_text(errors="replace")[-3_000:]
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3_000:]
        time.sleep(0.05)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    start = instant_at(DAY, time_of_day(10, 0))
    options = SimulatorOptions(symbols=("NSE:SBIN-EQ",), clock_start=start, clock_speed=SPEED, limits=None, seed=7)
    calendar = NseCalendar(cache=tmp_path_factory.mktemp("calendar"))
    with running_simulator(options, calendar) as running:
        yield running


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, simulator: RunningSimulator) -> Session:
    home = tmp_path_factory.mktemp("home")
    plan = Rehearsal(folder=home, clock_start=instant_at(DAY, time_of_day(10, 0)), market_close=0, speed=SPEED)
    (home / "follow.py").write_text(FOLLOW)
    settings = {
        "timeframe": "1m",
        "history": {"candles": 100},
        "strategy": {"name": "follow", "folder": str(home)},
        "log": {"level": "DEBUG"},
    }
    (home / "bot.yaml").write_text(json.dumps(settings))
    environment = bot_environment(plan, simulator.endpoints.to_json())
    code, sign_in_said = sign_in(home, environment)
    environment["FYERSBOT__AUTH__SECRET_KEY"] = CANARY  # from here on nobody needs the real one
    command = [sys.executable, str(ROOT / "run_live_bot.py"), "--mode", "live", "--json", "--config", "bot.yaml"]
    out, err = home / "out.json", home / "err.log"
    with out.open("wb") as output, err.open("wb") as errors:
        bot = subprocess.Popen(
            command, cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
    try:
        wait_for("Feed orders: live", err, bot)
        wait_for("Levels NSE:SBIN-EQ", err, bot)
        halted = subprocess.run(
            [sys.executable, "-m", "cli", "halt", "--why", "a look around", "--json", "--config", "bot.yaml"],
            cwd=home, env=environment, capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        process = Path(f"/proc/{bot.pid}")
        seen = {
            "command_lines": (process / "cmdline").read_bytes(),
            "listening": listening_sockets(bot.pid),
            "children": [child for task in process.glob("task/*/children") for child in task.read_text().split()],
            "limits": (process / "limits").read_text(),
        }
        simulator.arm(FaultKind.EXPIRE_TOKENS)
        wait_for("Access lost", err, bot)
    finally:
        bot.send_signal(signal.SIGTERM)
        bot.wait(PATIENCE_SECONDS)
    app = AppCredentials()
    token = json.loads((home / "sign-in" / "token.json").read_text())["access_token"]
    secrets = {
        "token": token,
        "signature of the token": token.split(".")[2],
        "claims of the token": token.split(".")[1],
        "key of the data socket": read_token(token).hsm_key.get_secret_value(),
        "secret of the app": CANARY,
        "proof of the app": hashlib.sha256(f"{app.client_id}:{app.secret_key}".encode()).hexdigest(),
        "auth code": code,
    }
    said = {"sign-in": sign_in_said, "halt": halted.stdout + halted.stderr}
    return Session(home=home, secrets=secrets, said=said, **seen)


def leaks(session: Session, outputs: dict[str, bytes]) -> list[str]:
    return [
        f"{name} in {where}" for where, content in outputs.items() for name, form in session.forms() if form in content
    ]


def outputs_of(session: Session) -> dict[str, bytes]:
    """Every file but the one that is there to keep the token, and all that the programs said."""
    token_file = session.home / "sign-in" / "token.json"
    files = [path for path in session.home.rglob("*") if path.is_file() and path != token_file]
    return {str(path.relative_to(session.home)): path.read_bytes() for path in files} | session.said


@pytest.mark.hazard("X12")
def test_no_byte_of_a_secret_is_left_by_a_sign_in_a_session_and_the_death_of_its_token(session: Session) -> None:
    outputs = outputs_of(session)
    assert leaks(session, outputs) == []
    written = {Path(name).name for name in outputs}
    wanted = {"live_trading.log", "live_trading.jsonl", "live.sqlite", "commands.sqlite", "err.log", "out.json"}
    assert wanted <= written, "else this looks at a session that never was"
    assert any(name.startswith("calls-") for name in written)
    assert b"AccessChanged" in b"".join(content for name, content in outputs.items() if "live.sqlite" in name)


def test_the_look_for_secrets_finds_each_of_them_in_each_form(session: Session) -> None:
    for name, secret in session.secrets.items():
        raw = secret.encode()
        for spoken in (raw, quote(secret, safe="").encode(), base64.b64encode(b"ab" + raw), raw.hex().encode()):
            assert leaks(session, {"a file": b"before " + spoken + b" after"}), name


@pytest.mark.hazard("X12")
def test_the_running_bot_shows_no_secret_to_other_users(session: Session) -> None:
    assert leaks(session, {"its command line": session.command_lines}) == []
    assert b"run_live_bot.py" in session.command_lines
    modes = {path.name: path.stat().st_mode & 0o077 for path in (session.home / "sign-in").iterdir()}
    assert modes == {"token.json": 0}


@pytest.mark.hazard("X12")
def test_the_running_bot_may_leave_no_core_dump(session: Session) -> None:
    [limit] = [line.split()[4:6] for line in session.limits.splitlines() if line.startswith("Max core file size")]
    assert set(limit) <= {"0", "1"}


def test_the_running_bot_listens_to_nobody_and_starts_nobody(session: Session) -> None:
    assert session.listening == []
    assert session.children == []


def test_the_look_for_listeners_finds_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f":{server.getsockname()[1]:04X}"
        assert any(address.endswith(port) for address in listening_sockets(os.getpid()))
