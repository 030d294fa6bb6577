"""The same findings as one HTML file that loads nothing: a calendar of every series, and every finding beneath it."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from html import escape
from itertools import groupby

from core.instants import ist_date
from market_data.quality.coverage import Coverage
from market_data.quality.coverage_table import completeness_text, factor_lines, facts_text, places_text
from market_data.quality.findings import Weight
from market_data.quality.heat_map import MONTHS
from market_data.quality.judgement import DayCoverage, DayState, Judgement

_CELL, _GAP = 8, 2
_STEP = _CELL + _GAP
_LEFT, _TOP = 34, 15
_WEEKDAYS = ("Mon", "", "Wed", "", "Fri", "", "Sun")
_PLACES = 12

_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --soft: #656d76; --line: #d8dee4; --back: #fff; --card: #f6f8fa;
  --whole: #3fa35b; --partial: #d9961a; --absent: #cf222e; --trouble: #c2410c; --stray: #8250df; --closed: #e6eaef;
  --unjudged: #c3cad2; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #8b949e; --line: #30363d; --back: #0d1117;
  --card: #161b22; --whole: #2f8f4e; --partial: #d29922; --absent: #f85149; --trouble: #f0883e; --stray: #a371f7;
  --closed: #21262d; --unjudged: #484f58; } }
body { margin: 0 auto; max-width: 1230px; padding: 2rem 1.5rem 4rem; background: var(--back); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 0; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
section { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin: 1.25rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } .scroll { overflow-x: auto; }
th { text-align: left; color: var(--soft); font-weight: 500; } th, td { padding: .25rem .75rem .25rem 0;
  vertical-align: top; border-bottom: 1px solid var(--line); } tr:last-child td { border-bottom: 0; }
.found td:nth-child(2) { width: 40%; }
td.n, th.n { text-align: right; } td.n, th.n, .day { white-space: nowrap; } td.zero { color: var(--soft); }
a { color: inherit; }
.years { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 564px), 1fr)); gap: .5rem 1rem;
  margin: .75rem 0; } svg { display: block; max-width: 100%; }
svg text { font-size: 9px; fill: var(--soft); } svg text.year { font-weight: 600; fill: var(--text); font-size: 10px; }
.closed { fill: var(--closed); } .whole { fill: var(--whole); } .partial { fill: var(--partial); }
.unjudged { fill: var(--unjudged); } .unexpected { fill: var(--stray); }
.absent { fill: none; stroke: var(--absent); stroke-width: 2; } .dot { fill: var(--back); stroke: var(--trouble);
  stroke-width: 1.5; }
.empty { fill: none; stroke: var(--unjudged); stroke-width: 1.5; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; color: var(--soft); }
.legend span { display: inline-flex; align-items: center; gap: .4rem; }
.tag { display: inline-block; border-radius: 1em; padding: 0 .6em; font-size: 12px; border: 1px solid currentColor; }
.defect { color: var(--absent); } .doubt { color: var(--partial); } .note { color: var(--soft); }
"""


def coverage_page(coverage: Coverage) -> str:
    """Return the page."""
    return "\n".join(_page(coverage)) + "\n"


def _page(coverage: Coverage) -> Iterator[str]:
    number = len(coverage.judgements)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Coverage of {number} series</title><style>{_STYLE}</style></head><body>"
    yield "<h1>Coverage</h1>"
    yield (
        f'<p class="soft">{number} series: {coverage.number(Weight.DEFECT)} defects, '
        f"{coverage.number(Weight.DOUBT)} doubts, {coverage.number(Weight.NOTE)} notes</p>"
    )
    yield f'<p class="legend">{"".join(_legend())}</p>'
    if number > 1:
        yield from _overview(coverage.judgements)
    for place, judgement in enumerate(coverage.judgements):
        yield from _section(judgement, place)
    yield from _comparisons(coverage)
    left_out = coverage.left_out
    for title, weight, reasons in (("Skipped", "note", left_out.skipped), ("Not judged", "defect", left_out.unread)):
        if reasons:
            rows = "".join(f"<p>{escape(each)}</p>" for each in reasons)
            yield f'<section class="{weight}"><h2>{title}</h2>{rows}</section>'
    yield "</body></html>"


