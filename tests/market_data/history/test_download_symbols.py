"""What can be fetched, and what a person is told of the rest."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.errors import ConfigurationError
from core.market import Instrument
from market_data.history.download_symbols import require_downloadable
from market_data.symbols.contract import FACTS
from market_data.symbols.contract_versions import no_versions
from market_data.symbols.symbol_archive import MemorySymbolArchive

TODAY = date(2026, 1, 6)
SBIN, FUTURE, DOLLAR, OVER = "NSE:SBIN-EQ", "NSE:NIFTY26JANFUT", "NSE:USDINR26JANFUT", "NSE:NIFTY25NOVFUT"


class Master:
    """Lists some contracts of today, and notes which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        listed = {name: Instrument(symbol=name, token="1010", tick=5, lot=1, freeze=None) for name in (SBIN, FUTURE)}
        listed[DOLLAR] = Instrument(symbol=DOLLAR, token="1012", tick=25, lot=1, freeze=None, scale=4)
        wanted = list(symbols)
        self.asked += wanted
        for name in wanted:
            if name not in listed:
                raise ConfigurationError(f"symbols: {name} is not in the master; did you mean {FUTURE}?")
        return {name: listed[name] for name in wanted}


def archive(**expiries: date) -> MemorySymbolArchive:
    rows = [
        dict.fromkeys(FACTS) | {"symbol": f"NSE:{name}", "token": "1011", "expiry": expiry}
        for name, expiry in expiries.items()
    ]
    kept = MemorySymbolArchive()
    table: Any = pa.Table.from_pylist(rows, pa.schema([no_versions().schema.field(name) for name in FACTS]))
    if rows:
        kept.put("NSE_FO", date(2025, 11, 10), table)
    return kept


def complaint(*symbols: str, kept: MemorySymbolArchive | None = None) -> str:
    with pytest.raises(ConfigurationError) as raised:
        require_downloadable(symbols, Master(), kept or archive(), TODAY)
    return str(raised.value)


def test_shares_and_listed_derivatives_are_let_through_after_each_was_looked_up_once() -> None:
    master = Master()
    require_downloadable([SBIN, FUTURE, SBIN], master, archive(NIFTY26JANFUT=date(2026, 1, 27)), TODAY)
    assert sorted(master.asked) == [FUTURE, SBIN]


def test_a_contract_is_let_through_on_the_day_it_expires_and_refused_on_the_next() -> None:
    master = Master()
    require_downloadable([FUTURE], master, archive(NIFTY26JANFUT=TODAY), TODAY)
    assert master.asked == [FUTURE]
    with pytest.raises(ConfigurationError, match="NSE:NIFTY26JANFUT expired on 2026-01-06, and"):
        require_downloadable([FUTURE], master, archive(NIFTY26JANFUT=TODAY), TODAY + timedelta(days=1))
    assert master.asked == [FUTURE]


def test_an_expired_contract_that_an_older_master_knows_is_told_with_its_last_day() -> None:
    assert complaint(SBIN, OVER, kept=archive(NIFTY25NOVFUT=date(2025, 11, 25))) == (
        "NSE:NIFTY25NOVFUT expired on 2025-11-25, and FYERS' history answers for listed contracts only: leave it out, "
        "or bring candles of it in with `fyersbot import-data`"
    )


def test_a_contract_that_no_master_knows_may_have_expired() -> None:
    assert complaint(OVER) == (
        "symbols: NSE:NIFTY25NOVFUT is not in the master; did you mean NSE:NIFTY26JANFUT? "
        "(if it has expired: FYERS' history answers for listed contracts only)"
    )


def test_an_unknown_share_is_no_expired_contract() -> None:
    assert "expired" not in complaint("NSE:NOSUCH-EQ")


def test_prices_that_would_lose_digits_are_refused() -> None:
    assert complaint(SBIN, DOLLAR) == (
        "NSE:USDINR26JANFUT has prices of 4 decimal digits, and the store keeps 2: currency cannot be downloaded yet; "
        "leave it out"
    )
