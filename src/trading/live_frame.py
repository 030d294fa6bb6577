"""One picture of the running bot for a terminal, from a snapshot. Pure: the same snapshot gives the same picture."""

from itertools import accumulate

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
from trading.mode_badge import mode_badge
from trading.rupee_text import profit_style, rupees, share_text, short_symbol, signed_rupees
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
_NO_STOP = "no stop yet"
_FEED_STYLES = {
    FeedState.CONNECTING: "yellow",
    FeedState.LIVE: "green",
    FeedState.STALLED: "bold yellow",
    FeedState.DOWN: "bold red",
    FeedState.AUTH_REFUSED: "bold red",
}
_LINES_AROUND = 16
"""Lines that are always there besides rows and log lines; one of them is for `+ N more` or stays free."""
_GAUGE_CELLS = 15
_LOSS_CELLS = 8
_NARROW = 80
"""Columns below which the date and the less important figures of the day are left out."""
_FIGURES_OF_THE_WIDE = frozenset({"Signals", "Protected"})
_ARROWS = {Direction.LONG: ("▲", "green"), Direction.SHORT: ("▼", "red")}

_Row = dict[str, Text]

# least widths keep the columns where they are when the first position opens
_LEAST_CELLS = {
    "Symbol": 6,
    "Last": 9,
    "Signal": 7,
    "Position": 11,
    "Stop": 11,
    "": _GAUGE_CELLS,
    "Target": 11,
    "P&L": 10,
}
_LEFT_OUT_FIRST = ("", "Target", "Stop", "Signal", "Last")
"""What a narrow terminal does without, in this order; whose money it is and how much of it stays."""


def frame(snapshot: LiveSnapshot, width: int, height: int) -> RenderableType:
    """Draw the whole view for a terminal of a width and height in characters.

    Symbols with a position come first. Where the height does not do, the log gives way down to one line, then the
    second line of the rows, and only then symbols: they are counted in the last row.
    """
    rows = [_row(view) for view in sorted(snapshot.symbols, key=lambda view: view.position is None)]
    room = height - _LINES_AROUND - 1
    if sum(map(_lines, rows)) > room:
        rows = [_first_lines(row) for row in rows]
    shown = _that_fit(rows, max(room, 1))
    log = snapshot.log[-max(1 + room - sum(map(_lines, shown)), 1) :]
    table = _symbols(shown, len(rows) - len(shown), width)
    return Group(_header(snapshot, width), table, _footer(snapshot, log, width))


def _lines(row: _Row) -> int:
    return 1 + max(cell.plain.count("\n") for cell in row.values())


def _first_lines(row: _Row) -> _Row:
    """Leave out the second line; the warning that a position has no stop moves up into the first."""
    first = {name: cell.split("\n")[0] if cell.plain else cell for name, cell in row.items()}
    if _NO_STOP in row["Position"].plain:
        first["Position"] = Text(" ").join(row["Position"].split("\n"))
    return first


def _that_fit(rows: list[_Row], room: int) -> list[_Row]:
    """Return the first rows that fit into some lines; at least one, if there is any."""
    ends = list(accumulate(map(_lines, rows)))
    return rows[: max(sum(end <= room for end in ends), 1)]


def _header(snapshot: LiveSnapshot, width: int) -> RenderableType:
    badge = mode_badge(snapshot.mode, is_rehearsal=snapshot.is_rehearsal)
    who = Text.assemble(badge, f"  {snapshot.account}  ", (snapshot.strategy, "cyan"))
    date = "" if width < _NARROW else f"{ist_datetime(snapshot.at):%a %d %b %Y}  "
    now = Text(f"{date}{ist_datetime(snapshot.at):%H:%M:%S} IST", "bold")
    safety = Text.assemble((f" {snapshot.level.name} ", _LEVEL_STYLES[snapshot.level]), "  ")
    safety.append(snapshot.level_why, "yellow")
    feeds = Text("   ").join(
        Text.assemble((f"{name} ", "dim"), (f"● {state.value.replace('_', ' ')}", _FEED_STYLES[state]))
        for name, state in snapshot.feeds
    )
    return Panel(
        Group(_two_ends(who, now), _two_ends(safety, feeds), _session_bar(snapshot, width - 4)),
        title="[bold]fyersbot[/]",
        title_align="left",
        box=box.ROUNDED,
        border_style="blue",
    )


def _two_ends(left: Text, right: Text) -> Table:
    """Return a line of its own grid: the width of one line costs the next nothing."""
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(left, right)
    return grid


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
        ("resumes", day.resumes_at(at) or at),
        ("opens", day.open),
        ("entries until", day.no_entry_after),
        ("square-off", day.square_off),
        ("flat by", day.flat_by),
        ("closes", day.close),
    )
    text = next((f"{word} {ist_datetime(moment):%H:%M}" for word, moment in moments if at < moment), "closed")
    return text.rjust(len("entries until 14:45"))


