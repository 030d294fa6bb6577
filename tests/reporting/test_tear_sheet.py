"""The page: whole, on its own, and honest about what it leaves out."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from core.charges import Charges
from core.instants import DAY
from reporting.analysis import analyse
from reporting.run_record import RunRecord
from reporting.tear_sheet import tear_sheet

from .conftest import MakeRecord

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
