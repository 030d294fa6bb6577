"""What every archive of symbol masters promises."""

from datetime import date
from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest

from core.errors import ConfigurationError, DataError
from market_data.symbols import parquet_symbols
from market_data.symbols.contract import FACTS, Contract
from market_data.symbols.contract_versions import COLUMNS, no_versions
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from market_data.symbols.symbol_archive import MemorySymbolArchive, SymbolArchive, find, instrument

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 1, day) for day in (5, 6, 7, 8))
FUTURE = "NSE:NIFTY26JANFUT"
SHARE = "NSE:SBIN-EQ"


def contracts(**lots: int) -> Any:
    """A master of F&O contracts with these lots: NIFTY26JANFUT=75."""
    given = [
        dict.fromkeys(FACTS)
        | {"symbol": f"NSE:{name}", "token": f"101126012735{number:03}", "lot": lot, "tick": 10, "underlying": name[:5]}
        for number, (name, lot) in enumerate(lots.items())
    ]
    return pa.Table.from_pylist(given, pa.schema([no_versions().schema.field(name) for name in FACTS]))


def spans(archive: SymbolArchive, symbol: str = FUTURE) -> list[tuple[int, date, date]]:
    rows = archive.versions("NSE_FO").to_pylist()
    return [(row["lot"], row["first"], row["last"]) for row in rows if row["symbol"] == symbol]


@pytest.fixture(params=["memory", "parquet", "small pieces"])
def archive(request: pytest.FixtureRequest, tmp_path, monkeypatch: pytest.MonkeyPatch) -> SymbolArchive:
    if request.param == "small pieces":  # the versions of one ticker lie in several of them
        monkeypatch.setattr(parquet_symbols, "_PIECE", 2)
    return MemorySymbolArchive() if request.param == "memory" else ParquetSymbolArchive(tmp_path)


def test_a_contract_is_what_the_newest_master_up_to_the_date_says(archive: SymbolArchive):
    archive.put("NSE_FO", MONDAY, contracts(NIFTY26JANFUT=75))
    archive.put("NSE_FO", WEDNESDAY, contracts(NIFTY26JANFUT=65))
    assert [instrument(archive, FUTURE, day).lot for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)] == [75, 75, 65, 65]
    assert archive.days("NSE_FO") == (MONDAY, WEDNESDAY)


def test_an_expired_contract_is_what_it_was_last(archive: SymbolArchive):
    archive.put("NSE_FO", MONDAY, contracts(NIFTY26JANFUT=75, NIFTY26FEBFUT=75))
    archive.put("NSE_FO", TUESDAY, contracts(NIFTY26FEBFUT=65))
    assert instrument(archive, FUTURE, date(2027, 6, 1)).lot == 75


def test_nothing_is_known_before_the_first_master(archive: SymbolArchive):
    archive.put("NSE_FO", TUESDAY, contracts(NIFTY26JANFUT=75))
    assert archive.contract("NSE_FO", FUTURE, MONDAY) is None
    with pytest.raises(ConfigurationError, match="first master kept of NSE_FO or NSE_CD is of 2026-01-06"):
        find(archive, FUTURE, MONDAY)


def test_a_contract_that_is_listed_later_or_never_is_told_apart(archive: SymbolArchive):
    archive.put("NSE_FO", MONDAY, contracts(NIFTY26JANFUT=75))
    archive.put("NSE_FO", TUESDAY, contracts(NIFTY26JANFUT=75, NIFTY26FEBFUT=75))
    with pytest.raises(ConfigurationError, match="in masters after 2026-01-05 only"):
        find(archive, "NSE:NIFTY26FEBFUT", MONDAY)
    with pytest.raises(ConfigurationError, match="did you mean NSE:NIFTY26JANFUT"):
        find(archive, "NSE:NIFTY26JUNFUT", TUESDAY)
    with pytest.raises(ConfigurationError, match="no master of NSE_CM is kept"):
        find(archive, SHARE, TUESDAY)


def test_days_that_say_the_same_are_one_version(archive: SymbolArchive):
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        archive.put("NSE_FO", day, contracts(NIFTY26JANFUT=75))
    assert spans(archive) == [(75, MONDAY, WEDNESDAY)]
    assert archive.versions("NSE_FO").column_names == list(COLUMNS)


