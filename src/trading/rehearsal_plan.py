"""Which day is rehearsed, from when and how fast: planned in a folder of its own, or gone on with where it stopped.

Everything is checked before a program is started. The plan is written down, so that `--resume` plays the same day.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import ConfigurationError
from core.instants import SECOND, Instant, instant_at, ist_text
from core.market import Timeframe
from core.ports import Calendar
from runtime.atomic_files import write_text
from runtime.clock import is_start
from runtime.settings import Mode
from simulator.options import LOCK, TIME_NOTE
from trading.event_log import SqliteEventLog
from trading.state_files import log_path

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
    path = log_path(folder / BOT, Mode.LIVE)
    if not path.exists():
        return 0
    with SqliteEventLog(path) as log:
        return max((row.at for row in log.rows()), default=0)


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
