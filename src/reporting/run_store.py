"""Keeps finished backtests beside the live trades, each by its `run_id`, whole or not at all."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError, StorageError
from core.instants import Instant
from reporting.run_record import RunRecord
from reporting.run_rows import day_rows, market_rows, record_of, run_row, trade_rows
from reporting.run_tables import (
    HAS_RUN,
    HAS_TABLES,
    INSERT_DAY,
    INSERT_LAYOUT,
    INSERT_MARKET,
    INSERT_RUN,
    INSERT_TRADE,
    LAYOUT,
    SCHEMA,
    SELECT_LAYOUT,
    SELECT_MARKETS,
    SELECT_RUN,
    SELECT_RUNS,
    SELECT_TRADES,
)
from runtime.sqlite_transaction import transaction
from trading.state_files import trading_log_path

_BUSY_MILLISECONDS = 10_000
"""How long a run waits for a bot that writes the same file."""
_UNFIT_VALUES = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""What is raised where a value is at fault and the file is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run in the list of all; money is paise."""

    run_id: str
    started_at: Instant
    strategy: str
    symbols: tuple[str, ...]
    timeframe: str
    mode: str
    engine: str
    first: Instant
    last: Instant
    capital: int
    trades: int
    net: int
    charges: int


class RunStore:
    """The kept runs of one file, `trading_log.sqlite` of the state folder. For one thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file and its tables. Raises `StorageError` when it cannot be used."""
        self._path = path
        with self._naming_the_file():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
            self._create()

    def save(self, record: RunRecord) -> None:
        """Keep a run. Raises `StorageError` when it is kept already or the file refuses; nothing of it is kept then."""
        rows = run_row(record)
        trades, days, markets = list(trade_rows(record)), list(day_rows(record)), list(market_rows(record))
        with self._transaction():
            if self._connection.execute(HAS_RUN, rows).fetchone()[0]:
                raise StorageError(f"run {record.run_id} is kept already; a run is kept once")
            self._connection.execute(INSERT_RUN, rows)
            self._connection.executemany(INSERT_TRADE, trades)
            self._connection.executemany(INSERT_DAY, days)
            self._connection.executemany(INSERT_MARKET, markets)

    def load(self, run_id: str) -> RunRecord:
        """Return a run as it was kept. Raises `ConfigurationError` for an unknown one."""
        wanted = {"run_id": run_id}
        with self._transaction(writes=False):
            row = self._connection.execute(SELECT_RUN, wanted).fetchone()
            if row is None:
                raise ConfigurationError(f"no run {run_id!r} in {self._path}; `fyersbot runs` lists those there are")
            trades = self._connection.execute(SELECT_TRADES, wanted).fetchall()
            markets = self._connection.execute(SELECT_MARKETS, wanted).fetchall()
        return record_of(dict(row), trades, markets)

    def runs(self) -> tuple[KeptRun, ...]:
        """Return all kept runs, the oldest first."""
        with self._naming_the_file():
            return tuple(map(_kept_run, self._connection.execute(SELECT_RUNS)))

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        self._connection.close()

    def _create(self) -> None:
        if not self._has_tables():
            with self._transaction():
                if not self._has_tables():  # asked again: another process may have made them meanwhile
                    for statement in SCHEMA:
                        self._connection.execute(statement)
                    self._connection.execute(INSERT_LAYOUT, {"version": LAYOUT})
        layout = self._connection.execute(SELECT_LAYOUT).fetchone()[0]
        if layout != LAYOUT:
            raise StorageError(
                f"the backtests in {self._path} have layout {layout}, this version knows {LAYOUT}; move the file away"
            )

    def _has_tables(self) -> bool:
        return bool(self._connection.execute(HAS_TABLES).fetchone()[0])

    @contextmanager
    def _transaction(self, *, writes: bool = True) -> Iterator[None]:
        with self._naming_the_file(), transaction(self._connection, writes=writes):
            yield

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self._path} cannot be opened: {error.strerror}; free or repair it") from error
        except sqlite3.OperationalError as error:  # locked, full, not ours to write
            raise StorageError(f"{self._path} cannot be used: {error}; free or repair it") from error
        except _UNFIT_VALUES as error:
            raise StorageError(
                f"{self._path} does not take this run: {error}; the file is whole, so leave it there and report this"
            ) from error
        except sqlite3.Error as error:
            raise StorageError(f"{self._path} is damaged: {error}; move it away") from error


def keep_run(state: Path, record: RunRecord) -> None:
    """Keep a finished run in a state folder. Raises `StorageError`; nothing of it is kept then."""
    with closing(RunStore(trading_log_path(state))) as store:
        store.save(record)


def _kept_run(row: sqlite3.Row) -> KeptRun:
    return KeptRun(
        run_id=row["run_id"],
        started_at=row["started_at"],
        strategy=row["strategy"],
        symbols=tuple(json.loads(row["symbols"])),
        timeframe=row["timeframe"],
        mode=row["mode"],
        engine=row["engine"],
        first=row["first_at"],
        last=row["last_at"],
        capital=row["capital_paise"],
        trades=row["trades"],
        net=row["net_paise"],
        charges=row["charges_paise"],
    )
