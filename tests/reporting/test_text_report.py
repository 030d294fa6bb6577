"""The report in a terminal: the names that users know, in the columns there are."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from core.instants import DAY
from reporting.analysis import Analysis, analyse
from reporting.run_record import RunRecord
from reporting.text_report import text_report

from .conftest import MakeRecord, trade_of

NAMES = (
    "Backtesting from",
    "Backtesting to",
    "Total trades",
    "Daily avg trades",
    "Starting balance",
    "Final balance",
    "Absolute profit",
    "Total profit %",
    "CAGR %",
    "Sharpe",
    "Sortino",
    "Calmar",
    "SQN",
    "Profit factor",
    "Expectancy",
    "Max Drawdown",
    "Drawdown duration",
    "Exposure time",
    "Win rate",
    "Best day",
    "Worst day",
    "Market change",
)


def months_of(record: RunRecord, number: int) -> RunRecord:
    """A run with a trade in each of so many months."""
    trades = tuple(trade_of(entry_at=record.facts.first + month * 31 * DAY) for month in range(number))
    return replace(record, trades=trades)


def printed(analysis: Analysis, width: int) -> str:
    console = Console(file=StringIO(), width=width, color_system=None)
    for each in text_report(analysis, width):
        console.print(each)
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_report_fits_the_terminal_and_cuts_nothing_off(record: RunRecord, width: int) -> None:
    text = printed(analyse(record), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert [name for name in NAMES if name not in text] == []


def test_the_report_tells_groups_refusals_notes_and_where_it_comes_from(record: RunRecord) -> None:
    text = printed(analyse(record), 120)
    for word in ("By symbol", "By exit reason", "SBIN", "trailing_stop", "NOT_FILLED", record.notes[0], record.run_id):
        assert word in text


def test_a_run_without_trades_is_reported_as_such(make_record: MakeRecord) -> None:
    text = printed(analyse(replace(make_record(days=1, trades=0), refusals={}, notes=())), 80)
    assert "n/a" in text
    assert "By symbol" not in text
    assert "nan" not in text.lower().replace("balance", "")


def test_groups_that_are_too_many_are_counted_and_sent_to_the_page(make_record: MakeRecord) -> None:
    text = printed(analyse(months_of(make_record(days=1, trades=0), 30)), 80)
    assert "By month of exit\n30 groups: on the page (--html)" in text
