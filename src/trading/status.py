"""How a bot does, told from its event log alone: whoever asks disturbs nobody, and may ask when the bot is dead.

The log is read without a lock and without writing; a reader sees what was committed when it began. The state is the
same fold the bot itself starts from.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import StorageError
from core.event_codec import decode
from core.events import Booted, DeskSet, SafetyLevel
from core.fold import apply
from core.instants import SECOND, Instant, ist_text
from core.market import Instrument
from core.ports import Clock
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder
from core.unattended import loss_if_left_alone
from runtime.clock import MarketClock
from runtime.settings import Mode, Settings
from trading.bot_lock import is_bot_running
from trading.candle_figures import candle_data, candle_line
from trading.drift_figures import caution_data, caution_line, drift_data, drift_line
from trading.event_log import LAYOUT
from trading.rupee_text import share_text
from trading.shadow_ledger import ShadowLedger, ShadowTrade
from trading.skew_figures import newest_skew, skew_line
from trading.state_files import existing_logs, no_bot_has_run

_PATIENCE = 2.0
"""Seconds to wait for a writer that has the file to itself, as at the end of a process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a log came to."""

    path: Path
    state: BotState
    last_event_at: Instant
    bot_runs: bool
    is_rehearsal: bool
    instruments: tuple[Instrument, ...]
    """What the newest start traded: its price bands bound the loss of what has no stop."""
    age: float
    """Seconds since the last event was recorded; of a rehearsal, whose clock is another, since the file was written."""
    shadow: tuple[ShadowTrade, ...] = ()
    """Trades that caution kept from being made, over the whole log."""
    skew: dict[str, Any] | None = None
    """How the newest evening found live features and batch to agree; None without a check."""

    @property
    def loss_if_left(self) -> int:
        """What open positions would lose from their entries if this machine died now, in units."""
        return loss_if_left_alone(self.state, {each.symbol: each for each in self.instruments})

    @property
    def data(self) -> dict[str, Any]:
        """The same for programs; money in rupees, times in India."""
        state = self.state
        return {
            "mode": state.mode,
            "rehearsal": self.is_rehearsal,
            "account": state.account,
            "bot_runs": self.bot_runs,
            "level": state.effective_level.name,
            "latched": state.level is not SafetyLevel.RUN,
            "why": state.effective_why or None,
            "conditions": {condition.name: why for condition, why in state.conditions.items()},
            "day": str(state.day.date) if state.day else None,
            "reconciled": state.reconciled,
            "positions": [_position(position) for position in state.positions.values()],
            "live_orders": [_order(order) for order in state.orders.values() if order.state.is_live],
            "trades": len(state.trades),
            "realised": state.realised / 100,
            "protected_share": round(state.meter.share, 6) if state.meter.held else None,
            "longest_unprotected_seconds": round(state.meter.longest / SECOND, 3),
            "loss_if_left_alone": self.loss_if_left / 100,
            "built_candles": candle_data(state.candles),
            "drift": drift_data(state.drift),
            "caution": caution_data(self.shadow),
            "skew": self.skew,
            "last_event_at": ist_text(self.last_event_at),
            "last_event_age_seconds": round(self.age, 1),
            "event_log": str(self.path),
        }

    @property
    def lines(self) -> list[str]:
        """The same for a person."""
        data = self.data
        runs = "runs" if self.bot_runs else "does not run"
        why = f": {data['why']}" if data["why"] else ""
        kind = "rehearsal" if self.is_rehearsal else data["mode"]
        age = f"{_age_text(self.age)} ago"
        told = [
            f"{kind} bot on account {data['account']} {runs}; last event {data['last_event_at']}, recorded {age}",
            f"safety level {data['level']}{why}",
            f"day {data['day'] or 'not begun'}: {data['trades']} trades, realised {data['realised']:,.2f} rupees",
            self._protection_line,
        ]
        figures = candle_line(self.state.candles), drift_line(self.state.drift), caution_line(self.shadow)
        told += [line for line in (*figures, skew_line(self.skew)) if line]
        told += [
            f"{row['quantity']:+d} {row['symbol']}: entry {row['entry_price']:.2f}, stop {row['stop']:.2f}, "
            f"{'protected' if row['protected'] else 'NOT PROTECTED'}"
            for row in data["positions"]
        ]
        told += [
            f"order {row['tag']}: {row['purpose'].lower()}, {row['side']} {row['remaining']} {row['symbol']} at "
            f"{row['price']:.2f}, {row['state']}"
            for row in data["live_orders"]
        ]
        return told

    @property
    def _protection_line(self) -> str:
        meter, loss = self.state.meter, f"if this machine dies now: {self.loss_if_left / 100:,.2f} rupees lost at worst"
        if not meter.held:
            return f"no position was held today; {loss}"
        share, longest = share_text(meter.share), meter.longest / SECOND
        return f"protected {share} of position time, longest without a stop {longest:,.1f} s; {loss}"


def status_of(settings: Settings, mode: Mode | None, clock: Clock) -> Status:
    """Read the newest event log of the state folder, or that of a mode; `clock` tells how old its last event is.

    Raises `ConfigurationError` where there is none, and `StorageError` for one that cannot be read.
    """
    folder = settings.paths.state.absolute()
    read = [status for path in existing_logs(folder, mode) if (status := _read(path, clock)) is not None]
    if not read:
        raise no_bot_has_run(folder, mode)
    newest = max(read, key=lambda status: status.last_event_at)
    return replace(newest, skew=newest_skew(settings.paths.logs, newest.state.mode))


def _read(path: Path, clock: Clock) -> Status | None:
    """Fold a log; None for one without an event."""
    state, shadow, last = BotState(), ShadowLedger(), 0
    is_rehearsal, instruments = False, tuple[Instrument, ...]()
    try:
        with closing(sqlite3.connect(_address(path), uri=True, timeout=_PATIENCE)) as connection:
            layout = connection.execute("PRAGMA user_version").fetchone()[0]
            if layout not in {0, LAYOUT}:
                raise StorageError(f"event log {path} has layout {layout}, this version reads {LAYOUT}")
            if layout == 0:
                return None  # a file in the making
            for kind, body in connection.execute("SELECT kind, body FROM events ORDER BY seq"):
                event = decode(kind, body)
                apply(state, event)
                shadow.hear(event)
                last = event.at
                match event:
                    case Booted():
                        is_rehearsal = event.is_rehearsal
                    case DeskSet():
                        instruments = event.instruments
                    case _:
                        pass
    except sqlite3.Error as error:
        raise StorageError(f"event log {path} cannot be read: {error}") from error
    age = MarketClock().now() - _written_at(path) if is_rehearsal else clock.now() - last
    bot_runs = is_bot_running(path.parent)
    if not last:
        return None
    return Status(
        path=path,
        state=state,
        last_event_at=last,
        bot_runs=bot_runs,
        is_rehearsal=is_rehearsal,
        instruments=instruments,
        age=max(age, 0) / SECOND,
        shadow=tuple(shadow.trades),
    )


def _written_at(path: Path) -> Instant:
    """Return when the log was last written to, by the wall's clock."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return max(file.stat().st_mtime_ns for file in files if file.exists())


def _age_text(seconds: float) -> str:
    """Write an age in the unit that fits it."""
    for unit, size, most in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def _address(path: Path) -> str:
    """A log at rest is opened as unchangeable: else SQLite would leave files of the asker's beside it."""
    is_at_rest = not path.with_name(f"{path.name}-wal").exists()
    return f"{path.as_uri()}?mode=ro{'&immutable=1' if is_at_rest else ''}"


def _position(position: OpenPosition) -> dict[str, Any]:
    return {
        "symbol": position.symbol,
        "quantity": position.signed_quantity,
        "entry_price": round(position.entry_value / max(position.entry_filled, 1) / 100, 2),
        "stop": position.stop / 100,
        "target": position.target / 100,
        "protected": not position.unprotected_since,
        "leaves_for": position.exit_reason or None,
    }


def _order(order: TrackedOrder) -> dict[str, Any]:
    intent = order.intent
    return {
        "tag": intent.tag,
        "symbol": intent.symbol,
        "purpose": intent.purpose.name,
        "side": intent.side.name,
        "remaining": order.remaining,
        "price": (order.trigger_price or order.limit_price) / 100,
        "state": order.state.value,
    }
