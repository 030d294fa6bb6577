import io
from dataclasses import replace
from datetime import date, time
from itertools import pairwise

import pytest
from rich.console import Console

from core.events import FeedState, SafetyLevel
from core.instants import Instant, instant_at
from core.market import Side
from core.sessions import TradingDay
from core.signals import Direction
from trading.live_frame import frame
from trading.snapshot import LiveSnapshot, PositionView, SymbolView


def at(hour: int, minute: int, second: int = 0) -> Instant:
    return instant_at(date(2026, 1, 6), time(hour, minute, second))


DAY = TradingDay(
    date=date(2026, 1, 6),
    open=at(9, 15),
    no_entry_after=at(14, 45),
    square_off=at(15, 5),
    flat_by=at(15, 10),
    close=at(15, 30),
)
LONG = SymbolView(
    symbol="NSE:SBIN-EQ",
    last_price=81_685,
    direction=Direction.LONG,
    probability=0.631,
    decided_at=at(11, 20),
    position=PositionView(side=Side.BUY, quantity=123, entry_price=81_195.0, stop=79_920, target=83_110, profit=60_270),
)
SHORT = SymbolView(
    symbol="NSE:RELIANCE-EQ",
    last_price=146_230,
    direction=Direction.SHORT,
    probability=0.58,
    decided_at=at(11, 5),
    position=PositionView(
        side=Side.SELL, quantity=68, entry_price=146_810.5, stop=148_150, target=144_800, profit=39_474
    ),
)
FLAT = SymbolView(symbol="NSE:INFY-EQ", last_price=158_990, decided_at=at(11, 20))
SNAPSHOT = LiveSnapshot(
    at=at(11, 23, 5),
    day=DAY,
    mode="live",
    account="XA12345",
    strategy="model",
    level=SafetyLevel.RUN,
    feeds=(("data", FeedState.LIVE), ("orders", FeedState.LIVE)),
    symbols=(FLAT, LONG, SHORT),
    realised=123_450,
    max_loss=1_000_000,
    trades=3,
    wins=2,
    signals=7,
    log=("a first line", "a second line"),
)
WIDTHS = pytest.mark.parametrize("width", [80, 120])


def shown(snapshot: LiveSnapshot, width: int = 120, height: int = 40) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(frame(snapshot, width, height))
    return console.export_text()


@WIDTHS
def test_everything_is_on_the_screen_and_nothing_is_cut(width: int) -> None:
    text = shown(SNAPSHOT, width)

    for words in (
        ("LIVE", "XA12345", "model", "Tue 06 Jan 2026  11:23:05 IST"),
        ("RUN", "data ● live", "orders ● live", "entries until 14:45"),
        ("SBIN", "816.85", "▲ 0.63", "11:20", "long 123", "@ 811.95"),
        ("799.20", "-17.65 2.2%", "831.10", "+14.25 1.7%", "+602.70"),
        ("RELIANCE", "1,462.30", "▼ 0.58", "short 68", "@ 1,468.11", "+19.20 1.3%", "-14.30 1.0%", "+394.74"),
        ("INFY", "1,589.90", "· 11:20", "flat"),
        # 1,234.50 realised and 602.70 + 394.74 open
        ("+2,231.94", "+1,234.50", "+997.44", "3, 2 won"),
        ("a first line", "a second line"),
    ):
        for word in words:
            assert word in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_a_rehearsal_does_not_say_live() -> None:
    text = shown(replace(SNAPSHOT, is_rehearsal=True))

    assert " REHEARSAL " in text
    assert " LIVE " not in text


def test_positions_come_before_flat_symbols() -> None:
    text = shown(SNAPSHOT)

    assert text.index("SBIN") < text.index("RELIANCE") < text.index("INFY")


@pytest.mark.parametrize(
    ("price", "gauge"),
    [
        (79_920, "●──────────────"),
        (81_515, "━━━━━━━●───────"),
        (83_110, "━━━━━━━━━━━━━━●"),
        (79_000, "●──────────────"),
        (99_000, "━━━━━━━━━━━━━━●"),
    ],
)
def test_the_gauge_runs_from_stop_to_target(price: int, gauge: str) -> None:
    assert gauge in shown(replace(SNAPSHOT, symbols=(replace(LONG, last_price=price),)))


