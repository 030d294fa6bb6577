"""`fyersbot coverage`: judge, print, draw, clean; what the options mean is decided here and nowhere else."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from core.errors import ConfigurationError, DataError
from core.instants import Instant, ist_date, ist_text
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.candles.timeframe_option import chosen_timeframe
from market_data.quality.cleaning import CleanedFile, clean_files
from market_data.quality.coverage import Coverage, coverage_of
from market_data.quality.coverage import Progress as Told
from market_data.quality.coverage_page import coverage_page
from market_data.quality.coverage_table import coverage_tables
from market_data.quality.findings import Finding, Weight
from market_data.quality.judgement import Judgement, Subject
from market_data.quality.sources import LeftOut, Source, Wish, archive_sources, file_sources
from market_data.quality.vendor_comparison import Comparison
from market_data.trading_hours import HoursOf, TradingHours
from runtime.atomic_files import write_text
from runtime.json_answer import print_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was typed."""

    symbols: tuple[str, ...] = ()
    timeframe: str | None = None
    first: date | None = None
    last: date | None = None
    data: tuple[Path, ...] = ()
    html: Path | None = None
    fix: Path | None = None

    def wish(self, today: date) -> Wish:
        """Return the series and days meant. Raises `ConfigurationError` for a timeframe or dates that cannot be."""
        if self.first and self.last and self.last < self.first:
            raise ConfigurationError(f"--from {self.first} lies after --to {self.last}; swap them")
        ahead = next((day for day in (self.first, self.last) if day and day > today), None)
        if ahead:
            raise ConfigurationError(f"{ahead} lies in the future: today is {today}; name a day that is over")
        if self.fix and not self.data:
            raise ConfigurationError("--fix cleans files: name them with --data; the archive takes no dirty rows")
        if self.fix and (self.symbols or self.timeframe or self.first or self.last):
            raise ConfigurationError("--fix cleans whole files: leave out symbols, --timeframe, --from and --to")
        if self.html and self.html.suffix.lower() not in {".html", ".htm"}:
            raise ConfigurationError(f"--html {self.html}: a page is called .html; any other file might be your data")
        timeframe = chosen_timeframe(self.timeframe) if self.timeframe is not None else None
        return Wish(symbols=self.symbols, timeframe=timeframe, first=self.first, last=self.last)


def show_coverage(request: Request, archive: Path, hours_of: HoursOf, now: Instant, *, as_json: bool) -> None:
    """Judge what is asked for and print it.

    Raises `BotError` with one line when that cannot be done, and after printing the rest when a part could not be read.
    """
    wish = request.wish(ist_date(now))
    sources, left_out = _sources(request, archive, wish)
    if not request.data:
        wish = _without_today(wish, sources, hours_of, now)
    with _told(len(sources)) as progress:
        coverage = coverage_of(sources, hours_of, wish, left_out, progress)
    if request.html:
        write_text(request.html, coverage_page(coverage))
    unread = coverage.left_out.unread
    cleaned: tuple[CleanedFile, ...] = ()
    if request.fix and not unread:
        cleaned = clean_files([each.path for each in sources if each.path], request.fix, hours_of)
    if as_json:
        print_json(as_data(coverage, cleaned))
    else:
        _print(request, coverage, cleaned)
    if unread:
        uncleaned = " and nothing cleaned" if request.fix else ""
        total = len(coverage.judgements) + len(unread)
        raise DataError(f"{len(unread)} of {total} could not be judged{uncleaned}; {unread[0]}")


def _print(request: Request, coverage: Coverage, cleaned: Sequence[CleanedFile]) -> None:
    console = Console()
    for each in coverage_tables(coverage, console.width):
        console.print(each)
    for file in cleaned:
        console.print(_cleaned_text(file))
    if request.html:
        console.print(Text(f"the page is in {request.html}"))
    sys.stdout.flush()


