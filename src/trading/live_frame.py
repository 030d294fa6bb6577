"""One picture of the running bot for a terminal, from a snapshot. Pure: the same snapshot gives the same picture."""

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from core.events import FeedState, SafetyLevel
from core.instants import Instant, ist_datetime
from core.market import Side
from core.sessions import TradingDay
from core.signals import Direction
from trading.rupee_text import profit_style, rupees, short_symbol, signed_rupees
from trading.snapshot import LiveSnapshot, PositionView, SymbolView

WIDE = 100
"""Columns from which there is room for the gauge between stop and target."""
OLD_PRICE_SECONDS = 30.0
"""A price older than this is shown as stale, with its age."""

_LEVEL_STYLES = {
    SafetyLevel.RUN: "bold black on green",
    SafetyLevel.NO_ENTRY: "bold black on yellow",
    SafetyLevel.EXIT_ONLY: "bold black on yellow",
    SafetyLevel.FLATTEN: "bold white on red",
    SafetyLevel.FREEZE: "bold white on red",
}
_FEED_STYLES = {
    FeedState.CONNECTING: "yellow",
    FeedState.LIVE: "green",
    FeedState.STALLED: "bold yellow",
    FeedState.DOWN: "bold red",
    FeedState.AUTH_REFUSED: "bold red",
}
_LINES_AROUND_THE_TABLE = 16
_LINES_OF_A_ROW = 2
_GAUGE_CELLS = 15
_LOSS_CELLS = 8
_ARROWS = {Direction.LONG: ("▲", "green"), Direction.SHORT: ("▼", "red")}


def frame(snapshot: LiveSnapshot, width: int, height: int) -> RenderableType:
    """Draw the whole view for a terminal of a width and height in characters.

    Symbols with a position come first; those that do not fit into the height are counted in the last row.
    """
    room = height - _LINES_AROUND_THE_TABLE - len(snapshot.log)
    return Group(_header(snapshot, width), _symbols(snapshot.symbols, width, room), _footer(snapshot, width))


def _header(snapshot: LiveSnapshot, width: int) -> RenderableType:
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    mode_style = "bold white on red" if snapshot.mode == "live" else "bold white on blue"
    who = Text.assemble(
        (f" {snapshot.mode.upper()} ", mode_style), f"  {snapshot.account}  ", (snapshot.strategy, "cyan")
    )
    grid.add_row(who, Text(f"{ist_datetime(snapshot.at):%a %d %b %Y  %H:%M:%S} IST", "bold"))
    safety = Text.assemble((f" {snapshot.level.name} ", _LEVEL_STYLES[snapshot.level]), "  ")
    safety.append(snapshot.level_why, "yellow")
    feeds = Text("   ").join(
        Text.assemble((f"{name} ", "dim"), (f"● {state.value.replace('_', ' ')}", _FEED_STYLES[state]))
        for name, state in snapshot.feeds
    )
    grid.add_row(safety, feeds)
    return Panel(
        Group(grid, _session_bar(snapshot, width - 4)),
        title="[bold]fyersbot[/]",
        title_align="left",
        box=box.ROUNDED,
        border_style="blue",
    )


def _session_bar(snapshot: LiveSnapshot, width: int) -> Text:
    day = snapshot.day
    if day is None:
        return Text("no session today", "dim")
    label = f"  {_next_moment(day, snapshot.at)}"
    start, end = (f"{ist_datetime(moment):%H:%M}" for moment in (day.open, day.close))
    cells = max(10, width - len(start) - len(end) - len(label) - 2)
    elapsed = min(max(snapshot.at - day.open, 0), day.close - day.open)
    done = round(cells * elapsed / (day.close - day.open))
    return Text.assemble(
        (f"{start} ", "dim"), ("━" * done, "blue"), ("─" * (cells - done), "dim"), (f" {end}", "dim"), (label, "italic")
    )


def _next_moment(day: TradingDay, at: Instant) -> str:
    """Name what the timetable brings next, padded so that the bar keeps its length through the day."""
    moments = (
        ("opens", day.open),
        ("entries until", day.no_entry_after),
        ("square-off", day.square_off),
        ("flat by", day.flat_by),
        ("closes", day.close),
    )
    text = next((f"{word} {ist_datetime(moment):%H:%M}" for word, moment in moments if at < moment), "closed")
    return text.rjust(len("entries until 14:45"))


def _symbols(views: tuple[SymbolView, ...], width: int, room: int) -> RenderableType:
    table = Table(
        box=box.SIMPLE_HEAD,
        expand=True,
        pad_edge=False,
        collapse_padding=True,
        padding=(0, 1) if width >= WIDE else 0,
        header_style="bold dim",
        border_style="dim",
    )
    table.add_column("Symbol", style="bold", overflow="fold")
    # least widths keep the columns where they are when the first position opens
    table.add_column("Last", justify="right", no_wrap=True, min_width=9)
    table.add_column("Signal", no_wrap=True, min_width=7)
    table.add_column("Position", no_wrap=True, min_width=11)
    table.add_column("Stop", justify="right", no_wrap=True, min_width=11)
    if width >= WIDE:
        table.add_column("", justify="center", no_wrap=True, min_width=_GAUGE_CELLS)
    table.add_column("Target", justify="left" if width >= WIDE else "right", no_wrap=True, min_width=11)
    table.add_column("P&L", justify="right", no_wrap=True, min_width=10)
    ordered = sorted(views, key=lambda view: view.position is None)
    shown = 0
    while shown < len(ordered) and (shown + 1) * _LINES_OF_A_ROW <= max(room, _LINES_OF_A_ROW):
        table.add_row(*_row(ordered[shown], width))
        shown += 1
    if shown < len(ordered):
        table.add_row(Text(f"+ {len(ordered) - shown} more", "dim"))
    return table