def test_a_shorts_gauge_runs_from_its_stop_above_to_its_target_below() -> None:
    near_target = replace(SHORT, last_price=144_900)

    assert "━━━━━━━━━━━━━━●" in shown(replace(SNAPSHOT, symbols=(near_target,)))


def test_a_position_without_target_shows_none_and_no_gauge() -> None:
    assert LONG.position is not None
    text = shown(replace(SNAPSHOT, symbols=(replace(LONG, position=replace(LONG.position, target=0)),)))

    assert "none" in text
    assert "●──" not in text


def test_a_position_without_a_stop_at_the_broker_says_so() -> None:
    assert SHORT.position is not None
    text = shown(replace(SNAPSHOT, symbols=(replace(SHORT, position=replace(SHORT.position, is_protected=False)),)))

    assert "no stop yet" in text


def test_an_old_price_shows_its_age() -> None:
    text = shown(replace(SNAPSHOT, symbols=(replace(FLAT, age_seconds=47.2),)))

    assert "47 s old" in text
    assert "s old" not in shown(SNAPSHOT)


def test_before_the_first_tick_and_decision_a_symbol_waits() -> None:
    text = shown(replace(SNAPSHOT, symbols=(SymbolView(symbol="NSE:SBIN-EQ"),)))

    assert "waiting" in text


def test_a_blocked_symbol_gives_its_reason() -> None:
    assert "unexplained position" in shown(replace(SNAPSHOT, symbols=(replace(FLAT, note="unexplained position"),)))


@pytest.mark.parametrize("state", FeedState)
def test_each_state_of_a_feed_has_its_word(state: FeedState) -> None:
    assert f"● {state.value.replace('_', ' ')}" in shown(replace(SNAPSHOT, feeds=(("data", state),)))


@pytest.mark.parametrize("level", SafetyLevel)
def test_each_safety_level_is_named_with_its_reason(level: SafetyLevel) -> None:
    text = shown(replace(SNAPSHOT, level=level, level_why="loss limit reached"))

    assert f" {level.name} " in text
    assert "loss limit reached" in text


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (at(9, 0), "opens 09:15"),
        (at(9, 15), "entries until 14:45"),
        (at(14, 45), "square-off 15:05"),
        (at(15, 5), "flat by 15:10"),
        (at(15, 10), "closes 15:30"),
        (at(15, 30), "closed"),
    ],
)
def test_the_session_bar_names_what_comes_next(moment: Instant, words: str) -> None:
    assert words in shown(replace(SNAPSHOT, at=moment))


@pytest.mark.parametrize(
    ("moment", "words"),
    [(at(11, 59), "entries until 14:45"), (at(12, 0), "resumes 12:30"), (at(12, 30), "entries until 14:45")],
)
def test_in_a_pause_the_session_bar_says_when_trading_goes_on(moment: Instant, words: str) -> None:
    assert SNAPSHOT.day is not None
    paused = replace(SNAPSHOT.day, breaks=((at(12, 0), at(12, 30)),))
    assert words in shown(replace(SNAPSHOT, at=moment, day=paused))


def test_a_day_without_a_session_says_so() -> None:
    assert "no session today" in shown(replace(SNAPSHOT, day=None))


@pytest.mark.parametrize(
    ("realised", "used"), [(0, "0%"), (-250_000, "25%"), (-1_000_000, "100%"), (-9_000_000, "100%"), (500_000, "0%")]
)
def test_the_loss_gauge_shows_how_much_of_the_limit_is_used(realised: int, used: str) -> None:
    text = shown(replace(SNAPSHOT, symbols=(), realised=realised))

    assert f" {used}" in text
    assert "Loss limit" not in shown(replace(SNAPSHOT, max_loss=0))


@WIDTHS
def test_many_symbols_never_outgrow_the_terminal(width: int) -> None:
    fifty = tuple(replace(FLAT, symbol=f"NSE:SHARE{number}-EQ") for number in range(48))
    text = shown(replace(SNAPSHOT, symbols=(*fifty, LONG, SHORT)), width, height=30)

    assert len(text.splitlines()) <= 30
    assert "SBIN" in text
    assert "RELIANCE" in text
    # with one line of log there is room for 13 rows of one line, of 50
    assert "+ 37 more" in text


# --- small terminals -------------------------------------------------------------------------------------------------

