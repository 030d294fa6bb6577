import runpy
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from core.events import FeedState, SafetyLevel
from core.instants import instant_at
from core.market import Side
from runtime.project import ROOT
from trading.snapshot import LiveSnapshot, PositionView, SymbolView

HELD = PositionView(side=Side.BUY, quantity=10, entry_price=81_600.0, stop=81_200, target=82_100, profit=850)
SNAPSHOT = LiveSnapshot(
    at=instant_at(date(2026, 1, 6), time(11, 23, 5)),
    day=None,
    mode="live",
    account="SIM0001",
    strategy="model",
    level=SafetyLevel.RUN,
    feeds=(("data", FeedState.LIVE),),
    symbols=(SymbolView(symbol="NSE:SBIN-EQ", last_price=81_685, position=HELD),),
    trades=1,
)


@pytest.fixture(scope="module")
def program() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "draw_live_view.py")))


def test_a_picture_is_a_drawing_that_loads_nothing_from_elsewhere(program, tmp_path: Path) -> None:
    path = tmp_path / "live_view.svg"

    program.save_picture(SNAPSHOT, path)

    drawing = path.read_text(encoding="utf-8")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    assert "816.85" in drawing
    assert "url(http" not in drawing
    assert 'url("http' not in drawing
    program.save_picture(SNAPSHOT, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8") == drawing


def test_a_moment_with_protected_positions_and_a_trade_done_is_worth_a_picture(program) -> None:
    [view] = SNAPSHOT.symbols
    bare = replace(view, position=replace(HELD, is_protected=False))

    assert program.is_telling(SNAPSHOT)
    assert not program.is_telling(replace(SNAPSHOT, symbols=(view, replace(view, position=None))))
    assert not program.is_telling(replace(SNAPSHOT, symbols=(bare,)))
    assert not program.is_telling(replace(SNAPSHOT, trades=0))
    assert not program.is_telling(replace(SNAPSHOT, at=instant_at(date(2026, 1, 6), time(10, 29))))


def test_the_picture_of_the_readme_is_one_of_this_program(program) -> None:
    drawing = program.PICTURE.read_text(encoding="utf-8")

    assert "make&#160;run" in drawing or "make run" in drawing
    assert f"docs/images/{program.PICTURE.name}" in (ROOT / "README.md").read_text()