def as_data(coverage: Coverage, cleaned: Sequence[CleanedFile] = ()) -> dict[str, Any]:
    """Return everything as plain data for `--json`."""
    return {
        "defects": coverage.number(Weight.DEFECT),
        "doubts": coverage.number(Weight.DOUBT),
        "series": [_series_data(each) for each in coverage.judgements],
        "comparisons": [_comparison_data(each) for each in coverage.comparisons],
        "skipped": list(coverage.left_out.skipped),
        "not_judged": list(coverage.left_out.unread),
        "cleaned": [_cleaned_data(each) for each in cleaned],
    }


def _without_today(wish: Wish, sources: Sequence[Source], hours_of: HoursOf, now: Instant) -> Wish:
    """Leave out today while a market of these trades: the archive holds sessions that are over."""
    today = ist_date(now)
    if wish.last != today or all(_is_over(hours_of(each.series.symbol), today, now) for each in sources):
        return wish
    return replace(wish, last=today - timedelta(days=1))


def _is_over(hours: TradingHours, day: date, now: Instant) -> bool:
    try:
        spans = hours.trading_hours(day)
    except DataError:
        return True  # no session that the calendar knows
    return spans is not None and all(end <= now for _, end in spans)


def _sources(request: Request, archive: Path, wish: Wish) -> tuple[list[Source], LeftOut]:
    if request.data:
        return file_sources(request.data, wish)
    store = ParquetCandleStore(archive)
    return archive_sources(store, wish, store.strays())


@contextmanager
def _told(number: int) -> Iterator[Told]:
    """Show on standard error how far it is, when somebody sits there."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("judging", total=number)

        def tell(name: str) -> None:
            bar.update(task, advance=1, description=name)

        yield tell


def _series_data(judgement: Judgement) -> dict[str, Any]:
    return {
        "source": judgement.source,
        "symbol": judgement.series.symbol,
        "timeframe": judgement.series.timeframe.value if judgement.series.timeframe else None,
        "form": judgement.series.form if isinstance(judgement.series, Subject) else "candles",
        "rows": judgement.rows,
        "first": ist_text(judgement.first),
        "last": ist_text(judgement.last),
        "sessions": judgement.sessions,
        "whole": judgement.whole,
        "partial": judgement.partial,
        "absent": judgement.absent,
        "empty": judgement.empty,
        "completeness": judgement.completeness,
        "findings": [_finding_data(each) for each in judgement.findings],
        "days": [
            {
                "day": each.day.isoformat(),
                "state": each.state.value,
                "expected": each.expected,
                "present": each.present,
                "troubled": each.is_troubled,
            }
            for each in judgement.days
        ],
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "weight": finding.kind.weight.value,
        "what": finding.what,
        "rows": finding.rows,
        "largest": finding.largest,
        "spots": [{"at": ist_text(each.at), "rows": each.rows, "what": each.what} for each in finding.spots],
    }


def _comparison_data(comparison: Comparison) -> dict[str, Any]:
    return {
        "first": comparison.first,
        "second": comparison.second,
        "common": comparison.common,
        "same_close": comparison.same_close,
        "beyond_tick": comparison.beyond_tick,
        "median_difference": comparison.median_difference,
        "largest": comparison.largest,
        "largest_share": comparison.largest_share,
        "largest_at": ist_text(comparison.largest_at),
        "same_volume": comparison.same_volume,
        "volume_difference": comparison.volume_difference,
        "factor": comparison.factor,
        "factor_changes": [{"day": day.isoformat(), "ratio": ratio} for day, ratio in comparison.changes],
    }


def _cleaned_data(file: CleanedFile) -> dict[str, Any]:
    return {
        "source": str(file.source),
        "copy": str(file.copy),
        "changes": str(file.change_list),
        "rows": file.rows,
        "kept": file.kept,
        "counts": file.counts,
        "left": [_finding_data(each) for each in file.left],
    }


def _cleaned_text(file: CleanedFile) -> Text:
    text = Text(f"{file.copy}: {file.kept} of {file.rows} rows\n", "bold")
    for what, number in file.counts.items():
        text.append(f"  {number} {what}\n", "not bold")
    if not file.counts:
        text.append("  nothing to change\n", "not bold green")
    for finding in file.left:
        text.append(f"  left: {finding.what}\n", "not bold yellow")
    return text
