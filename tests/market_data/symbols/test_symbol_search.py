from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from core.errors import ConfigurationError
from market_data.symbols.contract import FACTS
from market_data.symbols.contract_versions import no_versions
from market_data.symbols.symbol_archive import MemorySymbolArchive
from market_data.symbols.symbol_search import search

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def table(*rows: dict[str, Any]) -> Any:
    given = [dict.fromkeys(FACTS) | {"token": "1", "lot": 1, "tick": 5} | row for row in rows]
    return pa.Table.from_pylist(given, pa.schema([no_versions().schema.field(name) for name in FACTS]))


def share(name: str, description: str, isin: str | None = None, series: str = "EQ") -> dict[str, Any]:
    return {"symbol": f"NSE:{name}-{series}", "underlying": name, "description": description, "isin": isin}


def future(name: str, month: int) -> dict[str, Any]:
    expiry = date(2026, month, 27)
    return {"symbol": f"NSE:{name}26{expiry:%b}FUT".upper(), "underlying": name, "expiry": expiry}


@pytest.fixture
def archive() -> MemorySymbolArchive:
    archive = MemorySymbolArchive()
    cash = table(
        share("RELIANCE", "RELIANCE INDUSTRIES LTD", "INE002A01018"),
        share("RELINFRA", "RELIANCE INFRASTRUCTU LTD"),
        share("RPOWER", "RELIANCE POWER LTD."),
        share("RELIANCE", "RELIANCE BOND", series="N1"),
        share("SBIN", "STATE BANK OF INDIA"),
        share("UNRELIANCE", "SOMETHING ELSE"),
    )
    archive.put("NSE_CM", MONDAY, cash)
    archive.put("NSE_CM", TUESDAY, cash)
    archive.put("NSE_FO", MONDAY, table(*(future("RELIANCE", month) for month in (1, 2, 3))))
    archive.put("NSE_FO", TUESDAY, table(*(future("RELIANCE", month) for month in (3, 2))))
    return archive


def tickers(archive: MemorySymbolArchive, text: str, day: date = TUESDAY, **options: Any) -> list[str]:
    return [
        each.contract.symbol.removeprefix("NSE:")
        for each in search(archive, text, ("NSE_CM", "NSE_FO"), day, **options)
    ]


def test_the_share_comes_first_and_what_derives_from_it_by_expiry(archive):
    assert tickers(archive, "reliance") == [
        "RELIANCE-EQ", "RELIANCE-N1", "RELIANCE26FEBFUT", "RELIANCE26MARFUT", "RELINFRA-EQ", "RPOWER-EQ",
        "UNRELIANCE-EQ",
    ]  # fmt: skip


def test_all_words_must_be_there_in_any_of_the_names(archive):
    assert tickers(archive, "reliance fut") == ["RELIANCE26FEBFUT", "RELIANCE26MARFUT"]
    assert tickers(archive, "bank india") == ["SBIN-EQ"]
    assert tickers(archive, "ine002a01018") == ["RELIANCE-EQ"]


def test_expired_contracts_are_found_when_asked_for(archive):
    assert "RELIANCE26JANFUT" not in tickers(archive, "reliance")
    assert "RELIANCE26JANFUT" in tickers(archive, "reliance", expired=True)
    assert len(tickers(archive, "reliance fut", expired=True)) == 3


def test_a_search_as_of_a_day_knows_nothing_later(archive):
    assert "RELIANCE26JANFUT" in tickers(archive, "reliance", MONDAY)
    with pytest.raises(ConfigurationError, match="first master kept of NSE_CM, NSE_FO is of 2026-01-05"):
        tickers(archive, "reliance", date(2026, 1, 4))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("RELAINCE", "did you mean RELIANCE"),
        ("\x1b[2J", r"has '\?\[2J' in its names$"),
        ("  ", "search for a name of 1 to 100 characters"),
        ("x" * 101, "search for a name of 1 to 100 characters"),
        (".*", r"has '\.\*' in its names"),
    ],
)
def test_what_is_not_found_is_told_with_names_that_are_alike(archive, text: str, why: str):
    with pytest.raises(ConfigurationError, match=why):
        tickers(archive, text)


def test_a_search_without_masters_says_how_to_get_them():
    with pytest.raises(ConfigurationError, match="run `fyersbot symbols download`"):
        tickers(MemorySymbolArchive(), "reliance")
