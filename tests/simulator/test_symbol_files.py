"""The symbol master in the published layout."""

from datetime import date

from core.market import Instrument
from simulator import symbol_files

TODAY = date(2026, 11, 20)
SHARE = Instrument(symbol="NSE:M&M-EQ", token="10100000002031", tick=10, freeze=9_000, lower_band=240_000)
INDEX = Instrument(symbol="NSE:NIFTY50-INDEX", token="101000000026000", tick=5)
FUTURE = Instrument(symbol="NSE:NIFTY26NOVFUT", token="101126112435001", tick=10, lot=65)


def test_a_share_has_the_21_columns_of_the_published_file() -> None:
    assert symbol_files.csv_of([SHARE], TODAY) == (
        "10100000002031,M&M,0,1,0.1,,0915-1530|1815-1915:,2026-11-20,,NSE:M&M-EQ,10,10,2031,M&M,2031,-1.0,XX,"
        "10100000002031,None,0,0.0\n"
    )


def test_an_index_has_a_lot_of_zero() -> None:
    cells = symbol_files.csv_of([INDEX], TODAY).split(",")
    assert (cells[1], cells[2], cells[3], cells[12]) == ("NIFTY50-INDEX", "10", "0", "26000")


def test_freeze_quantity_and_bands_stand_in_the_json_only() -> None:
    row = symbol_files.json_of([SHARE, INDEX], {"NSE:M&M-EQ": 300_000}, TODAY)
    assert (row["NSE:M&M-EQ"]["qtyFreeze"], row["NSE:M&M-EQ"]["previousClose"]) == ("9000", 3_000.0)
    assert (row["NSE:M&M-EQ"]["lowerPrice"], row["NSE:M&M-EQ"]["upperPrice"]) == (2_400.0, 0.0)
    assert row["NSE:NIFTY50-INDEX"]["qtyFreeze"] == ""


def test_a_file_holds_its_segment_only() -> None:
    listed = [SHARE, INDEX, FUTURE]
    assert symbol_files.of_segment(listed, symbol_files.SEGMENT_FILES["NSE_CM"]) == [SHARE, INDEX]
    assert symbol_files.of_segment(listed, symbol_files.SEGMENT_FILES["NSE_FO"]) == [FUTURE]


def test_topics_go_by_exchange_token_and_by_name_for_an_index() -> None:
    assert symbol_files.topic_of(SHARE, "sf") == "sf|nse_cm|2031"
    assert symbol_files.topic_of(SHARE, "dp") == "dp|nse_cm|2031"
    assert symbol_files.topic_of(FUTURE, "sf") == "sf|nse_fo|35001"
    assert symbol_files.topic_of(INDEX, "if") == "if|nse_cm|Nifty 50"
    unknown = Instrument(symbol="NSE:NIFTYNEW-INDEX", token="101000000026999", tick=5)
    assert symbol_files.topic_of(unknown, "if") == "if|nse_cm|NIFTYNEW"
