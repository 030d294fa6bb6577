"""`fyersbot replay`: find a recorded day, decide it again, and say what came of it."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError
from core.events import DeskSet, Event
from core.instants import Instant, instant_at, ist_text
from core.ports import Calendar
from runtime.json_answer import print_json
from runtime.settings import Settings
from trading.desk_record import choice_of, kernel_of
from trading.event_log import Row
from trading.kernel import Kernel
from trading.recorded_bot import RecordedBot
from trading.replay import Difference, Replay, Start, Tally
from trading.rule_changes import changed_rules
from trading.strategy_choice import StrategyChoice
from trading.tick_tape import Seen, read_tape, tape_path, written_position


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What to replay."""

    bot: RecordedBot
    day: date | None = None
    """None: the newest day in the log."""
    until: time | None = None
    """Time of day at which to stop."""
    changes: tuple[str, ...] = ()
    """Rules to change, as `stop_atr=1.5`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a replay."""

    day: date
    tally: Tally
    difference: Difference | None
    recorded_by: str
    """Version of the program that recorded the day."""
    head: str
    """Hash of the log's newest row."""
    kernel: Kernel
    """As it was at the end."""
    until: Instant | None

    @property
    def verdict(self) -> str:
        """The replay in a few lines."""
        tally, difference = self.tally, self.difference
        counts = f"{tally.inputs:,} inputs, {tally.ticks:,} ticks, {tally.decisions:,} decisions"
        if difference is None:
            lost = (
                f" ({tally.unrecorded} decided as the bot ended: not recorded, not acted on)"
                if tally.unrecorded
                else ""
            )
            return f"verified: {counts}, identical{lost}"
        here = version("fyersbot")
        versions = "" if self.recorded_by == here else f" (recorded by version {self.recorded_by}, replayed by {here})"
        return (
            f"different after {counts}: row {difference.row}, {ist_text(difference.at)}{versions}\n"
            f"  recorded: {difference.recorded}\n"
            f"  decided:  {difference.decided}"
        )

    @property
    def question_answered(self) -> str:
        """What changed rules would have come to."""
        difference = self.difference
        if difference is None:
            return f"no decision would differ in {self.tally.inputs:,} inputs and {self.tally.ticks:,} ticks"
        return (
            f"the first decision that would differ: row {difference.row}, {ist_text(difference.at)}\n"
            f"  recorded:  {difference.recorded}\n"
            f"  would be:  {difference.decided}"
        )

    @property
    def state_lines(self) -> str:
        """The bot as it stood at the end of the replay."""
        state, ticks = self.kernel.state, self.kernel.engine.ticks
        moment = "at the end" if self.until is None else f"at {ist_text(self.until)}"
        phase = state.phase.value if state.phase else "none"
        trades = f"{len(state.trades)} closed trades, {state.realised / 100:.2f} rupees realised"
        lines = [f"{moment}: level {state.level.name}, phase {phase}, {trades}"]
        for symbol, position in state.positions.items():
            tick = ticks.get(symbol)
            levels = f"stop {position.stop / 100:.2f}, target {position.target / 100:.2f}"
            last = f", last {tick.ltp / 100:.2f}, {position.profit_at(tick.ltp) / 100:.2f} rupees" if tick else ""
            entry = position.entry_value / position.entry_filled / 100
            lines.append(f"position {symbol}: {position.signed_quantity} at {entry:.2f}, {levels}{last}")
        for tag, order in state.orders.items():
            if order.state.is_live:
                intent = order.intent
                price = (order.trigger_price or order.limit_price or intent.trigger_price or intent.limit_price) / 100
                what = f"{intent.side.name} {intent.quantity} {intent.symbol} at {price:.2f}"
                lines.append(f"order {tag}: {what}, {order.state.value}, {order.filled} filled")
        return "\n".join(lines)

    @property
    def data(self) -> dict[str, Any]:
        """The same for programs."""
        tally, difference = self.tally, self.difference
        return {
            "day": self.day.isoformat(),
            "starts": tally.starts,
            "inputs": tally.inputs,
            "ticks": tally.ticks,
            "decisions": tally.decisions,
            "unrecorded": tally.unrecorded,
            "identical": difference is None,
            "difference": difference
            and {
                "row": difference.row,
                "at": ist_text(difference.at),
                "recorded": difference.recorded,
                "decided": difference.decided,
            },
            "recorded_by": self.recorded_by,
            "log_head": self.head,
        }