assert LONG.position is not None
ALL_HELD = replace(
    SNAPSHOT,
    symbols=(replace(LONG, symbol="NSE:INFY-EQ"), LONG, SHORT),
    log=tuple(f"log line {number}" for number in range(1, 6)),
)
PROFITS = ("+602.70", "+394.74")


@pytest.mark.parametrize(("width", "height"), [(120, 40), (100, 30), (80, 24), (60, 20)])
def test_three_positions_are_all_on_the_screen_with_their_profits(width: int, height: int) -> None:
    text = shown(ALL_HELD, width, height)

    for word in ("INFY", "SBIN", "RELIANCE", *PROFITS, "log line 5"):
        assert word in text
    assert "more" not in text
    assert len(text.splitlines()) < height
    assert max(len(line) for line in text.splitlines()) <= width


def test_the_log_gives_way_before_the_rows_lose_a_line() -> None:
    text = shown(ALL_HELD, 80, 24)

    assert "log line 3" not in text
    assert "log line 4" in text
    assert "@ 1,468.11" in text


def test_the_rows_lose_their_second_line_before_a_symbol_goes() -> None:
    text = shown(ALL_HELD, 80, 22)

    assert "@ 1,468.11" not in text
    assert "1,481.50" in text
    assert "RELIANCE" in text


def test_what_does_not_fit_at_last_is_counted_and_positions_stay() -> None:
    text = shown(replace(ALL_HELD, symbols=(FLAT, *ALL_HELD.symbols)), 80, 20)

    assert text.index("INFY") < text.index("SBIN") < text.index("RELIANCE") < text.index("+ 1 more")


def test_a_position_without_a_stop_keeps_its_warning_on_a_low_terminal() -> None:
    bare = replace(LONG, position=replace(LONG.position, is_protected=False))
    text = shown(replace(ALL_HELD, symbols=(bare, SHORT, bare)), 60, 20)

    assert text.count("long 123 no stop yet") == 2
    assert all(profit in text for profit in PROFITS)
    assert "more" not in text


def test_a_narrow_terminal_keeps_the_time_and_the_feeds_whole() -> None:
    text = shown(replace(ALL_HELD, is_rehearsal=True, strategy="simple_ma_crossover"), 60, 20)

    assert "simple_ma_crossover" in text
    assert "11:23:05 IST" in text
    assert "orders ● live" in text


@pytest.mark.parametrize("width", [60, 70, 80, 99])
def test_a_narrow_terminal_does_without_the_target_and_the_stop_and_never_without_symbol_and_profit(width: int) -> None:
    heading = next(line for line in shown(ALL_HELD, width).splitlines() if "Symbol" in line)

    assert ("Target" in heading) is (width >= 80)
    assert ("Stop" in heading) is (width >= 70)
    assert heading.rstrip().endswith("P&L")


def test_a_long_note_costs_no_column() -> None:
    noted = replace(FLAT, note="a position that nobody here has opened, found at the broker this morning")
    text = shown(replace(SNAPSHOT, symbols=(noted, LONG, SHORT)), 80)

    for word in ("Target", "a position", *PROFITS):
        assert word in text


def test_how_well_we_are_protected_is_on_a_wide_screen_and_what_is_at_stake_on_eighty_columns_too() -> None:
    snapshot = replace(SNAPSHOT, protected=0.99999, loss_if_left=12_345_600)
    assert "99.99%" in shown(snapshot, 110)  # all of it is said only of all of it
    for width in (80, 110):
        assert "-1,23,456.00" in shown(snapshot, width)


def test_with_nothing_held_nothing_is_protected_or_at_stake() -> None:
    lines = shown(replace(SNAPSHOT, protected=None, loss_if_left=0)).splitlines()
    row = next(after for line, after in pairwise(lines) if "If it dies" in line)
    assert row.split()[-5:-3] == ["-", "-"]


@pytest.mark.hazard("X9")
@WIDTHS
def test_words_of_others_are_shown_as_they_are_and_are_no_markup(width: int) -> None:
    spite = "[red]R[/red] [link=http://evil]L[/link] [/]"
    hostile = replace(
        SNAPSHOT,
        account=spite,
        strategy=spite,
        level=SafetyLevel.NO_ENTRY,
        level_why=spite,
        symbols=(replace(FLAT, note=spite), LONG),
        log=(spite, spite),
    )
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=False)
    console.print(frame(hostile, width, 40))
    text = console.file.getvalue()
    assert text.count("[red]R") >= 4
