"""The day's trades that were not made, read from the event log as far as they need it: only the kinds that matter."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from core import events
from core.errors import StorageError
from core.event_codec import decode
from trading.shadow_ledger import ShadowLedger, ShadowTrade

_KINDS = frozenset(
    kind.__name__
    for kind in (
        events.DayBegan,
        events.Decided,
        events.DeskSet,
        events.EntryRefused,
        events.HistoryArrived,
        events.LevelsSet,
        events.OrderIntended,
        events.PhaseReached,
        events.PositionAdopted,
        events.TradeClosed,
    )
)
_DAYS = "SELECT seq, kind, body FROM events WHERE kind = 'DayBegan' ORDER BY seq DESC"
_DESK = "SELECT max(seq) FROM events WHERE kind = 'DeskSet' AND seq < ?"
_EVENTS = "SELECT kind, body FROM events WHERE seq >= ? ORDER BY seq"


def shadow_of_day(path: Path, day: date) -> list[ShadowTrade]:
    """Return the trades of a session that caution kept from being made. Raises `StorageError`, `DataError`."""
    ledger = ShadowLedger()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2.0)) as connection:
            first = _first_of(connection, day)
            if first is None:
                return []
            for kind, body in connection.execute(_EVENTS, (first,)):
                if kind in _KINDS:
                    ledger.hear(decode(kind, body))
    except sqlite3.Error as error:
        raise StorageError(f"event log {path} cannot be read: {error}") from error
    return ledger.of_day(day)


def _first_of(connection: sqlite3.Connection, day: date) -> int | None:
    """Return where the desk stands that the day began with; None for a day that is not the newest."""
    began = None
    for seq, kind, body in connection.execute(_DAYS):
        event = decode(kind, body)
        if not isinstance(event, events.DayBegan) or event.day.date != day:
            break
        began = int(seq)
    if began is None:
        return None
    desk = connection.execute(_DESK, (began,)).fetchone()[0]
    return began if desk is None else int(desk)
