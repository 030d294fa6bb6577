"""What the day came to: a table of trades for people, the same in data for programs.

Money inside is in paise; the table and the data show rupees.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.candle_quality import CandleQuality
from core.drift_state import DriftState
from core.events import SafetyLevel
from core.instants import ist_datetime
from core.market import Side
from core.positions import Trade
from runtime.atomic_files import write_text
from trading.candle_figures import candle_data, candle_line
from trading.drift_figures import caution_data, caution_line, drift_data, drift_line
from trading.mode_badge import mode_badge
from trading.rupee_text import profit_style, rupees, share_text, short_symbol, signed_rupees
from trading.shadow_ledger import ShadowTrade

SUMMARY = "summary.json"
"""In the day's folder of the logs."""
WIDE = 110
"""Columns from which the time of a fill stands beside its price."""
_SHOWN_OF_HEAD = 32
"""Digits of the head that people are shown: 128 bits, more than anybody can forge."""
REPORT_WIDTH = 120
"""Columns of a report that goes to no terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFacts:
    """What the trades alone do not tell about a day."""

    date: date
    mode: str
    strategy: str
    symbols: tuple[str, ...]
    signals: int
    """Long and short signals of the day."""
    flat: bool
    """Whether the broker's books were read at the end and showed nothing open."""
    level: SafetyLevel
    """The safety level the day ended on."""
    is_rehearsal: bool
    """Whether every endpoint was this machine, so that no real money was at stake."""
    log_rows: int = 0
    """Rows in the event log at the end of the day."""
    log_head: str = ""
    """Hash of the newest of them, in hex: it vouches for all, and whoever keeps it can tell a log that was altered."""
    protected: float | None = None
    """Share of position time with a stop at the broker; None when nothing was held."""
    longest_naked: float = 0.0
    """Seconds of the longest spell of one position without a stop."""
    loss_if_left: int = 0
    """What is still open would lose from its entry with nobody there, in paise."""
    candles: CandleQuality = field(default_factory=CandleQuality)
    """How the candles made of prices compare with the broker's."""
    drift: DriftState = field(default_factory=DriftState)
    """What is known of the market leaving the model."""
    shadow: tuple[ShadowTrade, ...] = ()
    """Trades of the day that caution kept from being made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """Sums over the day's closed trades. Money in paise."""

    trades: int
    wins: int
    losses: int
    gross: int
    charges: int
    max_drawdown: int
    """Deepest fall of the running net profit from its highest point so far, 0 or more, from trade to trade."""

    @property
    def net(self) -> int:
        """Profit after charges."""
        return self.gross - self.charges

    @property
    def win_rate(self) -> float:
        """Share of trades that earned something after charges; 0 without trades."""
        return self.wins / self.trades if self.trades else 0.0


def totals_of(trades: Sequence[Trade]) -> DayTotals:
    """Add up the closed trades of a day."""
    ordered = sorted(trades, key=lambda trade: trade.exit_at)
    equity = list(accumulate((trade.net for trade in ordered), initial=0))
    peaks = accumulate(equity, max)
    return DayTotals(
        trades=len(trades),
        wins=sum(trade.net > 0 for trade in trades),
        losses=sum(trade.net < 0 for trade in trades),
        gross=sum(trade.gross for trade in trades),
        charges=sum(trade.charges for trade in trades),
        max_drawdown=max(peak - now for peak, now in zip(peaks, equity, strict=True)),
    )


def summary(trades: Sequence[Trade], facts: DayFacts) -> dict[str, Any]:
    """Return the day as data for `summary.json`; money in rupees, times in IST with their offset."""
    totals = totals_of(trades)
    return {
        "date": facts.date.isoformat(),
        "mode": facts.mode,
        "rehearsal": facts.is_rehearsal,
        "strategy": facts.strategy,
        "symbols": list(facts.symbols),
        "trades": totals.trades,
        "wins": totals.wins,
        "losses": totals.losses,
        "win_rate": round(totals.win_rate, 4),
        "gross_pnl": totals.gross / 100,
        "charges": totals.charges / 100,
        "net_pnl": totals.net / 100,
        "max_drawdown": totals.max_drawdown / 100,
        "signals": facts.signals,
        "protected_share": None if facts.protected is None else round(facts.protected, 6),
        "longest_unprotected_seconds": round(facts.longest_naked, 3),
        "loss_if_left_alone": facts.loss_if_left / 100,
        "built_candles": candle_data(facts.candles),
        "drift": drift_data(facts.drift),
        "caution": caution_data(facts.shadow),
        "flat": facts.flat,
        "safety_level": facts.level.name,
        "log_rows": facts.log_rows,
        "log_head": facts.log_head,
        "trade_list": [_as_data(trade) for trade in sorted(trades, key=lambda trade: trade.exit_at)],
    }


def no_session(mode: str, strategy: str, symbols: tuple[str, ...], *, is_rehearsal: bool) -> dict[str, Any]:
    """Return the same data for a run that was stopped before any session: null where nothing was found out."""
    nothing = DayFacts(
        date=date.min,
        mode=mode,
        strategy=strategy,
        symbols=symbols,
        signals=0,
        flat=False,
        level=SafetyLevel.RUN,
        is_rehearsal=is_rehearsal,
    )
    return summary((), nothing) | {"date": None, "flat": None, "safety_level": None}


