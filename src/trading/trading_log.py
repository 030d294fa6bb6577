"""What happened, as tables that a person, a notebook or a dashboard can ask: filled from the event log, never by hand.

Each batch of events is one transaction that also says how far it got, so that every event is taken once, whatever
kills the process in between. The tables may be thrown away at any time: the event log makes them again.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import events
from core.errors import StorageError
from core.event_codec import decode_fact, encode_fact
from core.fold import apply
from core.orders import Purpose
from core.state import BotState
from runtime.sqlite_transaction import transaction
from trading.event_log_reader import EventLogReader, LoggedEvent
from trading.row_times import times
from trading.state_snapshots import core_digest
from trading.trading_log_rows import missed_row, portfolio_of, position_row, signal_row, trade_row
from trading.trading_log_tables import (
    DELETE_LOG,
    DELETE_POSITIONS,
    DELETE_POSITIONS_OF_OTHER_LOGS,
    INSERT_PORTFOLIO,
    INSERT_POSITION,
    INSERT_SIGNAL,
    INSERT_TRADE,
    LAYOUT,
    SAVE_PROGRESS,
    SCHEMA,
    SELECT_PROGRESS,
    SETTLE_SIGNAL,
)

BATCH = 200
"""Events in one transaction: a few milliseconds of work."""
FOLD_EVERY = 1_000
"""Events after which the fold is kept too, so that a start need not fold from the beginning."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far the tables are, and the fold there."""

    log: str
    seq: int
    hash: bytes
    fold_seq: int
    """Where the fold that is kept in the file stands."""


class OvertakenError(StorageError):
    """Another process wrote the tables meanwhile. Where they stand is read again before anything is written."""


