"""The findings as tables for a terminal: one for each series, and one over all of them."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.instants import DAY, IST, SECOND, Instant, ist_date, ist_datetime
from core.market import Timeframe
from market_data.quality.coverage import Coverage
from market_data.quality.findings import Finding, Kind, Spot, Weight
from market_data.quality.heat_map import heat_map, is_by_month, legend
from market_data.quality.judgement import Judgement
from market_data.quality.price_checks import named_ratio
from market_data.quality.vendor_comparison import Comparison

_MOST_PICTURES = 3
"""So many series are drawn; of more, the tables are what one reads."""
_MOST_SPOTS = 3
_WIDE = 124
"""Columns from which on the overview has room for dates."""
_STYLES = {Weight.DEFECT: "bold red", Weight.DOUBT: "yellow", Weight.NOTE: "dim"}
_DUPLICATES = (Kind.EQUAL_DUPLICATES, Kind.CONTRADICTIONS)
_OUTSIDE = (
    Kind.BEFORE_OPEN,
    Kind.CLOSING_BAR,
    Kind.AFTER_CLOSE,
    Kind.IN_BREAK,
    Kind.NO_SESSION,
    Kind.OFF_GRID,
)


def coverage_tables(coverage: Coverage, width: int) -> Iterator[RenderableType]:
    """Yield what to print, series by series, and then the overview."""
    drawn = coverage.judgements if len(coverage.judgements) <= _MOST_PICTURES else ()
    for judgement in coverage.judgements:
        yield _series(judgement, width, with_picture=bool(drawn))
        yield Text()
    for by_month in sorted({is_by_month(each.days) for each in drawn}):
        yield legend(by_month=by_month)
    if drawn:
        yield Text()
    if len(coverage.judgements) > 1:
        yield overview(coverage.judgements, width)
        yield Text()
    if coverage.comparisons:
        yield comparisons_table(coverage.comparisons)
        yield Text()
    left_out = coverage.left_out
    for title, style, reasons in (("Skipped", "dim", left_out.skipped), ("Not judged", "red", left_out.unread)):
        if reasons:
            yield Text(title, "bold")
            yield Padding(Group(*(Text(each, style) for each in reasons)), (0, 0, 1, 2))
    yield verdict(coverage)


def overview(judgements: Sequence[Judgement], width: int) -> Table:
    """Return one row a series; dates are left out where there is no room, and columns in which all is well."""
    table = Table(title="All series", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.caption = "twice, order, outside, OHLC: rows; !! and ?: kinds of defects and of doubts"
    table.caption_justify, table.caption_style = "left", "dim"
    table.add_column("series", no_wrap=True)
    columns = [(name, numbers) for name, numbers in _counted(judgements) if any(numbers)]
    if width >= _WIDE:
        table.add_column("from", no_wrap=True, style="dim")
        table.add_column("to", no_wrap=True, style="dim")
    for name, _ in columns:
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for row, each in enumerate(judgements):
        dates = (str(ist_date(each.first)), str(ist_date(each.last))) if width >= _WIDE else ()
        cells = [Text(str(numbers[row]), "" if numbers[row] else "dim") for _, numbers in columns]
        table.add_row(Text(each.source.removesuffix(".parquet")), *dates, *cells)
    return table


def _counted(judgements: Sequence[Judgement]) -> Iterator[tuple[str, list[int]]]:
    yield "rows", [each.rows for each in judgements]
    yield "sessions", [each.sessions for each in judgements]
    yield "partial", [each.partial for each in judgements]
    yield "absent", [each.absent for each in judgements]
    yield "empty", [each.empty for each in judgements]
    for name, kinds in (("twice", _DUPLICATES), ("order", (Kind.DISORDER,)), ("outside", _OUTSIDE)):
        yield name, [_rows(each, *kinds) for each in judgements]
    yield "OHLC", [_rows(each, Kind.IMPOSSIBLE) for each in judgements]
    for name, weight in (("!!", Weight.DEFECT), ("?", Weight.DOUBT)):
        yield name, [len(each.of_weight(weight)) for each in judgements]


def comparisons_table(comparisons: Sequence[Comparison]) -> Table:
    """Return one row for each pair of sources."""
    table = Table(title="Sources compared, by their closes", title_justify="left", title_style="bold", box=None)
    table.pad_edge = False
    table.padding = (0, 1, 0, 0)  # else a ticker is cut in two on a terminal of 80 columns
    table.caption = (
        "A factor between two sources is taken out before they are compared; a tick is 0.05; volumes: equal ones."
    )
    table.caption_justify, table.caption_style = "left", "dim"
    table.add_column("", overflow="fold", ratio=1)
    for name in ("common", "equal", "> 1 tick", "median", "largest", "on", "volumes"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in comparisons:
        names = Text(each.first.removesuffix(".parquet") + "\n  " + each.second.removesuffix(".parquet"))
        for line in factor_lines(each):
            names.append(f"\n  {line}", "yellow")
        table.add_row(
            names,
            str(each.common),
            f"{each.same_close:.0%}",
            f"{each.beyond_tick:.0%}",
            f"{each.median_difference:.2%}",
            f"{each.largest:.2f} ({each.largest_share:.2%})",
            str(ist_date(each.largest_at)),
            "" if each.same_volume is None else f"{each.same_volume:.0%}",
        )
    return table


def factor_lines(comparison: Comparison) -> list[str]:
    """Say by what the second source is multiplied and where that changes; nothing when both are on one level."""
    level = [f"at {comparison.factor:.4g} times the first"] if comparison.is_apart else []
    return [*level, *(f"{ratio:.4g} times until {day} ({named_ratio(ratio)})" for day, ratio in comparison.changes)]


def verdict(coverage: Coverage) -> Text:
    """Return the last line."""
    defects, doubts = coverage.number(Weight.DEFECT), coverage.number(Weight.DOUBT)
    number = len(coverage.judgements)
    text = Text(f"{number} series: ", "bold")
    text.append(f"{defects} defect{'s' * (defects != 1)}", _STYLES[Weight.DEFECT] if defects else "green")
    text.append(", ")
    text.append(f"{doubts} doubt{'s' * (doubts != 1)}", _STYLES[Weight.DOUBT] if doubts else "green")
    return text


def places_text(finding: Finding, timeframe: Timeframe | None, most: int = _MOST_SPOTS) -> str:
    """Name the first places of a finding, and how many there are besides."""
    named = [spot_text(spot, timeframe) for spot in finding.spots[:most]]
    more = len(finding.spots) - len(named)
    return "; ".join([*named, f"and {more} more"] if more else named)


def spot_text(spot: Spot, timeframe: Timeframe | None) -> str:
    """Name one place: a date, or date and time of a candle, of a tick (which has no timeframe) to the second."""
    if timeframe is Timeframe.D or _is_midnight(spot.at):
        at = f"{ist_date(spot.at)}"
    else:
        at = f"{ist_datetime(spot.at):{'%Y-%m-%d %H:%M' if timeframe else '%Y-%m-%d %H:%M:%S'}}"
    return f"{at} {spot.what}".rstrip()


def _is_midnight(at: Instant) -> bool:
    offset = IST.utcoffset(None).seconds * SECOND
    return (at + offset) % DAY == 0


def _series(judgement: Judgement, width: int, *, with_picture: bool) -> Group:
    head = Text(judgement.source, "bold")
    of = "" if judgement.source == str(judgement.series) else f"{judgement.series}, "
    head.append(f"  {of}{ist_date(judgement.first)} to {ist_date(judgement.last)}", "not bold dim")
    facts = Text(facts_text(judgement))
    picture = [Text(), *heat_map(judgement.days, width), Text()] if with_picture else []
    return Group(head, facts, *picture, _findings(judgement))


def facts_text(judgement: Judgement) -> str:
    """Say in one line how many rows and sessions there are."""
    empty = f", {judgement.empty:,} known to be empty" if judgement.empty else ""
    return (
        f"{judgement.rows:,} row{'s' * (judgement.rows != 1)}; "
        f"{judgement.sessions:,} session{'s' * (judgement.sessions != 1)}: {judgement.whole:,} whole, "
        f"{judgement.partial:,} partial, {judgement.absent:,} absent{empty} "
        f"({completeness_text(judgement)} of the {judgement.unit})"
    )


def completeness_text(judgement: Judgement) -> str:
    """Return the share of candles in per cent, 100% only when none is missing."""
    share = judgement.completeness
    return f"{min(share, 0.9999):.2%}" if share < 1 else "100%"


def _findings(judgement: Judgement) -> RenderableType:
    if not judgement.findings:
        return Text("  nothing found", "green")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=3)
    table.add_column(ratio=2, style="dim")
    for each in judgement.findings:
        weight = each.kind.weight
        what = Text(each.what)
        what.stylize(_STYLES[Weight.NOTE] if weight is Weight.NOTE else "")
        places = places_text(each, judgement.series.timeframe)
        table.add_row(Text(f"  {weight.value}", _STYLES[weight]), what, Text(places))
    return table


def _rows(judgement: Judgement, *kinds: Kind) -> int:
    return sum(each.rows for each in judgement.findings if each.kind in kinds)
