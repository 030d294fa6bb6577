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
from dataclasses import dataclass
from datetime import date, time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from core.errors import BotError, ConfigurationError
from core.instants import HOUR, SECOND, Instant, instant_at, ist_datetime, ist_text
from core.market import Timeframe
from core.ports import Calendar
from runtime.atomic_files import write_text
from runtime.clock import MarketClock, is_start
from simulator.options import LOCK, TIME_NOTE
from simulator.tokens import AppCredentials
from trading.event_log import SqliteEventLog
from trading.stop_signals import stop_signals

RUNS = Path("data/runs")
PLAN = "rehearsal.json"
BROKER = "broker"
"""Folder of the simulator's books in a run's folder."""
BOT = "bot"
"""Folder of the bot's state in a run's folder."""
FASTEST = 900.0
"""Market seconds per wall second: a day in half a minute. At more there is no time to come up before the open."""
START_UP_SECONDS = 10.0
"""Wall seconds between the simulator's start and the open of the market, for both programs to come up."""
EARLIEST = time(6, 30)
"""The clock of a day starts no earlier: a token that is given before 06:00 dies at 06:00."""
OVERTIME = HOUR
"""A bot that has traded its day, be it by a daily candle after the closing auction, has ended by then."""
_LATE_SECONDS = 10.0
"""Wall seconds more that it is given before it is taken for one that waits for the next day."""
_DYING_SECONDS = 1.0
"""Wall seconds for a simulator that does not answer any more to be gone."""
_NO_ROOM = 1_000_000
"""Free bytes below which a disk is full: neither side can write its books."""
_SIGN_IN = "FYERSBOT__AUTH__"
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


def new_run(calendar: Calendar, day: date, speed: float, timeframe: Timeframe, **choices: Any) -> Rehearsal:
    """Plan a day in a fresh folder under `data/runs`, starting early enough for both sides to be ready at the open.

    `timeframe` is the one the bot will ask for. Everything is checked before anything is written. Raises
    `ConfigurationError` for a speed that cannot be kept and a day on which the market was closed, `DataError` for a
    tape that cannot be played on that day or not in that timeframe.
    """
    if not 0 < speed <= FASTEST:
        raise ConfigurationError(f"--speed {speed:g}: must lie above 0 and not above {FASTEST:g}")
    session = calendar.trading_day(day)
    if session is None:
        raise ConfigurationError(f"{day} was not a trading day; choose one that was")
    if choices.get("tape") is not None:
        _check_tape(choices["tape"], day, timeframe, calendar)
    start = max(session.open - int(START_UP_SECONDS * speed) * SECOND, instant_at(day, EARLIEST))
    plan = Rehearsal(
        folder=_fresh_folder(RUNS, day), clock_start=start, market_close=session.close, speed=speed, **choices
    )
    plan.folder.mkdir(parents=True, mode=0o700)
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
    """Plan to go on with a run where its market stopped.

    Raises `ConfigurationError` when the folder holds none, or one that is running or whose market had closed.
    """
    note = folder / BROKER / TIME_NOTE
    _require_idle_run(folder)
    try:
        content = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        reached = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
        _check_plan(content, reached)
        plan = Rehearsal(
            folder=folder,
            clock_start=max(reached.get("market_time", content["clock_start"]), _last_event_at(folder)),
            market_close=content["market_close"],
            speed=content["speed"],
            seed=content["seed"],
            tape=Path(content["tape"]) if content["tape"] else None,
            config=Path(content["config"]) if content["config"] else None,
            as_json=as_json,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{folder} holds no run to go on with ({error}); start a new one") from error
    if plan.clock_start >= plan.market_close:
        raise ConfigurationError(
            f"{folder}: its market closed at {ist_text(plan.market_close)} and the run reached "
            f"{ist_text(plan.clock_start)}; start a new one"
        )
    return plan


def _last_event_at(folder: Path) -> Instant:
    """Return when the bot last recorded something: its time must not run backwards. 0 when it has recorded nothing."""
    path = folder / BOT / "live.sqlite"
    if not path.exists():
        return 0
    with SqliteEventLog(path) as log:
        return max((row.at for row in log.rows()), default=0)


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


def _check_tape(path: Path, day: date, timeframe: Timeframe, calendar: Calendar) -> None:
    """Open a tape as the simulator will, and say what was made of its rows. Raises `DataError`."""
    from simulator.tape import TapeMarket  # noqa: PLC0415 - reading tapes needs pandas, which starts slowly

    tape = TapeMarket.from_file(path, calendar=calendar)
    tape.require(day)
    tape.require_timeframe(timeframe)
    sys.stderr.write(f"{tape.report}\n")


def _require_idle_run(folder: Path) -> None:
    """Refuse a folder without a run, and one whose simulator is at work. Raises `ConfigurationError`."""
    if not (folder / PLAN).is_file():
        what = f"has no {PLAN}, so it holds no run to go on with" if folder.exists() else "does not exist"
        raise ConfigurationError(f"{folder} {what}; name the folder of a run, or start a new one")
    if not (folder / BROKER).is_dir():
        return
    try:
        FileLock(folder / BROKER / LOCK).acquire(timeout=0).lock.release()
    except Timeout:
        raise ConfigurationError(f"{folder}: this run is running; stop it, or wait for its end") from None


def _check_plan(content: Mapping[str, Any], reached: Mapping[str, Any]) -> None:
    """Refuse what no run has written down. Raises `ValueError` or `TypeError`."""
    if not isinstance(content, dict) or not isinstance(reached, dict):
        raise TypeError(f"{PLAN} or {TIME_NOTE} is not an object")
    times = {"market_time": content["clock_start"], **content, **reached}
    for name in ("clock_start", "market_close", "market_time"):
        if type(times[name]) is not int or not is_start(times[name]):
            raise ValueError(f"{name} is {str(times[name])[:40]!r}, which is no market time")
    speed, seed = content["speed"], content["seed"]
    if type(speed) not in {int, float} or not 0 < speed <= FASTEST:
        raise ValueError(f"speed is {str(speed)[:40]!r}; it must lie above 0 and not above {FASTEST:g}")
    if type(seed) is not int or seed < 0:
        raise ValueError(f"seed is {str(seed)[:40]!r}; it must be a whole number of at least 0")


def _fresh_folder(parent: Path, day: date) -> Path:
    """Return the first free folder name for a day: runs never share state."""
    number = 1
    while (folder := parent / f"{day}-{number:03}").exists():
        number += 1
    return folder