def _symbols(rows: list[_Row], more: int, width: int) -> RenderableType:
    table = Table(
        box=box.SIMPLE_HEAD,
        expand=True,
        pad_edge=False,
        collapse_padding=True,
        padding=(0, 1) if width >= WIDE else 0,
        header_style="bold dim",
        border_style="dim",
    )
    cells = _cells_needed(rows, width)
    for name, needed in cells.items():
        is_left = name in ("Symbol", "Signal", "Position") or (name == "Target" and "" in cells)
        table.add_column(
            name,
            style="bold" if name == "Symbol" else "",
            justify="left" if is_left else "right",
            no_wrap=True,
            min_width=needed,
            # a long note has what the others leave
            max_width=needed + max(width - _width_of(cells, width), 0) if name == "Position" else None,
        )
    for row in rows:
        table.add_row(*(row.get(name, "") for name in cells))
    if more:
        table.add_row(Text(f"+ {more} more", "dim"))
    return table


def _cells_needed(rows: list[_Row], width: int) -> dict[str, int]:
    """Return the columns that a width has room for, each with the characters it needs; a note needs none."""
    cells = {
        name: max(
            [least, *(_widest(row[name]) for row in rows if name in row and (name != "Position" or "P&L" in row))]
        )
        for name, least in _LEAST_CELLS.items()
        if name or width >= WIDE
    }
    for name in _LEFT_OUT_FIRST:
        if _width_of(cells, width) > width:
            cells.pop(name, None)
    return cells


def _width_of(cells: dict[str, int], width: int) -> int:
    between = 2 if width >= WIDE else 1
    return sum(cells.values()) + between * (len(cells) + 1)


def _widest(cell: Text) -> int:
    return max((line.cell_len for line in cell.split("\n")), default=0)


def _row(view: SymbolView) -> _Row:
    row: _Row = {"Symbol": Text(short_symbol(view.symbol)), "Last": _price(view), "Signal": _signal(view)}
    position = view.position
    if position is None:
        return row | {"Position": Text(view.note or "flat", "yellow" if view.note else "dim")}
    return row | {
        "Position": _held(view, position),
        "Stop": _distance(view, position.stop),
        "": _gauge(view, position),
        "Target": _distance(view, position.target) if position.target else Text("none", "dim"),
        "P&L": Text(signed_rupees(position.profit, view.scale), f"bold {profit_style(position.profit)}"),
    }


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
    return text.append(_NO_STOP, "bold red")


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


def _footer(snapshot: LiveSnapshot, log_lines: tuple[str, ...], width: int) -> RenderableType:
    totals = Table.grid(expand=True)
    figures = [
        ("Net", Text(signed_rupees(snapshot.net), f"bold {profit_style(snapshot.net)}")),
        ("Realised", Text(signed_rupees(snapshot.realised), profit_style(snapshot.realised))),
        ("Open", Text(signed_rupees(snapshot.unrealised), profit_style(snapshot.unrealised))),
        ("Trades", Text(f"{snapshot.trades}, {snapshot.wins} won" if snapshot.trades else "none yet")),
        ("Signals", Text(str(snapshot.signals))),
        ("Protected", Text("-" if snapshot.protected is None else share_text(snapshot.protected))),
        ("If it dies", Text(signed_rupees(-snapshot.loss_if_left) if snapshot.loss_if_left else "-")),
    ]
    if snapshot.max_loss:
        figures.append(("Loss limit", _loss_gauge(snapshot)))
    left_out = _FIGURES_OF_THE_WIDE if width < WIDE else frozenset[str]()
    if width < _NARROW:
        left_out |= {"Open", "If it dies"}
    figures = [figure for figure in figures if figure[0] not in left_out]
    for _ in figures:
        totals.add_column(no_wrap=True, ratio=1)
    totals.add_row(*(Text(name, "dim") for name, _ in figures))
    totals.add_row(*(figure for _, figure in figures))
    log = Text("\n".join(log_lines) or "no log lines yet", "dim", no_wrap=True, overflow="ellipsis")
    return Group(
        Panel(totals, title="day, ₹", title_align="left", box=box.ROUNDED, border_style="dim"),
        Panel(log, title="log", title_align="left", box=box.ROUNDED, border_style="dim", width=width),
    )


def _loss_gauge(snapshot: LiveSnapshot) -> Text:
    used = min(max(-snapshot.net / snapshot.max_loss, 0.0), 1.0)
    style = "red" if used >= 0.75 else "yellow" if used >= 0.4 else "green"
    done = round(_LOSS_CELLS * used)
    return Text.assemble(("█" * done, style), ("░" * (_LOSS_CELLS - done), "dim"), (f" {used:.0%}", style))
