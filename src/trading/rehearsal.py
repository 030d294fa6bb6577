"""A whole trading day against our own simulator: real processes, real sockets, real orders over the wire.

The simulator and the bot run as two programs that share a market clock. Each run has a folder of its own with the
broker's books and the bot's event log, so that either side can be killed and started again.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from core.errors import BotError, ConfigurationError
from core.instants import SECOND, Instant, ist_datetime
from core.ports import Calendar
from runtime.atomic_files import write_text
from runtime.clock import MarketClock
from simulator.tokens import AppCredentials

RUNS = Path("data/runs")
PLAN = "rehearsal.json"
STOPPED = "stopped.json"
_NOTE_SECONDS = 1.0
FASTEST = 3600.0
"""Market seconds per wall second: a day in six seconds, with the shortest waits still shorter than a candle."""
START_UP_SECONDS = 10.0
"""Wall seconds between the simulator's start and the open of the market, for both programs to come up."""
FRONT_DOOR = Path(__file__).resolve().parents[2] / "run_live_bot.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What to play."""

    folder: Path
    """Where both sides keep their state."""
    clock_start: Instant
    """Market instant at which the simulator starts."""
    market_close: Instant
    speed: float
    seed: int = 7
    tape: Path | None = None
    config: Path | None = None
    as_json: bool = False


def new_run(calendar: Calendar, day: date, speed: float, **choices: Any) -> Rehearsal:
    """Plan a day in a fresh folder under `data/runs`, starting early enough for both sides to be ready at the open.

    Everything is checked before anything is written. Raises `ConfigurationError` for a speed that cannot be kept and
    a day on which the market was closed, `DataError` for a tape that cannot be played on that day.
    """
    if not 0 < speed <= FASTEST:
        raise ConfigurationError(f"--speed {speed:g}: must lie above 0 and not above {FASTEST:g}")
    session = calendar.trading_day(day)
    if session is None:
        raise ConfigurationError(f"{day} was not a trading day; choose one that was")
    if choices.get("tape") is not None:
        _check_tape(choices["tape"], day, calendar)
    start = session.open - int(START_UP_SECONDS * speed) * SECOND
    plan = Rehearsal(
        folder=_fresh_folder(RUNS, day), clock_start=start, market_close=session.close, speed=speed, **choices
    )
    plan.folder.mkdir(parents=True)
    content = {
        "clock_start": start,
        "market_close": session.close,
        "speed": speed,
        "seed": plan.seed,
        "tape": str(plan.tape.resolve()) if plan.tape else None,
        "config": str(plan.config.resolve()) if plan.config else None,
    }
    write_text(plan.folder / PLAN, json.dumps(content) + "\n")
    return plan