def test_a_gap_in_the_listing_is_no_part_of_a_version(archive: SymbolArchive):
    archive.put("NSE_FO", MONDAY, contracts(NIFTY26JANFUT=75, NIFTY26FEBFUT=75))
    archive.put("NSE_FO", TUESDAY, contracts(NIFTY26FEBFUT=75))
    archive.put("NSE_FO", WEDNESDAY, contracts(NIFTY26JANFUT=75, NIFTY26FEBFUT=75))
    assert spans(archive) == [(75, MONDAY, MONDAY), (75, WEDNESDAY, WEDNESDAY)]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_masters_may_come_in_any_order(archive: SymbolArchive, order: tuple[int, ...]):
    lots = [75, 75, 65, 75]
    for number in order:
        archive.put("NSE_FO", (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)[number], contracts(NIFTY26JANFUT=lots[number]))
    assert spans(archive) == [(75, MONDAY, TUESDAY), (65, WEDNESDAY, WEDNESDAY), (75, THURSDAY, THURSDAY)]


def test_a_day_can_be_replaced_at_any_place_of_a_version(archive: SymbolArchive):
    days = (MONDAY, TUESDAY, WEDNESDAY)
    for day in days:
        archive.put("NSE_FO", day, contracts(NIFTY26JANFUT=75))
    archive.put("NSE_FO", TUESDAY, contracts(NIFTY26JANFUT=65))
    assert spans(archive) == [(75, MONDAY, MONDAY), (65, TUESDAY, TUESDAY), (75, WEDNESDAY, WEDNESDAY)]
    archive.put("NSE_FO", TUESDAY, contracts(NIFTY26JANFUT=75))
    assert spans(archive) == [(75, MONDAY, WEDNESDAY)]
    assert archive.days("NSE_FO") == days


def test_an_old_year_is_found_from_a_new_one(archive: SymbolArchive):
    archive.put("NSE_FO", MONDAY, contracts(NIFTY26JANFUT=65))
    archive.put("NSE_FO", date(2025, 12, 31), contracts(NIFTY26JANFUT=75, NIFTY25DECFUT=75))
    assert instrument(archive, "NSE:NIFTY25DECFUT", MONDAY).lot == 75
    assert instrument(archive, FUTURE, date(2026, 1, 2)).lot == 75
    assert archive.days("NSE_FO") == (date(2025, 12, 31), MONDAY)
    assert [row["lot"] for row in archive.versions("NSE_FO").to_pylist()] == [75, 75, 65]


def test_far_fewer_contracts_than_before_are_refused_unless_forced(archive: SymbolArchive):
    archive.put("NSE_FO", date(2025, 12, 31), contracts(**{f"A{number}": 1 for number in range(10)}))
    before = archive.versions("NSE_FO")
    with pytest.raises(DataError, match="4 contracts, the master before has 10"):
        archive.put("NSE_FO", MONDAY, contracts(**{f"A{number}": 1 for number in range(4)}))
    with pytest.raises(DataError, match="no contracts"):
        archive.put("NSE_FO", MONDAY, contracts(), force=True)
    assert archive.versions("NSE_FO").equals(before)
    archive.put("NSE_FO", MONDAY, contracts(**{f"A{number}": 1 for number in range(4)}), force=True)
    archive.put("NSE_FO", TUESDAY, contracts(**{f"A{number}": 1 for number in range(2)}))
    assert len(archive.days("NSE_FO")) == 3


def test_an_older_master_may_be_smaller_than_a_newer_one(archive: SymbolArchive):
    archive.put("NSE_FO", TUESDAY, contracts(**{f"A{number}": 1 for number in range(10)}))
    archive.put("NSE_FO", MONDAY, contracts(A1=1))
    assert archive.days("NSE_FO") == (MONDAY, TUESDAY)


def test_every_fact_is_read_back(archive: SymbolArchive):
    given = Contract(
        symbol="NSE:NIFTY26JAN26000CE",
        token="101126012735001",
        description="NIFTY 27 Jan 26 26000 CE",
        kind=14,
        lot=65,
        tick=5,
        freeze=1_756,
        isin=None,
        session="0915-1530|1815-1915:",
        expiry=date(2026, 1, 27),
        strike=2_600_000,
        option="CE",
        underlying="NIFTY",
        underlying_token="101000000026000",
    )
    table = pa.Table.from_pylist([{name: getattr(given, name) for name in FACTS}], contracts().schema)
    archive.put("NSE_FO", MONDAY, table)
    assert archive.contract("NSE_FO", given.symbol, MONDAY) == given


def test_a_weekly_currency_future_is_found_in_its_segment(archive: SymbolArchive):
    archive.put("NSE_CD", MONDAY, contracts(USDINR26114FUT=1))
    assert instrument(archive, "NSE:USDINR26114FUT", MONDAY).scale == 4