def _row(view: SymbolView, width: int) -> list[RenderableType]:
    cells: list[RenderableType] = [short_symbol(view.symbol), _price(view), _signal(view)]
    position = view.position
    if position is None:
        return [*cells, Text(view.note or "flat", "yellow" if view.note else "dim")]
    cells += [_held(view, position), _distance(view, position.stop)]
    if width >= WIDE:
        cells.append(_gauge(view, position))
    target = _distance(view, position.target) if position.target else Text("none", "dim")
    profit = Text(signed_rupees(position.profit, view.scale), f"bold {profit_style(position.profit)}")
    return [*cells, target, profit]


def _price(view: SymbolView) -> Text:
    if not view.last_price:
        return Text("waiting", "dim")
    price = rupees(view.last_price, view.scale)
    if view.age_seconds <= OLD_PRICE_SECONDS:
        return Text(price)
    return Text.assemble((price, "dim"), (f"\n{view.age_seconds:.0f} s old", "yellow"))


def _signal(view: SymbolView) -> Text:
    if not view.decided_at:
        return Text("·", "dim")
    when = f"{ist_datetime(view.decided_at):%H:%M}"
    if view.direction is Direction.NONE:
        return Text(f"· {when}", "dim")
    arrow, style = _ARROWS[view.direction]
    return Text.assemble((f"{arrow} {view.probability:.2f}", style), (f"\n  {when}", "dim"))


def _held(view: SymbolView, position: PositionView) -> Text:
    word, style = ("long", "green") if position.side is Side.BUY else ("short", "red")
    text = Text.assemble((word, style), f" {position.quantity:,}\n")
    if position.is_protected:
        return text.append(f"@ {rupees(position.entry_price, view.scale)}", "dim")
    return text.append("no stop yet", "bold red")


def _distance(view: SymbolView, level: int) -> Text:
    """Write a level, and below it how far the price is from it in rupees and per cent."""
    text = Text(rupees(level, view.scale))
    if view.last_price:
        away = level - view.last_price
        text.append(f"\n{signed_rupees(away, view.scale)} {abs(away) / view.last_price:.1%}", "dim")
    return text


def _gauge(view: SymbolView, position: PositionView) -> Text:
    """Show where the price is between the stop on the left and the target on the right."""
    if not position.target or position.target == position.stop:
        return Text("")
    share = (view.last_price - position.stop) / (position.target - position.stop)
    place = min(max(round(share * (_GAUGE_CELLS - 1)), 0), _GAUGE_CELLS - 1)
    style = profit_style(position.profit)
    return Text.assemble(("━" * place, style), ("●", f"bold {style}"), ("─" * (_GAUGE_CELLS - 1 - place), "dim"))


def _footer(snapshot: LiveSnapshot, width: int) -> RenderableType:
    totals = Table.grid(expand=True)
    figures = [
        ("Net", Text(signed_rupees(snapshot.net), f"bold {profit_style(snapshot.net)}")),
        ("Realised", Text(signed_rupees(snapshot.realised), profit_style(snapshot.realised))),
        ("Open", Text(signed_rupees(snapshot.unrealised), profit_style(snapshot.unrealised))),
        ("Trades", Text(f"{snapshot.trades}, {snapshot.wins} won" if snapshot.trades else "none yet")),
        ("Signals", Text(str(snapshot.signals))),
    ]
    if snapshot.max_loss:
        figures.append(("Loss limit", _loss_gauge(snapshot)))
    for _ in figures:
        totals.add_column(no_wrap=True, ratio=1)
    totals.add_row(*(Text(name, "dim") for name, _ in figures))
    totals.add_row(*(figure for _, figure in figures))
    log = Text("\n".join(snapshot.log) or "no log lines yet", "dim", no_wrap=True, overflow="ellipsis")
    return Group(
        Panel(totals, title="day, ₹", title_align="left", box=box.ROUNDED, border_style="dim"),
        Panel(log, title="log", title_align="left", box=box.ROUNDED, border_style="dim", width=width),
    )


def _loss_gauge(snapshot: LiveSnapshot) -> Text:
    used = min(max(-snapshot.net / snapshot.max_loss, 0.0), 1.0)
    style = "red" if used >= 0.75 else "yellow" if used >= 0.4 else "green"
    done = round(_LOSS_CELLS * used)
    return Text.assemble(("█" * done, style), ("░" * (_LOSS_CELLS - done), "dim"), (f" {used:.0%}", style))
