"""Contracts that are listed and not traded."""

import json
from datetime import date

from core.market import Instrument
from market_data.symbols.master_file import read_master
from simulator import symbol_files
from simulator.derivatives import currency_contracts, equity_futures

CASH = (
    Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5, freeze=25_000),
    Instrument(symbol="NSE:NIFTY50-INDEX", token="101000000026000", tick=5),
)


def names(today: date) -> list[str]:
    return [instrument.symbol for instrument, _ in equity_futures(CASH[1:], today)]


def test_three_months_are_listed_until_the_last_tuesday():
    assert names(date(2026, 1, 27)) == ["NSE:NIFTY26JANFUT", "NSE:NIFTY26FEBFUT", "NSE:NIFTY26MARFUT"]
    assert names(date(2026, 1, 28)) == ["NSE:NIFTY26FEBFUT", "NSE:NIFTY26MARFUT", "NSE:NIFTY26APRFUT"]
    assert names(date(2026, 12, 30)) == ["NSE:NIFTY27JANFUT", "NSE:NIFTY27FEBFUT", "NSE:NIFTY27MARFUT"]


def test_no_two_contracts_have_one_token():
    today = date(2026, 1, 6)
    listed = [instrument for instrument, _ in (*equity_futures(CASH, today), *currency_contracts(today))]
    assert len({instrument.token for instrument in listed}) == len({instrument.symbol for instrument in listed}) == 21


def test_both_files_say_the_same_of_a_derivative(tmp_path):
    today = date(2026, 1, 6)
    for segment in ("NSE_FO", "NSE_CD"):
        derivatives = symbol_files.derivatives_of(CASH, symbol_files.SEGMENT_FILES[segment], today)
        (tmp_path / "csv").write_text(symbol_files.csv_of([], today, derivatives))
        (tmp_path / "json").write_text(json.dumps(symbol_files.json_of([], {}, today, derivatives)))
        from_csv, from_json = (read_master(tmp_path / name, segment).table for name in ("csv", "json"))
        assert from_csv.num_rows == len(derivatives)
        assert from_csv.drop_columns("freeze").equals(from_json.drop_columns("freeze"))
        assert from_json["tick"].to_pylist() == sorted(row.tick for row, _ in derivatives)


def test_a_segment_that_is_traded_here_has_no_more_than_that():
    assert symbol_files.derivatives_of(CASH, symbol_files.SEGMENT_FILES["NSE_CM"], date(2026, 1, 6)) == []
