import io
import json
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
from rich.console import Console

from core.candle_quality import CandleQuality
from core.errors import StorageError
from core.events import SafetyLevel
from core.instants import instant_at
from core.market import Side
from core.positions import Trade
from trading.day_report import REPORT_WIDTH, DayFacts, day_report, summary, totals_of, write_summary

DAY = date(2026, 1, 6)
FACTS = DayFacts(
    date=DAY,
    mode="live",
    strategy="model",
    symbols=("NSE:SBIN-EQ", "NSE:INFY-EQ"),
    signals=7,
    flat=True,
    level=SafetyLevel.RUN,
    is_rehearsal=False,
)


def trade(net: int, hour: int, **changes: object) -> Trade:
    """Build a long trade of 100 shares bought at 800.00 that ends with a net profit in paise at a full hour."""
    entry_value = 100 * 80_000
    basis = Trade(
        symbol="NSE:SBIN-EQ",
        side=Side.BUY,
        quantity=100,
        entry_at=instant_at(DAY, time(hour - 1, 20, 2)),
        entry_value=entry_value,
        exit_at=instant_at(DAY, time(hour)),
        exit_value=entry_value + net + 5_000,
        exit_reason="target",
        charges=5_000,
        stop=79_700,
        target=80_450,
        probability=0.61,
    )
    return replace(basis, **changes)  # type: ignore[arg-type]


# net in rupees: +300, -200, -250, +100, 0
TRADES = (trade(30_000, 11), trade(-20_000, 12), trade(-25_000, 13), trade(10_000, 14), trade(0, 15))


def shown(trades: tuple[Trade, ...], width: int, facts: DayFacts = FACTS) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(day_report(trades, facts, width))
    return console.export_text()


def test_the_head_of_the_log_is_shown_short_to_people_and_whole_to_programs() -> None:
    facts = replace(FACTS, log_rows=12_345, log_head="0123456789abcdef" * 4)
    line = next(line for line in shown(TRADES, 120, facts).splitlines() if "head" in line)
    assert line.strip() == "Log of 12,345 events, head 0123456789abcdef0123456789abcdef"
    assert summary(TRADES, facts)["log_head"] == facts.log_head
    assert summary(TRADES, facts)["log_rows"] == 12_345
    assert "head" not in shown(TRADES, 120)


def test_totals_add_up() -> None:
    totals = totals_of(TRADES)

    assert (totals.trades, totals.wins, totals.losses) == (5, 2, 2)
    assert (totals.gross, totals.charges, totals.net) == (20_000, 25_000, -5_000)
    assert totals.win_rate == 0.4


def test_drawdown_is_the_deepest_fall_from_the_highest_point_so_far() -> None:
    # equity 0, 300, 100, -150, -50, -50: from 300 down to -150
    assert totals_of(TRADES).max_drawdown == 45_000
    # a first loss falls from the start of the day
    assert totals_of((trade(-20_000, 12),)).max_drawdown == 20_000
    assert totals_of((trade(20_000, 12),)).max_drawdown == 0


def test_drawdown_follows_the_order_of_exits_not_of_the_list() -> None:
    assert totals_of(tuple(reversed(TRADES))).max_drawdown == 45_000


def test_the_summary_has_the_promised_keys_in_rupees() -> None:
    content = summary(TRADES, FACTS)

    assert {key: content[key] for key in ("date", "mode", "rehearsal", "trades", "net_pnl", "charges", "flat")} == {
        "date": "2026-01-06", "mode": "live", "rehearsal": False, "trades": 5,
        "net_pnl": -50.0, "charges": 250.0, "flat": True,
    }  # fmt: skip
    assert (content["gross_pnl"], content["wins"], content["losses"], content["win_rate"]) == (200.0, 2, 2, 0.4)
    assert (content["strategy"], content["symbols"]) == ("model", ["NSE:SBIN-EQ", "NSE:INFY-EQ"])
    assert (content["signals"], content["safety_level"], content["max_drawdown"]) == (7, "RUN", 450.0)


def test_each_trade_is_listed_in_the_order_of_its_exit() -> None:
    first, *others = summary(tuple(reversed(TRADES)), FACTS)["trade_list"]

    assert first == {
        "symbol": "NSE:SBIN-EQ",
        "side": "long",
        "quantity": 100,
        "entry_at": "2026-01-06T10:20:02+05:30",
        "entry_price": 800.0,
        "exit_at": "2026-01-06T11:00:00+05:30",
        "exit_price": 803.5,
        "exit_reason": "target",
        "stop": 797.0,
        "target": 804.5,
        "probability": 0.61,
        "gross": 350.0,
        "charges": 50.0,
        "net": 300.0,
    }
    assert len(others) == 4


