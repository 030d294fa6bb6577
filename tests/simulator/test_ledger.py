"""One contract for both ledgers, and what only a file can get wrong."""

import errno
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from core.errors import StorageError
from core.market import Side
from core.orders import OrderStatus, OrderType, Validity
from simulator.account import DayOpened
from simulator.books import (
    ExchangeOrder,
    HoldingRow,
    OrderChanged,
    PositionChanged,
    PositionRow,
    Trade,
    Traded,
)
from simulator.ledger import Batch, FileLedger, Ledger, MemoryLedger

ORDER = ExchangeOrder(
    broker_id="26010600000001",
    fyers_id="e0d22b39-b59f-5d58-9bc4-0bab169942df",
    exchange_id="1126010600000001",
    number=1,
    symbol="NSE:SBIN-EQ",
    side=Side.SELL,
    type=OrderType.STOP_LIMIT,
    quantity=10,
    limit_price=79_000,
    trigger_price=79_500,
    product="INTRADAY",
    validity=Validity.IOC,
    tag="1:abc",
    placed_at=1_767_672_000_000_000_001,
    changed_at=1_767_672_000_000_000_002,
    status=OrderStatus.PENDING,
    message="Triggered, \u20b9 and \n a line",
)
TRADE = Trade(
    trade_number="26010600000001-1",
    broker_id=ORDER.broker_id,
    exchange_id=ORDER.exchange_id,
    symbol=ORDER.symbol,
    side=ORDER.side,
    type=ORDER.type,
    product=ORDER.product,
    quantity=4,
    price=79_450,
    at=ORDER.changed_at,
    tag=ORDER.tag,
)
POSITION = PositionRow(symbol=ORDER.symbol, product="INTRADAY", number=1, day_sell_quantity=4, day_sell_value=317_800)
OPENED = DayOpened(
    day=date(2026, 1, 6),
    cash=50_000_000,
    holdings=(HoldingRow(symbol="NSE:INFY-EQ", quantity=3, cost=480_000),),
    positions=(POSITION,),
)
BATCHES = [
    Batch(1, (OPENED,)),
    Batch(2, (OrderChanged(ORDER), Traded(TRADE), PositionChanged(POSITION))),
    Batch(2, (OrderChanged(ORDER),)),
]


@pytest.fixture(params=["memory", "file"])
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Ledger]:
    if request.param == "file":
        return lambda: FileLedger(tmp_path / "state" / "books.jsonl")
    memory = MemoryLedger()
    return lambda: memory


def test_a_new_ledger_is_empty(open_ledger: Callable[[], Ledger]) -> None:
    assert open_ledger().read() == []


def test_what_was_written_is_read_back_whole_and_in_order(open_ledger: Callable[[], Ledger]) -> None:
    ledger = open_ledger()
    for batch in BATCHES:
        ledger.append(batch)
    assert ledger.read() == BATCHES


def test_another_opening_reads_what_the_first_wrote(open_ledger: Callable[[], Ledger]) -> None:
    open_ledger().append(BATCHES[0])
    again = open_ledger()
    again.append(BATCHES[1])
    assert open_ledger().read() == BATCHES[:2]


def test_a_closed_ledger_takes_nothing_more(open_ledger: Callable[[], Ledger]) -> None:
    ledger = open_ledger()
    ledger.close()
    ledger.close()
    with pytest.raises(StorageError):
        ledger.append(BATCHES[0])


def written(folder: Path) -> Path:
    path = folder / "books.jsonl"
    ledger = FileLedger(path)
    for batch in BATCHES:
        ledger.append(batch)
    ledger.close()
    return path


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_last_line_cut_short_by_a_kill_never_happened(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    ledger = FileLedger(path)
    assert ledger.read() == BATCHES[:2]
    ledger.append(BATCHES[2])
    assert FileLedger(path).read() == BATCHES


@pytest.mark.parametrize(
    "line", [b"{}", b"nonsense", b'{"at":1,"facts":[{"kind":"Unknown"}]}', b'{"at":1,"facts":[{"kind":"Traded"}]}']
)
def test_a_line_that_is_no_batch_is_named(tmp_path: Path, line: bytes) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(StorageError, match=r"books\.jsonl line 4"):
        FileLedger(path).read()


def test_a_place_that_cannot_hold_a_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="taken"):
        FileLedger(tmp_path / "taken" / "books.jsonl")


def test_after_a_failed_write_nothing_more_is_taken_until_the_file_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    ledger = FileLedger(path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"books\.jsonl.*No space left"):
            ledger.append(BATCHES[0])
    with pytest.raises(StorageError, match="restart"):
        ledger.append(BATCHES[0])
    FileLedger(path).append(BATCHES[0])