class TradingLog:
    """The tables of one state folder, and the way of one event log into them. For one thread."""

    def __init__(self, path: Path, source: EventLogReader) -> None:
        """Open or create the file. Raises `StorageError` when it cannot be used."""
        self._path = path
        self._source = source
        self._reached: _Reached | None = None
        self._fold = BotState()
        self._portfolio: dict[str, Any] = {}
        with self._naming_the_file():
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA busy_timeout=1000")
            self._create()

    def catch_up(self, *, keeps_fold: bool = False) -> int:
        """Take the next batch of events; return how many there were. 0: all that the log has is in the tables.

        `keeps_fold` keeps the fold too, for a start that need not fold again. Raises `StorageError` when either file
        is locked, full or damaged; nothing of the batch is kept then, and it can be tried again.
        """
        try:
            reached = self._reached = self._reached or self._resume()
            if reached and self._fold.seq < reached.seq:
                return self._fold_on(reached)
            batch = self._source.read(reached.seq, reached.hash, BATCH) if reached else []
            if reached and (batch or keeps_fold):
                self._take(reached, batch, keeps_fold=keeps_fold)
        except BaseException:
            self._reached = None  # the fold may be ahead of the tables now
            raise
        return len(batch)

    @property
    def seq(self) -> int:
        """Number of the newest event in the tables, as far as this object knows; 0 before the first batch."""
        return self._reached.seq if self._reached else 0

    def forget(self) -> None:
        """Delete everything that came from this event log, to take it anew. Raises `StorageError`."""
        self._reached = None
        log = self._source.name()
        with self._transaction():
            for statement in DELETE_LOG:
                self._connection.execute(statement, {"log": log})

    def close(self) -> None:
        """Release both files. Safe to call twice."""
        self._connection.close()
        self._source.close()

    # --- where it stood -----------------------------------------------------------------------------------------

    def _resume(self) -> _Reached | None:
        """Find how far the tables are, and the newest fold that was kept; None while the log is empty."""
        log = self._source.name()
        if not log:
            return None
        with self._naming_the_file():
            row = self._connection.execute(SELECT_PROGRESS, {"log": log}).fetchone()
        if row is None or self._source.hash_at(row[0]) != row[1]:
            self._fold = BotState()
            if row is not None:
                self.forget()  # the log is an older copy of itself, or was changed: the tables follow it
            self._portfolio = {}
            return _Reached(log, 0, self._source.hash_at(0), 0)
        seq, digest, core_version, fold = row
        # Another version of the core may fold to another state: then what was folded is folded again.
        self._fold = decode_fact(BotState, fold) if core_version == core_digest() else BotState()
        self._portfolio = portfolio_of(self._fold)
        return _Reached(log, seq, digest, self._fold.seq)

    def _fold_on(self, reached: _Reached) -> int:
        """Fold the next events that are in the tables already; return how many there were."""
        fold = self._fold
        batch = self._source.read(fold.seq, self._source.hash_at(fold.seq), min(BATCH, reached.seq - fold.seq))
        for logged in batch:
            apply(fold, logged.event)
        self._portfolio = portfolio_of(fold)
        return len(batch)

    # --- one batch ----------------------------------------------------------------------------------------------

    def _take(self, reached: _Reached, batch: Sequence[LoggedEvent], *, keeps_fold: bool) -> None:
        fold = self._fold
        last = batch[-1] if batch else None
        seq, digest = (last.seq, last.hash) if last else (reached.seq, reached.hash)
        keeps_fold = keeps_fold or seq - reached.fold_seq >= FOLD_EVERY
        with self._transaction():
            self._check_alone(reached)
            for logged in batch:
                apply(fold, logged.event)
                self._project(reached.log, logged)
            self._write_positions(reached.log)
            progress = {
                "log": reached.log,
                "mode": fold.mode,
                "seq": seq,
                "hash": digest,
                "core": core_digest() if keeps_fold else None,
                "fold": encode_fact(fold) if keeps_fold else None,
                **times("happened", last.event.at if last else 0),
            }
            self._connection.execute(SAVE_PROGRESS, progress)
        self._reached = _Reached(reached.log, seq, digest, seq if keeps_fold else reached.fold_seq)

    def _check_alone(self, reached: _Reached) -> None:
        """Refuse to go on where somebody else has gone on. Raises `OvertakenError`."""
        row = self._connection.execute(SELECT_PROGRESS, {"log": reached.log}).fetchone()
        if (row[0] if row else 0) != reached.seq:
            raise OvertakenError(f"trading log {self._path} is being written by another process; it is read again")

    def _project(self, log: str, logged: LoggedEvent) -> None:
        """Write the rows that one event makes; the fold has it already."""
        fold, event = self._fold, logged.event
        row = {"log": log, "seq": logged.seq, "mode": fold.mode, "boot": fold.boot, "run_id": f"{log}-{fold.boot}"}
        row |= {"day": fold.day.date.isoformat() if fold.day else None}
        match event:
            case events.Booted():
                self._connection.execute(DELETE_POSITIONS_OF_OTHER_LOGS, {"log": log, "mode": fold.mode})
            case events.TradeClosed(trade=trade):
                self._connection.execute(INSERT_TRADE, row | trade_row(trade))
            case events.Decided():
                self._connection.execute(INSERT_SIGNAL, row | signal_row(event))
            case events.HistoryFailed():
                self._connection.execute(INSERT_SIGNAL, row | missed_row(event))
            case events.EntryRefused(symbol=symbol, code=code, detail=detail):
                self._settle(log, symbol, "refused", code, detail)
            case events.OrderIntended(intent=intent) if intent.purpose is Purpose.ENTRY:
                self._settle(log, intent.symbol, "ordered", "", intent.reason, intent.tag)
            case _:
                pass
        portfolio = portfolio_of(fold)
        if portfolio != self._portfolio and fold.day is not None:
            self._portfolio = portfolio
            self._connection.execute(INSERT_PORTFOLIO, row | times("happened", event.at) | portfolio)

    def _settle(self, log: str, symbol: str, verdict: str, code: str, detail: str, tag: str | None = None) -> None:
        """Say what became of the newest signal of a symbol."""
        parameters = {"log": log, "symbol": symbol, "verdict": verdict, "code": code, "detail": detail, "tag": tag}
        self._connection.execute(SETTLE_SIGNAL, parameters)

    def _write_positions(self, log: str) -> None:
        fold = self._fold
        self._connection.execute(DELETE_POSITIONS, {"log": log})
        for symbol in fold.positions:
            self._connection.execute(INSERT_POSITION, {"log": log, "mode": fold.mode} | position_row(fold, symbol))

    # --- the file -----------------------------------------------------------------------------------------------

    def _create(self) -> None:
        if self._layout() == LAYOUT:
            return
        with self._transaction():
            if self._layout() == 0:  # asked again: another process may have made the tables meanwhile
                for statement in SCHEMA:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version={LAYOUT}")
        if self._layout() != LAYOUT:
            raise StorageError(
                f"trading log {self._path} has layout {self._layout()}, this version writes {LAYOUT}; move it away, "
                "the event log fills a new one"
            )

    def _layout(self) -> int:
        layout: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        return layout

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._naming_the_file(), transaction(self._connection):
            yield

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # locked, full, not ours to write
            raise StorageError(f"trading log {self._path} cannot be written: {error}; free or repair it") from error
        except sqlite3.Error as error:
            raise StorageError(
                f"trading log {self._path} is damaged: {error}; delete it, `fyersbot rebuild-trading-log` makes it anew"
            ) from error
