"""Which tables hold candles of one symbol: any other is named for what it is, by its columns alone."""

from core.errors import DataError
from market_data.candles.candle_layout import layout_of
from market_data.candles.candle_table import NoCandlesError, Table

_CONTRACT_COLUMNS = {"strkpric", "optntp", "xprydt", "strike", "option_type", "expiry"}
_MOST_NAMES = 8
_TICK_COLUMNS = {"price", "last_price", "ltp"}


def require_candles(table: Table) -> None:
    """Look at the columns of a table. Raises `NoCandlesError` that says what it is when it holds no candles."""
    names = {name.lower() for name in table.columns}
    what = ""
    if names & _CONTRACT_COLUMNS:
        what = "rows of many contracts (a bhavcopy), not candles of one symbol; split it by contract"
    elif not holds_candles(table):
        if any(name.startswith(("calls_", "puts_")) for name in names):
            what = "snapshots of an option chain, not candles; there is nothing here to judge it by"
        elif "open" not in names and names & _TICK_COLUMNS:
            what = "ticks (one price a row), not candles; make candles of them first"
        elif table.has_header:
            there = ", ".join(list(table.columns)[:_MOST_NAMES]) + (", ..." if len(table.columns) > _MOST_NAMES else "")
            what = f"its columns are not those of candles: it has {there}; expected timestamp, open, high, low, close"
        else:
            what = "rows without a header that do not prove to be candles; `fyersbot import-data` takes --columns"
    if what:
        raise NoCandlesError(f"{table.path}: {what}")


def holds_candles(table: Table) -> bool:
    """Whether a table has the columns of candles, whosever they are."""
    try:
        layout_of(table, {})
    except DataError:
        return False
    return True