def write_summary(path: Path, content: dict[str, Any]) -> None:
    """Replace the summary of a day in one step. Raises `StorageError`."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def day_report(trades: Sequence[Trade], facts: DayFacts, width: int) -> RenderableType:
    """Draw the table of trades and the totals for a terminal of a width in characters."""
    heading = Text.assemble(
        " ",
        mode_badge(facts.mode, is_rehearsal=facts.is_rehearsal),
        (f"  {facts.date:%a %d %b %Y}  ", "bold"),
        (facts.strategy, "cyan"),
    )
    body = _trade_table(trades, width) if trades else Text(" No trades today.\n", "dim")
    parts = [Text(), heading, Text(), body, _totals_grid(totals_of(trades), facts, width)]
    left = Text(f" Lost at worst if this machine dies now: ₹ {rupees(facts.loss_if_left)}\n")
    left.stylize("bold yellow" if facts.loss_if_left else "dim")
    parts.append(left)
    figures = candle_line(facts.candles), drift_line(facts.drift), caution_line(facts.shadow)
    parts += [Padding(Text(line, "dim"), (0, 1, 1, 1)) for line in figures if line]
    if facts.log_head:
        parts.append(Text(f" Log of {facts.log_rows:,} events, head {facts.log_head[:_SHOWN_OF_HEAD]}\n", "dim"))
    return Group(*parts)


def _as_data(trade: Trade) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "side": _side_word(trade),
        "quantity": trade.quantity,
        "entry_at": ist_datetime(trade.entry_at).isoformat(),
        "entry_price": round(trade.entry_price / 100, 4),
        "exit_at": ist_datetime(trade.exit_at).isoformat(),
        "exit_price": round(trade.exit_price / 100, 4),
        "exit_reason": trade.exit_reason,
        "stop": trade.stop / 100,
        "target": trade.target / 100 if trade.target else None,
        "probability": round(trade.probability, 4),
        "gross": trade.gross / 100,
        "charges": trade.charges / 100,
        "net": trade.net / 100,
    }


def _side_word(trade: Trade) -> str:
    return "long" if trade.side is Side.BUY else "short"


def _trade_table(trades: Sequence[Trade], width: int) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        padding=(0, 1) if width >= WIDE else 0,
        header_style="bold dim",
        border_style="dim",
    )
    table.add_column("Symbol", style="bold", overflow="fold")
    table.add_column("Side", no_wrap=True)
    table.add_column("Qty", justify="right", no_wrap=True)
    for name in ("Entry", "Exit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Reason")
    for name in ("Gross", "Charges", "Net"):
        table.add_column(name, justify="right", no_wrap=True)
    for trade in sorted(trades, key=lambda trade: trade.entry_at):
        table.add_row(
            short_symbol(trade.symbol),
            Text(_side_word(trade), "green" if trade.side is Side.BUY else "red"),
            f"{trade.quantity:,}",
            _fill_text(trade.entry_price, f"{ist_datetime(trade.entry_at):%H:%M:%S}", width),
            _fill_text(trade.exit_price, f"{ist_datetime(trade.exit_at):%H:%M:%S}", width),
            trade.exit_reason.replace("_", " "),
            signed_rupees(trade.gross),
            rupees(trade.charges),
            Text(signed_rupees(trade.net), f"bold {profit_style(trade.net)}"),
        )
    return table


def _fill_text(price: float, at: str, width: int) -> Text:
    if width >= WIDE:
        return Text.assemble((f"{at} ", "dim"), f"{rupees(price):>9}")
    return Text.assemble(rupees(price), (f"\n{at}", "dim"))


def _totals_grid(totals: DayTotals, facts: DayFacts, width: int) -> RenderableType:
    flat = Text("yes", "green") if facts.flat else Text("NO", "bold red")
    level = Text(facts.level.name, "green" if facts.level is SafetyLevel.RUN else "yellow")
    figures: list[tuple[str, Text]] = [
        ("Trades", Text(str(totals.trades))),
        ("Won", Text(f"{totals.win_rate:.0%}" if totals.trades else "-")),
        ("Gross", Text(signed_rupees(totals.gross), profit_style(totals.gross))),
        ("Charges", Text(rupees(totals.charges))),
        ("Net ₹", Text(signed_rupees(totals.net), f"bold {profit_style(totals.net)}")),
        ("Drawdown", Text(rupees(totals.max_drawdown))),
        ("Signals", Text(str(facts.signals))),
        ("Protected", Text("-" if facts.protected is None else share_text(facts.protected))),
        ("Flat", flat),
        ("Safety", level),
    ]
    per_line = len(figures) if width >= WIDE else 5
    lines = [figures[first : first + per_line] for first in range(0, len(figures), per_line)]
    return Group(*(Padding(_figure_grid(line), (0, 0, 1, 1)) for line in lines))


def _figure_grid(figures: list[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 4, 0, 0))
    for _ in figures:
        table.add_column(no_wrap=True, min_width=8)
    table.add_row(*(Text(name, "dim") for name, _ in figures))
    table.add_row(*(figure for _, figure in figures))
    return table