def _legend() -> Iterator[str]:
    samples = (
        (DayState.WHOLE, False, "whole"),
        (DayState.PARTIAL, False, "candles missing: filled as far as they are there"),
        (DayState.ABSENT, False, "absent"),
        (DayState.EMPTY, False, "known to be empty"),
        (DayState.WHOLE, True, "whole, with a defect"),
        (DayState.UNEXPECTED, False, "rows on a day without session"),
        (DayState.CLOSED, False, "closed"),
        (DayState.UNJUDGED, False, "not judged"),
    )
    for state, is_troubled, what in samples:
        day = DayCoverage(date.min, state, 2, 1, is_troubled)
        shapes = "".join(_drawn(day, 0, 0))
        yield f'<span><svg width="{_CELL}" height="{_CELL}">{shapes}</svg>{what}</span>'


def _overview(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield '<section class="scroll"><table><tr><th>series</th><th>from</th><th>to</th>'
    names = ("rows", "sessions", "whole", "partial", "absent", "empty", "complete", "defects", "doubts")
    yield "".join(f'<th class="n">{name}</th>' for name in names) + "</tr>"
    for place, each in enumerate(judgements):
        counts = (each.rows, each.sessions, each.whole, each.partial, each.absent, each.empty)
        weights = (len(each.of_weight(Weight.DEFECT)), len(each.of_weight(Weight.DOUBT)))
        cells = "".join(_number(count) for count in counts)
        yield (
            f'<tr><td><a href="#s{place}">{escape(each.source)}</a></td><td class="day">{ist_date(each.first)}</td>'
            f'<td class="day">{ist_date(each.last)}</td>{cells}<td class="n">{completeness_text(each)}</td>'
            f"{''.join(_number(count) for count in weights)}</tr>"
        )
    yield "</table></section>"


def _number(count: int) -> str:
    return f'<td class="n{"" if count else " zero"}">{count:,}</td>'


def _section(judgement: Judgement, place: int) -> Iterator[str]:
    yield f'<section id="s{place}"><h2>{escape(judgement.source)}</h2>'
    dates = f"{ist_date(judgement.first)} to {ist_date(judgement.last)}"
    yield f'<p class="soft">{escape(str(judgement.series))}, {dates}: {facts_text(judgement)}</p>'
    yield '<div class="years">'
    for year, group in groupby(judgement.days, key=lambda each: each.day.year):
        days = list(group)
        if any(each.state is not DayState.UNJUDGED for each in days):
            yield _year(year, days)
    yield "</div>"
    if judgement.findings:
        yield '<table class="found">'
    for each in judgement.findings:
        weight = each.kind.weight.value
        places = places_text(each, judgement.series.timeframe, _PLACES)
        yield (
            f'<tr><td><span class="tag {weight}">{weight}</span></td><td>{escape(each.what)}</td>'
            f'<td class="soft">{escape(places)}</td></tr>'
        )
    yield ("</table>" if judgement.findings else '<p class="soft">Nothing found.</p>') + "</section>"


def _year(year: int, days: Sequence[DayCoverage]) -> str:
    """Draw a year: weeks from left to right, Monday on top. Days with nothing to tell share one shape."""
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    weeks = (days[-1].day - monday).days // 7 + 1
    shapes: list[str] = [f'<text class="year" x="0" y="10">{year}</text>']
    free = 0
    for month, name in list(enumerate(MONTHS, start=1))[days[0].day.month - 1 :]:
        week = max(0, (date(year, month, 1) - monday).days // 7)
        if free <= week < weeks - 1:
            shapes.append(f'<text x="{_LEFT + week * _STEP}" y="10">{name}</text>')
            free = week + 2
    shapes += [f'<text x="0" y="{_TOP + row * _STEP + 7}">{name}</text>' for row, name in enumerate(_WEEKDAYS) if name]
    plain = {DayState.WHOLE: "", DayState.CLOSED: ""}
    for each in days:
        x, y = _LEFT + (each.day - monday).days // 7 * _STEP, _TOP + each.day.weekday() * _STEP
        if each.state in plain and not each.is_troubled:
            plain[each.state] += f"M{x} {y}h{_CELL}v{_CELL}h-{_CELL}z"
        else:
            shapes += _drawn(each, x, y)
    shapes += [f'<path class="{state.value}" d="{path}"/>' for state, path in plain.items() if path]
    width, height = _LEFT + max(weeks, 3) * _STEP, _TOP + 7 * _STEP
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">{"".join(shapes)}</svg>'


def _drawn(day: DayCoverage, x: int, y: int) -> Iterator[str]:
    """Draw a day. Each state has a shape of its own, for readers who do not tell the colours apart."""
    title = f"<title>{_hint(day)}</title>" if day.state is not DayState.CLOSED else ""
    size = f'width="{_CELL}" height="{_CELL}"'
    match day.state:
        case DayState.PARTIAL:
            height = max(2, round(_CELL * day.present / day.expected))
            yield f'<rect class="closed" x="{x}" y="{y}" {size}>{title}</rect>'
            yield (
                f'<rect class="partial" x="{x}" y="{y + _CELL - height}" width="{_CELL}" height="{height}">'
                f"{title}</rect>"
            )
        case DayState.ABSENT:
            inner = _CELL - 2
            yield (
                f'<path class="absent" d="M{x + 1} {y + 1}l{inner} {inner}m0 -{inner}l-{inner} {inner}">{title}</path>'
            )
        case DayState.EMPTY:
            inner = _CELL - 2
            yield f'<rect class="empty" x="{x + 1}" y="{y + 1}" width="{inner}" height="{inner}">{title}</rect>'
        case DayState.UNEXPECTED:
            half = _CELL / 2
            yield (
                f'<path class="unexpected" d="M{x + half} {y}l{half} {half}l-{half} {half}l-{half} -{half}z">'
                f"{title}</path>"
            )
        case _:
            yield f'<rect class="{day.state.value}" x="{x}" y="{y}" {size} rx="2">{title}</rect>'
    if day.is_troubled and day.state in {DayState.WHOLE, DayState.PARTIAL}:
        yield f'<circle class="dot" cx="{x + _CELL / 2}" cy="{y + _CELL / 2}" r="2.5">{title}</circle>'


def _hint(day: DayCoverage) -> str:
    text = f"{day.day}: {'known to be ' * (day.state is DayState.EMPTY)}{day.state.value}"
    if day.expected and day.state is not DayState.EMPTY:
        text += f", {day.present} of {day.expected} candles"
    return f"{text}, with a defect" if day.is_troubled else text


def _comparisons(coverage: Coverage) -> Iterator[str]:
    if not coverage.comparisons:
        return
    yield '<section class="scroll"><h2>Sources compared</h2>'
    yield '<p class="soft">Closes; a factor between two sources is taken out first.</p><table><tr>'
    yield "<th>first</th><th>second</th>"
    names = ("common", "equal", "beyond a tick", "median", "largest", "on", "volumes equal")
    yield "".join(f'<th class="n">{name}</th>' for name in names) + "<th>factor</th></tr>"
    for each in coverage.comparisons:
        volumes = "" if each.same_volume is None else f"{each.same_volume:.0%}"
        yield (
            f"<tr><td>{escape(each.first)}</td><td>{escape(each.second)}</td>{_number(each.common)}"
            f'<td class="n">{each.same_close:.0%}</td><td class="n">{each.beyond_tick:.0%}</td>'
            f'<td class="n">{each.median_difference:.2%}</td>'
            f'<td class="n">{each.largest:.2f} ({each.largest_share:.2%})</td>'
            f'<td class="n">{ist_date(each.largest_at)}</td><td class="n">{volumes}</td>'
            f"<td>{'<br>'.join(map(escape, factor_lines(each)))}</td></tr>"
        )
    yield "</table></section>"
