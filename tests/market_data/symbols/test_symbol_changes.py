from datetime import date
from typing import Any

import pyarrow as pa

from market_data.days import Days
from market_data.symbols.contract import FACTS
from market_data.symbols.contract_versions import no_versions
from market_data.symbols.symbol_archive import MemorySymbolArchive
from market_data.symbols.symbol_changes import changes

DAYS = [date(2026, 1, day) for day in (5, 6, 7, 8)]
ALL = Days(DAYS[0], DAYS[-1])


def changed(*of_days: dict[str, Any] | None, days: Days = ALL) -> list[tuple[str, Any, Any, date, date]]:
    archive = MemorySymbolArchive()
    schema = pa.schema([no_versions().schema.field(name) for name in FACTS])
    other = dict.fromkeys(FACTS) | {"symbol": "NSE:OTHER-EQ", "token": "2", "lot": 1}
    for day, facts in zip(DAYS, of_days, strict=False):
        rows = [dict.fromkeys(FACTS) | {"symbol": "NSE:SBIN-EQ", "token": "1"} | facts] if facts is not None else []
        archive.put("NSE_CM", day, pa.Table.from_pylist([*rows, other], schema))
    found = changes("NSE_CM", archive.versions("NSE_CM"), days)
    assert {each.symbol for each in found} <= {"NSE:SBIN-EQ"}
    return [(each.fact, each.before, each.after, each.last_seen, each.seen) for each in found]


def test_a_new_lot_and_a_new_tick_are_told_with_both_masters():
    assert changed({"lot": 75, "tick": 5}, {"lot": 75, "tick": 5}, {"lot": 65, "tick": 10}) == [
        ("lot", 75, 65, DAYS[1], DAYS[2]),
        ("tick", 5, 10, DAYS[1], DAYS[2]),
    ]


def test_a_fact_that_a_master_does_not_give_has_not_changed():
    assert changed({"freeze": 1_000}, {"freeze": None}, {"freeze": 1_000}) == []
    assert changed({"freeze": 1_000}, {"freeze": None}, {"freeze": 900}) == [("freeze", 1_000, 900, DAYS[0], DAYS[2])]


def test_a_contract_that_was_away_is_compared_with_what_it_was():
    assert changed({"lot": 75}, None, {"lot": 65}) == [("lot", 75, 65, DAYS[0], DAYS[2])]


def test_only_changes_of_the_days_asked_for_are_told():
    lots = ({"lot": 1}, {"lot": 2}, {"lot": 3}, {"lot": 4})
    assert [each[2] for each in changed(*lots, days=Days(DAYS[1], DAYS[2]))] == [2, 3]


def test_a_new_name_is_no_change():
    assert changed({"description": "ONE"}, {"description": "OTHER"}) == []


def test_masters_of_one_day_have_no_changes():
    assert changed({"lot": 1}) == []
    assert changes("NSE_CM", no_versions(), ALL) == []