def resumed_run(folder: Path, *, as_json: bool) -> Rehearsal:
    """Plan to go on with a run where its market stopped. Raises `ConfigurationError` when the folder holds none."""
    try:
        content = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        stopped = json.loads((folder / STOPPED).read_text(encoding="utf-8")) if (folder / STOPPED).exists() else {}
        return Rehearsal(
            folder=folder,
            clock_start=stopped.get("market_time", content["clock_start"]),
            market_close=content["market_close"],
            speed=content["speed"],
            seed=content["seed"],
            tape=Path(content["tape"]) if content["tape"] else None,
            config=Path(content["config"]) if content["config"] else None,
            as_json=as_json,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{folder} holds no run to go on with ({error}); start a new one") from error


def rehearse(plan: Rehearsal) -> int:
    """Play the day and return the bot's exit code. Raises `ConfigurationError` when the simulator does not start."""
    with _passing_on_signals() as children, simulator_process(plan) as endpoints:
        clock = MarketClock(plan.clock_start, plan.speed, endpoints["clock"]["epoch"])
        code = _run_bot(plan, endpoints, clock, children)
    if code == 0 and clock.now() < plan.market_close:
        sys.stderr.write(f"The day is not over; go on with it: fyersbot demo --resume {plan.folder}\n")
    return code


@contextmanager
def simulator_process(plan: Rehearsal) -> Iterator[Mapping[str, Any]]:
    """Start the simulator as a program of its own; yields the endpoints it printed, ends it on the way out."""
    command = [sys.executable, "-m", "cli", "simulator", "--port", "0", "--seed", str(plan.seed)]
    command += ["--clock-start", ist_datetime(plan.clock_start).isoformat(), "--clock-speed", str(plan.speed)]
    command += ["--state", str(plan.folder / "broker")]
    command += ["--tape", str(plan.tape)] if plan.tape else []
    with (plan.folder / "simulator.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        try:
            yield _endpoints(process, plan.folder / "simulator.log")
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def bot_environment(plan: Rehearsal, endpoints: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that point a bot at a simulator; secrets travel in the environment, never in argv."""
    clock = endpoints["clock"]
    traded = [symbol for symbol in endpoints["symbols"] if not symbol.endswith("-INDEX")]
    return {
        **os.environ,
        "FYERSBOT__BROKER__ENDPOINTS__REST": endpoints["rest"],
        "FYERSBOT__BROKER__ENDPOINTS__DATA": endpoints["data"],
        "FYERSBOT__BROKER__ENDPOINTS__DATA_SOCKET": endpoints["data_socket"],
        "FYERSBOT__BROKER__ENDPOINTS__ORDER_SOCKET": endpoints["order_socket"],
        "FYERSBOT__BROKER__ENDPOINTS__SYMBOL_MASTER": endpoints["symbol_master"],
        "FYERSBOT__CLOCK__START": str(clock["start"]),
        "FYERSBOT__CLOCK__SPEED": str(clock["speed"]),
        "FYERSBOT__CLOCK__EPOCH": str(clock["epoch"]),
        "FYERSBOT__AUTH__CLIENT_ID": endpoints["client_id"],
        "FYERSBOT__AUTH__SECRET_KEY": AppCredentials().secret_key,
        "FYERSBOT__AUTH__ACCESS_TOKEN": "",  # one for the real broker would win over the sign-in here
        "FYERSBOT__AUTH__TOKEN_FILE": str(plan.folder / "sign-in" / "token.json"),
        "FYERSBOT__LIVE__ACCOUNT": endpoints["account"],
        "FYERSBOT__SYMBOLS": json.dumps(traded),
        "FYERSBOT__PATHS__STATE": str(plan.folder / "bot"),
    }


def _run_bot(
    plan: Rehearsal, endpoints: Mapping[str, Any], clock: MarketClock, children: list[subprocess.Popen[bytes]]
) -> int:
    """Run the bot to its end, noting the market time all the while: a killed run is resumed from there."""
    environment = bot_environment(plan, endpoints)
    sign_in(environment)
    command = [sys.executable, str(FRONT_DOOR), "--mode", "live", "--days", "1"]
    command += ["--config", str(plan.config)] if plan.config else []
    command += ["--json"] if plan.as_json else []
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    children.append(process)
    while process.poll() is None:
        write_text(plan.folder / STOPPED, json.dumps({"market_time": clock.now()}) + "\n")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_NOTE_SECONDS)
    return process.returncode


def sign_in(environment: Mapping[str, str]) -> None:
    """Sign in as a person would: open the page, be sent back with a code, paste the address. Raises `BotError`."""
    command = [sys.executable, "-m", "cli", "login"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise BotError("the sign-in was started without pipes")
        page = next((line.strip() for line in process.stdout if line.startswith("http")), "")
        if page:
            process.stdin.write(_sent_back_to(page) + "\n")
            process.stdin.flush()
        _, complaint = process.communicate()
    if process.returncode:
        raise BotError(f"the sign-in at the simulator failed: {complaint.strip()}")


def _sent_back_to(page: str) -> str:
    """Open the simulator's sign-in page and return the address it sends the browser to."""
    parts = urlsplit(page)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().getheader("Location", "")
    finally:
        connection.close()


@contextmanager
def _passing_on_signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let the child end by its own policy: signals are handed on, and being told twice does it no harm.

    Before there is a child, either ends the rehearsal, and the simulator with it.
    """
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if not children:
            raise KeyboardInterrupt
        for child in children:
            child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _endpoints(process: subprocess.Popen[bytes], log: Path) -> Mapping[str, Any]:
    """Read the one line of JSON the simulator prints when it is ready."""
    if process.stdout is None:
        raise BotError("the simulator was started without an output to read")
    line = process.stdout.readline()
    if not line:
        process.wait()
        reason = log.read_text(errors="replace").strip().splitlines()
        why = reason[-1].removeprefix("fyersbot: ") if reason else "no reason given"
        raise ConfigurationError(f"the simulator did not start: {why}")
    endpoints: Mapping[str, Any] = json.loads(line)
    return endpoints


def _check_tape(path: Path, day: date, calendar: Calendar) -> None:
    """Open a tape as the simulator will, and say what was made of its rows. Raises `DataError`."""
    from simulator.tape import TapeMarket  # noqa: PLC0415 - reading tapes needs pandas, which starts slowly

    tape = TapeMarket.from_file(path, calendar=calendar)
    tape.require(day)
    sys.stderr.write(f"{tape.report}\n")


def _fresh_folder(parent: Path, day: date) -> Path:
    """Return the first free folder name for a day: runs never share state."""
    number = 1
    while (folder := parent / f"{day}-{number:03}").exists():
        number += 1
    return folder
