"""The page: whole, on its own, and honest about what it leaves out."""

import re
from dataclasses import replace
from datetime import date, time
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from core.charges import Charges
from core.instants import DAY, instant_at
from reporting.analysis import analyse
from reporting.equity_charts import drawdown_chart
from reporting.run_record import RunRecord
from reporting.tear_sheet import tear_sheet

from .conftest import MakeRecord, trade_of

VOID = {"meta", "br"}


class Balance(HTMLParser):
    """Notices a tag that is not closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(record: RunRecord) -> str:
    return tear_sheet(analyse(record))


def test_the_page_loads_nothing(page: str) -> None:
    assert re.findall(r"""(?:src|href|url|import)\s*[=(]|https?:""", page) == []


def test_every_tag_is_closed_in_its_place(page: str) -> None:
    balance = Balance()
    balance.feed(page)
    assert balance.open == []


def test_every_drawing_is_well_formed_and_has_no_pixel_that_is_no_number(page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page)
    assert len(drawings) > 6
    for each in drawings:
        ElementTree.fromstring(each)
        assert "nan" not in each
        assert "inf" not in each


def test_the_page_shows_every_part(page: str) -> None:
    for title in ("Equity", "Drawdown", "Monthly returns", "Daily returns", "Candles with entries and exits"):
        assert title in page
    assert page.count('class="entry"') > 4
    assert "2023" in page
    assert len(page) < 400_000


def test_the_parts_of_the_bill_add_up_to_its_total(make_record: MakeRecord) -> None:
    paid = Charges(brokerage=20_00, stt=5_00, clearing=1_50, gst=3_87, dp=14_75)
    page = tear_sheet(analyse(replace(make_record(days=2, trades=4), charges=paid)))
    table = page.partition("<h3>Charges</h3>")[2].partition("</table>")[0]
    *parts, total = [int(re.sub("[,.]", "", text)) for text in re.findall(r">([\d,]+\.\d\d)<", table)]

    assert total == sum(parts) == paid.total
    assert "Depository" in table


@pytest.mark.parametrize(("months", "is_folded"), [(3, False), (30, True)])
def test_months_of_exit_stand_on_the_page_however_many(make_record: MakeRecord, months: int, is_folded: bool) -> None:
    trades = tuple(
        trade_of(entry_at=instant_at(date(2020, 1, 6), time(10)) + 31 * DAY * each) for each in range(months)
    )
    page = tear_sheet(analyse(replace(make_record(days=1, trades=0), trades=trades)))
    before, title, table = page.partition("<h3>By month of exit</h3>")
    assert title
    assert table.partition("</table>")[0].count("<tr>") == 1 + months
    assert (f"<summary>{months} groups by month of exit</summary>" in before) is is_folded


@pytest.mark.parametrize("share", [0.0004, 0.004, 0.013, 0.03, 0.084, 0.3])
def test_the_drawdown_axis_says_what_its_lines_are(share: float) -> None:
    equity = np.array([1_000_000, round(1_000_000 * (1 - share)), 1_000_000])
    drawing = drawdown_chart(1_000_000, instant_at(date(2023, 9, 4), time(10)) + DAY * np.arange(3), equity)
    lines = [float(y) for y in re.findall(r'class="grid" d="M84 ([\d.]+)H', drawing)]
    shares = [float(text) for text in re.findall(r">(-?[\d.]+)%<", drawing)]
    assert len(lines) == len(shares) > 1
    steps, drawn = np.diff(shares), np.diff(lines)
    assert steps == pytest.approx(np.full(len(steps), steps[0]))
    assert drawn == pytest.approx(np.full(len(drawn), drawn[0]), abs=0.11)


def test_the_tiles_fill_their_rows(page: str) -> None:
    across = [int(columns) for columns in re.findall(r"\.tiles {[^}]*repeat\((\d+),", page)]
    assert across == [4, 2]
    assert [page.count('class="tile"') % columns for columns in across] == [0, 0]


def test_what_users_wrote_is_escaped(make_record: MakeRecord) -> None:
    wild = make_record(days=2, trades=4, strategy="<b>&'", parameters={"<i>": "</script>"})
    page = tear_sheet(analyse(replace(wild, notes=("<u>",), refusals={"<s>": 1})))
    for tag in ("<b>&", "<i>", "</script>'", "<u>", "<s>"):
        assert tag not in page


def test_compared_runs_stand_beside_each_other(record: RunRecord, make_record: MakeRecord) -> None:
    other = make_record(days=20, trades=30, strategy="other")
    page = tear_sheet(analyse(record), [analyse(other)])
    assert "Comparison" in page
    assert other.run_id in page
    warned = analyse(replace(other, notes=("its model knew <these> days",)))
    assert '<p class="note">Note on B: its model knew &lt;these&gt; days</p>' in tear_sheet(analyse(record), [warned])


@pytest.mark.parametrize("trades", [0, 1])
def test_a_run_of_one_day_has_a_page(make_record: MakeRecord, trades: int) -> None:
    assert "n/a" in tear_sheet(analyse(make_record(days=1, trades=trades)))


def test_a_run_of_nothing_has_a_page(make_record: MakeRecord) -> None:
    none = np.empty(0, dtype=np.int64)
    empty = replace(make_record(days=1, trades=0), at=none, equity=none, exposure=none, markets=(), refusals={})
    assert "n/a" in tear_sheet(analyse(empty))


def test_a_run_that_lost_everything_has_a_page(record: RunRecord) -> None:
    gone = record.equity - np.linspace(0, 2 * record.facts.capital, len(record.equity)).astype(np.int64)
    page = tear_sheet(analyse(replace(record, equity=gone)))
    assert "nan" not in page


def test_twenty_years_of_days_stay_small(record: RunRecord) -> None:
    days = 5_000
    at = record.at[0] + DAY * np.arange(days, dtype=np.int64)
    equity = record.facts.capital + np.cumsum(np.random.default_rng(1).integers(-100_00, 110_00, days))
    page = tear_sheet(analyse(replace(record, at=at, equity=equity, exposure=np.zeros_like(at))))
    assert len(page) < 800_000