def test_a_trade_without_a_target_says_so() -> None:
    assert summary((trade(0, 11, target=0),), FACTS)["trade_list"][0]["target"] is None


def test_a_day_without_trades_is_a_day_too() -> None:
    content = summary((), FACTS)

    assert (content["trades"], content["net_pnl"], content["win_rate"], content["trade_list"]) == (0, 0.0, 0.0, [])
    assert "No trades today." in shown((), 80)


def test_the_summary_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-06" / "summary.json"

    write_summary(path, summary(TRADES, FACTS))
    write_summary(path, summary(TRADES[:1], FACTS))

    assert json.loads(path.read_text(encoding="utf-8"))["trades"] == 1
    assert [each.name for each in path.parent.iterdir()] == ["summary.json"]


def test_a_summary_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "2026-01-06").write_text("a file where the folder should be", encoding="utf-8")

    with pytest.raises(StorageError, match=r"summary\.json"):
        write_summary(tmp_path / "2026-01-06" / "summary.json", summary((), FACTS))


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_shows_every_figure_whole(width: int) -> None:
    short = trade(0, 13, side=Side.SELL, symbol="NSE:RELIANCE-EQ", quantity=1_200, exit_reason="square_off")
    text = shown((*TRADES, short), width)

    for word in ("RELIANCE", "short", "1,200", "800.00", "803.50", "10:20:02", "11:00:00", "50.00", "+350.00"):
        assert word in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_a_lakh_of_profit_still_fits_into_eighty_columns() -> None:
    text = shown((trade(12_345_600, 11, symbol="NSE:HINDUNILVR-EQ"),), 80)

    assert "+1,23,456.00" in text
    assert "+1,23,506.00" in text


def test_a_day_that_did_not_end_flat_cannot_be_overlooked() -> None:
    assert "NO" in shown(TRADES, 120, replace(FACTS, flat=False))
    assert "FLATTEN" in shown(TRADES, 120, replace(FACTS, level=SafetyLevel.FLATTEN))


def test_a_rehearsal_is_named_in_the_heading_and_in_the_data_its_mode_stays_live() -> None:
    rehearsal = replace(FACTS, is_rehearsal=True)

    assert " REHEARSAL " in shown(TRADES, 120, rehearsal)
    assert " LIVE " not in shown(TRADES, 120, rehearsal)
    assert " LIVE " in shown(TRADES, 120)
    content = summary(TRADES, rehearsal)
    assert (content["mode"], content["rehearsal"]) == ("live", True)


def test_without_a_terminal_a_trade_is_one_line() -> None:
    longest = trade(-7_345_600, 11, symbol="NSE:HINDUNILVR-EQ", quantity=12_345, exit_reason="closed_at_broker")
    lines = shown((*TRADES, longest), REPORT_WIDTH).splitlines()

    [row] = [line for line in lines if "HINDUNILVR" in line]
    for word in ("12,345", "10:20:02", "11:00:00", "closed at broker", "-73,456.00"):
        assert word in row
    assert sum("10:20:02" in line for line in lines) == 2


def test_the_report_says_how_much_of_the_time_a_stop_stood_at_the_broker() -> None:
    facts = replace(FACTS, protected=0.999949, longest_naked=1.25, loss_if_left=123_456)
    content = summary((), facts)
    assert (content["protected_share"], content["longest_unprotected_seconds"]) == (0.999949, 1.25)
    assert content["loss_if_left_alone"] == 1234.56
    assert "99.99%" in shown((), 120, facts)
    assert "Lost at worst if this machine dies now: ₹ 1,234.56" in shown((), 80, facts)


def test_the_report_says_how_our_own_candles_compare_with_the_brokers() -> None:
    quality = CandleQuality(built=225, compared=225, identical=224, within_tick=225, volume_differences={0: 224, 3: 1})
    facts = replace(FACTS, candles=quality)
    assert summary((), facts)["built_candles"]["identical"] == 224
    assert "225 built" in shown((), 120, facts)
    assert summary((), FACTS)["built_candles"] is None
    assert "Candles" not in shown((), 120)


def test_a_day_without_a_position_has_no_share_of_protection() -> None:
    assert summary((), FACTS)["protected_share"] is None
