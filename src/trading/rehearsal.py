"""A whole trading day against our own simulator: real processes, real sockets, real orders over the wire.

The simulator and the bot run as two programs that share a market clock. Each run has a folder of its own with the
broker's books and the bot's event log, so that either side can be killed and started again. Nothing is left behind when
the rehearsal itself is killed: the bot sees its input end and stops by its policy, and then the simulator, whose input
both of them held open, ends too.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from core.errors import BotError, ConfigurationError
from core.instants import HOUR, SECOND, ist_datetime, ist_text
from core.market import is_index
from runtime.clock import MarketClock
from simulator.tokens import AppCredentials
from trading.rehearsal_plan import BOT, BROKER, Rehearsal
from trading.stop_signals import stop_signals

OVERTIME = HOUR
"""A bot that has traded its day, be it by a daily candle after the closing auction, has ended by then."""
_LATE_SECONDS = 30.0
"""Wall seconds more that it is given, to archive and to check its day, before it is taken for one that waits for the
next."""
_DYING_SECONDS = 1.0
"""Wall seconds for a simulator that does not answer any more to be gone."""
_NO_ROOM = 1_000_000
"""Free bytes below which a disk is full: neither side can write its books."""
_SIGN_IN = "FYERSBOT__AUTH__"
FRONT_DOOR = Path(__file__).resolve().parents[2] / "run_live_bot.py"


def rehearse(plan: Rehearsal) -> int:
    """Play the day and return the bot's exit code.

    Raises `ConfigurationError` when the simulator does not start, `BotError` when no session came of it.
    """
    with _passing_on_signals() as children, simulator_process(plan) as (endpoints, lifeline):
        clock = MarketClock(plan.clock_start, plan.speed, endpoints["clock"]["epoch"])
        code = _run_bot(plan, endpoints, lifeline, clock, children)
    is_over = clock.now() >= plan.market_close
    go_on = f"go on with it: {_program()} demo --resume {plan.folder}"
    if code < 0:
        raise BotError(f"the bot was ended by {signal.Signals(-code).name}" + ("" if is_over else f"; {go_on}"))
    if code == 0 and not is_over:
        with suppress(OSError):  # the terminal may have been closed
            sys.stderr.write(f"The day is not over; {go_on}\n")
    return code


def _program() -> str:
    """Return how this program was called, so that what it prints can be pasted."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "fyersbot" else "fyersbot"


@contextmanager
def simulator_process(plan: Rehearsal) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Start the simulator as a program of its own and end it on the way out.

    Yields the endpoints it printed, and its lifeline: it also ends when no process holds that descriptor any more.
    A `BotError` of the block that comes of its early end is raised again as one that says why it ended.
    """
    command = [sys.executable, "-m", "cli", "simulator", "--until-input-ends", "--port", "0", "--seed", str(plan.seed)]
    command += ["--clock-start", ist_datetime(plan.clock_start).isoformat(), "--clock-speed", str(plan.speed)]
    command += ["--state", str(plan.folder / BROKER)]
    command += ["--tape", str(plan.tape)] if plan.tape else []
    source, lifeline = os.pipe()
    with os.fdopen(lifeline, "wb"), (plan.folder / "simulator.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=_without_secrets(os.environ),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        os.close(source)
        try:
            yield _endpoints(process, plan.folder / "simulator.log"), lifeline
        except ConfigurationError:
            raise
        except BotError as error:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_DYING_SECONDS)
            if process.returncode is None:
                raise
            why = _last_words(plan.folder / "simulator.log")
            raise BotError(f"the simulator has ended ({why}), so {error}") from error
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a simulator may know: its market needs no app and no token of the real broker."""
    return {name: value for name, value in environ.items() if not name.upper().startswith(_SIGN_IN)}


def bot_environment(plan: Rehearsal, endpoints: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that point a bot at a simulator; secrets travel in the environment, never in argv."""
    clock = endpoints["clock"]
    traded = [symbol for symbol in endpoints["symbols"] if not is_index(symbol)]
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
        "FYERSBOT__PATHS__STATE": str(plan.folder / BOT),
        "FYERSBOT__PATHS__ARCHIVE": str(plan.folder / "archive"),
        "FYERSBOT__PATHS__LIVE_TICKS": str(plan.folder / "live_market_data.sqlite"),
        "FYERSBOT__DISK__RESERVE_MB": "0",
    }


def _run_bot(
    plan: Rehearsal,
    endpoints: Mapping[str, Any],
    lifeline: int,
    clock: MarketClock,
    children: list[subprocess.Popen[bytes]],
) -> int:
    """Run the bot to its end. Raises `BotError` for one that came up too late for the day and waits for another."""
    environment = bot_environment(plan, endpoints)
    sign_in(environment)
    command = [sys.executable, str(FRONT_DOOR), "--until-input-ends", "--mode", "live", "--days", "1"]
    command += ["--config", str(plan.config)] if plan.config else []
    command += ["--json"] if plan.as_json else []
    ends_at = plan.market_close + OVERTIME + int(_LATE_SECONDS * plan.speed) * SECOND
    is_late = False
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, pass_fds=[lifeline]) as process:
        children.append(process)
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1.0)
            if clock.now() > ends_at:
                is_late = True
                process.terminate()
    if is_late:
        raise BotError(
            f"no session was traded: the bot was not up before the close at {ist_text(plan.market_close)}; "
            "start a new run, with a lower --speed"
        )
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
    except (OSError, HTTPException) as error:
        raise BotError(f"its sign-in page at {parts.netloc} does not answer: {error}") from error
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

    before = {number: signal.signal(number, hand_on) for number in stop_signals()}
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
        raise ConfigurationError(f"the simulator did not start: {_last_words(log)}")
    endpoints: Mapping[str, Any] = json.loads(line)
    return endpoints


def _last_words(log: Path) -> str:
    """Return why the simulator ended, by what it wrote; a full disk may have kept it from writing."""
    if shutil.disk_usage(log.parent).free < _NO_ROOM:
        return f"the disk that holds {log.parent} is full: make room and go on with it"
    said = log.read_text(errors="replace").strip().splitlines()
    return said[-1].removeprefix("fyersbot: ") if said else "no reason given"