def request_of(
    settings: Settings,
    *,
    run: Path | None,
    state: Path | None,
    mode: str | None,
    day: date | None,
    until: str | None,
    changes: Sequence[str],
) -> ReplayRequest:
    """Make a request of what was typed. Raises `ConfigurationError`."""
    bot = RecordedBot.named(settings, run=run, state=state, mode=mode)
    try:
        at = time.fromisoformat(until) if until else None
    except ValueError:
        raise ConfigurationError(f"--until {until}: give a time of day, for example 11:30:00") from None
    return ReplayRequest(bot=bot, day=day, until=at, changes=tuple(changes))


def print_replay(request: ReplayRequest, settings: Settings, calendar: Calendar, *, verify: bool, as_json: bool) -> int:
    """Replay and print; return the exit code. Raises what `replay` raises."""
    if verify and request.changes:
        raise ConfigurationError("--verify proves that nothing differs, --set asks what would: give one or the other")
    came = replay(request, settings, calendar)
    if as_json:
        print_json(came.data)
    else:
        lines = [came.question_answered if request.changes else came.verdict]
        if not verify and not request.changes:
            lines.append(came.state_lines)
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if came.difference is None or request.changes else 1


def replay(request: ReplayRequest, settings: Settings, calendar: Calendar) -> Replayed:
    """Replay a recorded day up to its end, an instant or the first difference.

    Raises `ConfigurationError` for a day that was not recorded or rules that do not exist, `StorageError` for a damaged
    log or tape, `ModelError` for a model that is another than that day's.
    """
    tapes = request.bot.tapes
    reached = {tape: written_position(tape) for tape in tapes.glob("*.tape")}  # first: a bot may be writing both
    recording = request.bot.read(request.day)
    starts = recording.starts
    until = _until(request, starts[0])
    tape = tape_path(tapes, starts[0].day)
    kernel_for = _KernelMaker(recording.rows, request.changes, settings, calendar)
    tally = Tally()
    for start in takewhile(lambda each: until is None or each.rows[0].at <= until, starts):
        kernel = kernel_for(start)
        ticks = _ticks(tape, start, reached.get(tape, 0))
        difference = Replay(start, kernel, ticks, tally, has_other_rules=bool(request.changes)).run(until)
        if difference is not None:
            break
    return Replayed(
        day=start.day,
        tally=tally,
        difference=difference,
        recorded_by=start.version,
        head=recording.head,
        kernel=kernel,
        until=until,
    )


def _until(request: ReplayRequest, first: Start) -> Instant | None:
    """Return the instant at which to stop; None: at the end. Raises `ConfigurationError` for one before the bot."""
    if request.until is None:
        return None
    until = instant_at(first.day, request.until)
    if until < first.rows[0].at:
        raise ConfigurationError(f"--until {request.until}: the bot started at {ist_text(first.rows[0].at)}")
    return until


class _KernelMaker:
    """Builds the kernel of each start, with everything folded that came before it."""

    def __init__(self, rows: Sequence[Row], changes: Sequence[str], settings: Settings, calendar: Calendar) -> None:
        self._rows = rows
        self._changes = changes
        self._settings = settings
        self._calendar = calendar
        self._events: list[Event] = []
        self._choices: dict[DeskSet, StrategyChoice] = {}

    def __call__(self, start: Start) -> Kernel:
        desk = replace(start.desk, at=0)
        if desk not in self._choices:
            self._choices[desk] = choice_of(desk, self._settings)
        rules = changed_rules(desk.rules, self._changes)
        kernel = kernel_of(replace(desk, rules=rules), self._choices[desk], self._calendar)
        before = start.rows[0].number - 1
        self._events += [row.event for row in self._rows[len(self._events) : before]]
        for event in self._events:
            kernel.restore(event)
        return kernel


def _ticks(tape: Path, start: Start, reached: int) -> Iterator[Seen]:
    """Yield the ticks that a start can have seen; a day without any has no need of a tape."""
    if not start.rows[-1].tape and not tape.exists():
        return iter(())
    end = max(reached, start.rows[-1].tape)
    return takewhile(lambda seen: seen.position <= end, read_tape(tape, start.rows[0].tape))
