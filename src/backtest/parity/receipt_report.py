"""The receipt as people and programs read it: a waterfall, and each decision on both sides."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from backtest.parity.causes import Cause
from backtest.parity.opinions import Opinion
from backtest.parity.waterfall import Pair, Receipt
from core.instants import ist_datetime
from core.positions import Trade
from core.signals import Direction
from trading.rupee_text import profit_style, rupees, short_symbol, signed_rupees

_WIDE = 110
"""Columns from which the pairs have room for their causes."""
_STILL_OPEN, _NOT_FILLED = "still open", "not filled"
_BAR = 24
"""Cells of the longest bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A receipt with what it is about."""

    day: date
    mode: str
    strategy: str
    receipt: Receipt
    budget: int
    """What may stay unexplained, in paise."""
    candles_from: str
    """Where the official candles are from."""
    has_ticks: bool
    """Whether the re-run was filled on the ticks that the bot saw; else on bars."""
    notes: tuple[str, ...] = ()

    @property
    def is_within_budget(self) -> bool:
        """Whether no more is unexplained than may be."""
        return self.receipt.unexplained <= self.budget


def receipt_data(compared: Compared) -> dict[str, Any]:
    """Return the receipt for programs; money in rupees, times in IST with their offset."""
    receipt = compared.receipt
    return {
        "day": compared.day.isoformat(),
        "mode": compared.mode,
        "strategy": compared.strategy,
        "backtest_net": receipt.backtest / 100,
        "live_net": receipt.live / 100,
        "waterfall": {cause.value: amount / 100 for cause, amount in receipt.amounts.items()},
        "unexplained": receipt.unexplained / 100,
        "budget": compared.budget / 100,
        "within_budget": compared.is_within_budget,
        "decisions": receipt.decisions,
        "same_decisions": receipt.same,
        "prices": "ticks" if compared.has_ticks else "bars",
        "official_candles": compared.candles_from,
        "notes": list(compared.notes),
        "pairs": [_pair_data(pair) for pair in receipt.pairs],
    }


def receipt_text(compared: Compared, width: int) -> RenderableType:
    """Draw the receipt for a terminal of a width in characters."""
    receipt = compared.receipt
    heading = Text.assemble(
        (f"\n Parity of {compared.day:%a %d %b %Y}", "bold"), f"  {compared.mode}  ", (compared.strategy, "cyan"), "\n"
    )
    told = f" {receipt.same} of {receipt.decisions} decisions the same; official candles from {compared.candles_from}"
    parts: list[RenderableType] = [heading, _waterfall(receipt), Text(told, "dim")]
    parts += [Text(f" {note}", "yellow") for note in compared.notes]
    listed = sorted((pair for pair in receipt.pairs if not _is_refused_alike(pair)), key=lambda pair: not pair.amounts)
    if listed:
        parts += [Text(), _pairs_table(listed, is_wide=width >= _WIDE)]
    alike = Counter(pair.refused for pair in receipt.pairs if _is_refused_alike(pair))
    if alike:
        codes = ", ".join(f"{times:,} {code}" for code, times in alike.most_common())
        parts.append(Text(f" refused alike on both sides: {codes}", "dim"))
    return Group(*parts, _verdict(compared))


def _is_refused_alike(pair: Pair) -> bool:
    """Whether nothing came of a signal on either side, for the same reason."""
    said = _direction(pair.opinion), pair.refused
    return bool(pair.refused) and said == _live_words(pair) and not (pair.trade or pair.live_trade or pair.amounts)


def _waterfall(receipt: Receipt) -> Table:
    """Draw each cause's bar from where the causes before it have led to."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold dim", border_style="dim", pad_edge=False)
    table.add_column("")
    table.add_column("Rupees", justify="right", no_wrap=True)
    table.add_column("", min_width=_BAR, no_wrap=True)
    reached, levels = receipt.backtest, [0, receipt.backtest]
    for amount in receipt.amounts.values():
        reached += amount
        levels.append(reached)
    low, span = min(levels), max(max(levels) - min(levels), 1)

    def drawn(since: int, until: int, style: str) -> Text:
        first, last = sorted(((since - low) * _BAR // span, (until - low) * _BAR // span))
        return Text(" " * first + ("█" * max(last - first, 1) if since != until else ""), style)

    table.add_row(Text("backtest", "bold"), signed_rupees(receipt.backtest), drawn(0, receipt.backtest, "blue"))
    reached = receipt.backtest
    for cause, amount in receipt.amounts.items():
        style = profit_style(amount)
        bar = drawn(reached, reached + amount, style)
        reached += amount
        table.add_row(Text(_words(cause), "" if amount else "dim"), Text(signed_rupees(amount), style), bar)
    table.add_section()
    table.add_row(Text("traded", "bold"), signed_rupees(receipt.live), drawn(0, receipt.live, "blue"))
    return table


def _pairs_table(pairs: Sequence[Pair], *, is_wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold dim", border_style="dim", pad_edge=False)
    table.add_column("Candle", no_wrap=True)
    table.add_column("Symbol", style="bold", overflow="fold")
    table.add_column("Backtest")
    table.add_column("Traded")
    table.add_column("Rupees", justify="right", no_wrap=True)
    if is_wide:
        table.add_column("Because of")
    for pair in pairs:
        difference = sum(pair.amounts.values())
        row: list[RenderableType] = [
            f"{ist_datetime(pair.key.candle):%H:%M}",
            short_symbol(pair.key.symbol),
            _side_text(_direction(pair.opinion), pair.refused or _STILL_OPEN, pair.trade, "no row"),
            _side_text(*_live_words(pair), pair.live_trade, "no decision"),
            Text(signed_rupees(difference), profit_style(difference)),
        ]
        if is_wide:
            row.append(", ".join(f"{_words(cause)} {signed_rupees(each)}" for cause, each in pair.amounts.items()))
        table.add_row(*row)
    return table


def _verdict(compared: Compared) -> Text:
    left, budget = rupees(compared.receipt.unexplained), rupees(compared.budget)
    if compared.is_within_budget:
        return Text(f"\n Unexplained: {left}, within the budget of {budget}\n", "green")
    return Text(f"\n Unexplained: {left}, above the budget of {budget}\n", "bold red")


def _side_text(direction: Direction | None, refused: str, trade: Trade | None, nothing: str) -> Text:
    """Write one side of a pair: its trade, or why there is none."""
    if trade is not None:
        way_in, way_out = rupees(trade.entry_price), rupees(trade.exit_price)
        side = "long" if trade.side.sign > 0 else "short"
        ended = f"{trade.exit_reason.replace('_', ' ')} {ist_datetime(trade.exit_at):%H:%M:%S}"
        return Text(f"{side} {trade.quantity:,} at {way_in}, {way_out} {ended}")
    if direction is None:
        return Text(nothing, "dim")
    if direction is Direction.NONE:
        return Text("no signal", "dim")
    return Text(f"{direction.name.lower()}, {refused}", "yellow")


def _live_words(pair: Pair) -> tuple[Direction | None, str]:
    """Return what the bot said, and why no trade came of it."""
    if pair.word is None:
        return None, ""
    return pair.word.opinion.direction, pair.word.refused or (_STILL_OPEN if pair.word.filled else _NOT_FILLED)


def _direction(opinion: Opinion | None) -> Direction | None:
    return opinion.direction if opinion else None


def _words(cause: Cause) -> str:
    return cause.value.replace("_", " ")


def _pair_data(pair: Pair) -> dict[str, Any]:
    word = pair.word
    return {
        "symbol": pair.key.symbol,
        "candle": ist_datetime(pair.key.candle).isoformat(),
        "backtest": _side_data(_direction(pair.opinion), pair.refused, pair.trade),
        "live": _side_data(_direction(word.opinion if word else None), word.refused if word else "", pair.live_trade),
        "difference": sum(pair.amounts.values()) / 100,
        "causes": {cause.value: amount / 100 for cause, amount in pair.amounts.items()},
    }


def _side_data(direction: Direction | None, refused: str, trade: Trade | None) -> dict[str, Any]:
    return {
        "signal": direction.name.lower() if direction else None,
        "refused": refused or None,
        "trade": trade
        and {
            "quantity": trade.quantity,
            "entry_at": ist_datetime(trade.entry_at).isoformat(),
            "entry_price": round(trade.entry_price / 100, 4),
            "exit_at": ist_datetime(trade.exit_at).isoformat(),
            "exit_price": round(trade.exit_price / 100, 4),
            "exit_reason": trade.exit_reason,
            "charges": trade.charges / 100,
            "net": trade.net / 100,
        },
    }
